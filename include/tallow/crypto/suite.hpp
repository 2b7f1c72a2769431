// The ciphers that seal records.
// @source docs/protocol/handshake.md, Suites
#pragma once

#include <cstdint>
#include <optional>

namespace tallow::crypto {

/// A cipher suite by its number on the wire. Everything else is fixed by the protocol version.
enum class cipher_suite : std::uint16_t {
  aes_256_gcm = 0x0001,
  chacha20_poly1305 = 0x0002,
};

/// The suite with that number, if there is one.
[[nodiscard]] constexpr std::optional<cipher_suite> suite_from_number(
    std::uint16_t number) noexcept {
  switch (number) {
    case 0x0001: return cipher_suite::aes_256_gcm;
    case 0x0002: return cipher_suite::chacha20_poly1305;
    default: return std::nullopt;
  }
}

/// The two directions of a session: from the initiator to the responder, and back.
enum class direction : std::uint8_t { i2r, r2i };

}  // namespace tallow::crypto
