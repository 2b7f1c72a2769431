// What is sent: the files and folders of the command line, walked while the transfer runs.
//
// The tree is the user's own, but others may be able to write to it, and it may change at any
// time. Links in it are sent as links and never followed; what is read is checked against what the
// walk has said of it.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <vector>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/units.hpp>
#include <tallow/files/beneath.hpp>
#include <tallow/files/descriptor_cache.hpp>
#include <tallow/files/posix_error.hpp>
#include <tallow/files/status.hpp>
#include <tallow/transfer/endpoint.hpp>
#include <tallow/transfer/path_rules.hpp>

namespace tallow::files {

/// Something below an argument that is not sent.
struct skipped_path {
  std::string path;  ///< as it would be called in the transfer; any bytes, so escape it for display
  error reason;
};

/// The source of a transfer on disk. One thread walks; any number of them read() and ask for path()
/// meanwhile.
///
/// Invariant: what readers look at (roots_[].held, held_roots_, records_, names_, open_) is changed
/// under mutex_ alone, which is never held while a file of the tree is opened or read.
class source_tree {
 public:
  explicit source_tree(resolver how = best_resolver()) noexcept : how_(how) {}

  /// Adds a path of the command line. A link is followed. It is sent under its last component;
  /// where that says nothing (`.`, `..`), under the name of the folder it stands for.
  ///
  /// @errors  not_found, permission_denied; unsupported_kind for what is neither a file nor a
  ///          folder; invalid_argument when another argument has that name, or `/`;
  ///          name_not_utf8; what else posix_error.hpp lists
  [[nodiscard]] result<void> add_argument(const std::filesystem::path& argument);

  /// The next entry, or nothing at the end: in the order of the arguments, folders before what is
  /// in them, names of a folder sorted by their bytes. Its index is the number of those before it.
  ///
  /// What cannot be sent is skipped and listed in skipped().
  ///
  /// @errors  file_failed, out_of_memory: this process is out of descriptors or memory, so that
  ///          going on would skip everything
  [[nodiscard]] result<std::optional<transfer::entry>> next_entry();

  /// What was left out so far, and why.
  [[nodiscard]] const std::vector<skipped_path>& skipped() const noexcept { return skipped_; }

  /// What an entry is called in the transfer; empty for one that was not handed out.
  [[nodiscard]] std::string path(entry_index index) const;

  /// False for folders, links and what was not handed out.
  [[nodiscard]] bool is_file(entry_index index) const {
    const std::lock_guard lock(*mutex_);
    return index.value < records_.size() && records_[static_cast<std::size_t>(index.value)].is_file;
  }

  /// Reads a file from `offset` on until `out` is full or the file, as the walk has seen it, ends;
  /// returns the bytes read.
  ///
  /// @errors  source_changed when the file is not any more what the walk has seen; source_failed
  ///          when reading fails; invalid_argument; what else posix_error.hpp lists
  [[nodiscard]] result<std::size_t> read(entry_index index, std::uint64_t offset, byte_span out);

 private:
  static constexpr std::uint32_t none = UINT32_MAX;
  // Folders of the command line that are held at once; more are opened again when needed.
  static constexpr std::size_t roots_held_max = 16;

  // An argument.
  struct root {
    std::string path;  // absolute
    std::string name;
    std::uint64_t device;
    std::uint64_t inode;
    std::shared_ptr<const directory> held;  // for folders, while it is held
  };

  // An entry that was handed out.
  struct record {
    std::uint64_t size;
    std::int64_t mtime_ns;
    std::uint64_t inode;
    std::uint64_t name_offset;
    std::uint32_t parent;  // a record, or `none`
    std::uint32_t root;
    std::uint8_t name_bytes;  // 0 for an argument itself
    bool is_file;
  };

  // A folder that is being walked.
  struct level {
    std::uint32_t record;
    std::uint32_t root;
    std::string below;               // its path below the argument; empty for that itself
    std::vector<std::string> names;  // sorted backwards: the next one is the last
  };

  using maybe_entry = std::optional<transfer::entry>;

  [[nodiscard]] result<maybe_entry> visit_root(std::uint32_t root_index);
  [[nodiscard]] result<maybe_entry> visit(const std::string& name);
  [[nodiscard]] result<maybe_entry> visit_directory(transfer::entry&& e, const std::string& name,
                                                    std::string&& below);
  [[nodiscard]] result<maybe_entry> skip(std::string path, const error& reason);
  [[nodiscard]] maybe_entry hand_out(transfer::entry&& e, const file_status& found,
                                     std::uint32_t root_index, std::string_view name);
  void enter(std::uint32_t root_index, std::string&& below, std::vector<std::string>&& names);
  using shared_directory = std::shared_ptr<const directory>;

  [[nodiscard]] result<shared_directory> hold(std::uint32_t root_index);
  [[nodiscard]] result<shared_directory> walked_directory();
  [[nodiscard]] result<shared_fd> open_unchanged(const record& r, const std::string& below);
  [[nodiscard]] std::string path_below_root(const record& r) const;

  resolver how_;
  std::vector<root> roots_;
  std::vector<std::uint32_t> held_roots_;  // oldest first
  std::uint32_t next_root_ = 0;
  std::vector<level> levels_;
  shared_directory walked_;  // of the innermost level below an argument, while it is held
  std::vector<record> records_;
  std::string names_;
  std::vector<skipped_path> skipped_;
  descriptor_cache open_;
  std::unique_ptr<std::mutex> mutex_ = std::make_unique<std::mutex>();  // so that it can be moved
};

// ---- implementation ----

namespace detail {

// What an argument is called in the transfer.
[[nodiscard]] inline result<std::string> argument_name(const std::filesystem::path& argument) {
  std::string_view text = argument.native();
  while (text.size() > 1 && text.ends_with('/')) text.remove_suffix(1);
  std::string name(text.substr(text.rfind('/') + 1));
  if (name.empty() || name == "." || name == "..") {
    std::error_code failure;
    name = std::filesystem::canonical(argument, failure).filename().native();
    if (failure) return tl::unexpected<error>(posix_error(failure.value()));
    if (name.empty()) {
      return fail(errc::invalid_argument, 0, "the root folder has no name to be sent under");
    }
  }
  if (!is_utf8(name)) return fail(errc::name_not_utf8);
  return name;
}

// Without these nothing can be opened: not this file's fault.
[[nodiscard]] inline bool is_exhaustion(const error& e) noexcept {
  const int why = e.cause.value();
  return why == EMFILE || why == ENFILE || why == ENOMEM;
}

}  // namespace detail

inline result<void> source_tree::add_argument(const std::filesystem::path& argument) {
  if (argument.empty()) return fail(errc::not_found, 0, "an empty path");
  struct ::stat raw {};
  if (::stat(argument.c_str(), &raw) != 0) return fail_errno("cannot be sent");
  const file_status found = status_from(raw);
  // Opening a pipe would wait for its writer.
  if (!found.kind) return fail(errc::unsupported_kind);
  auto name = detail::argument_name(argument);
  if (!name) return fail(name.error());
  if (std::any_of(roots_.begin(), roots_.end(), [&](const root& r) { return r.name == *name; })) {
    return fail(errc::invalid_argument, 0, "another argument has the same name");
  }
  const unique_fd readable(::open(argument.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!readable) return fail_errno("cannot be read");
  std::error_code failure;
  const auto absolute = std::filesystem::absolute(argument, failure);
  if (failure) return tl::unexpected<error>(posix_error(failure.value()));
  roots_.push_back({absolute.native(), std::move(*name), found.device, found.inode, {}});
  return {};
}

// ---- walking ----

inline result<std::optional<transfer::entry>> source_tree::next_entry() {
  for (;;) {
    result<maybe_entry> found;
    if (!levels_.empty()) {
      level& here = levels_.back();
      if (here.names.empty()) {
        levels_.pop_back();
        walked_.reset();
        continue;
      }
      const std::string name = std::move(here.names.back());
      here.names.pop_back();
      found = visit(name);
    } else if (next_root_ < roots_.size()) {
      found = visit_root(next_root_++);
    } else {
      return maybe_entry();
    }
    // Nothing but no error: it was skipped.
    if (!found || *found) return found;
  }
}

inline result<source_tree::maybe_entry> source_tree::visit_root(std::uint32_t root_index) {
  const root& r = roots_[root_index];
  transfer::entry e;
  e.path = r.name;
  struct ::stat raw {};
  if (::stat(r.path.c_str(), &raw) != 0) return skip(r.name, posix_error(errno));
  const file_status found = status_from(raw);
  if (!found.kind) return skip(r.name, error{errc::unsupported_kind});
  if (*found.kind == transfer::entry_kind::file) {
    return hand_out(std::move(e), found, root_index, "");
  }
  auto folder = hold(root_index);
  if (!folder) return skip(r.name, folder.error());
  auto names = (*folder)->names();
  if (!names) return skip(r.name, names.error());
  maybe_entry entry = hand_out(std::move(e), found, root_index, "");
  enter(root_index, "", std::move(*names));
  return entry;
}

inline result<source_tree::maybe_entry> source_tree::visit(const std::string& name) {
  const level& here = levels_.back();
  std::string below = here.below.empty() ? name : here.below + '/' + name;
  transfer::entry e;
  e.path = roots_[here.root].name + '/' + below;
  if (!is_utf8(name)) return skip(e.path, error{errc::name_not_utf8});
  if (auto ok = transfer::check_path(e.path); !ok) return skip(e.path, ok.error());
  auto in = walked_directory();
  if (!in) return skip(e.path, in.error());
  auto found = (*in)->status(name);
  if (!found) return skip(e.path, found.error());
  if (!found->kind) return skip(e.path, error{errc::unsupported_kind});
  switch (*found->kind) {
    case transfer::entry_kind::directory:
      return visit_directory(std::move(e), name, std::move(below));
    case transfer::entry_kind::file:
      // Better now than when its bytes are due.
      if (::faccessat((*in)->fd(), name.c_str(), R_OK, AT_EACCESS | AT_SYMLINK_NOFOLLOW) != 0) {
        return skip(e.path, posix_error(errno));
      }
      break;
    case transfer::entry_kind::symlink: {
      auto target = (*in)->read_link(name);
      if (!target) return skip(e.path, target.error());
      if (!is_utf8(*target)) {
        return skip(e.path, error{errc::name_not_utf8, 0, "a link's target", {}});
      }
      e.link_target = std::move(*target);
      break;
    }
  }
  return hand_out(std::move(e), *found, here.root, name);
}

inline result<source_tree::maybe_entry> source_tree::visit_directory(transfer::entry&& e,
                                                                     const std::string& name,
                                                                     std::string&& below) {
  const std::uint32_t root_index = levels_.back().root;
  auto in = walked_directory();
  if (!in) return skip(e.path, in.error());
  auto folder = (*in)->open_directory(name);
  if (!folder) return skip(e.path, folder.error());
  auto found = folder->status();
  if (!found) return skip(e.path, found.error());
  auto names = folder->names();
  if (!names) return skip(e.path, names.error());
  maybe_entry entry = hand_out(std::move(e), *found, root_index, name);
  enter(root_index, std::move(below), std::move(*names));
  walked_ = std::make_shared<const directory>(std::move(*folder));
  return entry;
}

inline result<source_tree::maybe_entry> source_tree::skip(std::string path, const error& reason) {
  if (detail::is_exhaustion(reason)) return fail(reason);
  skipped_.push_back({std::move(path), reason});
  return maybe_entry();
}

inline source_tree::maybe_entry source_tree::hand_out(transfer::entry&& e, const file_status& found,
                                                      std::uint32_t root_index,
                                                      std::string_view name) {
  e.kind = *found.kind;
  const bool is_file = e.kind == transfer::entry_kind::file;
  e.size = is_file ? found.size : 0;
  e.mode = transfer::masked_mode(found.mode, e.kind);
  e.mtime_ns = found.mtime_ns;
  const std::lock_guard lock(*mutex_);
  records_.push_back({e.size, e.mtime_ns, found.inode, names_.size(),
                      levels_.empty() ? none : levels_.back().record, root_index,
                      static_cast<std::uint8_t>(name.size()), is_file});
  names_ += name;
  return std::move(e);
}

// Walks the folder handed out last.
inline void source_tree::enter(std::uint32_t root_index, std::string&& below,
                               std::vector<std::string>&& names) {
  std::sort(names.begin(), names.end(), std::greater<>());
  levels_.push_back({static_cast<std::uint32_t>(records_.size() - 1), root_index, std::move(below),
                     std::move(names)});
}

// The folder of an argument: the one that add_argument() has seen, or an error.
inline result<source_tree::shared_directory> source_tree::hold(std::uint32_t root_index) {
  const std::lock_guard lock(*mutex_);
  root& r = roots_[root_index];
  if (r.held) return r.held;
  auto held = directory::open(r.path, how_);
  if (!held) return fail(held.error());
  auto found = held->status();
  if (!found) return fail(found.error());
  if (found->device != r.device || found->inode != r.inode) return fail(errc::source_changed);
  if (held_roots_.size() == roots_held_max) {
    roots_[held_roots_.front()].held.reset();
    held_roots_.erase(held_roots_.begin());
  }
  held_roots_.push_back(root_index);
  r.held = std::make_shared<const directory>(std::move(*held));
  return r.held;
}

// The folder of the innermost level. One is held at a time, so that depth costs no descriptors.
inline result<source_tree::shared_directory> source_tree::walked_directory() {
  const level& here = levels_.back();
  auto top = hold(here.root);
  if (!top || here.below.empty()) return top;
  if (!walked_) {
    auto folder = (*top)->open_directory(here.below);
    if (!folder) return fail(folder.error());
    walked_ = std::make_shared<const directory>(std::move(*folder));
  }
  return walked_;
}

// ---- reading ----

inline std::string source_tree::path_below_root(const record& r) const {
  std::string path;
  for (const record* p = &r; p->name_bytes != 0; p = &records_[p->parent]) {
    if (!path.empty()) path.insert(0, 1, '/');
    path.insert(0, names_, p->name_offset, p->name_bytes);
  }
  return path;
}

inline std::string source_tree::path(entry_index index) const {
  const std::lock_guard lock(*mutex_);
  if (index.value >= records_.size()) return {};
  const record& r = records_[static_cast<std::size_t>(index.value)];
  const std::string below = path_below_root(r);
  return below.empty() ? roots_[r.root].name : roots_[r.root].name + '/' + below;
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

inline result<shared_fd> source_tree::open_unchanged(const record& r, const std::string& below) {
  // O_NONBLOCK: a pipe may have taken the file's place, and would wait for its writer.
  constexpr int flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC;
  result<unique_fd> fd;
  if (below.empty()) {
    *fd = unique_fd(::open(roots_[r.root].path.c_str(), flags));
    if (!*fd) return fail_errno();
  } else {
    auto top = hold(r.root);
    if (!top) return fail(top.error());
    fd = (*top)->open_file(below, flags);
    if (!fd) {
      // A link or file where a folder was.
      const errc code = fd.error().code;
      const bool exchanged = code == errc::path_escapes || code == errc::not_a_directory;
      return exchanged ? fail(errc::source_changed, fd.error().cause) : fail(fd.error());
    }
  }
  if (auto ok = detail::check_unchanged(fd->get(), r.inode, r.size, r.mtime_ns); !ok) {
    return fail(ok.error());
  }
  return std::make_shared<const unique_fd>(std::move(*fd));
}

inline result<std::size_t> source_tree::read(entry_index index, std::uint64_t offset,
                                             byte_span out) {
  record r;
  shared_fd fd;
  std::string below;
  {
    const std::lock_guard lock(*mutex_);
    if (index.value >= records_.size() || !records_[index.value].is_file) {
      return fail(errc::invalid_argument, index.value, "not a file of this tree");
    }
    r = records_[index.value];
    fd = open_.find(index);
    if (!fd) below = path_below_root(r);
  }
  if (offset > r.size) return fail(errc::invalid_argument, index.value, "beyond the file's end");
  if (!fd) {
    auto opened = open_unchanged(r, below);
    if (!opened) return fail(opened.error());
    fd = std::move(*opened);
    // A file that is read at once is not read again.
    if (out.size() < r.size) {
      const std::lock_guard lock(*mutex_);
      open_.keep(index, fd);
    }
  }
  const auto wanted =
      static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), r.size - offset));
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
  if (auto ok = detail::check_unchanged(fd->get(), r.inode, r.size, r.mtime_ns); !ok) {
    return fail(ok.error());
  }
  return done;
}

static_assert(transfer::source<source_tree>);

}  // namespace tallow::files
