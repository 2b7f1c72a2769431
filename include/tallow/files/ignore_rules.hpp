// Patterns that leave paths out of what is sent, written as in a .gitignore.
//
// @source  gitignore(5), Pattern format
#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tallow::files {

/// True when `name`, which holds no '/', is what `pattern` stands for: '*' any bytes, '?' any one,
/// '[a-z]' and '[!a-z]' one of a set or none of it ('[[:digit:]]' too), '\' takes what follows as
/// it is. An unfinished '[' or '\' stands for nothing.
///
/// @cost  O(pattern * name): who writes patterns may not be who sends
[[nodiscard]] bool matches_glob(std::string_view pattern, std::string_view name) noexcept;

/// One set of patterns: those of a file, or of the command line. The last one that matches decides.
class ignore_rules {
 public:
  /// Adds one pattern; a comment or blank line adds nothing.
  void add(std::string_view line);

  /// Adds each line of a file; UTF-8 with a byte order mark, and CRLF, are understood.
  void add_lines(std::string_view text);

  /// What is decided of a path: true to leave it out, false to keep it whatever other sets say;
  /// nothing when no pattern matches.
  ///
  /// @param path  relative to where the set belongs, with '/' between its components
  [[nodiscard]] std::optional<bool> verdict(std::string_view path, bool is_folder) const;

  [[nodiscard]] bool empty() const noexcept { return rules_.empty(); }

 private:
  struct rule {
    std::vector<std::string> parts;  // between its '/'; "**" stands for any number of components
    bool keeps = false;
    bool is_for_folders = false;
  };

  [[nodiscard]] static bool matches(const rule& r, const std::vector<std::string_view>& path);

  std::vector<rule> rules_;
};

// ---- implementation ----

namespace detail {

struct character_class {
  std::string_view name;
  int (*has)(int);
};

inline constexpr std::array character_classes{
    character_class{"alnum", std::isalnum}, character_class{"alpha", std::isalpha},
    character_class{"blank", std::isblank}, character_class{"cntrl", std::iscntrl},
    character_class{"digit", std::isdigit}, character_class{"graph", std::isgraph},
    character_class{"lower", std::islower}, character_class{"print", std::isprint},
    character_class{"punct", std::ispunct}, character_class{"space", std::isspace},
    character_class{"upper", std::isupper}, character_class{"xdigit", std::isxdigit},
};

[[nodiscard]] inline bool is_in_class(std::string_view name, unsigned char c) noexcept {
  return std::any_of(character_classes.begin(), character_classes.end(),
                     [&](const character_class& k) { return k.name == name && k.has(c) != 0; });
}

// A set of characters such as [!a-f[:digit:]], at the beginning of `pattern`. Takes it away and
// says whether `c` is one of it; nothing when it has no end.
[[nodiscard]] inline std::optional<bool> take_set(std::string_view& pattern, char c) noexcept {
  std::string_view rest = pattern.substr(1);
  const bool is_inverted = !rest.empty() && (rest.front() == '!' || rest.front() == '^');
  if (is_inverted) rest.remove_prefix(1);
  const auto value = [](char one) { return static_cast<unsigned char>(one); };
  bool found = false;
  for (bool is_first = true; !rest.empty() && (is_first || rest.front() != ']'); is_first = false) {
    const std::size_t end = rest.starts_with("[:") ? rest.find(":]") : std::string_view::npos;
    if (end != std::string_view::npos) {
      found = found || is_in_class(rest.substr(2, end - 2), value(c));
      rest.remove_prefix(end + 2);
      continue;
    }
    const auto take = [&] {
      if (rest.front() == '\\' && rest.size() > 1) rest.remove_prefix(1);
      const char one = rest.front();
      rest.remove_prefix(1);
      return one;
    };
    const char low = take();
    char high = low;
    if (rest.size() > 1 && rest.front() == '-' && rest[1] != ']') {
      rest.remove_prefix(1);
      high = take();
    }
    found = found || (value(low) <= value(c) && value(c) <= value(high));
  }
  if (rest.empty()) return std::nullopt;
  pattern = rest.substr(1);
  return found != is_inverted;
}

// One character of `pattern`, which is no '*' and not empty, against `c`. Takes it away.
[[nodiscard]] inline bool take_one(std::string_view& pattern, char c) noexcept {
  if (pattern.front() == '[') return take_set(pattern, c).value_or(false);
  const bool is_any = pattern.front() == '?';
  if (pattern.front() == '\\') pattern.remove_prefix(1);
  if (pattern.empty()) return false;
  const char wanted = pattern.front();
  pattern.remove_prefix(1);
  return is_any || wanted == c;
}

}  // namespace detail

inline bool matches_glob(std::string_view pattern, std::string_view name) noexcept {
  // Where the last '*' was, and what it has to take up one more of when the rest does not match.
  std::optional<std::string_view> behind_star;
  std::string_view taken_up;
  while (!name.empty()) {
    if (!pattern.empty() && pattern.front() == '*') {
      pattern.remove_prefix(1);
      behind_star = pattern;
      taken_up = name;
      continue;
    }
    if (!pattern.empty() && detail::take_one(pattern, name.front())) {
      name.remove_prefix(1);
      continue;
    }
    if (!behind_star) return false;
    pattern = *behind_star;
    taken_up.remove_prefix(1);
    name = taken_up;
  }
  return pattern.find_first_not_of('*') == std::string_view::npos;
}

inline void ignore_rules::add(std::string_view line) {
  if (line.empty() || line.front() == '#') return;
  // Blanks at the end are typing, unless the first of them is quoted.
  while (line.ends_with(' ') && !line.ends_with("\\ ")) line.remove_suffix(1);
  rule made;
  made.keeps = line.starts_with('!');
  if (made.keeps) line.remove_prefix(1);
  made.is_for_folders = line.ends_with('/');
  if (made.is_for_folders) line.remove_suffix(1);
  if (line.empty()) return;
  // With a '/' in it, it is meant from here on; without, anywhere below.
  if (line.find('/') == std::string_view::npos) made.parts.emplace_back("**");
  if (line.front() == '/') line.remove_prefix(1);
  for (std::size_t start = 0; start <= line.size();) {
    const std::size_t end = std::min(line.find('/', start), line.size());
    made.parts.emplace_back(line.substr(start, end - start));
    start = end + 1;
  }
  // What is behind it is below, and so at least one component.
  if (made.parts.size() > 1 && made.parts.back() == "**") made.parts.emplace_back("*");
  rules_.push_back(std::move(made));
}

inline void ignore_rules::add_lines(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    add(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

inline std::optional<bool> ignore_rules::verdict(std::string_view path, bool is_folder) const {
  if (rules_.empty()) return std::nullopt;
  std::vector<std::string_view> components;
  for (std::size_t start = 0; start <= path.size();) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    components.push_back(path.substr(start, end - start));
    start = end + 1;
  }
  for (auto r = rules_.rbegin(); r != rules_.rend(); ++r) {
    if (r->is_for_folders && !is_folder) continue;
    if (matches(*r, components)) return !r->keeps;
  }
  return std::nullopt;
}

// As matches_glob(), with components in place of bytes and "**" in place of '*'.
inline bool ignore_rules::matches(const rule& r, const std::vector<std::string_view>& path) {
  std::size_t part = 0;
  std::size_t at = 0;
  std::optional<std::size_t> behind_star;
  std::size_t taken_up = 0;
  while (at < path.size()) {
    if (part < r.parts.size() && r.parts[part] == "**") {
      behind_star = ++part;
      taken_up = at;
    } else if (part < r.parts.size() && matches_glob(r.parts[part], path[at])) {
      ++part;
      ++at;
    } else if (behind_star) {
      part = *behind_star;
      at = ++taken_up;
    } else {
      return false;
    }
  }
  return part == r.parts.size();
}

}  // namespace tallow::files
