#include <gtest/gtest.h>

#include <tallow/crypto/record.hpp>

#include "support/code_of.hpp"
#include "support/vectors.hpp"

namespace tallow::crypto {

/// Sets the counters, as after so many records.
struct record_position_for_tests {
  template <class Side>
  static void set(Side& side, record_count count) {
    side.cipher_.count = count;
  }
};

namespace {

using test::hex;
using header_bytes = std::array<std::byte, 8>;

traffic_secret a_secret(unsigned char fill = 7) {
  std::array<std::byte, 64> bytes;
  bytes.fill(std::byte{fill});
  return traffic_secret(bytes);
}

struct link {
  record_sealer sealer;
  record_opener opener;

  explicit link(cipher_suite suite = cipher_suite::aes_256_gcm, std::uint32_t stream = 1)
      : sealer(std::move(*record_sealer::make(suite, a_secret(), stream_id{stream}))),
        opener(std::move(*record_opener::make(suite, a_secret(), stream_id{stream}))) {}

  /// Ciphertext and tag.
  byte_buffer seal(const header_bytes& header, byte_view text) {
    byte_buffer record(text.begin(), text.end());
    record.resize(text.size() + 16);
    const auto span = byte_span(record);
    EXPECT_TRUE(sealer.seal(header, span.first(text.size()), span.last<16>()));
    return record;
  }
};

class RecordSuite : public testing::TestWithParam<cipher_suite> {};

TEST_P(RecordSuite, OpensWhatItSealsAtEveryLength) {
  link l(GetParam());
  const header_bytes header{std::byte{1}, std::byte{2}};
  for (std::size_t size = 0; size < 600; ++size) {
    byte_buffer text(size);
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<std::byte>(i * 31 + size);
    auto record = l.seal(header, text);
    if (size > 8) {
      EXPECT_FALSE(equal(byte_view(record).first(size), text));
    }
    const auto opened = l.opener.open(header, record);
    ASSERT_TRUE(opened) << size;
    ASSERT_TRUE(equal(*opened, text)) << size;
    EXPECT_EQ(opened->data(), record.data()) << "in place";
  }
  EXPECT_EQ(l.opener.count().records, 600U);
}

TEST_P(RecordSuite, TakesALargeRecordUpToTheLimitAndNoneAbove) {
  link l(GetParam());
  byte_buffer text(record_plaintext_bytes_max, std::byte{5});
  auto record = l.seal({}, text);
  ASSERT_TRUE(l.opener.open(header_bytes{}, record));
  byte_buffer above(record_plaintext_bytes_max + 17);
  const auto span = byte_span(above);
  const auto sealed =
      l.sealer.seal(header_bytes{}, span.first(record_plaintext_bytes_max + 1), span.last<16>());
  EXPECT_EQ(test::code_of(sealed), errc::record_too_large);
  EXPECT_EQ(l.sealer.count().records, 1U) << "nothing changed";
  EXPECT_EQ(test::code_of(l.opener.open(header_bytes{}, above)), errc::record_too_large);
}

TEST_P(RecordSuite, WipesTheBufferAndStaysFailedWhenARecordDoesNotOpen) {
  link l(GetParam());
  const byte_buffer text(100, std::byte{5});
  auto bad = l.seal({}, text);
  auto next = l.seal({}, text);
  bad[50] ^= std::byte{1};
  EXPECT_EQ(test::code_of(l.opener.open(header_bytes{}, bad)), errc::authentication_failed);
  EXPECT_EQ(bad, byte_buffer(116)) << "no byte of an unverified record is left";
  EXPECT_EQ(test::code_of(l.opener.open(header_bytes{}, next)), errc::authentication_failed);
  EXPECT_EQ(next, byte_buffer(116));
}

TEST_P(RecordSuite, StopsAtTheLimitOfRecords) {
  link l(GetParam());
  const record_count last{limits::stream_records_max - 1, 0};
  record_position_for_tests::set(l.sealer, last);
  record_position_for_tests::set(l.opener, last);
  auto record = l.seal({}, as_bytes("the last one"));
  EXPECT_TRUE(l.opener.open(header_bytes{}, record));
  byte_buffer one(17);
  const auto span = byte_span(one);
  EXPECT_EQ(test::code_of(l.sealer.seal(header_bytes{}, span.first(1), span.last<16>())),
            errc::record_limit_reached);
  EXPECT_EQ(test::code_of(l.opener.open(header_bytes{}, one)), errc::record_limit_reached);
}

TEST_P(RecordSuite, StopsAtTheLimitOfBytes) {
  link l(GetParam());
  const record_count nearly{9, limits::stream_bytes_max - 10};
  record_position_for_tests::set(l.sealer, nearly);
  record_position_for_tests::set(l.opener, nearly);
  byte_buffer eleven(11 + 16);
  const auto span = byte_span(eleven);
  EXPECT_EQ(test::code_of(l.sealer.seal(header_bytes{}, span.first(11), span.last<16>())),
            errc::record_limit_reached);
  auto record = l.seal({}, byte_buffer(10));
  EXPECT_TRUE(l.opener.open(header_bytes{}, record));
  EXPECT_EQ(test::code_of(l.opener.open(header_bytes{}, eleven)), errc::record_limit_reached);
}

TEST_P(RecordSuite, NumbersRecordsInTheNonce) {
  // The same text under the same header is never the same record.
  link l(GetParam());
  const auto first = l.seal({}, byte_buffer(32));
  const auto second = l.seal({}, byte_buffer(32));
  EXPECT_NE(first, second);
}

INSTANTIATE_TEST_SUITE_P(Record, RecordSuite,
                         testing::Values(cipher_suite::aes_256_gcm,
                                         cipher_suite::chacha20_poly1305));

TEST(RecordNonce, IsTheIvWithTheNumberInItsLastEightBytes) {
  const secret_bytes<12> iv(test::fixed<12>(hex("0102030405060708090a0b0c")));
  EXPECT_EQ(to_hex(detail::nonce_of(iv, 0)), "0102030405060708090a0b0c");
  EXPECT_EQ(to_hex(detail::nonce_of(iv, 0xff00000000000001)), "01020304fa060708090a0b0d");
}

/// The ciphers themselves, by official vectors, called just as the sealer and the opener call them.
int check_aead(const char* file, const char* name, std::size_t key_bytes) {
  int cases = 0;
  for (const auto& group : test::wycheproof_groups(file)) {
    const bool ours = group.at("keySize") == key_bytes * 8 && group.at("ivSize") == 96 &&
                      group.at("tagSize") == 128;
    if (!ours) continue;
    for (const auto& v : group.at("tests")) {
      ++cases;
      const auto key = hex(v, "key");
      const auto iv = hex(v, "iv");
      const auto aad = hex(v, "aad");
      const auto message = hex(v, "msg");
      auto sealed = hex(v, "ct");
      append(sealed, hex(v, "tag"));
      const auto refused = errc::authentication_failed;
      const auto opened = detail::guarded(refused, [&]() -> result<byte_buffer> {
        const auto aead = Botan::AEAD_Mode::create(name, Botan::Cipher_Dir::Decryption);
        aead->set_key(as_u8(byte_view(key)));
        aead->set_associated_data(as_u8(byte_view(aad)));
        aead->start(as_u8(byte_view(iv)));
        const auto u8 = as_u8(byte_view(sealed));
        Botan::secure_vector<std::uint8_t> buffer(u8.begin(), u8.end());
        aead->finish(buffer);
        const auto text = std::as_bytes(std::span(buffer));
        return byte_buffer(text.begin(), text.end());
      });
      EXPECT_EQ(opened.has_value(), v.at("result") == "valid") << v.at("tcId");
      if (opened) {
        EXPECT_EQ(*opened, message) << v.at("tcId");
      }
    }
  }
  return cases;
}

TEST(RecordCipher, PassesWycheproofForAesGcm) {
  EXPECT_EQ(check_aead("aes_gcm_test.json", "AES-256/GCM", 32), 66);
}

TEST(RecordCipher, PassesWycheproofForChaCha20Poly1305) {
  EXPECT_EQ(check_aead("chacha20_poly1305_test.json", "ChaCha20Poly1305", 32), 316);
}

}  // namespace
}  // namespace tallow::crypto
