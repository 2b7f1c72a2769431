#include <gtest/gtest.h>

#include <tallow/crypto/key_mask.hpp>

#include "support/test_rng.hpp"

namespace tallow::crypto {
namespace {

ml_kem_1024_key a_key(std::uint8_t seed_byte = 1) {
  ml_kem_seed seed;
  seed.span()[0] = std::byte{seed_byte};
  return *ml_kem_public<ml_kem_1024>(seed);
}

template <std::size_t N>
secret_bytes<N> random_secret(test::fixed_rng& rng) {
  secret_bytes<N> s;
  rng.randomize(as_u8(byte_span(s.span())));
  return s;
}

/// word mod 3329 in the obvious way, with the division that the real one must not have.
std::uint32_t slow_reduce(byte_view word) {
  std::uint32_t rest = 0;
  for (std::size_t i = word.size(); i-- > 0;) {
    rest = (rest * 256 + std::to_integer<std::uint32_t>(word[i])) % 3329;
  }
  return rest;
}

TEST(KeyMask, ReducesEveryKindOfWord) {
  test::fixed_rng rng;
  std::array<std::byte, 16> word{};
  EXPECT_EQ(detail::reduce_128(word), 0U);
  word.fill(std::byte{0xff});
  EXPECT_EQ(detail::reduce_128(word), slow_reduce(word));
  for (int i = 0; i < 20000; ++i) {
    rng.randomize(as_u8(byte_span(word)));
    ASSERT_EQ(detail::reduce_128(word), slow_reduce(word));
  }
}

TEST(KeyMask, ReducesAroundEveryMultipleOfTheModulus) {
  // The estimate of a quotient errs, if at all, at the multiples.
  for (std::uint32_t multiple = 0; multiple < (1U << 31U) / 3329; ++multiple) {
    const std::uint32_t at = multiple * 3329;
    ASSERT_EQ(detail::reduce_31(at), 0U);
    ASSERT_EQ(detail::reduce_31(at + 1), 1U);
    ASSERT_EQ(detail::reduce_31(at + 3328), 3328U);
  }
  EXPECT_EQ(detail::reduce_31((1U << 31U) - 1), ((1U << 31U) - 1) % 3329);
}

TEST(KeyMask, ComesOffWithTheSameSecret) {
  test::fixed_rng rng;
  const auto key = a_key();
  const auto secret = random_secret<64>(rng);
  const std::array<std::byte, 32> session{};
  const auto masked = mask_key(key, random_secret<96>(rng), secret, session);
  EXPECT_TRUE(key_vector_is_canonical(masked.t));
  EXPECT_FALSE(std::equal(masked.t.begin(), masked.t.end(), key.begin()));
  const auto unmasked = unmask_key(masked, secret, session);
  ASSERT_TRUE(unmasked);
  EXPECT_EQ(*unmasked, key);
}

TEST(KeyMask, DependsOnEverythingItIsBoundTo) {
  test::fixed_rng rng;
  const auto key = a_key();
  const auto secret = random_secret<64>(rng);
  std::array<std::byte, 32> session{};
  const auto masked = mask_key(key, random_secret<96>(rng), secret, session);
  const auto differs = [&](const masked_key& m, const mask_secret& s) {
    const auto other = unmask_key(m, s, session);
    return other.has_value() && *other != key;
  };
  for (const int part : {0, 1, 2}) {
    auto changed = masked;
    if (part == 0) changed.s[5] ^= std::byte{1};
    if (part == 1) changed.rho[5] ^= std::byte{1};
    if (part == 2) changed.t[0] ^= std::byte{1};
    if (!key_vector_is_canonical(changed.t)) continue;
    EXPECT_TRUE(differs(changed, secret)) << part;
  }
  EXPECT_TRUE(differs(masked, random_secret<64>(rng)));
  session[0] = std::byte{1};
  EXPECT_TRUE(differs(masked, secret));
}

TEST(KeyMask, KnowsWhatIsCanonical) {
  std::array<std::byte, key_vector_bytes> t{};
  EXPECT_TRUE(key_vector_is_canonical(t));
  for (const std::size_t pair : {0U, 255U, 511U}) {
    for (const bool second : {false, true}) {
      for (const std::uint32_t value : {3328U, 3329U, 4095U}) {
        auto changed = t;
        detail::encode_pair(second ? 0 : value, second ? value : 0,
                            std::span(changed).subspan(3 * pair).first<3>());
        EXPECT_EQ(key_vector_is_canonical(changed), value < 3329) << pair << ' ' << value;
      }
    }
  }
}

TEST(KeyMask, EncodesPairsAsFips203) {
  std::array<std::byte, 3> three{};
  detail::encode_pair(0xabc, 0xdef, three);
  EXPECT_EQ(to_hex(three), "bcfade");
  EXPECT_EQ(detail::decode_pair(three), (std::pair<std::uint32_t, std::uint32_t>{0xabc, 0xdef}));
}

}  // namespace
}  // namespace tallow::crypto
