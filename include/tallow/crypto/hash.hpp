// The hashes of the protocol: SHA-256, SHA-512, SHA3-256, SHAKE256, HMAC and HKDF.
// @source FIPS 180-4, FIPS 202, RFC 2104, RFC 5869
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include <botan/hash.h>
#include <botan/kdf.h>
#include <botan/mac.h>
#include <botan/xof.h>

#include <tallow/base/assert.hpp>
#include <tallow/base/bytes.hpp>

namespace tallow::crypto {

using digest32 = std::array<std::byte, 32>;
using digest64 = std::array<std::byte, 64>;

/// What is hashed, piece after piece, without anything between the pieces.
using hash_parts = std::initializer_list<byte_view>;

/// Length as four bytes, big-endian: the first half of lv(x) in the specification.
[[nodiscard]] inline std::array<std::byte, 4> length_prefix(std::size_t count) noexcept {
  TALLOW_ASSERT(count <= UINT32_MAX);
  std::array<std::byte, 4> prefix{};
  store_big_endian(static_cast<std::uint32_t>(count), prefix);
  return prefix;
}

namespace detail {

template <std::size_t N>
[[nodiscard]] std::array<std::byte, N> hash(const char* name, hash_parts parts) {
  const auto function = Botan::HashFunction::create(name);
  TALLOW_ASSERT(function != nullptr && function->output_length() == N);
  for (const byte_view part : parts) function->update(as_u8(part));
  std::array<std::byte, N> digest;
  function->final(as_u8(byte_span(digest)));
  return digest;
}

}  // namespace detail

[[nodiscard]] inline digest32 sha256(hash_parts parts) {
  return detail::hash<32>("SHA-256", parts);
}

[[nodiscard]] inline digest64 sha512(hash_parts parts) {
  return detail::hash<64>("SHA-512", parts);
}

[[nodiscard]] inline digest32 sha3_256(hash_parts parts) {
  return detail::hash<32>("SHA-3(256)", parts);
}

/// SHA-512 of input that comes bit by bit, and whose value is wanted at several points.
class sha512_stream {
 public:
  sha512_stream() : function_(Botan::HashFunction::create("SHA-512")) {
    TALLOW_ASSERT(function_ != nullptr);
  }

  void update(byte_view bytes) { function_->update(as_u8(bytes)); }

  /// Takes in lv(bytes): the length as four bytes, then the bytes.
  void update_lv(byte_view bytes) {
    update(length_prefix(bytes.size()));
    update(bytes);
  }

  /// The hash of all so far; more may follow.
  [[nodiscard]] digest64 digest() const {
    digest64 value;
    function_->copy_state()->final(as_u8(byte_span(value)));
    return value;
  }

  [[nodiscard]] sha512_stream clone() const { return sha512_stream(function_->copy_state()); }

 private:
  explicit sha512_stream(std::unique_ptr<Botan::HashFunction> function)
      : function_(std::move(function)) {}

  std::unique_ptr<Botan::HashFunction> function_;
};

/// SHAKE256 with output of any length, taken in pieces. All input comes before the first output.
class shake256_stream {
 public:
  shake256_stream() : function_(Botan::XOF::create("SHAKE-256")) {
    TALLOW_ASSERT(function_ != nullptr);
  }

  void update(byte_view bytes) { function_->update(as_u8(bytes)); }

  void update_lv(byte_view bytes) {
    update(length_prefix(bytes.size()));
    update(bytes);
  }

  void output(byte_span out) { function_->output(as_u8(out)); }

 private:
  std::unique_ptr<Botan::XOF> function_;
};

/// The two hashes that HMAC and HKDF run over. The protocol uses SHA-512; CPace and the official
/// vectors ask for SHA-256 as well.
enum class hash_kind : std::uint8_t { sha256, sha512 };

[[nodiscard]] constexpr std::size_t hash_bytes(hash_kind kind) noexcept {
  return kind == hash_kind::sha256 ? 32 : 64;
}

/// HMAC; `out` takes as many bytes as the hash has.
inline void hmac(hash_kind kind, byte_view key, hash_parts parts, byte_span out) {
  TALLOW_ASSERT(out.size() == hash_bytes(kind));
  const auto mac = Botan::MessageAuthenticationCode::create(
      kind == hash_kind::sha256 ? "HMAC(SHA-256)" : "HMAC(SHA-512)");
  TALLOW_ASSERT(mac != nullptr);
  mac->set_key(as_u8(key));
  for (const byte_view part : parts) mac->update(as_u8(part));
  mac->final(as_u8(out));
}

/// HKDF-Extract; `out` takes as many bytes as the hash has.
inline void hkdf_extract(hash_kind kind, byte_view salt, byte_view input_key, byte_span out) {
  TALLOW_ASSERT(out.size() == hash_bytes(kind));
  const auto kdf = Botan::KDF::create(kind == hash_kind::sha256 ? "HKDF-Extract(SHA-256)"
                                                                : "HKDF-Extract(SHA-512)");
  TALLOW_ASSERT(kdf != nullptr);
  kdf->derive_key(as_u8(out), as_u8(input_key), as_u8(salt), {});
}

/// HKDF-Expand; `out` takes at most 255 times as many bytes as the hash has.
inline void hkdf_expand(hash_kind kind, byte_view key, byte_view info, byte_span out) {
  TALLOW_ASSERT(out.size() <= 255 * hash_bytes(kind));
  const auto kdf = Botan::KDF::create(kind == hash_kind::sha256 ? "HKDF-Expand(SHA-256)"
                                                                : "HKDF-Expand(SHA-512)");
  TALLOW_ASSERT(kdf != nullptr);
  kdf->derive_key(as_u8(out), as_u8(key), {}, as_u8(info));
}

}  // namespace tallow::crypto
