// What is sent: the files and folders of the command line, walked while the transfer runs.
//
// The tree is the user's own, but others may be able to write to it, and it may change at any
// time. Links in it are sent as links and not followed, unless that is asked for; what is read is
// checked against what the walk has said of it.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <deque>
#include <fcntl.h>
#include <filesystem>
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
#include <tallow/files/name_list.hpp>
#include <tallow/files/posix_error.hpp>
#include <tallow/files/selection.hpp>
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
/// Of an entry it keeps the name, and what the file was like until forget_below() says that nobody
/// reads it again.
///
/// Invariant: what readers look at (roots_[].held, held_roots_, nodes_, names_, seen_, open_) is
/// changed under mutex_ alone, which is never held while a file of the tree is opened or read.
class source_tree {
 public:
  explicit source_tree(resolver how = best_resolver()) noexcept : how_(how) {}

  /// Before anything is added: sends what links stand for in their place. A link to a folder that
  /// it lies in is skipped, and so is one that leads nowhere.
  void follow_links() noexcept { how_ = resolver::following; }

  /// Before anything is added: what to leave out.
  void set_selection(selection chosen) { selection_ = std::move(chosen); }
  /// What the selection has left out so far: files, links, and folders with all that is in them.
  [[nodiscard]] std::uint64_t left_out_count() const noexcept { return left_out_count_; }

  /// Adds a path of the command line. A link is followed. It is sent under its last component;
  /// where that says nothing (`.`, `..`), under the name of the folder it stands for. One that the
  /// selection leaves out is counted as such, and not added.
  ///
  /// @errors  not_found, permission_denied; unsupported_kind for what is neither a file nor a
  ///          folder; invalid_argument when another argument has that name, or `/`;
  ///          name_not_utf8; what else posix_error.hpp lists
  [[nodiscard]] result<void> add_argument(const std::filesystem::path& argument);

  /// True when no argument was added.
  [[nodiscard]] bool is_empty() const noexcept { return roots_.empty(); }

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
    return index.value < nodes_.size() &&
           nodes_[static_cast<std::size_t>(index.value)].is_file != 0;
  }

  /// Makes forget_below() do nothing: the files will be read once more.
  void keep_all() noexcept { keeps_all_ = true; }

  /// Entries below this one will not be read any more.
  void forget_below(entry_index index) {
    if (keeps_all_) return;
    const std::lock_guard lock(*mutex_);
    for (; seen_first_ < index.value && !seen_.empty(); ++seen_first_) seen_.pop_front();
  }

  /// Reads a file from `offset` on until `out` is full or the file, as the walk has seen it, ends;
  /// returns the bytes read.
  ///
  /// @errors  source_changed when the file is not any more what the walk has seen; source_failed
  ///          when reading fails; invalid_argument for what is no file or forgotten; what else
  ///          posix_error.hpp lists
  [[nodiscard]] result<std::size_t> read(entry_index index, std::uint64_t offset, byte_span out);

 private:
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

  static constexpr unsigned above_bits = 30;
  static constexpr std::size_t nodes_max = std::size_t{1} << above_bits;

  // An entry that was handed out. There may be a million of them.
  struct node {
    std::uint32_t above : above_bits;  // the node of its folder; of an argument, its root
    std::uint32_t is_argument : 1;
    std::uint32_t is_file : 1;
    std::uint32_t name;  // in names_; that of an argument is empty
  };
  static_assert(sizeof(node) == 8);

  // What an entry was like when the walk came to it.
  struct sighting {
    std::uint64_t size;
    std::int64_t mtime_ns;
    std::uint64_t inode;
  };

  // Where an entry lies.
  struct location {
    std::uint32_t root;
    std::string below;  // empty for an argument itself
  };

  // A folder that is being walked.
  struct level {
    std::uint32_t node;
    std::uint32_t root;
    std::string below;  // its path below the argument; empty for that itself
    name_list names;    // sorted backwards: the next one is the last
    std::uint64_t device;
    std::uint64_t inode;
  };

  using maybe_entry = std::optional<transfer::entry>;

  [[nodiscard]] result<maybe_entry> visit_root(std::uint32_t root_index);
  [[nodiscard]] result<maybe_entry> visit(const std::string& name);
  [[nodiscard]] result<maybe_entry> visit_directory(transfer::entry&& e, const std::string& name,
                                                    std::string&& below);
  [[nodiscard]] result<maybe_entry> skip(std::string path, const error& reason);
  [[nodiscard]] int access_flags() const noexcept {
    return how_ == resolver::following ? AT_EACCESS : AT_EACCESS | AT_SYMLINK_NOFOLLOW;
  }
  // Says true of what is not to be sent, and counts it.
  [[nodiscard]] bool leaves_out(const std::string& path, std::string_view below,
                                transfer::entry_kind kind);
  [[nodiscard]] result<maybe_entry> hand_out(transfer::entry&& e, const file_status& found,
                                             std::uint32_t root_index, std::string_view name);
  void enter(const directory& folder, const file_status& found, std::uint32_t root_index,
             std::string&& below, name_list&& names);
  using shared_directory = std::shared_ptr<const directory>;

  [[nodiscard]] result<shared_directory> hold(std::uint32_t root_index);
  [[nodiscard]] result<shared_directory> walked_directory();
  [[nodiscard]] result<shared_fd> open_unchanged(const sighting& seen, const location& at);
  [[nodiscard]] location locate(std::size_t index) const;

  resolver how_;
  std::vector<root> roots_;
  std::vector<std::uint32_t> held_roots_;  // oldest first
  std::uint32_t next_root_ = 0;
  std::vector<level> levels_;
  shared_directory walked_;  // of the innermost level below an argument, while it is held
  std::deque<node> nodes_;   // by entry
  name_store names_;
  std::deque<sighting> seen_;  // of the entries from seen_first_ on
  std::uint64_t seen_first_ = 0;
  bool keeps_all_ = false;
  std::vector<skipped_path> skipped_;
  selection selection_;
  std::uint64_t left_out_count_ = 0;
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
  if (auto ready = selection_.begin(absolute); !ready) return ready;
  if (leaves_out(*name, "", *found.kind)) return {};
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
        selection_.leave();
        walked_.reset();
        continue;
      }
      found = visit(here.names.take_last());
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
  if (auto ready = selection_.begin(r.path); !ready) return skip(r.name, ready.error());
  if (*found.kind == transfer::entry_kind::file) {
    return hand_out(std::move(e), found, root_index, "");
  }
  auto folder = hold(root_index);
  if (!folder) return skip(r.name, folder.error());
  auto names = (*folder)->names();
  if (!names) return skip(r.name, names.error());
  auto entry = hand_out(std::move(e), found, root_index, "");
  if (entry) enter(**folder, found, root_index, "", std::move(*names));
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
  if (leaves_out(e.path, below, *found->kind)) return maybe_entry();
  switch (*found->kind) {
    case transfer::entry_kind::directory:
      return visit_directory(std::move(e), name, std::move(below));
    case transfer::entry_kind::file:
      // Better now than when its bytes are due.
      if (::faccessat((*in)->fd(), name.c_str(), R_OK, access_flags()) != 0) {
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
  const bool is_loop = std::any_of(levels_.begin(), levels_.end(), [&](const level& above) {
    return above.device == found->device && above.inode == found->inode;
  });
  if (is_loop) return skip(e.path, error{errc::unsupported_kind, 0, "a link to what it is in", {}});
  auto names = folder->names();
  if (!names) return skip(e.path, names.error());
  auto entry = hand_out(std::move(e), *found, root_index, name);
  if (!entry) return entry;
  enter(*folder, *found, root_index, std::move(below), std::move(*names));
  walked_ = std::make_shared<const directory>(std::move(*folder));
  return entry;
}

inline result<source_tree::maybe_entry> source_tree::skip(std::string path, const error& reason) {
  if (detail::is_exhaustion(reason)) return fail(reason);
  skipped_.push_back({std::move(path), reason});
  return maybe_entry();
}

inline bool source_tree::leaves_out(const std::string& path, std::string_view below,
                                    transfer::entry_kind kind) {
  if (!selection_.leaves_out(path, below, kind == transfer::entry_kind::directory)) return false;
  ++left_out_count_;
  return true;
}

inline result<source_tree::maybe_entry> source_tree::hand_out(transfer::entry&& e,
                                                              const file_status& found,
                                                              std::uint32_t root_index,
                                                              std::string_view name) {
  e.kind = *found.kind;
  const bool is_file = e.kind == transfer::entry_kind::file;
  e.size = is_file ? found.size : 0;
  e.mode = transfer::masked_mode(found.mode, e.kind);
  e.mtime_ns = found.mtime_ns;
  const std::lock_guard lock(*mutex_);
  const auto stored = names_.add(name);
  if (!stored || nodes_.size() + 1 >= nodes_max) {
    return fail(errc::out_of_memory, nodes_.size(), "more names than can be kept");
  }
  node made{};
  made.above = (levels_.empty() ? root_index : levels_.back().node) & (nodes_max - 1);
  made.is_argument = levels_.empty() ? 1 : 0;
  made.is_file = is_file ? 1 : 0;
  made.name = *stored;
  nodes_.push_back(made);
  seen_.push_back({e.size, e.mtime_ns, found.inode});
  return maybe_entry(std::move(e));
}

// Walks the folder handed out last. Without its patterns it had better not be sent.
inline void source_tree::enter(const directory& folder, const file_status& found,
                               std::uint32_t root_index, std::string&& below, name_list&& names) {
  if (auto ready = selection_.enter(folder.fd(), below); !ready) {
    skipped_.push_back({path(entry_index{nodes_.size() - 1}), ready.error()});
    names = name_list();
  }
  names.sort_backwards();
  levels_.push_back({static_cast<std::uint32_t>(nodes_.size() - 1), root_index, std::move(below),
                     std::move(names), found.device, found.inode});
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

static_assert(transfer::forgetful_source<source_tree>);

}  // namespace tallow::files

#include <tallow/files/source_tree_read.hpp>
