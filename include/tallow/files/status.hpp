// What the file system says of a file: the part of stat(2) that a transfer looks at.
#pragma once

#include <array>
#include <cstdint>
#include <ctime>
#include <optional>
#include <sys/stat.h>

#include <tallow/base/error.hpp>
#include <tallow/files/posix_error.hpp>
#include <tallow/transfer/entry.hpp>

namespace tallow::files {

struct file_status {
  /// Nothing for a socket, pipe or device.
  std::optional<transfer::entry_kind> kind;
  std::uint64_t size = 0;  ///< bytes
  std::uint32_t mode = 0;  ///< permission bits, 07777
  std::int64_t mtime_ns = 0;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint32_t owner = 0;
};

inline constexpr std::int64_t ns_per_s = 1'000'000'000;

/// Nanoseconds since 1970; a time that 64 bits cannot hold (before 1678, after 2261) becomes the
/// nearest one that they can.
[[nodiscard]] constexpr std::int64_t ns_of(const ::timespec& t) noexcept {
  // The seconds of INT64_MIN and INT64_MAX less one, so that the nanoseconds cannot overflow.
  constexpr std::int64_t seconds_max = INT64_MAX / ns_per_s - 1;
  if (t.tv_sec > seconds_max) return INT64_MAX;
  if (t.tv_sec < -seconds_max) return INT64_MIN;
  return std::int64_t{t.tv_sec} * ns_per_s + t.tv_nsec;
}

/// The same time as seconds and nanoseconds, the latter never negative.
[[nodiscard]] constexpr ::timespec timespec_of(std::int64_t ns) noexcept {
  std::int64_t seconds = ns / ns_per_s;
  std::int64_t rest = ns % ns_per_s;
  if (rest < 0) {
    rest += ns_per_s;
    --seconds;
  }
  ::timespec t{};
  t.tv_sec = static_cast<::time_t>(seconds);
  t.tv_nsec = static_cast<long>(rest);
  return t;
}

/// What futimens() takes to set the modification time and leave the access time.
[[nodiscard]] constexpr std::array<::timespec, 2> touch_times(std::int64_t mtime_ns) noexcept {
  ::timespec leave{};
  leave.tv_nsec = UTIME_OMIT;
  return {leave, timespec_of(mtime_ns)};
}

[[nodiscard]] inline file_status status_from(const struct ::stat& found) noexcept {
  file_status s;
  if (S_ISREG(found.st_mode)) s.kind = transfer::entry_kind::file;
  if (S_ISDIR(found.st_mode)) s.kind = transfer::entry_kind::directory;
  if (S_ISLNK(found.st_mode)) s.kind = transfer::entry_kind::symlink;
  s.size = static_cast<std::uint64_t>(found.st_size);
  s.mode = found.st_mode & 07777U;
  s.mtime_ns = ns_of(found.st_mtim);
  s.device = found.st_dev;
  s.inode = found.st_ino;
  s.owner = found.st_uid;
  return s;
}

/// What an open descriptor stands for.
///
/// @errors  what posix_error.hpp lists
[[nodiscard]] inline result<file_status> status_of(int fd) {
  struct ::stat found {};
  if (::fstat(fd, &found) != 0) return fail_errno();
  return status_from(found);
}

}  // namespace tallow::files
