// Mode and time of what has arrived, as far as its file system keeps them.
#pragma once

#include <cstdint>
#include <sys/stat.h>

#include <tallow/base/error.hpp>
#include <tallow/files/posix_error.hpp>
#include <tallow/files/status.hpp>

namespace tallow::files {

/// Sets permission bits. Where a file system has none, or one set for all, that is no error.
///
/// @errors  what posix_error.hpp lists
[[nodiscard]] inline result<void> set_metadata(int fd, std::uint32_t mode) {
  if (has_failed(::fchmod(fd, mode))) return fail_errno();
  return {};
}

/// Sets permission bits and the modification time, likewise.
///
/// @errors  what posix_error.hpp lists
[[nodiscard]] inline result<void> set_metadata(int fd, std::uint32_t mode, std::int64_t mtime_ns) {
  if (auto set = set_metadata(fd, mode); !set) return set;
  const auto times = touch_times(mtime_ns);
  if (has_failed(::futimens(fd, times.data()))) return fail_errno();
  return {};
}

}  // namespace tallow::files
