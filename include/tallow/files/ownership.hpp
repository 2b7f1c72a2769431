// Whose a folder is, where file systems keep owners and modes, and where they do not.
//
// FAT, exFAT, NTFS and shares of other machines give all that lies on them one owner and one mode,
// said when they are mounted. A folder there cannot be kept from those who may enter the target.
#pragma once

#include <fcntl.h>
#include <string>
#include <unistd.h>

#include <tallow/base/error.hpp>
#include <tallow/files/beneath.hpp>
#include <tallow/files/posix_error.hpp>
#include <tallow/files/status.hpp>

namespace tallow::files {

/// True when nobody but the user of this process may enter a folder or open a file.
[[nodiscard]] inline bool is_private(const file_status& s) noexcept {
  return s.owner == ::geteuid() && (s.mode & 0077U) == 0;
}

/// What a file system makes of a new private file: a file of that name comes and goes.
///
/// @errors  what posix_error.hpp lists
[[nodiscard]] inline result<file_status> status_of_new_file(const directory& in,
                                                            const std::string& name) {
  // One that a crash left behind.
  static_cast<void>(in.remove_file(name));
  const auto fd = in.open_file(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (!fd) return fail(fd.error());
  // Of the descriptor: the name may be another's by now.
  auto found = status_of(fd->get());
  static_cast<void>(in.remove_file(name));
  return found;
}

/// Makes sure that `folder`, which stands in `parent`, is our own: nobody else may enter it, or the
/// file system cannot say so of anything in `parent`.
///
/// @param   probe  a name in `parent` that nobody else uses
/// @errors  permission_denied when it is not; what posix_error.hpp lists
/// @cost    a file that comes and goes, where the folder is not private
[[nodiscard]] inline result<void> check_own(const directory& folder, const directory& parent,
                                            const std::string& probe) {
  const auto found = folder.status();
  if (!found) return fail(found.error());
  if (is_private(*found)) return {};
  const auto made = status_of_new_file(parent, probe);
  if (!made) return fail(made.error());
  // Where modes are kept and owners are not, as on some shares, ours is private all the same.
  const bool keeps_modes = (made->mode & 0077U) == 0;
  const bool is_alike = made->owner == found->owner && made->device == found->device;
  if (is_private(*made) || !is_alike || (keeps_modes && (found->mode & 0077U) != 0)) {
    return fail(errc::permission_denied, 0, "not our own folder");
  }
  return {};
}

}  // namespace tallow::files
