// The masked encapsulation key: ML-KEM-1024's public key as bytes that tell nobody anything who
// does not know the password.
// @source docs/protocol/handshake.md, Masked key
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/secret.hpp>
#include <tallow/crypto/hash.hpp>
#include <tallow/crypto/kem.hpp>
#include <tallow/crypto/labels.hpp>

namespace tallow::crypto {

inline constexpr std::size_t mask_random_bytes = 96;
/// 1,024 coefficients of 12 bits.
inline constexpr std::size_t key_vector_bytes = 1536;
inline constexpr std::size_t key_matrix_seed_bytes = 32;

using mask_random = secret_bytes<mask_random_bytes>;
using mask_secret = secret_bytes<64>;
using ml_kem_1024_key = std::array<std::byte, ml_kem_1024::key_bytes>;

/// As it is sent: s | T | rho.
struct masked_key {
  std::array<std::byte, mask_random_bytes> s;
  std::array<std::byte, key_vector_bytes> t;
  std::array<std::byte, key_matrix_seed_bytes> rho;
};

namespace detail {

inline constexpr std::uint32_t kem_modulus = 3329;
inline constexpr std::size_t kem_coefficients = 1024;

/// value mod 3329 for value < 2^31, by Barrett: without a division, whose time may depend on
/// what is divided.
[[nodiscard]] constexpr std::uint32_t reduce_31(std::uint32_t value) noexcept {
  // floor(2^43 / 3329): the estimate of the quotient is at most one too small below 2^31.
  constexpr std::uint64_t reciprocal = 2642262848;
  const auto quotient = static_cast<std::uint32_t>((value * reciprocal) >> 43U);
  const std::uint32_t rest = value - quotient * kem_modulus - kem_modulus;
  return rest + (kem_modulus & (0U - (rest >> 31U)));
}

/// Sixteen bytes, little-endian, mod 3329: eight limbs of 16 bits, each times its power of two.
[[nodiscard]] constexpr std::uint32_t reduce_128(std::span<const std::byte, 16> word) noexcept {
  // 2^(16 i) mod 3329. The sum stays below 8 * 65535 * 3328 < 2^31.
  constexpr std::array<std::uint32_t, 8> powers = {1, 2285, 1353, 2293, 2988, 3130, 1358, 402};
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < powers.size(); ++i) {
    const std::uint32_t limb = std::to_integer<std::uint32_t>(word[2 * i]) |
                               std::to_integer<std::uint32_t>(word[2 * i + 1]) << 8U;
    sum += limb * powers[i];
  }
  return reduce_31(sum);
}

/// Coefficients 2i and 2i+1 stand in three bytes (FIPS 203, ByteDecode12).
[[nodiscard]] constexpr std::pair<std::uint32_t, std::uint32_t> decode_pair(
    std::span<const std::byte, 3> in) noexcept {
  const auto b0 = std::to_integer<std::uint32_t>(in[0]);
  const auto b1 = std::to_integer<std::uint32_t>(in[1]);
  const auto b2 = std::to_integer<std::uint32_t>(in[2]);
  return {b0 | (b1 & 15U) << 8U, b1 >> 4U | b2 << 4U};
}

constexpr void encode_pair(std::uint32_t a, std::uint32_t b, std::span<std::byte, 3> out) noexcept {
  out[0] = static_cast<std::byte>(a & 255U);
  out[1] = static_cast<std::byte>(a >> 8U | (b & 15U) << 4U);
  out[2] = static_cast<std::byte>(b >> 4U);
}

/// The stream that T is shifted by; bound to the password by `secret`, to this run by all of it.
[[nodiscard]] inline shake256_stream vector_mask(const mask_secret& secret, byte_view session,
                                                 byte_view rho, const mask_random& random) {
  shake256_stream stream;
  stream.update_lv(as_bytes(label::mask_t));
  stream.update_lv(secret.view());
  stream.update_lv(session);
  stream.update_lv(rho);
  stream.update_lv(random.view());
  return stream;
}

/// The stream that hides the randomness of the one above.
[[nodiscard]] inline mask_random random_mask(const mask_secret& secret, byte_view session,
                                             byte_view rho, byte_view t) {
  shake256_stream stream;
  stream.update_lv(as_bytes(label::mask_s));
  stream.update_lv(secret.view());
  stream.update_lv(session);
  stream.update_lv(rho);
  stream.update_lv(t);
  mask_random mask;
  stream.output(mask.span());
  return mask;
}

/// Adds two coefficients of the stream to two of `t`, or takes them off, mod 3329. Those of `t`
/// are below 3329 and stay so.
template <bool Add>
constexpr void shift_pair(std::span<const std::byte, 32> words,
                          std::span<std::byte, 3> t) noexcept {
  std::uint32_t h0 = reduce_128(words.first<16>());
  std::uint32_t h1 = reduce_128(words.last<16>());
  if constexpr (!Add) {
    h0 = kem_modulus - h0;
    h1 = kem_modulus - h1;
  }
  const auto [t0, t1] = decode_pair(t);
  encode_pair(reduce_31(t0 + h0), reduce_31(t1 + h1), t);
}

template <bool Add>
void shift_vector(shake256_stream stream, std::span<std::byte, key_vector_bytes> t) {
  secret_bytes<32> words;
  for (std::size_t at = 0; at < t.size(); at += 3) {
    stream.output(words.span());
    shift_pair<Add>(words.view(), t.subspan(at).template first<3>());
  }
}

}  // namespace detail

/// True when every coefficient is below 3329. Looks at what was sent, which is public.
[[nodiscard]] inline bool key_vector_is_canonical(
    std::span<const std::byte, key_vector_bytes> t) noexcept {
  for (std::size_t at = 0; at < t.size(); at += 3) {
    const auto [a, b] = detail::decode_pair(t.subspan(at).first<3>());
    if (a >= detail::kem_modulus || b >= detail::kem_modulus) return false;
  }
  return true;
}

/// Masks a key for the one who derives the same `secret` in the same `session`.
[[nodiscard]] inline masked_key mask_key(const ml_kem_1024_key& key, const mask_random& random,
                                         const mask_secret& secret, byte_view session) {
  masked_key masked;
  const auto bytes = std::span(key);
  std::copy_n(bytes.begin(), key_vector_bytes, masked.t.begin());
  std::copy_n(bytes.begin() + key_vector_bytes, key_matrix_seed_bytes, masked.rho.begin());
  detail::shift_vector<true>(detail::vector_mask(secret, session, masked.rho, random), masked.t);
  const mask_random pad = detail::random_mask(secret, session, masked.rho, masked.t);
  for (std::size_t i = 0; i < mask_random_bytes; ++i) {
    masked.s[i] = random.view()[i] ^ pad.view()[i];
  }
  return masked;
}

/// Takes the mask off. With a wrong secret the result is some other key, as good to look at as the
/// right one: no oracle.
///
/// @errors  authentication_failed (a coefficient of T is 3329 or above)
[[nodiscard]] inline result<ml_kem_1024_key> unmask_key(const masked_key& masked,
                                                        const mask_secret& secret,
                                                        byte_view session) {
  if (!key_vector_is_canonical(masked.t)) return fail(errc::authentication_failed);
  mask_random random = detail::random_mask(secret, session, masked.rho, masked.t);
  for (std::size_t i = 0; i < mask_random_bytes; ++i) random.span()[i] ^= masked.s[i];
  ml_kem_1024_key key;
  const auto bytes = std::span(key);
  std::copy(masked.t.begin(), masked.t.end(), bytes.begin());
  std::copy(masked.rho.begin(), masked.rho.end(), bytes.begin() + key_vector_bytes);
  detail::shift_vector<false>(detail::vector_mask(secret, session, masked.rho, random),
                              bytes.first<key_vector_bytes>());
  return key;
}

}  // namespace tallow::crypto
