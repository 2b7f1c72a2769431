// A masked key or a ciphertext that is not what it should be, and what a mask gives away.
#include <gtest/gtest.h>

#include <tallow/crypto/handshake.hpp>

#include "support/handshake_pair.hpp"

namespace tallow::crypto {
namespace {

using test::a_code;
using test::handshake_pair;
using test::message;

constexpr std::size_t t_at = 65 + 96;

TEST(MaskedKey, WithACoefficientOf3329OrAboveIsRefused) {
  for (const std::uint32_t value : {3329U, 3330U, 4095U}) {
    for (const std::size_t pair_index : {0U, 300U, 511U}) {
      handshake_pair pair;
      pair.start(a_code(), a_code());
      pair.run([&](unsigned index, byte_buffer& body) {
        if (index == 2) {
          const auto three = byte_span(body).subspan(t_at + 3 * pair_index).first<3>();
          detail::encode_pair(detail::decode_pair(three).first, value, three);
        }
        return true;
      });
      EXPECT_EQ(test::code_of(pair.error_i), errc::authentication_failed);
      EXPECT_TRUE(message(pair.sent_i, 3).empty()) << "refused for what everybody can see";
    }
  }
}

TEST(MaskedKey, OfAnotherLengthIsRefused) {
  for (const int change : {-1, 1, -1761, 65}) {
    handshake_pair pair;
    pair.start(a_code(), a_code());
    pair.run([&](unsigned index, byte_buffer& body) {
      const auto size = static_cast<std::ptrdiff_t>(body.size()) + change;
      if (index == 2) body.resize(static_cast<std::size_t>(size));
      return true;
    });
    EXPECT_EQ(test::code_of(pair.error_i), errc::authentication_failed);
    EXPECT_TRUE(message(pair.sent_i, 3).empty());
  }
}

TEST(Ciphertext, WithAFlippedBitIsAWrongTagAndNothingElse) {
  for (std::size_t at = 0; at < 1600; at += 37) {
    handshake_pair pair;
    pair.start(a_code(), a_code());
    pair.run([&](unsigned index, byte_buffer& body) {
      if (index == 3) body[at] ^= std::byte{4};
      return true;
    });
    EXPECT_EQ(pair.error_r, error{errc::authentication_failed});
    EXPECT_EQ(to_hex(message(pair.sent_r, handshake::abort_index)), "00");
    EXPECT_EQ(pair.error_i, error{errc::authentication_failed});
  }
}

TEST(Ciphertext, OfAnotherLengthIsRefused) {
  for (const int change : {-1, 1, -32, -1632}) {
    handshake_pair pair;
    pair.start(a_code(), a_code());
    pair.run([&](unsigned index, byte_buffer& body) {
      const auto size = static_cast<std::ptrdiff_t>(body.size()) + change;
      if (index == 3) body.resize(static_cast<std::size_t>(size));
      return true;
    });
    EXPECT_EQ(pair.error_r, error{errc::authentication_failed});
    EXPECT_EQ(to_hex(message(pair.sent_r, handshake::abort_index)), "00");
  }
}

template <std::size_t N>
secret_bytes<N> random_secret(test::fixed_rng& rng) {
  secret_bytes<N> s;
  rng.randomize(as_u8(byte_span(s.span())));
  return s;
}

TEST(MaskOracle, AWrongSecretUnmasksACanonicalKey) {
  // If it did not, whoever recorded message 2 could test guesses of the password without anybody.
  test::fixed_rng rng(77);
  const auto key = *ml_kem_public<ml_kem_1024>({});
  const digest32 session{};
  for (int i = 0; i < 200; ++i) {
    const auto masked = mask_key(key, random_secret<96>(rng), random_secret<64>(rng), session);
    const auto other = unmask_key(masked, random_secret<64>(rng), session);
    ASSERT_TRUE(other.has_value());
    EXPECT_NE(*other, key);
    const auto t = std::span(*other).first<key_vector_bytes>();
    EXPECT_TRUE(key_vector_is_canonical(t));
    EXPECT_TRUE(ml_kem_encapsulate<ml_kem_1024>(*other, {}).has_value());
  }
}

TEST(MaskOracle, TheMaskedVectorOfOneKeyIsUniform) {
  test::fixed_rng rng(78);
  const auto key = *ml_kem_public<ml_kem_1024>({});
  const auto secret = random_secret<64>(rng);
  const digest32 session{};
  // How far each coefficient was shifted: uniform for each of them is what hides the key. (All
  // coefficients of T taken together look uniform under any mask, since those of the key do.)
  std::vector<double> seen(3329);
  constexpr int runs = 128;
  for (int i = 0; i < runs; ++i) {
    const auto masked = mask_key(key, random_secret<96>(rng), secret, session);
    for (std::size_t at = 0; at < masked.t.size(); at += 3) {
      const auto [a, b] = detail::decode_pair(std::span(masked.t).subspan(at).first<3>());
      const auto [key_a, key_b] = detail::decode_pair(std::span(key).subspan(at).first<3>());
      ASSERT_LT(std::max(a, b), 3329U);
      ++seen[(a + 3329 - key_a) % 3329];
      ++seen[(b + 3329 - key_b) % 3329];
    }
  }
  // Chi square with 3,328 degrees of freedom: mean 3,328, standard deviation 81.6. Five of them.
  const double expected = runs * 1024 / 3329.0;
  double chi = 0;
  for (const double count : seen) chi += (count - expected) * (count - expected) / expected;
  EXPECT_LT(chi, 3328 + 5 * 81.6);
  EXPECT_GT(chi, 3328 - 5 * 81.6);
}

}  // namespace
}  // namespace tallow::crypto
