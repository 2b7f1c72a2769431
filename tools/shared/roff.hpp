// Text for manual pages.
#pragma once

#include <string>
#include <string_view>

namespace tallow::tools {

// As roff has it: no hyphen for a minus, no line that begins as a command does.
[[nodiscard]] inline std::string roff(std::string_view text) {
  std::string out;
  bool starts_line = true;
  for (const char c : text) {
    if (starts_line && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
    starts_line = c == '\n';
  }
  return out;
}

}  // namespace tallow::tools
