// Mode and time of what has arrived.
#pragma once

#include <cstdint>
#include <sys/stat.h>

#include <tallow/base/error.hpp>
#include <tallow/files/posix_error.hpp>
#include <tallow/files/status.hpp>

namespace tallow::files {

/// Sets permission bits.
///
/// @errors  what posix_error.hpp lists
[[nodiscard]] inline result<void> set_metadata(int fd, std::uint32_t mode) {
  if (::fchmod(fd, mode) != 0) return fail_errno();
  return {};
}

/// Sets permission bits and the modification time.
///
/// @errors  what posix_error.hpp lists
[[nodiscard]] inline result<void> set_metadata(int fd, std::uint32_t mode, std::int64_t mtime_ns) {
  const auto times = touch_times(mtime_ns);
  if (::fchmod(fd, mode) != 0 || ::futimens(fd, times.data()) != 0) return fail_errno();
  return {};
}

}  // namespace tallow::files
