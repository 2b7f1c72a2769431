// Keeps a transfer that is over in the history.
#pragma once

#include <ctime>
#include <string>

#include <tallow/base/error.hpp>
#include <tallow/transfer/endpoint.hpp>

#include "history.hpp"
#include "reporter.hpp"
#include "settings.hpp"

namespace tallow::cli {

/// "done", or the name of what went wrong.
[[nodiscard]] inline std::string result_word(const result<void>& done,
                                             const transfer::outcome& outcome) {
  if (!done) return std::string(errc_name(done.error().code));
  return outcome.failed_count == 0 ? "done" : std::string(errc_name(errc::some_entries_failed));
}

/// Made when a transfer begins.
class history_keeper {
 public:
  history_keeper(const settings& chosen, reporter& report)
      : is_wanted_(!chosen.keeps_no_history), report_(&report), started_(std::time(nullptr)) {}

  /// What cannot be kept is said, and is no failure of the transfer.
  void keep(past_transfer one) const {
    if (!is_wanted_) return;
    one.started = started_;
    one.ended = std::time(nullptr);
    std::string trouble;
    auto book = history::open(trouble);
    if (book) trouble = book->add(one).value_or("");
    if (!trouble.empty()) report_->say("tallow-cli: not kept in the history: " + trouble);
  }

 private:
  bool is_wanted_;
  reporter* report_;
  std::time_t started_;
};

}  // namespace tallow::cli
