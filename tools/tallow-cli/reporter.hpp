// Everything a run says: people's text on standard error, one JSON object a line on standard
// output, milestones in a log file.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <tallow/base/error.hpp>
#include <tallow/base/secret.hpp>
#include <tallow/transfer/endpoint.hpp>

#include "exit_code.hpp"
#include "format.hpp"
#include "log_file.hpp"
#include "outlet.hpp"
#include "progress_line.hpp"
#include "rate_window.hpp"
#include "report_options.hpp"

namespace tallow::cli {

/// Why an entry did not arrive, for people.
[[nodiscard]] inline const char* text_of(failure_reason reason) noexcept {
  switch (reason) {
    case failure_reason::declined: return "not wanted by the receiver";
    case failure_reason::bad_path:
      return "a path, or what a link points to, that the receiver does not allow";
    case failure_reason::not_readable: return "could not be read by the sender";
    case failure_reason::source_changed: return "changed while it was being sent";
    case failure_reason::not_writable: return "could not be written by the receiver";
    case failure_reason::name_not_utf8: return "its name is not UTF-8";
    case failure_reason::unsupported: return "neither a file, a folder nor a link";
  }
  return "unknown";
}

/// How much of an offer has come, for people. Of which part the bytes are nobody counts.
[[nodiscard]] inline std::string amount_of(const transfer::outcome& outcome,
                                           const std::string& pace = "") {
  const std::string items = counted(outcome.entry_count, "item");
  return outcome.skipped_count > 0 ? items : items + ", " + human_bytes(outcome.byte_count) + pace;
}

/// The only place that writes to standard output and standard error, but for the content of a
/// transfer. It never waits for a reader while a transfer runs.
class reporter {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  explicit reporter(report_options options);
  reporter(const reporter&) = delete;
  reporter& operator=(const reporter&) = delete;
  ~reporter() { clear_line(); }

  /// Opens the log, and tells programs which events to expect. Before anything else is said.
  ///
  /// @shape  returns an exit status where the log cannot be opened
  [[nodiscard]] std::optional<exit_code> begin(std::string_view command);

  [[nodiscard]] bool is_json() const noexcept { return options_.json; }

  /// A line for people, which --quiet leaves out.
  void say(std::string_view text);
  /// A line that was asked for, or that an answer needs.
  void say_always(std::string_view text);

  /// What was asked for itself, and so goes to standard output unless events are there.
  void print(std::string_view line);

  /// A question, left open at its end. What is said before answered() stands above it.
  void ask(std::string_view text);
  void answered();
  [[nodiscard]] bool is_asking() const noexcept { return !question_.empty(); }

  /// An object for programs, if they listen, and for the log.
  void emit(const nlohmann::json& object);

  /// The code: shown to the person who asked for it, and to nobody else.
  ///
  /// @param instructions  how the other side receives, for who has not made the code himself
  void code(const secret_buffer& code, bool made_here, std::string_view instructions);

  /// How far it is; drawn at most five times a second.
  void progress(const progress_facts& facts, time_point now);

  /// Takes the line of progress away, before somebody else writes to the same terminal.
  void clear_line();

  /// What it waits for, where progress would stand. On a terminal alone.
  void status(std::string_view text, time_point now);

  /// Writes what a terminal did not take before. Now and then.
  void flush();

  /// " in 0:34, 85.2 MiB/s", or nothing where that says nothing.
  [[nodiscard]] std::string pace_of(std::uint64_t bytes) const;

  /// It is over and well.
  void done(const nlohmann::json& object, std::string_view text);

  /// It is over, and this is why.
  ///
  /// @shape  returns the exit status that goes with it
  exit_code failed(const error& why, nlohmann::json more = nlohmann::json::object());

  /// The entries that did not arrive, a line each.
  void list(const transfer::outcome& outcome);

  /// The entries that the receiver left out on purpose, a line each for the first few.
  void list_skipped(const transfer::outcome& outcome, std::string_view why);

 private:
  /// Nobody will answer any more.
  void drop_question();
  void write_event(const nlohmann::json& object);
  void log(const nlohmann::json& object);
  void draw(const std::string& line);
  [[nodiscard]] std::string styled(std::string_view text, std::string_view style) const;

  report_options options_;
  outlet people_;
  outlet programs_;
  log_file log_;
  bool live_;          // standard error is a terminal that can redraw a line
  bool colours_;       // and may be told to show some
  std::string drawn_;  // what stands in the line
  bool is_drawn_ = false;
  std::size_t drawn_columns_ = 0;  // of the terminal then
  std::string question_;
  rate_window rates_;
  milestones told_;
  milestones logged_;
  std::optional<time_point> started_;
  time_point stopped_{};
  time_point next_draw_{};
  time_point next_event_{};
};

/// Failed entries as JSON.
[[nodiscard]] nlohmann::json to_json(const std::vector<transfer::failed_entry>& failed);

}  // namespace tallow::cli
