// Where what is received goes: whether it can, and how much room there is, as far as can be seen
// beforehand.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <system_error>
#include <unistd.h>

#include <tallow/base/error.hpp>
#include <tallow/files/posix_error.hpp>

namespace tallow::cli {

namespace detail {

/// The folder itself, or the first of those above it that is there.
[[nodiscard]] inline std::filesystem::path nearest_there(std::filesystem::path folder) {
  std::error_code failure;
  folder = std::filesystem::absolute(folder, failure);
  while (!std::filesystem::exists(folder, failure) && folder.has_relative_path()) {
    folder = folder.parent_path();
  }
  return folder;
}

}  // namespace detail

/// Why nothing could be written in `folder`, or where it would be made; nothing where it could.
///
/// @errors  not_a_directory, and what the system says
[[nodiscard]] inline result<void> check_target(const std::filesystem::path& folder) {
  const std::filesystem::path there = detail::nearest_there(folder);
  std::error_code failure;
  const bool is_folder = std::filesystem::is_directory(there, failure);
  if (failure) return fail(files::posix_error(failure.value()));
  if (!is_folder) return fail(errc::not_a_directory);
  if (::access(there.c_str(), W_OK | X_OK) != 0) return files::fail_errno();
  return {};
}

/// Free bytes for us where `folder` is or will be; nothing where nobody knows.
[[nodiscard]] inline std::optional<std::uint64_t> free_bytes(const std::filesystem::path& folder) {
  std::error_code failure;
  const auto space = std::filesystem::space(detail::nearest_there(folder), failure);
  // What has no room at all is no disk.
  if (failure || space.capacity == 0) return std::nullopt;
  return space.available;
}

}  // namespace tallow::cli
