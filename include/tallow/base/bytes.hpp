// Views of bytes and the few operations on them that every layer needs.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tallow {

/// Bytes somebody else owns, to be read.
using byte_view = std::span<const std::byte>;

/// Bytes somebody else owns, to be written.
using byte_span = std::span<std::byte>;

/// Bytes owned. Not for secrets: those live in secret_bytes or secret_buffer.
using byte_buffer = std::vector<std::byte>;

/// The characters of `text` as bytes.
///
/// @shape  returns a view into `text`
[[nodiscard]] inline byte_view as_bytes(std::string_view text) noexcept {
  return std::as_bytes(std::span(text.data(), text.size()));
}

/// The bytes as characters; nothing is checked, least of all that they are UTF-8.
///
/// @shape  returns a view into `bytes`
[[nodiscard]] inline std::string_view as_text(byte_view bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Bytes as the `uint8_t` that C-like libraries ask for.
[[nodiscard]] inline std::span<const std::uint8_t> as_u8(byte_view bytes) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

/// Writable bytes as `uint8_t`.
[[nodiscard]] inline std::span<std::uint8_t> as_u8(byte_span bytes) noexcept {
  return {reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()};
}

/// True when both views hold the same bytes. Takes a time that depends on them: not for secrets.
[[nodiscard]] inline bool equal(byte_view a, byte_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

/// Copies `bytes` behind what `buffer` holds.
inline void append(byte_buffer& buffer, byte_view bytes) {
  buffer.insert(buffer.end(), bytes.begin(), bytes.end());
}

/// Writes an unsigned integer big-endian, as wide as its type, into the first bytes of `out`.
template <class UInt>
constexpr void store_big_endian(UInt value, std::span<std::byte, sizeof(UInt)> out) noexcept {
  for (std::size_t i = 0; i < sizeof(UInt); ++i) {
    out[i] = static_cast<std::byte>(value >> (8U * (sizeof(UInt) - 1 - i)));
  }
}

/// Reads an unsigned integer that stands big-endian in `in`.
template <class UInt>
[[nodiscard]] constexpr UInt load_big_endian(std::span<const std::byte, sizeof(UInt)> in) noexcept {
  UInt value = 0;
  for (const std::byte b : in) {
    value = static_cast<UInt>(static_cast<UInt>(value << 8U) | std::to_integer<UInt>(b));
  }
  return value;
}

/// Lower-case hexadecimal, two digits a byte.
[[nodiscard]] inline std::string to_hex(byte_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::byte b : bytes) {
    const auto value = std::to_integer<unsigned>(b);
    text.push_back(digits[value >> 4U]);
    text.push_back(digits[value & 15U]);
  }
  return text;
}

/// The bytes that `text` spells in hexadecimal of either case; nothing on any other text.
[[nodiscard]] inline std::optional<byte_buffer> from_hex(std::string_view text) {
  const auto digit = [](char c) -> unsigned {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
    return 16;
  };
  if (text.size() % 2 != 0) return std::nullopt;
  byte_buffer bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const unsigned high = digit(text[i]);
    const unsigned low = digit(text[i + 1]);
    if (high > 15 || low > 15) return std::nullopt;
    bytes.push_back(static_cast<std::byte>(high << 4U | low));
  }
  return bytes;
}

}  // namespace tallow
