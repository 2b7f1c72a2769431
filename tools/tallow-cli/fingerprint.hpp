// The fingerprint of an identity as people write it.
#pragma once

#include <array>
#include <cctype>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <botan/hex.h>

#include <tallow/base/bytes.hpp>

namespace tallow::cli {

using fingerprint = std::array<std::byte, 32>;

/// Sixty-four hexadecimal digits.
[[nodiscard]] inline std::string text_of(const fingerprint& print) {
  return Botan::hex_encode(as_u8(byte_view(print)), false);
}

/// The other way; blanks and colons between digits mean nothing.
[[nodiscard]] inline std::optional<fingerprint> parse_fingerprint(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c == ':' || c == ' ') continue;
    if (std::isxdigit(static_cast<unsigned char>(c)) == 0) return std::nullopt;
    digits += c;
  }
  fingerprint print{};
  if (digits.size() != 2 * print.size()) return std::nullopt;
  Botan::hex_decode(as_u8(byte_span(print)), digits);
  return print;
}

}  // namespace tallow::cli
