// A path or link that is taken leads nowhere but below the target, and what is shown obeys nobody.
//
// Input: a path, a NUL, what a link there says.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <tallow/base/bytes.hpp>
#include <tallow/transfer/path_rules.hpp>
#include <tallow/wire/utf8.hpp>

#include "fuzz/violation.hpp"

namespace tallow::fuzz {

/// What stands between the slashes.
[[nodiscard]] inline std::vector<std::string_view> parts_of(std::string_view path) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = std::min(path.find('/'), path.size());
    parts.push_back(path.substr(0, end));
    if (end == path.size()) return parts;
    path.remove_prefix(end + 1);
  }
}

inline void check_taken_path(std::string_view path) {
  for (const std::string_view part : parts_of(path)) {
    require(!part.empty() && part != "." && part != "..", "every part names something");
    require(part.size() <= 255, "a system could take it");
    require(part.find('\0') == std::string_view::npos, "a name goes to its end");
  }
}

/// Follows what a link says by its letters, as a system does where no other link stands.
inline void check_taken_link(std::string_view path, std::string_view says) {
  require(!says.starts_with('/'), "it does not begin at the root");
  std::vector<std::string_view> at = parts_of(path);
  at.pop_back();
  for (const std::string_view part : parts_of(says)) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      at.push_back(part);
      continue;
    }
    require(!at.empty(), "it does not leave the target");
    at.pop_back();
  }
}

inline void check_shown(std::string_view text) {
  const std::string shown = transfer::escape_for_display(text);
  require(is_utf8(shown), "what is shown is UTF-8");
  for (const char c : shown) {
    require(static_cast<unsigned char>(c) >= 0x20 && c != '\x7F', "and moves no cursor");
  }
}

inline void fuzz_path_rules(byte_view input) {
  const std::string_view text = as_text(input);
  const std::size_t end = std::min(text.find('\0'), text.size());
  const std::string_view path = text.substr(0, end);
  const std::string_view says = text.substr(std::min(end + 1, text.size()));
  check_shown(text);
  if (const auto taken = transfer::check_path(path); !taken) {
    require(taken.error().at <= path.size(), "where it is wrong is in the path");
    return;
  }
  check_taken_path(path);
  if (transfer::link_stays_inside(path, says)) check_taken_link(path, says);
}

}  // namespace tallow::fuzz
