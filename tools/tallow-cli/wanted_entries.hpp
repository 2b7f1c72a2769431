// --only, and what a person picks of an offer: which entries of it are wanted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tallow/files/ignore_rules.hpp>
#include <tallow/transfer/entry.hpp>

namespace tallow::cli {

/// Patterns as in a .gitignore, of what is wanted; without any, all is. What lies in a folder that
/// is wanted is wanted too, unless a pattern with `!` says otherwise. A folder that is not wanted
/// is made all the same for what lies in it and is.
class wanted_entries {
 public:
  void add(std::string_view pattern) { patterns_.add(pattern); }

  /// Exactly this name at the top, whatever characters it has.
  [[nodiscard]] static std::string pattern_of(std::string_view name) {
    std::string pattern = "/";
    for (const char c : name) {
      if (std::string_view("\\*?[] ").find(c) != std::string_view::npos) pattern += '\\';
      pattern += c;
    }
    return pattern;
  }

  [[nodiscard]] bool is_all() const noexcept { return patterns_.empty(); }

  /// @cost  one look at the patterns for each component of the path
  [[nodiscard]] bool has(const transfer::entry& e) const {
    if (is_all()) return true;
    const std::string_view path = e.path;
    const bool is_folder = e.kind == transfer::entry_kind::directory;
    if (const auto own = patterns_.verdict(path, is_folder)) return *own;
    for (std::size_t end = path.rfind('/'); end != std::string_view::npos && end > 0;
         end = path.rfind('/', end - 1)) {
      if (const auto above = patterns_.verdict(path.substr(0, end), true)) return *above;
    }
    return false;
  }

 private:
  files::ignore_rules patterns_;
};

/// What a person wrote, such as "1 3-5": numbers from 1 to `count`, each once and in order; nothing
/// where it is something else.
[[nodiscard]] std::optional<std::vector<std::size_t>> parse_numbers(std::string_view text,
                                                                    std::size_t count);

}  // namespace tallow::cli
