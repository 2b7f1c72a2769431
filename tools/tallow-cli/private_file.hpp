// Files of secrets: of one user, whom alone the system lets read them.
#pragma once

#include <cstddef>
#include <filesystem>

#include <tallow/base/error.hpp>
#include <tallow/base/secret.hpp>

namespace tallow::cli {

/// All of a regular file that its owner, who is us, alone may read. A link is not followed.
///
/// @errors  not_found and what else the system says; permission_denied (somebody else's, or others
///          may read it); file_failed (no regular file, or more than `bytes_max`)
[[nodiscard]] result<secret_buffer> read_private_file(const std::filesystem::path& path,
                                                      std::size_t bytes_max);

/// Makes a file, 0600, with the folders that it lacks. It is whole and on the disk when this
/// returns, and there was never less of it under that name.
///
/// @errors  already_exists (and it stays as it is), and what else the system says
[[nodiscard]] result<void> create_private_file(const std::filesystem::path& path, byte_view bytes);

}  // namespace tallow::cli
