// Which names a peer may choose, and how to show them to a person.
//
// A path is relative, its components stand between single slashes, and none of them is `.` or `..`.
// That alone does not keep it inside the target: a link may stand where a folder was. Whoever opens
// one resolves it below a held descriptor without following links (files/beneath.hpp).
//
// @source  docs/protocol/transfer.md, Paths
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/transfer/entry.hpp>
#include <tallow/wire/utf8.hpp>

namespace tallow::transfer {

/// Whether `path` may be created below a target. Any printable or unprintable Unicode may, and a
/// backslash is a character like any other, as POSIX has it.
///
/// @errors  path_empty, path_absolute, path_escapes, path_too_long, path_bad_character,
///          utf8_invalid; `at` is the offset of the component at fault
/// @cost    O(size), no allocation
[[nodiscard]] result<void> check_path(std::string_view path);

/// Whether a link at `path` that says `link_target` leads to somewhere below the folder that `path`
/// is relative to, whatever other links that pass this test stand there.
///
/// Only leading `..` count as going up: behind the name of another link `..` may mean any folder.
[[nodiscard]] bool link_stays_inside(std::string_view path, std::string_view link_target);

/// Whether an entry is fit to be created: its path, its kind and what goes with each kind.
///
/// @errors  as check_path(); manifest_invalid, length_above_limit
[[nodiscard]] result<void> check_entry(const entry& e);

/// `text` fit for terminals, logs and JSON: what moves the cursor, turns the writing direction or
/// ends a line, and what is no UTF-8, becomes a visible escape (\n, \x1b, \u{202e}, \xff). A
/// backslash is doubled, so that two different names never look the same for an escape's sake.
///
/// @cost  O(size)
[[nodiscard]] std::string escape_for_display(std::string_view text);

/// The permission bits an entry may have on disk: no setuid, no setgid, no sticky bit. Links have
/// no mode of their own.
[[nodiscard]] constexpr std::uint32_t masked_mode(std::uint32_t mode, entry_kind kind) noexcept {
  return kind == entry_kind::symlink ? 0777U : mode & 0777U;
}

// ---- implementation ----

namespace detail {

[[nodiscard]] inline result<void> check_component(std::string_view component, std::size_t at) {
  if (component.empty()) return fail(errc::path_empty, at, "a component is empty");
  if (component == "." || component == "..") {
    return fail(errc::path_escapes, at, "a component is . or ..");
  }
  if (component.size() > limits::path_component_bytes_max) {
    return fail(errc::path_too_long, at, "a component is too long");
  }
  return {};
}

struct code_point_range {
  char32_t first;
  char32_t last;
};

// What a name must not do to a screen or a log line. Joiners (200C, 200D), variation selectors and
// odd spaces stay: languages and emoji need them.
inline constexpr std::array<code_point_range, 12> hidden_code_points{{
    {0x0000, 0x001F},    // C0
    {0x007F, 0x009F},    // DEL, C1
    {0x061C, 0x061C},    // Arabic letter mark
    {0x200E, 0x200F},    // left-to-right and right-to-left mark
    {0x2028, 0x2029},    // line and paragraph separator
    {0x202A, 0x202E},    // embeddings and overrides
    {0x2066, 0x2069},    // isolates
    {0x206A, 0x206F},    // deprecated: symmetric swapping, digit shapes
    {0xFEFF, 0xFEFF},    // byte order mark
    {0xFFF9, 0xFFFB},    // interlinear annotation
    {0xFFFE, 0xFFFF},    // not characters
    {0xE0001, 0xE0001},  // language tag
}};

[[nodiscard]] constexpr bool is_hidden(char32_t c) noexcept {
  for (const auto& range : hidden_code_points) {
    if (c >= range.first && c <= range.last) return true;
  }
  return false;
}

inline void append_hex(std::string& out, std::uint32_t value, unsigned digits_min) {
  constexpr std::string_view digits = "0123456789abcdef";
  unsigned count = digits_min;
  while (count < 8 && value >> (4U * count) != 0) ++count;
  for (unsigned i = count; i > 0; --i) out.push_back(digits[value >> (4U * (i - 1)) & 15U]);
}

inline void append_escape(std::string& out, char32_t c) {
  switch (c) {
    case U'\n': out += "\\n"; return;
    case U'\r': out += "\\r"; return;
    case U'\t': out += "\\t"; return;
    case U'\\': out += "\\\\"; return;
    default: break;
  }
  if (c < 0x80) {
    out += "\\x";
    append_hex(out, c, 2);
    return;
  }
  out += "\\u{";
  append_hex(out, c, 1);
  out += '}';
}

}  // namespace detail

inline result<void> check_path(std::string_view path) {
  if (path.empty()) return fail(errc::path_empty);
  if (path.front() == '/') return fail(errc::path_absolute);
  if (path.size() > limits::path_bytes_max) return fail(errc::path_too_long);
  if (const auto nul = path.find('\0'); nul != std::string_view::npos) {
    return fail(errc::path_bad_character, nul, "a NUL");
  }
  if (!is_utf8(path)) return fail(errc::utf8_invalid);
  std::size_t depth = 0;
  for (std::size_t start = 0; start <= path.size();) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    if (auto ok = detail::check_component(path.substr(start, end - start), start); !ok) return ok;
    if (++depth > limits::path_depth_max) {
      return fail(errc::path_too_long, start, "too many folders in folders");
    }
    start = end + 1;
  }
  return {};
}

inline bool link_stays_inside(std::string_view path, std::string_view link_target) {
  if (link_target.starts_with('/')) return false;
  std::size_t depth = 0;  // folders between the target folder and the link
  for (const char c : path) depth += c == '/' ? 1U : 0U;
  bool leading = true;
  for (std::size_t start = 0; start <= link_target.size();) {
    const std::size_t end = std::min(link_target.find('/', start), link_target.size());
    const std::string_view component = link_target.substr(start, end - start);
    start = end + 1;
    if (component == "..") {
      if (!leading || depth == 0) return false;
      --depth;
    } else if (!component.empty() && component != ".") {
      leading = false;
    }
  }
  return true;
}

inline result<void> check_entry(const entry& e) {
  if (auto ok = check_path(e.path); !ok) return ok;
  if (e.size > limits::file_bytes_max) return fail(errc::length_above_limit, 0, "a file's size");
  if (e.kind != entry_kind::file && e.size != 0) {
    return fail(errc::manifest_invalid, 0, "a folder or link with a size");
  }
  if (e.kind != entry_kind::symlink) {
    if (e.link_target.empty()) return {};
    return fail(errc::manifest_invalid, 0, "a file or folder with a link target");
  }
  if (e.link_target.empty()) return fail(errc::manifest_invalid, 0, "a link without a target");
  if (e.link_target.size() > limits::link_target_bytes_max) {
    return fail(errc::path_too_long, 0, "a link target is too long");
  }
  if (e.link_target.find('\0') != std::string::npos) {
    return fail(errc::path_bad_character, 0, "a NUL in a link target");
  }
  if (!is_utf8(e.link_target)) return fail(errc::utf8_invalid, 0, "a link target");
  return {};
}

inline std::string escape_for_display(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const utf8_step step = next_code_point(text);
    if (step.bytes == 0) {
      out += "\\x";
      detail::append_hex(out, static_cast<unsigned char>(text.front()), 2);
      text.remove_prefix(1);
      continue;
    }
    if (step.code_point == U'\\' || detail::is_hidden(step.code_point)) {
      detail::append_escape(out, step.code_point);
    } else {
      out += text.substr(0, step.bytes);
    }
    text.remove_prefix(step.bytes);
  }
  return out;
}

}  // namespace tallow::transfer
