#include <gtest/gtest.h>

#include <tallow/crypto/hybrid_kem.hpp>

#include "support/vectors.hpp"

namespace tallow::crypto {
namespace {

using test::fixed;
using test::hex;
using test::string_of;

x_wing::randomness x_wing_randomness(const byte_buffer& eseed) {
  const auto bytes = fixed<64>(eseed);
  return {ml_kem_message(bytes.first<32>()), x25519_secret(bytes.last<32>())};
}

TEST(HybridKem, IsXWingWithItsParameters) {
  int cases = 0;
  for (const auto& v : test::load_vectors("hybrid-kem/xwing-draft10-test-vectors.json")) {
    ++cases;
    const auto key = x_wing_expand(secret_bytes<32>(fixed<32>(hex(v, "seed"))));
    const auto pk = x_wing::public_key(key);
    ASSERT_TRUE(pk);
    EXPECT_EQ(to_hex(*pk), string_of(v, "pk"));
    const auto sealed = x_wing::encapsulate(*pk, x_wing_randomness(hex(v, "eseed")));
    ASSERT_TRUE(sealed);
    EXPECT_EQ(to_hex(sealed->ciphertext), string_of(v, "ct"));
    EXPECT_EQ(to_hex(sealed->secret.view()), string_of(v, "ss"));
    const auto opened = x_wing::decapsulate(key, hex(v, "ct"));
    ASSERT_TRUE(opened);
    EXPECT_EQ(to_hex(opened->view()), string_of(v, "ss"));
  }
  EXPECT_EQ(cases, 3);
}

TEST(HybridKem, MatchesHpkeWhereTheKemIsOneOfOurs) {
  int x_wing_cases = 0;
  int ml_kem_cases = 0;
  for (const auto& v : test::load_vectors("hybrid-kem/hpke-pq-draft04-test-vectors.json")) {
    if (v.at("kem_id") == 0x647a) {  // MLKEM768-X25519
      ++x_wing_cases;
      const auto key = x_wing_expand(secret_bytes<32>(fixed<32>(hex(v, "skRm"))));
      const auto pk = x_wing::public_key(key);
      ASSERT_TRUE(pk);
      EXPECT_EQ(to_hex(*pk), string_of(v, "pkRm"));
      const auto sealed = x_wing::encapsulate(*pk, x_wing_randomness(hex(v, "ikmE")));
      ASSERT_TRUE(sealed);
      EXPECT_EQ(to_hex(sealed->ciphertext), string_of(v, "enc"));
      EXPECT_EQ(to_hex(sealed->secret.view()), string_of(v, "shared_secret"));
      EXPECT_EQ(*x_wing::decapsulate(key, hex(v, "enc")), sealed->secret);
    }
    if (v.at("kem_id") == 0x42) {  // ML-KEM-1024 alone
      ++ml_kem_cases;
      const ml_kem_seed seed(fixed<64>(hex(v, "skRm")));
      EXPECT_EQ(to_hex(*ml_kem_public<ml_kem_1024>(seed)), string_of(v, "pkRm"));
      const auto sealed = ml_kem_encapsulate<ml_kem_1024>(
          hex(v, "pkRm"), ml_kem_message(fixed<32>(hex(v, "ikmE"))));
      ASSERT_TRUE(sealed);
      EXPECT_EQ(to_hex(sealed->ciphertext), string_of(v, "enc"));
      EXPECT_EQ(to_hex(sealed->secret.view()), string_of(v, "shared_secret"));
      EXPECT_EQ(*ml_kem_decapsulate<ml_kem_1024>(seed, hex(v, "enc")), sealed->secret);
    }
  }
  EXPECT_EQ(x_wing_cases, 2);
  EXPECT_EQ(ml_kem_cases, 2);
}

TEST(HybridKem, DependsOnBothHalves) {
  tallow_kem::secret_key key;
  key.seed.span()[0] = std::byte{1};
  key.x.span()[0] = std::byte{2};
  const auto pk = tallow_kem::public_key(key);
  ASSERT_TRUE(pk);
  const auto sealed = tallow_kem::encapsulate(*pk, {});
  ASSERT_TRUE(sealed);
  EXPECT_EQ(*tallow_kem::decapsulate(key, sealed->ciphertext), sealed->secret);
  for (const std::size_t at : {std::size_t{0}, tallow_kem::ciphertext_bytes - 32}) {
    auto changed = sealed->ciphertext;
    changed[at] ^= std::byte{1};
    const auto opened = tallow_kem::decapsulate(key, changed);
    ASSERT_TRUE(opened) << "no error tells a changed ciphertext from a right one";
    EXPECT_NE(*opened, sealed->secret);
  }
}

TEST(HybridKem, RefusesWrongLengths) {
  EXPECT_FALSE(tallow_kem::encapsulate(byte_buffer(tallow_kem::key_bytes - 1), {}).has_value());
  EXPECT_FALSE(tallow_kem::decapsulate({}, byte_buffer(tallow_kem::ciphertext_bytes + 1)));
}

}  // namespace
}  // namespace tallow::crypto
