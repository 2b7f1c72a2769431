// Moves finished files to their final names. What is there already stays as it is.
#pragma once

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/files/beneath.hpp>
#include <tallow/files/posix_error.hpp>
#include <tallow/files/unique_fd.hpp>
#include <tallow/transfer/entry.hpp>

namespace tallow::files {

/// How a name is taken without ever replacing what has it.
enum class placing : std::uint8_t {
  rename,   ///< renameat2 with RENAME_NOREPLACE; where a file system lacks it, as `link`
  link,     ///< link and unlink for files; for folders, mkdir and a rename onto the empty folder;
            ///< where a file system lacks links, as `reserve`
  reserve,  ///< an empty file or folder takes the name, and a rename puts the right one there
};

/// The name tried after `number - 1` others were taken: `photo (2).jpg`, `data (2).tar.gz`,
/// `folder (2)`. Never longer than a name may be: the part before the number gives way.
[[nodiscard]] std::string numbered_name(std::string_view name, transfer::entry_kind kind,
                                        unsigned number);

/// Moves `name` in `from` to `to` in `target`. Both are single names.
///
/// @errors  already_exists when the name is taken, and nothing has changed then; what
///          posix_error.hpp lists
[[nodiscard]] result<void> move_to_new_name(const directory& from, const std::string& name,
                                            const directory& target, const std::string& to,
                                            transfer::entry_kind kind,
                                            placing how = placing::rename);

/// Moves `name` in `from` to `target`, under the first name that is free; returns that name.
///
/// @errors  already_exists when 9999 names are taken; what posix_error.hpp lists
[[nodiscard]] result<std::string> move_to_free_name(const directory& from, const std::string& name,
                                                    const directory& target,
                                                    transfer::entry_kind kind,
                                                    placing how = placing::rename);

// ---- implementation ----

inline std::string numbered_name(std::string_view name, transfer::entry_kind kind,
                                 unsigned number) {
  std::size_t stem = name.size();
  if (kind != transfer::entry_kind::directory) {
    const std::size_t dot = name.rfind('.');
    // A leading dot hides a file and starts no extension.
    if (dot != std::string_view::npos && dot != 0) stem = dot;
    if (stem > 4 && name.substr(0, stem).ends_with(".tar")) stem -= 4;
  }
  const std::string_view extension = name.substr(stem);
  const std::string middle = " (" + std::to_string(number) + ")";
  std::size_t kept = stem;
  if (kept + middle.size() + extension.size() > limits::path_component_bytes_max) {
    const std::size_t rest = middle.size() + extension.size();
    // An extension that fills the name is no extension.
    if (rest >= limits::path_component_bytes_max) {
      return numbered_name(name, transfer::entry_kind::directory, number);
    }
    kept = limits::path_component_bytes_max - rest;
    // Not in the middle of a character.
    while (kept > 0 && (static_cast<unsigned char>(name[kept]) & 0xC0U) == 0x80U) --kept;
  }
  return std::string(name.substr(0, kept)) + middle + std::string(extension);
}

namespace detail {

// Between the two steps somebody may put a file of his own there, and lose it, and a crash leaves
// an empty one: this is for file systems that have no better way.
inline result<void> replace_new_file(const directory& from, const char* name,
                                     const directory& target, const char* to) {
  constexpr int only_new = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  {
    // Closed before it is replaced: FUSE and some shares mind.
    const unique_fd made(::openat(target.fd(), to, only_new, 0600));
    if (!made) return fail_errno();
  }
  if (::renameat(from.fd(), name, target.fd(), to) == 0) return {};
  const int why = errno;
  struct ::stat found {};
  const bool is_ours = ::fstatat(target.fd(), to, &found, AT_SYMLINK_NOFOLLOW) == 0 &&
                       S_ISREG(found.st_mode) && found.st_size == 0;
  if (is_ours) ::unlinkat(target.fd(), to, 0);
  return tl::unexpected<error>(posix_error(why));
}

inline result<void> replace_new_folder(const directory& from, const char* name,
                                       const directory& target, const char* to) {
  if (::mkdirat(target.fd(), to, 0700) != 0) return fail_errno();
  // Fails if somebody has put something into the new folder meanwhile.
  if (::renameat(from.fd(), name, target.fd(), to) == 0) return {};
  const int why = errno;
  ::unlinkat(target.fd(), to, AT_REMOVEDIR);
  return tl::unexpected<error>(posix_error(why));
}

}  // namespace detail

inline result<void> move_to_new_name(const directory& from, const std::string& name,
                                     const directory& target, const std::string& to,
                                     transfer::entry_kind kind, placing how) {
  if (how == placing::rename) {
    const int moved =
        ::renameat2(from.fd(), name.c_str(), target.fd(), to.c_str(), RENAME_NOREPLACE);
    if (moved == 0) return {};
    if (errno != EINVAL && errno != ENOSYS) return fail_errno();
  }
  if (kind == transfer::entry_kind::directory) {
    return detail::replace_new_folder(from, name.c_str(), target, to.c_str());
  }
  if (how != placing::reserve) {
    // No AT_SYMLINK_FOLLOW: a link is moved as a link.
    if (::linkat(from.fd(), name.c_str(), target.fd(), to.c_str(), 0) == 0) {
      if (::unlinkat(from.fd(), name.c_str(), 0) != 0) return fail_errno();
      return {};
    }
    if (!is_unsupported(errno) && errno != EMLINK && errno != EXDEV) return fail_errno();
  }
  return detail::replace_new_file(from, name.c_str(), target, to.c_str());
}

inline result<std::string> move_to_free_name(const directory& from, const std::string& name,
                                             const directory& target, transfer::entry_kind kind,
                                             placing how) {
  // Whoever has this many copies has another problem.
  constexpr unsigned numbers_max = 9999;
  std::string to = name;
  for (unsigned number = 2;; ++number) {
    auto moved = move_to_new_name(from, name, target, to, kind, how);
    if (moved) return to;
    if (moved.error().code != errc::already_exists || number > numbers_max) {
      return fail(moved.error());
    }
    to = numbered_name(name, kind, number);
  }
}

}  // namespace tallow::files
