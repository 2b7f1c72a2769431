// What the operating system says, in our words.
#pragma once

#include <cerrno>
#include <system_error>

#include <tallow/base/error.hpp>

namespace tallow::files {

/// The code that a value of errno stands for.
[[nodiscard]] constexpr errc errc_of_errno(int value) noexcept {
  switch (value) {
    case ENOENT: return errc::not_found;
    case EACCES:
    case EPERM:
    case EROFS: return errc::permission_denied;
    // A file system's or a limit's largest file, for whoever receives one, is a full disk.
    case EFBIG:
    case EDQUOT:
    case ENOSPC: return errc::disk_full;
    case ENOTDIR: return errc::not_a_directory;
    case EEXIST:
    case ENOTEMPTY: return errc::already_exists;
    // Names are resolved without following links (beneath.hpp), so one of them was a link.
    case ELOOP: return errc::path_escapes;
    case ENAMETOOLONG: return errc::path_too_long;
    case ENOMEM: return errc::out_of_memory;
    default: return errc::file_failed;
  }
}

/// What a file system says of a call that it has not, for files that are the caller's own: FAT says
/// EPERM to links and to modes that it cannot keep.
[[nodiscard]] constexpr bool is_unsupported(int value) noexcept {
  return value == EPERM || value == ENOSYS || value == EOPNOTSUPP;
}

/// Whether a call that returned `result` and set errno has failed, where a file system that has no
/// such call is no failure.
[[nodiscard]] inline bool has_failed(int result) noexcept {
  return result != 0 && !is_unsupported(errno);
}

/// The error for a value of errno.
[[nodiscard]] inline error posix_error(int value, const char* note = "") {
  return {errc_of_errno(value), 0, note, std::error_code(value, std::generic_category())};
}

/// The error for what errno says now, in the form a function returning result<> returns.
[[nodiscard]] inline tl::unexpected<error> fail_errno(const char* note = "") {
  return tl::unexpected<error>(posix_error(errno, note));
}

}  // namespace tallow::files
