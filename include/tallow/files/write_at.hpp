// Writes a run of bytes as a whole.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <unistd.h>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/files/posix_error.hpp>

namespace tallow::files {

/// Writes all of `bytes` at an offset of a file, however many calls that takes.
///
/// @errors  what posix_error.hpp lists; a part may have been written then
[[nodiscard]] inline result<void> write_at(int fd, std::uint64_t offset, byte_view bytes) {
  while (!bytes.empty()) {
    const auto count = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<::off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno();
    if (count == 0) return fail(errc::file_failed, offset, "nothing was written");
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

}  // namespace tallow::files
