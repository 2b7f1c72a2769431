// What an earlier session left in a staging folder, made to fit the session that goes on with it.
//
// The folder is our own and, where the disk knows owners, nobody else may write to it: what lies
// there is right or stale, never hostile. Its names are still the peer's, and resolved like those.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <vector>

#include <tallow/base/error.hpp>
#include <tallow/files/beneath.hpp>
#include <tallow/files/posix_error.hpp>
#include <tallow/files/remove_tree.hpp>
#include <tallow/transfer/entry.hpp>

namespace tallow::files {

/// What stands at `path`; nothing where nothing does.
///
/// @errors  path_escapes and what posix_error.hpp lists
[[nodiscard]] inline result<std::optional<file_status>> status_if_any(const directory& in,
                                                                      const std::string& path) {
  auto found = in.status(path);
  if (found) return std::optional(*found);
  if (found.error().code == errc::not_found) return std::optional<file_status>();
  return fail(found.error());
}

/// Removes whatever stands at `path`: a file, a link, a folder with all in it.
///
/// @errors  path_escapes and what posix_error.hpp lists
[[nodiscard]] inline result<void> remove_any(const directory& in, const std::string& path) {
  auto removed = in.remove_file(path);
  if (removed || removed.error().cause.value() != EISDIR) return removed;
  // It may have its final mode already.
  static_cast<void>(in.make_accessible(path));
  auto folder = in.open_directory(path);
  if (!folder) return fail(folder.error());
  if (auto done = remove_contents(*folder); !done) return done;
  return in.remove_directory(path);
}

/// Makes a folder, or takes the one that is there. Anything else there is removed.
///
/// @errors  path_escapes and what posix_error.hpp lists
[[nodiscard]] inline result<void> take_folder(const directory& in, const std::string& path) {
  auto found = status_if_any(in, path);
  if (!found) return fail(found.error());
  if (*found && (*found)->kind == transfer::entry_kind::directory) return in.make_accessible(path);
  if (*found) {
    if (auto done = remove_any(in, path); !done) return done;
  }
  return in.make_directory(path, 0700);
}

/// Takes the file that is there, made writable and no longer than `size`. Anything else there is
/// removed.
///
/// @shape   returns whether there is one
/// @errors  path_escapes and what posix_error.hpp lists
[[nodiscard]] inline result<bool> take_file(const directory& in, const std::string& path,
                                            std::uint64_t size) {
  auto found = status_if_any(in, path);
  if (!found) return fail(found.error());
  if (!*found) return false;
  if ((*found)->kind != transfer::entry_kind::file) {
    if (auto done = remove_any(in, path); !done) return fail(done.error());
    return false;
  }
  if (((*found)->mode & 0600U) != 0600U) {
    if (auto done = in.make_accessible(path); !done) return fail(done.error());
  }
  if ((*found)->size <= size) return true;
  auto fd = in.open_file(path, O_WRONLY | O_NONBLOCK);
  if (!fd) return fail(fd.error());
  if (::ftruncate(fd->get(), static_cast<::off_t>(size)) != 0) return fail_errno();
  return true;
}

/// Calls `visit(path)` for everything below `root`, folders before what is in them; where it says
/// true of a folder, what is in that folder follows. Folders that let nobody in are opened to their
/// owner: one that was about to be moved to its place has its final mode already.
///
/// @param visit  returns result<bool>
/// @errors       those of `visit`, path_escapes and what posix_error.hpp lists
/// @cost         lists every folder once
template <class Visit>
[[nodiscard]] result<void> walk_below(const directory& root, Visit visit) {
  std::vector<std::string> folders{""};
  while (!folders.empty()) {
    const std::string here = std::move(folders.back());
    folders.pop_back();
    auto folder = here.empty() ? root.duplicate() : root.open_directory(here);
    if (!folder) return fail(folder.error());
    auto names = folder->names();
    if (!names) return fail(names.error());
    while (!names->empty()) {
      std::string path = names->take_last();
      if (!here.empty()) path.insert(0, here + '/');
      const auto goes_on = visit(path);
      if (!goes_on) return fail(goes_on.error());
      if (!*goes_on) continue;
      auto found = root.status(path);
      if (!found) return fail(found.error());
      if (found->kind != transfer::entry_kind::directory) continue;
      if ((found->mode & 0700U) != 0700U) {
        if (auto done = root.make_accessible(path); !done) return done;
      }
      folders.push_back(std::move(path));
    }
  }
  return {};
}

/// The paths that an earlier session left, as they are spelt on the disk. Where names that differ
/// in case are one, as on FAT, a path of another spelling finds the same file and is another entry.
class left_paths {
 public:
  /// @errors  those of walk_below()
  /// @cost    lists every folder once; 8 bytes a path
  [[nodiscard]] result<void> list(const directory& root) {
    auto listed = walk_below(root, [&](const std::string& path) -> result<bool> {
      hashes_.push_back(std::hash<std::string_view>{}(path));
      return true;
    });
    std::sort(hashes_.begin(), hashes_.end());
    return listed;
  }

  [[nodiscard]] bool contains(std::string_view path) const noexcept {
    return std::binary_search(hashes_.begin(), hashes_.end(), std::hash<std::string_view>{}(path));
  }

 private:
  // Two paths of one hash are taken for one, as they all were without this.
  std::vector<std::size_t> hashes_;
};

/// Removes everything below `root` for which `is_known(path)` is false.
///
/// @errors  those of walk_below()
template <class IsKnown>
[[nodiscard]] result<void> remove_unknown(const directory& root, IsKnown is_known) {
  return walk_below(root, [&](const std::string& path) -> result<bool> {
    if (is_known(path)) return true;
    if (auto done = remove_any(root, path); !done) return fail(done.error());
    return false;
  });
}

}  // namespace tallow::files
