// A configuration is taken and written out as one that says the same, or refused by its line.
//
// Input: a configuration file.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include <tallow/base/bytes.hpp>

#include "fuzz/violation.hpp"
#include "tools/tallow-relay/setting_sources.hpp"

namespace tallow::fuzz {

/// All values, without where they come from.
[[nodiscard]] inline std::string values_of(const relay_tool::settings& settings) {
  std::string text;
  for (const relay_tool::setting& one : relay_tool::all_settings) {
    text += std::string(one.name) + " = " + one.print(settings) + "\n";
  }
  return text;
}

inline void fuzz_relay_config(byte_view input) {
  using namespace relay_tool;  // NOLINT(google-build-using-namespace)
  chosen_settings chosen;
  if (const auto why = read_config(chosen, "relay.toml", as_text(input))) {
    const std::string_view file = "relay.toml:";
    require(why->starts_with(file), "a refusal names the file");
    const std::size_t colon = why->find(':', file.size());
    require(colon != std::string::npos && colon > file.size(), "a refusal names the line");
    require(std::all_of(why->begin() + static_cast<std::ptrdiff_t>(file.size()),
                        why->begin() + static_cast<std::ptrdiff_t>(colon),
                        [](char c) { return c >= '0' && c <= '9'; }),
            "a line is a number");
    return;
  }
  for (const auto& [name, origin] : chosen.origins) {
    require(find_setting(name) != nullptr && origin.starts_with("relay.toml:"),
            "what was set has a place");
  }
  chosen_settings again;
  require(!read_config(again, "printed.toml", printed(chosen)), "what is printed can be read");
  require(values_of(again.values) == values_of(chosen.values), "what is printed says the same");
}

}  // namespace tallow::fuzz
