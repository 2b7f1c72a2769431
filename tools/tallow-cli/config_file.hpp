// The configuration file of a user: TOML whose keys are the names of the lasting options.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "option_sources.hpp"

namespace tallow::cli {

/// Where it is: TALLOW_CONFIG, or $XDG_CONFIG_HOME/tallow/config.toml, or
/// ~/.config/tallow/config.toml; nothing where the environment names no such place.
[[nodiscard]] std::optional<std::filesystem::path> config_path();

/// Reads a text of that form. What belongs to none of `commands` is only looked at. A refusal
/// begins with FILE:LINE.
[[nodiscard]] tools::refusal read_config(chosen_settings& to, std::uint32_t commands,
                                         const std::string& file, std::string_view content);

/// Reads the file; that there is none is no failure, unless TALLOW_CONFIG names it.
[[nodiscard]] tools::refusal read_config_file(chosen_settings& to, std::uint32_t commands);

/// A file that changes nothing: every key with its explanation and its default, as a comment.
[[nodiscard]] std::string example_config();

/// As a file that says the same, with where each value comes from.
[[nodiscard]] std::string printed(const chosen_settings& chosen);

}  // namespace tallow::cli
