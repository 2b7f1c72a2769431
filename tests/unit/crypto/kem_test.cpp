#include <cstdio>
#include <memory>

#include <gtest/gtest.h>

#include <tallow/crypto/kem.hpp>

#include "support/paths.hpp"
#include "support/vectors.hpp"

namespace tallow::crypto {
namespace {

using test::fixed;
using test::hex;
using test::string_of;

TEST(MlKem, MakesTheKeysOfWycheproof) {
  int cases = 0;
  for (const auto& group : test::wycheproof_groups("mlkem_1024_keygen_seed_test.json")) {
    for (const auto& v : group.at("tests")) {
      ++cases;
      const auto key = ml_kem_public<ml_kem_1024>(ml_kem_seed(fixed<64>(hex(v, "seed"))));
      ASSERT_TRUE(key);
      EXPECT_EQ(to_hex(*key), string_of(v, "ek")) << v.at("tcId");
    }
  }
  EXPECT_EQ(cases, 100);
}

TEST(MlKem, EncapsulatesAsWycheproofAndRefusesBadKeys) {
  int valid = 0;
  int invalid = 0;
  for (const auto& group : test::wycheproof_groups("mlkem_1024_encaps_test.json")) {
    for (const auto& v : group.at("tests")) {
      const auto out =
          ml_kem_encapsulate<ml_kem_1024>(hex(v, "ek"), ml_kem_message(fixed<32>(hex(v, "m"))));
      if (v.at("result") == "valid") {
        ++valid;
        ASSERT_TRUE(out) << v.at("tcId");
        EXPECT_EQ(to_hex(out->ciphertext), string_of(v, "c")) << v.at("tcId");
        EXPECT_EQ(to_hex(out->secret.view()), string_of(v, "K")) << v.at("tcId");
      } else {
        ++invalid;
        EXPECT_EQ(out.error().code, errc::authentication_failed) << v.at("tcId");
      }
    }
  }
  EXPECT_EQ(valid, 133);
  EXPECT_EQ(invalid, 136);
}

template <class Parameters>
void check_decapsulation(const char* file) {
  int cases = 0;
  for (const auto& group : test::wycheproof_groups(file)) {
    for (const auto& v : group.at("tests")) {
      ++cases;
      const auto seed = hex(v, "seed");
      if (seed.size() != 64) {
        EXPECT_EQ(v.at("result"), "invalid");  // our type has no other length
        continue;
      }
      const auto secret = ml_kem_decapsulate<Parameters>(ml_kem_seed(fixed<64>(seed)), hex(v, "c"));
      if (v.at("result") == "valid") {
        ASSERT_TRUE(secret) << v.at("tcId");
        EXPECT_EQ(to_hex(secret->view()), string_of(v, "K")) << v.at("tcId");
      } else {
        EXPECT_EQ(secret.error().code, errc::authentication_failed) << v.at("tcId");
      }
    }
  }
  EXPECT_EQ(cases, 193);
}

TEST(MlKem, DecapsulatesAsWycheproof1024) {
  check_decapsulation<ml_kem_1024>("mlkem_1024_test.json");
}

TEST(MlKem, DecapsulatesAsWycheproof768) { check_decapsulation<ml_kem_768>("mlkem_768_test.json"); }

TEST(MlKem, RefusesEveryKeyOfCctvThatIsNotCanonical) {
  const std::string path = test::vector_path("cctv/mlkem1024-modulus-bad-ek.txt.gz");
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(("gzip -dc '" + path + "'").c_str(), "r"),
                                                   &pclose);
  ASSERT_NE(pipe, nullptr);
  std::string line(8192, '\0');
  int cases = 0;
  while (std::fgets(line.data(), static_cast<int>(line.size()), pipe.get()) != nullptr) {
    std::string_view digits(line.c_str());
    while (!digits.empty() && digits.back() == '\n') digits.remove_suffix(1);
    const auto key = hex(digits);
    ASSERT_EQ(key.size(), ml_kem_1024::key_bytes);
    EXPECT_FALSE(ml_kem_encapsulate<ml_kem_1024>(key, {}).has_value()) << cases;
    ++cases;
  }
  EXPECT_EQ(cases, 1040);
}

TEST(MlKem, RefusesWrongLengths) {
  const auto key = ml_kem_public<ml_kem_1024>({});
  ASSERT_TRUE(key);
  for (const std::size_t size : {0U, 1U, 1184U, 1567U, 1569U}) {
    EXPECT_FALSE(ml_kem_encapsulate<ml_kem_1024>(byte_buffer(size), {}).has_value()) << size;
    EXPECT_FALSE(ml_kem_decapsulate<ml_kem_1024>({}, byte_buffer(size)).has_value()) << size;
  }
}

TEST(PreparedBytes, GivesOutWhatItHasAndNothingElse) {
  const byte_buffer bytes(32, std::byte{9});
  detail::prepared_bytes rng(bytes);
  EXPECT_TRUE(rng.is_seeded());
  EXPECT_EQ(rng.next_byte(), 9);
  byte_buffer out(32);
  EXPECT_THROW(rng.randomize(as_u8(byte_span(out))), Botan::PRNG_Unseeded);
}

TEST(X25519, PassesWycheproofAndRefusesZero) {
  int agreed = 0;
  int zero = 0;
  for (const auto& group : test::wycheproof_groups("x25519_test.json")) {
    for (const auto& v : group.at("tests")) {
      const auto shared =
          x25519_agree(x25519_secret(fixed<32>(hex(v, "private"))), hex(v, "public"));
      if (v.at("shared") == std::string(64, '0')) {
        ++zero;
        EXPECT_EQ(shared.error().code, errc::authentication_failed) << v.at("tcId");
      } else {
        ++agreed;
        ASSERT_TRUE(shared) << v.at("tcId");
        EXPECT_EQ(to_hex(shared->view()), string_of(v, "shared")) << v.at("tcId");
      }
    }
  }
  EXPECT_EQ(agreed, 487);
  EXPECT_EQ(zero, 31);
}

TEST(X25519, AgreesFromBothSides) {
  x25519_secret a;
  x25519_secret b;
  a.span()[3] = std::byte{1};
  b.span()[5] = std::byte{2};
  EXPECT_EQ(*x25519_agree(a, *x25519_public_of(b)), *x25519_agree(b, *x25519_public_of(a)));
}

}  // namespace
}  // namespace tallow::crypto
