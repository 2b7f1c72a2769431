// Records that are lost, repeated, swapped, moved, cut or changed on the way.
#include <gtest/gtest.h>

#include <tallow/crypto/handshake.hpp>
#include <tallow/crypto/record.hpp>
#include <tallow/crypto/stream_registry.hpp>

#include "support/handshake_pair.hpp"

namespace tallow::crypto {
namespace {

using header_bytes = std::array<std::byte, 8>;

/// The keys of a real session, and records sealed under them.
class Records : public testing::Test {
 protected:
  void SetUp() override {
    test::handshake_pair pair;
    pair.start(test::a_code(), test::a_code());
    pair.run();
    keys_ = std::move(*pair.i->take_output());
  }

  record_sealer sealer(direction d = direction::i2r, std::uint32_t stream = 1) {
    return *record_sealer::make(keys_.suite, keys_.traffic(d), stream_id{stream});
  }
  record_opener opener(direction d = direction::i2r, std::uint32_t stream = 1) {
    return *record_opener::make(keys_.suite, keys_.traffic(d), stream_id{stream});
  }
  static header_bytes header_for(std::size_t plaintext) {
    header_bytes header{};
    store_big_endian(static_cast<std::uint32_t>(plaintext + 16), std::span(header).first<4>());
    header[4] = std::byte{0x21};
    return header;
  }
  static byte_buffer seal(record_sealer& by, std::string_view text) {
    byte_buffer record(text.size() + 16);
    std::copy(as_bytes(text).begin(), as_bytes(text).end(), record.begin());
    const auto span = byte_span(record);
    EXPECT_TRUE(by.seal(header_for(text.size()), span.first(text.size()), span.last<16>()));
    return record;
  }
  /// What comes out, or the error's name.
  static std::string open(record_opener& by, byte_buffer record) {
    const std::size_t size = record.size() < 16 ? 0 : record.size() - 16;
    const auto opened = by.open(header_for(size), record);
    return opened ? std::string(as_text(*opened)) : errc_name(opened.error().code);
  }

  static constexpr const char* refused = "authentication_failed";
  handshake_output keys_;
};

TEST_F(Records, OpenInOrder) {
  auto s = sealer();
  auto o = opener();
  for (const char* text : {"one", "two", "", "three"}) EXPECT_EQ(open(o, seal(s, text)), text);
}

TEST_F(Records, WithOneDroppedDoNotOpen) {
  auto s = sealer();
  auto o = opener();
  (void)seal(s, "one");
  EXPECT_EQ(open(o, seal(s, "two")), refused);
}

TEST_F(Records, OpenOnlyOnce) {
  auto s = sealer();
  auto o = opener();
  const auto record = seal(s, "one");
  EXPECT_EQ(open(o, record), "one");
  EXPECT_EQ(open(o, record), refused);
}

TEST_F(Records, DoNotOpenSwapped) {
  auto s = sealer();
  auto o = opener();
  const auto first = seal(s, "one");
  const auto second = seal(s, "two");
  EXPECT_EQ(open(o, second), refused);
  EXPECT_EQ(open(o, first), refused) << "the stream stays failed";
}

TEST_F(Records, DoNotOpenInAnotherStream) {
  auto s = sealer(direction::i2r, 1);
  for (const std::uint32_t other : {0U, 2U, 0x01000000U}) {
    auto o = opener(direction::i2r, other);
    EXPECT_EQ(open(o, seal(s, "one")), refused);
    s = sealer(direction::i2r, 1);
  }
}

TEST_F(Records, DoNotOpenInTheOtherDirection) {
  auto s = sealer(direction::i2r);
  auto o = opener(direction::r2i);
  EXPECT_EQ(open(o, seal(s, "one")), refused);
}

TEST_F(Records, DoNotOpenInAnotherSession) {
  auto s = sealer();
  const auto record = seal(s, "one");
  test::handshake_pair pair;
  pair.rng_r = test::fixed_rng(99);
  pair.start(test::a_code(), test::a_code());
  pair.run();
  keys_ = std::move(*pair.i->take_output());
  auto o = opener();
  EXPECT_EQ(open(o, record), refused);
}

TEST_F(Records, DoNotOpenWithAnyBitOfTheHeaderFlipped) {
  for (std::size_t bit = 0; bit < 64; ++bit) {
    auto s = sealer();
    auto o = opener();
    auto record = seal(s, "some text");
    auto header = header_for(9);
    header[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    EXPECT_EQ(test::code_of(o.open(header, record)), errc::authentication_failed) << bit;
  }
}

TEST_F(Records, DoNotOpenWithAnyBitOfTheRecordFlipped) {
  for (std::size_t bit = 0; bit < 8 * 25; ++bit) {
    auto s = sealer();
    auto o = opener();
    auto record = seal(s, "some text");
    record[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    EXPECT_EQ(open(o, record), refused) << bit;
  }
}

TEST_F(Records, DoNotOpenCutShortOrMadeLonger) {
  for (std::size_t size = 0; size <= 30; ++size) {
    auto s = sealer();
    auto o = opener();
    auto record = seal(s, "some text");
    if (size == record.size()) continue;
    record.resize(size);
    // The header says what was sealed, or what has come: neither helps.
    auto copy = record;
    EXPECT_EQ(test::code_of(o.open(header_for(9), copy)), errc::authentication_failed) << size;
    auto fresh = opener();
    EXPECT_EQ(open(fresh, record), refused) << size;
  }
}

TEST_F(Records, OfAllLengthsUpToTheLimitOpenAndNoneAbove) {
  auto s = sealer();
  auto o = opener();
  EXPECT_EQ(open(o, seal(s, "")), "");
  const std::string longest(record_plaintext_bytes_max, 'x');
  EXPECT_EQ(open(o, seal(s, longest)).size(), longest.size());
  EXPECT_EQ(open(o, byte_buffer(longest.size() + 1 + 16)), "record_too_large");
}

TEST_F(Records, OfAStreamIdThatWasUsedOrNeverAnnouncedHaveNoOpener) {
  // A relay replays a whole lane: the id was claimed, so no key is made for it again.
  stream_registry ids;
  ASSERT_TRUE(ids.announce(stream_id{1}, 2));
  ASSERT_TRUE(ids.claim(stream_id{1}));
  auto s = sealer();
  auto o = opener();
  auto bad = seal(s, "one");
  bad[0] ^= std::byte{1};
  EXPECT_EQ(open(o, bad), refused);
  EXPECT_EQ(test::code_of(ids.claim(stream_id{1})), errc::stream_id_used)
      << "used even though the opening failed";
  EXPECT_EQ(test::code_of(ids.claim(stream_id{3})), errc::stream_id_used);
  EXPECT_EQ(test::code_of(ids.claim(control_stream)), errc::stream_id_used);
  EXPECT_TRUE(ids.claim(stream_id{2}));
}

}  // namespace
}  // namespace tallow::crypto
