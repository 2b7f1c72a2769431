// Removes what lies in a folder, never leaving it.
#pragma once

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include <tallow/base/error.hpp>
#include <tallow/files/beneath.hpp>

namespace tallow::files {

/// Removes everything in `root`; links are removed, not followed. Goes on after a failure and
/// returns the first one.
///
/// @errors  what posix_error.hpp lists
/// @cost    one descriptor beside `root`'s at a time, however deep the tree
[[nodiscard]] inline result<void> remove_contents(const directory& root) {
  struct level {
    std::string path;  // below root; empty for root itself
    name_list names;
  };
  result<void> first;
  const auto note = [&first](const error& e) {
    if (first) first = fail(e);
  };

  auto names = root.names();
  if (!names) return fail(names.error());
  std::vector<level> levels;
  levels.push_back({"", std::move(*names)});
  while (!levels.empty()) {
    level& here = levels.back();
    if (here.names.empty()) {
      if (!here.path.empty()) {
        if (auto ok = root.remove_directory(here.path); !ok) note(ok.error());
      }
      levels.pop_back();
      continue;
    }
    std::string path = here.names.take_last();
    if (!here.path.empty()) path.insert(0, here.path + '/');
    auto removed = root.remove_file(path);
    if (removed) continue;
    if (removed.error().cause.value() != EISDIR) {
      note(removed.error());
      continue;
    }
    // It may carry its final mode already, which need not let anyone in; if this fails, so does
    // the opening, and that is reported.
    static_cast<void>(root.make_accessible(path));
    auto folder = root.open_directory(path);
    auto inside = folder ? folder->names() : fail(folder.error());
    if (!inside) {
      note(inside.error());
      continue;
    }
    levels.push_back({std::move(path), std::move(*inside)});
  }
  return first;
}

}  // namespace tallow::files
