// Names below a held folder, resolved without ever following a link, unless that is asked for.
//
// A peer chooses the names and somebody else may be changing the tree meanwhile, so no path is
// checked and then used: the kernel resolves it in one call (openat2) or, where that call is
// missing, each component is opened below the descriptor of the one before.
#pragma once

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <dirent.h>
#include <fcntl.h>
#include <filesystem>
#include <linux/openat2.h>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

#include <tallow/base/error.hpp>
#include <tallow/files/name_list.hpp>
#include <tallow/files/posix_error.hpp>
#include <tallow/files/status.hpp>
#include <tallow/files/unique_fd.hpp>

namespace tallow::files {

/// How paths are resolved.
enum class resolver : std::uint8_t {
  kernel,      ///< openat2: one call a path; Linux 5.6
  components,  ///< openat with O_NOFOLLOW: one call a component
  following,   ///< openat: links are followed wherever they lead; for names of the user's own
};

/// The best resolver this process may use. Some sandboxes forbid openat2, so it is tried, once.
[[nodiscard]] resolver best_resolver() noexcept;

/// A folder, held open. All paths given to it are relative, without `.` and `..`, and name things
/// in or below this folder; a link on the way is an error (path_escapes), never followed unless the
/// resolver says so.
///
/// The descriptor stays on the folder it was opened on, whatever happens to the folder's name.
class directory {
 public:
  /// None; only to be assigned to.
  directory() noexcept = default;

  /// Opens a folder by a path of the user's own, whose links are followed.
  ///
  /// @errors  not_found, permission_denied, not_a_directory, file_failed
  [[nodiscard]] static result<directory> open(const std::filesystem::path& path,
                                              resolver how = best_resolver());

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

  /// The same folder with a descriptor of its own, for one who may outlive this.
  ///
  /// @errors  what posix_error.hpp lists
  [[nodiscard]] result<directory> duplicate() const {
    unique_fd fd(::fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0));
    if (!fd) return fail_errno();
    return directory(std::move(fd), how_);
  }

  /// Opens a file; `flags` are those of open(2). Links are not followed, O_CLOEXEC is added.
  ///
  /// @errors  path_escapes and what posix_error.hpp lists
  [[nodiscard]] result<unique_fd> open_file(std::string_view path, int flags,
                                            std::uint32_t mode = 0) const;
  /// Opens a folder for listing and for going on from there.
  ///
  /// @errors  path_escapes and what posix_error.hpp lists
  [[nodiscard]] result<directory> open_directory(std::string_view path) const;

  /// What stands at `path`; of a link, the link itself, unless links are followed.
  ///
  /// @errors  path_escapes and what posix_error.hpp lists
  [[nodiscard]] result<file_status> status(std::string_view path) const;
  /// What this folder is.
  ///
  /// @errors  what posix_error.hpp lists
  [[nodiscard]] result<file_status> status() const { return status_of(fd_.get()); }

  /// Creates a folder. @errors already_exists, path_escapes and what posix_error.hpp lists
  [[nodiscard]] result<void> make_directory(std::string_view path, std::uint32_t mode) const;
  /// Creates a link that says `target`. @errors as make_directory()
  [[nodiscard]] result<void> make_link(std::string_view path, const std::string& target) const;
  /// What a link says. @errors path_escapes and what posix_error.hpp lists
  [[nodiscard]] result<std::string> read_link(std::string_view path) const;
  /// Sets the time of a link itself, where the file system has such a thing.
  /// @errors path_escapes and what posix_error.hpp lists
  [[nodiscard]] result<void> set_link_mtime(std::string_view path, std::int64_t mtime_ns) const;
  /// Gives the owner all rights to a folder, where the file system has such a thing.
  /// @errors path_escapes and what posix_error.hpp lists
  [[nodiscard]] result<void> make_accessible(std::string_view path) const;
  /// Removes a file or link. @errors path_escapes and what posix_error.hpp lists
  [[nodiscard]] result<void> remove_file(std::string_view path) const;
  /// Removes an empty folder. @errors path_escapes and what posix_error.hpp lists
  [[nodiscard]] result<void> remove_directory(std::string_view path) const;

  /// The names in this folder, without `.` and `..`, in no order.
  ///
  /// @errors  what posix_error.hpp lists
  [[nodiscard]] result<name_list> names() const;

 private:
  // The folder a path's last component lies in, held, and that component.
  struct place {
    unique_fd held;  // none when the folder is this one
    int fd = -1;
    std::string name;
  };

  directory(unique_fd fd, resolver how) noexcept : fd_(std::move(fd)), how_(how) {}

  [[nodiscard]] result<unique_fd> open_below(std::string_view path, int flags,
                                             std::uint32_t mode) const;
  [[nodiscard]] result<unique_fd> walk(std::string_view path, int flags, std::uint32_t mode) const;
  [[nodiscard]] result<place> place_of(std::string_view path) const;
  template <class Call>
  [[nodiscard]] result<void> at(std::string_view path, Call&& call) const;

  unique_fd fd_;
  resolver how_ = resolver::components;
};

// ---- implementation ----

namespace detail {

[[nodiscard]] inline int open_beneath(int fd, const char* path, int flags,
                                      std::uint32_t mode) noexcept {
  ::open_how how{};
  how.flags = static_cast<decltype(how.flags)>(flags);
  how.mode = mode;
  // Not O_NOFOLLOW: it would let O_DIRECTORY say ENOTDIR where RESOLVE_NO_SYMLINKS says ELOOP.
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, fd, path, &how, sizeof how));
}

// What both resolvers refuse before the kernel sees it, so that they agree. RESOLVE_BENEATH alone
// would let a/../b pass.
[[nodiscard]] inline result<void> check_below(std::string_view path) {
  if (path.empty()) return fail(errc::path_empty);
  if (path.front() == '/') return fail(errc::path_absolute);
  if (path.find('\0') != std::string_view::npos) return fail(errc::path_bad_character);
  for (std::size_t start = 0; start <= path.size();) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const std::string_view component = path.substr(start, end - start);
    if (component.empty()) return fail(errc::path_empty, start);
    if (component == "." || component == "..") return fail(errc::path_escapes, start);
    start = end + 1;
  }
  return {};
}

}  // namespace detail

inline resolver best_resolver() noexcept {
  static const resolver best = [] {
    const unique_fd fd(detail::open_beneath(AT_FDCWD, ".", O_PATH | O_DIRECTORY | O_CLOEXEC, 0));
    return fd || (errno != ENOSYS && errno != EPERM && errno != EINVAL) ? resolver::kernel
                                                                        : resolver::components;
  }();
  return best;
}

inline result<directory> directory::open(const std::filesystem::path& path, resolver how) {
  unique_fd fd(::open(path.empty() ? "." : path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail_errno();
  return directory(std::move(fd), how);
}

inline result<unique_fd> directory::open_below(std::string_view path, int flags,
                                               std::uint32_t mode) const {
  if (auto ok = detail::check_below(path); !ok) return fail(ok.error());
  flags |= O_CLOEXEC;
  if (how_ == resolver::components) return walk(path, flags | O_NOFOLLOW, mode);
  const std::string name(path);
  unique_fd fd(how_ == resolver::following
                   ? ::openat(fd_.get(), name.c_str(), flags, mode)
                   : detail::open_beneath(fd_.get(), name.c_str(), flags, mode));
  if (fd) return fd;
  // A folder on the way was moved out of this one while it was being resolved.
  if (errno == EXDEV) {
    return fail(errc::path_escapes, std::error_code(EXDEV, std::generic_category()));
  }
  return fail_errno();
}

inline result<unique_fd> directory::walk(std::string_view path, int flags,
                                         std::uint32_t mode) const {
  unique_fd held;
  for (std::size_t start = 0;;) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const std::string name(path.substr(start, end - start));
    const int in = held ? held.get() : fd_.get();
    const bool last = end == path.size();
    constexpr int through = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    unique_fd next(::openat(in, name.c_str(), last ? flags : through, last ? mode : 0U));
    if (!next) {
      const int why = errno;
      // O_DIRECTORY says "not a folder" of a link as well; say what openat2 would.
      struct ::stat found {};
      if (why == ENOTDIR && ::fstatat(in, name.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0 &&
          S_ISLNK(found.st_mode)) {
        return tl::unexpected<error>(posix_error(ELOOP));
      }
      return tl::unexpected<error>(posix_error(why));
    }
    if (last) return next;
    held = std::move(next);
    start = end + 1;
  }
}

inline result<directory::place> directory::place_of(std::string_view path) const {
  if (auto ok = detail::check_below(path); !ok) return fail(ok.error());
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return place{unique_fd(), fd_.get(), std::string(path)};
  auto held = open_below(path.substr(0, slash), O_PATH | O_DIRECTORY, 0);
  if (!held) return fail(held.error());
  const int fd = held->get();
  return place{std::move(*held), fd, std::string(path.substr(slash + 1))};
}

// Calls call(descriptor, name), a system call on a path's last component.
template <class Call>
inline result<void> directory::at(std::string_view path, Call&& call) const {
  auto where = place_of(path);
  if (!where) return fail(where.error());
  if (call(where->fd, where->name.c_str()) != 0) return fail_errno();
  return {};
}

inline result<unique_fd> directory::open_file(std::string_view path, int flags,
                                              std::uint32_t mode) const {
  return open_below(path, flags, mode);
}

inline result<directory> directory::open_directory(std::string_view path) const {
  auto fd = open_below(path, O_RDONLY | O_DIRECTORY, 0);
  if (!fd) return fail(fd.error());
  return directory(std::move(*fd), how_);
}

inline result<file_status> directory::status(std::string_view path) const {
  struct ::stat found {};
  const int how = how_ == resolver::following ? 0 : AT_SYMLINK_NOFOLLOW;
  auto ok = at(path, [&](int fd, const char* name) { return ::fstatat(fd, name, &found, how); });
  if (!ok) return fail(ok.error());
  return status_from(found);
}

inline result<void> directory::make_directory(std::string_view path, std::uint32_t mode) const {
  return at(path, [&](int fd, const char* name) { return ::mkdirat(fd, name, mode); });
}

inline result<void> directory::make_link(std::string_view path, const std::string& target) const {
  return at(path, [&](int fd, const char* name) { return ::symlinkat(target.c_str(), fd, name); });
}

inline result<std::string> directory::read_link(std::string_view path) const {
  std::string target(PATH_MAX, '\0');
  auto ok = at(path, [&](int fd, const char* name) {
    const auto count = ::readlinkat(fd, name, target.data(), target.size());
    target.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
    return count < 0 ? -1 : 0;
  });
  if (!ok) return fail(ok.error());
  return target;
}

inline result<void> directory::set_link_mtime(std::string_view path, std::int64_t mtime_ns) const {
  const auto times = touch_times(mtime_ns);
  return at(path, [&](int fd, const char* name) {
    return has_failed(::utimensat(fd, name, times.data(), AT_SYMLINK_NOFOLLOW)) ? -1 : 0;
  });
}

inline result<void> directory::make_accessible(std::string_view path) const {
  return at(path, [](int fd, const char* name) {
    return has_failed(::fchmodat(fd, name, 0700, AT_SYMLINK_NOFOLLOW)) ? -1 : 0;
  });
}

inline result<void> directory::remove_file(std::string_view path) const {
  return at(path, [](int fd, const char* name) { return ::unlinkat(fd, name, 0); });
}

inline result<void> directory::remove_directory(std::string_view path) const {
  return at(path, [](int fd, const char* name) { return ::unlinkat(fd, name, AT_REMOVEDIR); });
}

inline result<name_list> directory::names() const {
  // A descriptor of its own: fdopendir takes it over, and its offset is not ours.
  unique_fd fd(::openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail_errno();
  DIR* stream = ::fdopendir(fd.get());
  if (stream == nullptr) return fail_errno();
  static_cast<void>(fd.release());
  name_list found;
  int why = 0;
  for (;;) {
    errno = 0;
    const ::dirent* item = ::readdir(stream);
    if (item == nullptr) {
      why = errno;
      break;
    }
    const std::string_view name = item->d_name;
    if (name == "." || name == "..") continue;
    if (!found.add(name)) {
      why = ENOMEM;
      break;
    }
  }
  ::closedir(stream);
  if (why != 0) return tl::unexpected<error>(posix_error(why));
  return found;
}

}  // namespace tallow::files
