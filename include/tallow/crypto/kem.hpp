// ML-KEM and X25519, each as three functions of byte strings, deterministic in their randomness.
// @source FIPS 203; RFC 7748
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <botan/ml_kem.h>
#include <botan/pubkey.h>
#include <botan/rng.h>
#include <botan/x25519.h>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/secret.hpp>
#include <tallow/crypto/guard.hpp>

namespace tallow::crypto {

/// FIPS 203's d | z.
using ml_kem_seed = secret_bytes<64>;
/// FIPS 203's m, the randomness of an encapsulation.
using ml_kem_message = secret_bytes<32>;
using kem_secret = secret_bytes<32>;
using x25519_secret = secret_bytes<32>;
using x25519_public = std::array<std::byte, 32>;

struct ml_kem_768 {
  static constexpr auto mode = Botan::ML_KEM_Mode::ML_KEM_768;
  static constexpr std::size_t key_bytes = 1184;
  static constexpr std::size_t ciphertext_bytes = 1088;
};

struct ml_kem_1024 {
  static constexpr auto mode = Botan::ML_KEM_Mode::ML_KEM_1024;
  static constexpr std::size_t key_bytes = 1568;
  static constexpr std::size_t ciphertext_bytes = 1568;
};

namespace detail {

/// Gives out bytes that were drawn before: ML-KEM's encapsulation takes its `m` from a generator
/// and from nowhere else. Asked for anything but those bytes, it counts as unseeded.
class prepared_bytes final : public Botan::RandomNumberGenerator {
 public:
  explicit prepared_bytes(byte_view bytes) noexcept : left_(bytes) {}
  std::string name() const override { return "prepared"; }
  bool accepts_input() const override { return false; }
  bool is_seeded() const override { return !left_.empty(); }
  void clear() override {}

 private:
  void fill_bytes_with_input(std::span<std::uint8_t> out,
                             std::span<const std::uint8_t> /*input*/) override {
    if (out.size() > left_.size()) throw Botan::PRNG_Unseeded("prepared");
    const auto bytes = as_u8(left_.first(out.size()));
    std::copy(bytes.begin(), bytes.end(), out.begin());
    left_ = left_.subspan(out.size());
  }

  byte_view left_;
};

inline void copy_bytes(std::span<const std::uint8_t> from, byte_span to) {
  if (from.size() != to.size()) throw Botan::Internal_Error("unexpected length");
  std::copy(from.begin(), from.end(), as_u8(to).begin());
}

}  // namespace detail

/// One encapsulation: what is sent, and the secret inside.
template <class Parameters>
struct ml_kem_encapsulation {
  std::array<std::byte, Parameters::ciphertext_bytes> ciphertext;
  kem_secret secret;
};

/// The encapsulation key of a seed.
///
/// @errors  crypto_failed
template <class Parameters>
[[nodiscard]] result<std::array<std::byte, Parameters::key_bytes>> ml_kem_public(
    const ml_kem_seed& seed) {
  using key = std::array<std::byte, Parameters::key_bytes>;
  return detail::guarded(errc::crypto_failed, [&]() -> result<key> {
    const Botan::ML_KEM_PrivateKey secret(as_u8(byte_view(seed.view())), Parameters::mode);
    key bytes;
    detail::copy_bytes(secret.public_key_bits(), bytes);
    return bytes;
  });
}

/// @errors  authentication_failed (the key is malformed), crypto_failed
template <class Parameters>
[[nodiscard]] result<ml_kem_encapsulation<Parameters>> ml_kem_encapsulate(
    byte_view key, const ml_kem_message& message) {
  using output = ml_kem_encapsulation<Parameters>;
  return detail::guarded(errc::authentication_failed, [&]() -> result<output> {
    const Botan::ML_KEM_PublicKey peer(as_u8(key), Parameters::mode);
    detail::prepared_bytes rng(message.view());
    output out;
    Botan::PK_KEM_Encryptor(peer, "Raw")
        .encrypt(as_u8(byte_span(out.ciphertext)), as_u8(byte_span(out.secret.span())), rng, 32);
    return out;
  });
}

/// A wrong ciphertext of the right length gives a secret that nobody else has, and no error.
///
/// @errors  authentication_failed (wrong length), crypto_failed
template <class Parameters>
[[nodiscard]] result<kem_secret> ml_kem_decapsulate(const ml_kem_seed& seed, byte_view ciphertext) {
  return detail::guarded(errc::authentication_failed, [&]() -> result<kem_secret> {
    if (ciphertext.size() != Parameters::ciphertext_bytes) return fail(errc::authentication_failed);
    const Botan::ML_KEM_PrivateKey key(as_u8(byte_view(seed.view())), Parameters::mode);
    detail::prepared_bytes no_randomness({});
    kem_secret secret;
    Botan::PK_KEM_Decryptor(key, no_randomness, "Raw")
        .decrypt(as_u8(byte_span(secret.span())), as_u8(ciphertext), 32);
    return secret;
  });
}

/// @errors  crypto_failed
[[nodiscard]] inline result<x25519_public> x25519_public_of(const x25519_secret& secret) {
  return detail::guarded(errc::crypto_failed, [&]() -> result<x25519_public> {
    const Botan::X25519_PrivateKey key(as_u8(byte_view(secret.view())));
    x25519_public bytes;
    detail::copy_bytes(key.public_value(), bytes);
    return bytes;
  });
}

/// The Diffie-Hellman value. All zero is refused: that is what the few points of low order give,
/// and Botan's agree() hands it out.
///
/// @errors  authentication_failed (wrong length, or the value is zero), crypto_failed
[[nodiscard]] inline result<kem_secret> x25519_agree(const x25519_secret& secret, byte_view peer) {
  return detail::guarded(errc::authentication_failed, [&]() -> result<kem_secret> {
    if (peer.size() != std::tuple_size_v<x25519_public>) return fail(errc::authentication_failed);
    const Botan::X25519_PrivateKey key(as_u8(byte_view(secret.view())));
    kem_secret shared;
    const auto u = as_u8(peer);
    detail::copy_bytes(key.agree(u.data(), u.size()), shared.span());
    if (shared == kem_secret{}) return fail(errc::authentication_failed);
    return shared;
  });
}

}  // namespace tallow::crypto
