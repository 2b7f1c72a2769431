// The identity of whoever runs the program, in a file of his own.
#pragma once

#include <filesystem>
#include <optional>

#include <tallow/base/error.hpp>
#include <tallow/crypto/identity.hpp>

namespace tallow::cli {

/// $XDG_DATA_HOME/tallow/identity or ~/.local/share/tallow/identity; nothing where the environment
/// names no such place.
[[nodiscard]] std::optional<std::filesystem::path> identity_path();

/// @errors  not_found; permission_denied (others may read it, or it is not ours); file_failed (it
/// is
///          no identity); what else the system says
[[nodiscard]] result<crypto::identity> read_identity(const std::filesystem::path& path);

/// Stores it where nothing is yet, readable by its owner alone. It is on the disk when this
/// returns.
///
/// @errors  already_exists; what else the system says
[[nodiscard]] result<void> write_identity(const std::filesystem::path& path,
                                          const crypto::identity& own);

}  // namespace tallow::cli
