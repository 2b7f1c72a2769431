// How a staging puts into the target what has arrived; a part of staging.hpp.
#pragma once

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <unistd.h>
#include <utility>

#include <tallow/base/error.hpp>
#include <tallow/files/beneath.hpp>
#include <tallow/files/conflicts.hpp>
#include <tallow/files/earlier_session.hpp>
#include <tallow/files/metadata.hpp>
#include <tallow/files/placing.hpp>
#include <tallow/files/posix_error.hpp>
#include <tallow/files/staging.hpp>
#include <tallow/files/staging_steps.hpp>
#include <tallow/transfer/path_set.hpp>

namespace tallow::files {

// An earlier session may have begun entries that are not in this one any more, or are not wanted.
// They would come into their place with the folder they lie in.
inline result<void> staging::remove_stale() {
  if (auto ok = list_left(); !ok) return ok;
  return remove_unknown(files_, [&](const std::string& path) {
    if (!was_left(path)) return true;  // made by this one, whatever the disk calls it
    const auto id = paths_.find(path);
    return id && phases_[*id] != phase::absent;
  });
}

// Gives folders their mode and time, innermost first: a folder's time changes when something is
// made or removed in it, and its mode may shut out whoever wants to go further down.
inline result<void> staging::settle_directories() {
  for (node_id id = static_cast<node_id>(paths_.size()); id-- > 0;) {
    if (paths_.kind(id) != transfer::entry_kind::directory) continue;
    phase& state = phases_[id];
    if (state == phase::implied) {
      auto removed = files_.remove_directory(paths_.path(id));
      if (removed) {
        state = phase::absent;
        continue;
      }
      if (removed.error().code != errc::already_exists) return removed;
      state = phase::finished;
    }
    // A folder has to be writable to be moved; place() sees to it.
    if (state != phase::finished || plan_->moves_alone(paths_, id)) continue;
    auto held = files_.open_directory(paths_.path(id));
    if (!held) return fail(held.error());
    if (auto set = settle_directory(held->fd(), id); !set) return set;
    state = phase::settled;
  }
  return {};
}

// Gives a folder its own mode and time; one that was not announced has none.
inline result<void> staging::settle_directory(int fd, node_id id) {
  const auto found = records_.find(id);
  const record r = found != records_.end() ? found->second : record{};
  return r.keeps_mtime ? set_metadata(fd, r.mode, r.mtime_ns) : set_metadata(fd, r.mode);
}

// Moves what moves alone; returns the name it got in its folder.
inline result<std::string> staging::move_into_place(node_id id) {
  const std::string name(paths_.name(id));
  const transfer::entry_kind kind = paths_.kind(id);
  const bool replaces = kind != transfer::entry_kind::directory &&
                        options_.conflicts.of(paths_, id) == on_conflict::overwrite;
  const auto move = replaces ? move_over : move_to_free_name;
  const node_id parent = paths_.parent(id);
  if (parent == transfer::path_set::root) {
    return move(files_, name, target_, kind, options_.place);
  }
  auto from = files_.open_directory(paths_.path(parent));
  if (!from) return fail(from.error());
  auto to = target_.open_directory(paths_.path(parent));
  if (!to) return fail(to.error());
  return move(*from, name, *to, kind, options_.place);
}

inline result<void> staging::place(node_id id) {
  const std::string path = paths_.path(id);
  const bool top = paths_.parent(id) == transfer::path_set::root;
  if (plan_->merges(id)) {
    // What is there keeps its mode, and gets the time of the last change in it.
    phases_[id] = phase::placed;
    if (top) placed_.push_back({path, path});
    return {};
  }
  unique_fd held;
  if (paths_.kind(id) == transfer::entry_kind::directory) {
    auto fd = files_.open_file(path, O_RDONLY | O_DIRECTORY);
    if (!fd) return fail(fd.error());
    held = std::move(*fd);
  }
  auto final_name = move_into_place(id);
  if (!final_name) return fail(final_name.error());
  phases_[id] = phase::placed;
  if (*final_name != paths_.name(id)) new_names_.emplace(id, *final_name);
  if (top) {
    placed_.push_back({path, std::move(*final_name)});
  } else if (*final_name != paths_.name(id)) {
    renamed_inside_.push_back({path, path.substr(0, path.rfind('/') + 1) + *final_name});
  }
  return held ? settle_directory(held.get(), id) : result<void>{};
}

// Where something lies below the target once it was moved.
inline std::string staging::final_path(node_id id) const {
  std::string path;
  for (; id != transfer::path_set::root; id = paths_.parent(id)) {
    const auto renamed = new_names_.find(id);
    if (!path.empty()) path.insert(0, 1, '/');
    path.insert(0, renamed != new_names_.end() ? renamed->second : std::string(paths_.name(id)));
  }
  return path;
}

inline result<void> staging::place_all() {
  if (files_.fd() < 0) return fail(errc::wrong_state, 0, "already committed or abandoned");
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i] == transfer::path_set::root) continue;
    const phase state = phases_[entries_[i]];
    if (state >= phase::awaited && state < phase::finished) {
      return fail(errc::wrong_state, i, "an entry is neither finished nor discarded");
    }
  }
  // Once: a folder that was moved would look like one to merge with.
  if (!plan_) plan_.emplace(target_, paths_, options_.conflicts);
  if (is_reopened_) {
    if (auto ok = remove_stale(); !ok) return fail(ok.error());
  }
  if (auto ok = settle_directories(); !ok) return fail(ok.error());
  if (::syncfs(files_.fd()) != 0) return fail_errno();
  for (node_id id = 0; id < paths_.size(); ++id) {
    if (phases_[id] != phase::finished || !plan_->moves_alone(paths_, id)) continue;
    if (auto ok = place(id); !ok) return fail(ok.error());
  }
  // Some file systems have no such thing for folders; the names are then as durable as they are.
  const bool one_folder = options_.conflicts.only_renames();
  const int synced = one_folder ? ::fsync(target_.fd()) : ::syncfs(target_.fd());
  if (has_failed(synced) && errno != EINVAL && errno != EBADF) return fail_errno();
  return {};
}

}  // namespace tallow::files
