// Names of an offer that are taken in the target, and what a person says about them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>

#include <tallow/base/bytes.hpp>
#include <tallow/files/beneath.hpp>
#include <tallow/files/conflicts.hpp>
#include <tallow/transfer/path_rules.hpp>

#include "asking.hpp"
#include "reporter.hpp"

namespace tallow::cli {

/// A top-level name that is offered and taken.
struct taken_name {
  std::string name;
  bool is_folder = false;  ///< what is there
};

/// What of an offer that was not answered yet stands in the target already.
class offer_conflicts {
 public:
  template <class Receiver>
  offer_conflicts(const Receiver& offered, const std::filesystem::path& target) {
    const auto held = files::directory::open(target);
    if (!held) return;
    std::set<std::string, std::less<>> seen;
    std::set<std::string, std::less<>> taken;
    offered.for_each_waiting([&](const transfer::entry& e) {
      if (!transfer::check_path(e.path)) return;
      const std::string_view top = std::string_view(e.path).substr(0, e.path.find('/'));
      if (!seen.contains(top)) {
        seen.emplace(top);
        if (const auto found = held->status(top)) {
          taken.emplace(top);
          names_.push_back({std::string(top), found->kind == transfer::entry_kind::directory});
        }
      }
      const bool is_file = e.kind == transfer::entry_kind::file;
      if (is_file && taken.contains(top) && held->status(e.path)) bytes_ += e.size;
    });
  }

  /// In the order of the offer.
  [[nodiscard]] const std::vector<taken_name>& names() const noexcept { return names_; }
  /// Bytes of the files that need not come if what is there stays.
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  std::vector<taken_name> names_;
  std::uint64_t bytes_ = 0;
};

/// What a person answered to "rename, overwrite or skip?".
struct conflict_answer {
  files::on_conflict rule{};
  bool for_all = false;
};

/// Reads `r`, `o`, `s` or the whole word; in capitals, or with "all" behind it, for all. An empty
/// line is the answer that changes nothing.
[[nodiscard]] inline std::optional<conflict_answer> parse_conflict_answer(std::string_view text) {
  conflict_answer answer;
  if (text.ends_with(" all")) {
    answer.for_all = true;
    text.remove_suffix(4);
  }
  if (text == "R" || text == "O" || text == "S") answer.for_all = true;
  if (text.empty() || text == "r" || text == "R" || text == "rename") {
    answer.rule = files::on_conflict::rename;
  } else if (text == "o" || text == "O" || text == "overwrite") {
    answer.rule = files::on_conflict::overwrite;
  } else if (text == "s" || text == "S" || text == "skip") {
    answer.rule = files::on_conflict::skip;
  } else {
    return std::nullopt;
  }
  return answer;
}

/// Asks about each name until there is an answer for all. Where standard input ends, and for names
/// that nobody was asked about, it is `rename`.
inline asio::awaitable<files::conflict_rules> ask_about(const std::vector<taken_name>& names,
                                                        reporter& report) {
  files::conflict_rules rules;
  for (std::size_t i = 0; i < names.size();) {
    const std::string shown = transfer::escape_for_display(names[i].name);
    const auto line = co_await ask_for_line(
        report, shown + (names[i].is_folder ? "/" : "") + " is there already. " +
                    "Rename the new one, overwrite" + (names[i].is_folder ? " (merge)" : "") +
                    ", or skip? [r/o/s; R/O/S for all] ");
    if (!line) break;
    const auto answer = parse_conflict_answer(as_text(line->view()));
    if (!answer) continue;
    rules.set(names[i].name, answer->rule);
    ++i;
    if (!answer->for_all) continue;
    rules.set_others(answer->rule);
    break;
  }
  co_return rules;
}

}  // namespace tallow::cli
