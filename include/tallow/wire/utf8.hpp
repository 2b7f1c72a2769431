// Whether bytes are UTF-8 as RFC 3629 defines it.
//
// @source  RFC 3629, section 4 (the ABNF: no overlong forms, no surrogates, nothing above U+10FFFF)
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tallow {

/// One code point of a text and the bytes it takes; `bytes` is 0 where the text is not UTF-8.
struct utf8_step {
  char32_t code_point = 0;
  std::size_t bytes = 0;
};

/// The first code point of `text`, which is not empty.
[[nodiscard]] constexpr utf8_step next_code_point(std::string_view text) noexcept {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = at(0);
  if (first < 0x80) return {first, 1};
  const std::size_t count = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < count) return {};
  // The second byte alone tells overlong forms, surrogates and what lies above U+10FFFF.
  unsigned low = 0x80;
  unsigned high = 0xBF;
  if (first == 0xE0) low = 0xA0;
  if (first == 0xED) high = 0x9F;
  if (first == 0xF0) low = 0x90;
  if (first == 0xF4) high = 0x8F;
  if (at(1) < low || at(1) > high) return {};
  char32_t code_point = first & (0x7FU >> count);
  for (std::size_t i = 1; i < count; ++i) {
    if ((at(i) & 0xC0U) != 0x80U) return {};
    code_point = code_point << 6U | (at(i) & 0x3FU);
  }
  return {code_point, count};
}

/// True when all of `text` is UTF-8. The empty text is.
///
/// @cost  O(size), no allocation
[[nodiscard]] constexpr bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const utf8_step step = next_code_point(text);
    if (step.bytes == 0) return false;
    text.remove_prefix(step.bytes);
  }
  return true;
}

}  // namespace tallow
