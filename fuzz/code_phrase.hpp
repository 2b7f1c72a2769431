// A code that is taken is taken again as it is shown, and no other text stands for it by accident.
//
// Input: what a person types.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/crypto/code_phrase.hpp>

#include "fuzz/violation.hpp"

namespace tallow::fuzz {

/// What the specification makes of a text before it looks at number and words: small letters, and
/// one hyphen between what is not a separator.
[[nodiscard]] inline std::string tidied(std::string_view text) {
  std::string out;
  bool is_parted = false;
  for (const char c : text) {
    if (c == ' ' || c == '_' || c == '-') {
      is_parted = !out.empty();
      continue;
    }
    if (is_parted) out += '-';
    is_parted = false;
    out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

inline void fuzz_code_phrase(byte_view input) {
  const std::string_view text = as_text(input);
  const auto code = crypto::code_phrase::parse(text);
  if (!code) {
    require(condition_of(code.error().code) == cond::local, "what was typed wrong is our affair");
    require(code.error().at <= text.size(), "where it is wrong is in the text");
    return;
  }
  const secret_buffer shown = code->text();
  require(as_text(shown.view()) == tidied(text), "a code is shown as it was meant");
  require(code->nameplate() <= limits::nameplate_max, "a nameplate is one");
  const std::string_view password = as_text(code->password());
  require(!password.empty(), "a code has words");
  for (const char c : password) {
    require((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-', "words are letters");
  }
  const auto again = crypto::code_phrase::parse(as_text(shown.view()));
  require(again.has_value(), "what is shown can be typed");
  require(again->nameplate() == code->nameplate() && equal(again->password(), code->password()),
          "and is the same code");
  require(again->room() == crypto::room_of(code->nameplate()), "the room is that of the number");
}

}  // namespace tallow::fuzz
