// Where a user's programs keep what is to outlive them.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>

namespace tallow::cli {

/// $XDG_STATE_HOME/tallow or ~/.local/state/tallow; nothing where the environment names no such
/// place.
[[nodiscard]] inline std::optional<std::filesystem::path> state_folder() {
  const char* const state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && *state == '/') return std::filesystem::path(state) / "tallow";
  const char* const home = std::getenv("HOME");
  if (home == nullptr || *home != '/') return std::nullopt;
  return std::filesystem::path(home) / ".local/state/tallow";
}

}  // namespace tallow::cli
