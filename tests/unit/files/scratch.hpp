// A folder for one test, and short ways to fill it and to look at it.
#pragma once

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/base/bytes.hpp>
#include <tallow/files/status.hpp>
#include <tallow/transfer/entry.hpp>

namespace tallow::test {

namespace fs = std::filesystem;

inline void write_file(const fs::path& path, std::string_view text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  if (!out.flush()) ADD_FAILURE() << "cannot write " << path;
}

inline std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// What stands at `path`, links not followed; everything zero when nothing does.
inline struct ::stat stat_of(const fs::path& path) {
  struct ::stat found {};
  if (::lstat(path.c_str(), &found) != 0) found = {};
  return found;
}

inline unsigned mode_of(const fs::path& path) { return stat_of(path).st_mode & 07777U; }
inline std::int64_t mtime_of(const fs::path& path) { return files::ns_of(stat_of(path).st_mtim); }
inline bool present(const fs::path& path) { return stat_of(path).st_nlink != 0; }

inline void set_mtime(const fs::path& path, std::int64_t ns) {
  const auto times = files::touch_times(ns);
  if (::utimensat(AT_FDCWD, path.c_str(), times.data(), AT_SYMLINK_NOFOLLOW) != 0) {
    ADD_FAILURE() << "cannot set the time of " << path;
  }
}

/// The names in a folder, sorted.
inline std::vector<std::string> names_in(const fs::path& path) {
  std::vector<std::string> names;
  for (const auto& item : fs::directory_iterator(path)) names.push_back(item.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

/// Everything below a folder: path to what it is, with content, mode and time.
inline std::map<std::string, std::string> snapshot(const fs::path& top) {
  std::map<std::string, std::string> seen;
  for (const auto& item : fs::recursive_directory_iterator(top)) {
    const auto found = stat_of(item.path());
    std::string text =
        std::to_string(found.st_mode) + ' ' + std::to_string(files::ns_of(found.st_mtim)) + ' ';
    if (S_ISREG(found.st_mode)) text += read_file(item.path());
    if (S_ISLNK(found.st_mode)) text += fs::read_symlink(item.path()).native();
    seen[item.path().lexically_relative(top).native()] = text;
  }
  return seen;
}

/// Where tests work: TMPDIR if it is set, else memory. A disk that others keep busy makes each
/// commit wait, for its data are synced.
inline fs::path place_for_tests() {
  const char* const named = std::getenv("TMPDIR");
  if (named == nullptr && ::access("/dev/shm", W_OK | X_OK) == 0) return "/dev/shm";
  return fs::temp_directory_path();
}

/// A new folder; goes with all in it.
class scratch {
 public:
  scratch() {
    std::string name = (place_for_tests() / "tallow-test-XXXXXX").native();
    if (::mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "cannot make " << name;
    path_ = name;
  }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;
  ~scratch() {
    std::error_code ignored;
    open_up(path_);
    fs::remove_all(path_, ignored);
  }

  [[nodiscard]] const fs::path& path() const noexcept { return path_; }
  [[nodiscard]] fs::path operator/(std::string_view name) const { return path_ / name; }

  fs::path file(std::string_view name, std::string_view text = "") const {
    write_file(path_ / name, text);
    return path_ / name;
  }
  fs::path folder(std::string_view name) const {
    fs::create_directories(path_ / name);
    return path_ / name;
  }
  fs::path link(std::string_view name, const fs::path& target) const {
    fs::create_symlink(target, path_ / name);
    return path_ / name;
  }

 private:
  // Tests leave folders behind that nobody may enter.
  static void open_up(const fs::path& folder) {
    (void)::chmod(folder.c_str(), 0700);
    std::error_code failure;
    for (const auto& item : fs::directory_iterator(folder, failure)) {
      if (item.is_directory(failure) && !item.is_symlink(failure)) open_up(item.path());
    }
  }

  fs::path path_;
};

/// Runs a part of a test without root's rights: permissions mean nothing to root. What was created
/// before belongs to root still, unless `folder` and all in it is handed over first.
class without_privileges {
 public:
  explicit without_privileges(const fs::path& folder) {
    if (::geteuid() != 0) return;
    constexpr ::uid_t nobody = 65534;
    bool fine = ::chown(folder.c_str(), nobody, nobody) == 0;
    for (const auto& item : fs::recursive_directory_iterator(folder)) {
      fine = ::lchown(item.path().c_str(), nobody, nobody) == 0 && fine;
    }
    changed_ = fine && ::setegid(nobody) == 0 && ::seteuid(nobody) == 0;
    fine_ = changed_;
  }
  without_privileges(const without_privileges&) = delete;
  without_privileges& operator=(const without_privileges&) = delete;
  ~without_privileges() {
    if (changed_ && (::seteuid(0) != 0 || ::setegid(0) != 0)) std::abort();
  }

  /// False where the system does not let root become somebody else: skip the test then.
  [[nodiscard]] bool works() const noexcept { return fine_; }

 private:
  bool changed_ = false;
  bool fine_ = true;
};

/// A limit of this process for as long as it lives.
class resource_limit {
 public:
  resource_limit(decltype(RLIMIT_FSIZE) which, ::rlim_t value) : which_(which) {
    (void)::getrlimit(which_, &before_);
    ::rlimit now = before_;
    now.rlim_cur = value;
    if (::setrlimit(which_, &now) != 0) ADD_FAILURE() << "cannot set a limit";
  }
  resource_limit(const resource_limit&) = delete;
  resource_limit& operator=(const resource_limit&) = delete;
  ~resource_limit() { (void)::setrlimit(which_, &before_); }

 private:
  decltype(RLIMIT_FSIZE) which_;
  ::rlimit before_{};
};

/// No file may grow beyond `bytes`; writing more fails as on a full disk.
class full_disk {
 public:
  explicit full_disk(::rlim_t bytes)
      : signal_(std::signal(SIGXFSZ, SIG_IGN)), limit_(RLIMIT_FSIZE, bytes) {}
  full_disk(const full_disk&) = delete;
  full_disk& operator=(const full_disk&) = delete;
  ~full_disk() { (void)std::signal(SIGXFSZ, signal_); }

 private:
  void (*signal_)(int);
  resource_limit limit_;
};

/// The descriptors this process has open.
inline std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& item : fs::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

inline transfer::entry file_entry(std::string path, std::uint64_t size = 0,
                                  std::uint32_t mode = 0644, std::int64_t mtime_ns = 0) {
  return {std::move(path), transfer::entry_kind::file, size, mode, mtime_ns, ""};
}
inline transfer::entry folder_entry(std::string path, std::uint32_t mode = 0755,
                                    std::int64_t mtime_ns = 0) {
  return {std::move(path), transfer::entry_kind::directory, 0, mode, mtime_ns, ""};
}
inline transfer::entry link_entry(std::string path, std::string target) {
  return {std::move(path), transfer::entry_kind::symlink, 0, 0777, 0, std::move(target)};
}

}  // namespace tallow::test
