// What happens to an entry whose name is taken in the target: the rules, and who looks them up.
//
// Nothing that stands in the target is changed before commit(), and what is not in the transfer
// is never removed. What can be neither replaced nor merged gets the next free name, as all
// entries do under `rename`.
#pragma once

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <fcntl.h>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <tallow/base/error.hpp>
#include <tallow/files/beneath.hpp>
#include <tallow/files/placing.hpp>
#include <tallow/files/posix_error.hpp>
#include <tallow/transfer/entry.hpp>
#include <tallow/transfer/path_set.hpp>

namespace tallow::files {

/// What becomes of an entry whose name is taken.
enum class on_conflict : std::uint8_t {
  rename,     ///< it gets the next free name
  overwrite,  ///< a file or link replaces a file or link; folders are merged
  skip,       ///< it is declined, so that its bytes are not sent; folders are merged
};

/// A rule for each top-level name, and one for all others.
class conflict_rules {
 public:
  explicit conflict_rules(on_conflict otherwise = on_conflict::rename) : otherwise_(otherwise) {}

  void set(std::string_view top_level_name, on_conflict rule) {
    named_.insert_or_assign(std::string(top_level_name), rule);
  }
  void set_others(on_conflict rule) noexcept { otherwise_ = rule; }

  [[nodiscard]] on_conflict of(std::string_view top_level_name) const {
    const auto found = named_.find(top_level_name);
    return found == named_.end() ? otherwise_ : found->second;
  }
  /// The rule for a node: that of the top-level name it lies below.
  [[nodiscard]] on_conflict of(const transfer::path_set& paths,
                               transfer::path_set::node_id id) const {
    if (only_renames()) return on_conflict::rename;
    while (paths.parent(id) != transfer::path_set::root) id = paths.parent(id);
    return of(paths.name(id));
  }
  /// True when nobody needs to look at the target.
  [[nodiscard]] bool only_renames() const noexcept {
    return named_.empty() && otherwise_ == on_conflict::rename;
  }

 private:
  on_conflict otherwise_;
  std::map<std::string, on_conflict, std::less<>> named_;
};

/// Knows which paths of a transfer are taken in the target; looks at each once, and not below what
/// is not there.
class taken_paths {
 public:
  using node_id = transfer::path_set::node_id;

  /// Whether an entry under the rule `skip` is to be left out. A folder is not if there is a folder
  /// to merge it with; what lies below a folder that is left out is.
  ///
  /// @cost  one stat below the target where the folder above is there; 1 byte a node
  [[nodiscard]] bool leaves_out(const directory& target, const transfer::path_set& paths,
                                node_id id) {
    const standing here = look(target, paths, id);
    return here == standing::taken ||
           (here == standing::folder && paths.kind(id) != transfer::entry_kind::directory);
  }

 private:
  enum class standing : std::uint8_t { unknown, free, folder, taken };

  // No deeper than a path.
  standing look(const directory& target, const transfer::path_set& paths, node_id id) {
    if (seen_.size() < paths.size()) seen_.resize(paths.size(), standing::unknown);
    if (seen_[id] != standing::unknown) return seen_[id];
    const node_id parent = paths.parent(id);
    standing here =
        parent == transfer::path_set::root ? standing::folder : look(target, paths, parent);
    if (here == standing::folder) {
      // Where nobody may look, nothing is known to be taken; commit() replaces nothing there.
      const auto found = target.status(paths.path(id));
      here = !found                                           ? standing::free
             : found->kind == transfer::entry_kind::directory ? standing::folder
                                                              : standing::taken;
    }
    seen_[id] = here;
    return here;
  }

  std::vector<standing> seen_;  // by node
};

/// Which folders of a transfer are merged with folders of the target, decided once. The others are
/// moved as wholes.
///
/// A folder is not merged if names cannot be moved into it: somebody else's, or where another file
/// system is mounted.
class merge_plan {
 public:
  using node_id = transfer::path_set::node_id;

  merge_plan(const directory& target, const transfer::path_set& paths,
             const conflict_rules& rules) {
    if (rules.only_renames()) return;
    merged_.resize(paths.size());
    for (node_id id = 0; id < paths.size(); ++id) {
      if (paths.kind(id) != transfer::entry_kind::directory) continue;
      const bool may = paths.parent(id) == transfer::path_set::root
                           ? rules.of(paths.name(id)) != on_conflict::rename
                           : merges(paths.parent(id));
      if (may) merged_[id] = takes_names(target, paths.path(id));
    }
  }

  /// Whether what lies in this folder moves into a folder that is there.
  [[nodiscard]] bool merges(node_id id) const noexcept {
    return id < merged_.size() && merged_[id];
  }
  /// Whether this is moved by itself, not with a folder that it lies in.
  [[nodiscard]] bool moves_alone(const transfer::path_set& paths, node_id id) const noexcept {
    return paths.parent(id) == transfer::path_set::root || merges(paths.parent(id));
  }

 private:
  [[nodiscard]] static bool takes_names(const directory& target, const std::string& path) {
    const auto held = target.open_directory(path);
    if (!held) return false;
    struct ::statx found {};
    if (::statx(held->fd(), "", AT_EMPTY_PATH, STATX_BASIC_STATS, &found) != 0) return false;
    if ((found.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0) return false;
    // A subvolume is no mount, and yet nothing can be moved into it.
    const auto top = target.status();
    const auto here = held->status();
    if (!top || !here || top->device != here->device) return false;
    return ::faccessat(held->fd(), ".", W_OK | X_OK, AT_EACCESS) == 0;
  }

  std::vector<bool> merged_;  // by node; empty when nothing is
};

/// Moves a file or link `name` in `from` to `target`, over a file or link of that name. Where
/// something else has the name, under the first name that is free; returns the name it got.
///
/// @errors  those of move_to_free_name()
[[nodiscard]] inline result<std::string> move_over(const directory& from, const std::string& name,
                                                   const directory& target,
                                                   transfer::entry_kind kind,
                                                   placing how = placing::rename) {
  const auto there = target.status(name);
  if (there && there->kind && *there->kind != transfer::entry_kind::directory) {
    // In one step: whoever looks sees the old one or the new one, whole.
    if (::renameat(from.fd(), name.c_str(), target.fd(), name.c_str()) == 0) return name;
    // A folder took its place meanwhile.
    if (errno != EISDIR) return fail_errno();
  }
  return move_to_free_name(from, name, target, kind, how);
}

}  // namespace tallow::files
