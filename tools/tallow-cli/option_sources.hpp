// Where settings come from: the configuration file, the environment, flags, each over the one
// before.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "option_table.hpp"

namespace tallow::cli {

/// Settings, and which of them somebody has set, where.
struct chosen_settings {
  settings values;
  std::map<std::string_view, std::string> origins;  ///< by the name of the option
};

/// Sets one. A refusal begins with `origin`.
[[nodiscard]] inline tools::refusal take(chosen_settings& to, const option_row& row,
                                         const texts& values, const std::string& origin) {
  if (auto why = row.set(to.values, values)) return origin + ": " + *why;
  to.origins[row.name] = origin;
  return std::nullopt;
}

/// `on-conflict` is TALLOW_ON_CONFLICT.
[[nodiscard]] inline std::string variable_of(const option_row& row) {
  std::string name = "TALLOW_";
  for (const char* c = row.name; *c != '\0'; ++c) {
    name += *c == '-' ? '_' : static_cast<char>(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
  }
  return name;
}

/// Reads what belongs to these commands. `look_up(name)` gives a variable or nullptr; one that is
/// empty says nothing.
template <class LookUp>
[[nodiscard]] tools::refusal read_environment(chosen_settings& to, std::uint32_t commands,
                                              LookUp look_up) {
  for (const option_row& row : option_rows) {
    if (!row.is_lasting || (row.commands & commands) == 0) continue;
    const std::string name = variable_of(row);
    const char* const value = look_up(name.c_str());
    if (value == nullptr || *value == '\0') continue;
    const texts values = row.form == shape::list ? split_at_commas(value) : texts{value};
    if (auto why = take(to, row, values, name)) return why;
  }
  return std::nullopt;
}

}  // namespace tallow::cli
