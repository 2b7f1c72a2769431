// How a source_tree reads what it has walked; a part of source_tree.hpp.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <memory>
#include <mutex>
#include <string>
#include <unistd.h>
#include <utility>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/units.hpp>
#include <tallow/files/beneath.hpp>
#include <tallow/files/descriptor_cache.hpp>
#include <tallow/files/posix_error.hpp>
#include <tallow/files/source_tree.hpp>
#include <tallow/files/status.hpp>

namespace tallow::files {

inline source_tree::location source_tree::locate(std::size_t index) const {
  location found{};
  for (; nodes_[index].is_argument == 0; index = nodes_[index].above) {
    if (!found.below.empty()) found.below.insert(0, 1, '/');
    found.below.insert(0, names_.at(nodes_[index].name));
  }
  found.root = nodes_[index].above;
  return found;
}

inline std::string source_tree::path(entry_index index) const {
  const std::lock_guard lock(*mutex_);
  if (index.value >= nodes_.size()) return {};
  const location at = locate(static_cast<std::size_t>(index.value));
  const std::string& name = roots_[at.root].name;
  return at.below.empty() ? name : name + '/' + at.below;
}

namespace detail {

[[nodiscard]] inline result<void> check_unchanged(int fd, std::uint64_t inode, std::uint64_t size,
                                                  std::int64_t mtime_ns) {
  auto now = status_of(fd);
  if (!now) return fail(now.error());
  if (now->kind == transfer::entry_kind::file && now->inode == inode && now->size == size &&
      now->mtime_ns == mtime_ns) {
    return {};
  }
  return fail(errc::source_changed);
}

}  // namespace detail

inline result<shared_fd> source_tree::open_unchanged(const sighting& seen, const location& at) {
  // O_NONBLOCK: a pipe may have taken the file's place, and would wait for its writer.
  constexpr int flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC;
  result<unique_fd> fd;
  if (at.below.empty()) {
    *fd = unique_fd(::open(roots_[at.root].path.c_str(), flags));
    if (!*fd) return fail_errno();
  } else {
    auto top = hold(at.root);
    if (!top) return fail(top.error());
    fd = (*top)->open_file(at.below, flags);
    if (!fd) {
      // A link or file where a folder was.
      const errc code = fd.error().code;
      const bool exchanged = code == errc::path_escapes || code == errc::not_a_directory;
      return exchanged ? fail(errc::source_changed, fd.error().cause) : fail(fd.error());
    }
  }
  if (auto ok = detail::check_unchanged(fd->get(), seen.inode, seen.size, seen.mtime_ns); !ok) {
    return fail(ok.error());
  }
  return std::make_shared<const unique_fd>(std::move(*fd));
}

inline result<std::size_t> source_tree::read(entry_index index, std::uint64_t offset,
                                             byte_span out) {
  sighting seen{};
  location at{};
  shared_fd fd;
  {
    const std::lock_guard lock(*mutex_);
    if (index.value >= nodes_.size() || nodes_[index.value].is_file == 0) {
      return fail(errc::invalid_argument, index.value, "not a file of this tree");
    }
    if (index.value < seen_first_) return fail(errc::invalid_argument, index.value, "forgotten");
    seen = seen_[static_cast<std::size_t>(index.value - seen_first_)];
    fd = open_.find(index);
    if (!fd) at = locate(static_cast<std::size_t>(index.value));
  }
  if (offset > seen.size) return fail(errc::invalid_argument, index.value, "beyond the file's end");
  if (!fd) {
    auto opened = open_unchanged(seen, at);
    if (!opened) return fail(opened.error());
    fd = std::move(*opened);
    // A file that is read at once is not read again.
    if (out.size() < seen.size) {
      const std::lock_guard lock(*mutex_);
      open_.keep(index, fd);
    }
  }
  const auto wanted =
      static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), seen.size - offset));
  std::size_t done = 0;
  while (done < wanted) {
    const auto count =
        ::pread(fd->get(), out.data() + done, wanted - done, static_cast<::off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      return fail(errc::source_failed, std::error_code(errno, std::generic_category()));
    }
    if (count == 0) return fail(errc::source_changed, index.value, "it is shorter now");
    done += static_cast<std::size_t>(count);
  }
  // After each read, not only the last: chunks need not be read in order, and what was read before
  // a change is good only if the change shows later.
  if (auto ok = detail::check_unchanged(fd->get(), seen.inode, seen.size, seen.mtime_ns); !ok) {
    return fail(ok.error());
  }
  return done;
}

}  // namespace tallow::files
