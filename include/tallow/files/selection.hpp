// What is left out of what is sent: by patterns of the command line, and by .gitignore files.
#pragma once

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

#include <tallow/base/error.hpp>
#include <tallow/files/ignore_rules.hpp>
#include <tallow/files/posix_error.hpp>
#include <tallow/files/unique_fd.hpp>

namespace tallow::files {

/// Goes along with a walk: enter() and leave() each folder, and ask leaves_out() of what is in it.
/// What is below a folder that is left out is not asked for, so nothing brings it back.
class selection {
 public:
  /// Adds a pattern to what is always left out; it is meant from the first component of a
  /// transfer's paths on.
  void exclude(std::string_view pattern) { excluded_.add(pattern); }

  /// From now on leaves out what git would: what .gitignore files in and above a folder say, up to
  /// the one that holds .git, what its .git/info/exclude says, and .git itself. Files of the user
  /// alone (core.excludesFile) are not looked at.
  void obey_gitignore() noexcept { obeys_git_ = true; }

  /// True when nothing is ever left out.
  [[nodiscard]] bool is_all() const noexcept { return excluded_.empty() && !obeys_git_; }

  /// The walk comes to an argument.
  ///
  /// @errors  what posix_error.hpp lists, for a .gitignore that cannot be read
  [[nodiscard]] result<void> begin(const std::filesystem::path& argument);

  /// The walk goes into a folder. leave() it even after an error.
  ///
  /// @param below  its path below the argument; empty for that itself
  /// @errors  what posix_error.hpp lists, for a .gitignore that cannot be read
  [[nodiscard]] result<void> enter(int folder, std::string_view below);
  void leave() { by_folder_.pop_back(); }

  /// @param sent_as  its path in the transfer
  /// @param below    its path below the argument; empty for that itself
  [[nodiscard]] bool leaves_out(std::string_view sent_as, std::string_view below,
                                bool is_folder) const;

 private:
  // What is larger is no list of patterns.
  static constexpr std::size_t file_bytes_max = std::size_t{1} << 20U;

  struct folder_rules {
    std::string base;  // absolute, with a '/' at its end
    ignore_rules rules;
  };

  [[nodiscard]] std::string absolute(std::string_view below) const {
    return below.empty() ? argument_ : argument_ + '/' + std::string(below);
  }
  [[nodiscard]] static result<void> read(int folder, const char* name, ignore_rules& into);

  ignore_rules excluded_;
  bool obeys_git_ = false;
  std::string argument_;                 // absolute, without links
  std::vector<folder_rules> above_;      // of the argument that is walked, outermost first
  std::vector<folder_rules> by_folder_;  // of the folders that were entered
};

// ---- implementation ----

inline result<void> selection::read(int folder, const char* name, ignore_rules& into) {
  // A link may lead anywhere; git does not follow it either.
  const unique_fd file(::openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) return {};
  if (!file) return fail_errno("a file of patterns cannot be read");
  std::string text;
  std::array<char, 4096> some{};
  for (;;) {
    const auto count = ::read(file.get(), some.data(), some.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EISDIR) return {};
    if (count < 0) return fail_errno("a file of patterns cannot be read");
    if (count == 0) break;
    text.append(some.data(), static_cast<std::size_t>(count));
    if (text.size() > file_bytes_max) {
      return fail(errc::invalid_argument, 0, "a .gitignore of more than 1 MiB");
    }
  }
  into.add_lines(text);
  return {};
}

inline result<void> selection::begin(const std::filesystem::path& argument) {
  above_.clear();
  by_folder_.clear();
  if (!obeys_git_) return {};
  std::error_code failure;
  const auto path = std::filesystem::canonical(argument, failure);
  if (failure) return tl::unexpected<error>(posix_error(failure.value()));
  argument_ = path.native();
  // A repository of its own, whatever it lies in.
  if (::access((path / ".git").c_str(), F_OK) == 0) return {};
  // Outwards, until the folder that is the repository; without one nothing above counts.
  std::vector<folder_rules> found;
  for (auto folder = path.parent_path();; folder = folder.parent_path()) {
    const unique_fd held(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!held) return {};
    std::string base = folder.native();
    if (!base.ends_with('/')) base += '/';
    found.push_back({base, {}});
    if (auto done = read(held.get(), ".gitignore", found.back().rules); !done) return done;
    if (::faccessat(held.get(), ".git", F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
      found.push_back({std::move(base), {}});
      if (auto done = read(held.get(), ".git/info/exclude", found.back().rules); !done) return done;
      std::reverse(found.begin(), found.end());
      above_ = std::move(found);
      return {};
    }
    if (!folder.has_relative_path()) return {};
  }
}

inline result<void> selection::enter(int folder, std::string_view below) {
  by_folder_.emplace_back();
  if (!obeys_git_) return {};
  by_folder_.back().base = absolute(below) + '/';
  if (by_folder_.size() == 1) {
    if (auto done = read(folder, ".git/info/exclude", by_folder_.back().rules); !done) return done;
  }
  return read(folder, ".gitignore", by_folder_.back().rules);
}

inline bool selection::leaves_out(std::string_view sent_as, std::string_view below,
                                  bool is_folder) const {
  if (is_all()) return false;
  if (excluded_.verdict(sent_as, is_folder).value_or(false)) return true;
  if (!obeys_git_) return false;
  const std::string whole = absolute(below);
  const std::string_view path = whole;
  if (path.ends_with("/.git")) return true;
  for (const auto* sets : {&by_folder_, &above_}) {
    for (auto set = sets->rbegin(); set != sets->rend(); ++set) {
      if (!path.starts_with(set->base)) continue;
      const auto decided = set->rules.verdict(path.substr(set->base.size()), is_folder);
      if (decided) return *decided;
    }
  }
  return false;
}

}  // namespace tallow::files
