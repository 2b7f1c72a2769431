// --dry-run: what would be sent, and how much.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include <tallow/files/source_tree.hpp>
#include <tallow/transfer/path_rules.hpp>

#include "format.hpp"
#include "reporter.hpp"

namespace tallow::cli {

/// What a walk has come to.
struct walk_totals {
  std::uint64_t files = 0;
  std::uint64_t folders = 0;
  std::uint64_t links = 0;
  std::uint64_t bytes = 0;

  void add(const transfer::entry& e) {
    switch (e.kind) {
      case transfer::entry_kind::file: ++files; break;
      case transfer::entry_kind::directory: ++folders; break;
      case transfer::entry_kind::symlink: ++links; break;
    }
    bytes += e.size;
  }
  [[nodiscard]] std::string text() const {
    return counted(files, "file") + " in " + counted(folders, "folder") + ", " +
           counted(links, "link") + ", " + human_bytes(bytes);
  }
};

[[nodiscard]] inline const char* word_of(transfer::entry_kind kind) noexcept {
  switch (kind) {
    case transfer::entry_kind::file: return "file";
    case transfer::entry_kind::directory: return "folder";
    case transfer::entry_kind::symlink: return "link";
  }
  return "unknown";
}

/// Walks all of it, a line each on standard output: its size, and what it would be called.
///
/// @errors  those of source_tree::next_entry()
[[nodiscard]] inline result<walk_totals> list_tree(files::source_tree& tree, reporter& report) {
  walk_totals totals;
  for (;;) {
    auto next = tree.next_entry();
    if (!next) return fail(next.error());
    if (!*next) return totals;
    const transfer::entry& e = **next;
    totals.add(e);
    report.emit(
        {{"event", "entry"}, {"path", e.path}, {"bytes", e.size}, {"kind", word_of(e.kind)}});
    if (report.is_json()) continue;
    const bool is_folder = e.kind == transfer::entry_kind::directory;
    const bool is_file = e.kind == transfer::entry_kind::file;
    std::printf("%12s  %s%s\n", is_file ? human_bytes(e.size).c_str() : "",
                transfer::escape_for_display(e.path).c_str(), is_folder ? "/" : "");
  }
}

}  // namespace tallow::cli
