// Everything a run says: people's text on standard error, one JSON object a line on standard
// output.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/secret.hpp>
#include <tallow/transfer/endpoint.hpp>
#include <tallow/transfer/path_rules.hpp>

#include "advice.hpp"
#include "exit_code.hpp"
#include "format.hpp"
#include "terminal.hpp"

namespace tallow::cli {

/// Why an entry did not arrive, for people.
[[nodiscard]] inline const char* text_of(failure_reason reason) noexcept {
  switch (reason) {
    case failure_reason::declined: return "not wanted by the receiver";
    case failure_reason::bad_path: return "a path that the receiver does not allow";
    case failure_reason::not_readable: return "could not be read by the sender";
    case failure_reason::source_changed: return "changed while it was being sent";
    case failure_reason::not_writable: return "could not be written by the receiver";
    case failure_reason::name_not_utf8: return "its name is not UTF-8";
    case failure_reason::unsupported: return "neither a file, a folder nor a link";
  }
  return "unknown";
}

/// The only place that writes to standard output and standard error.
class reporter {
 public:
  explicit reporter(bool json) : json_(json), live_(stderr_is_terminal()) {}

  [[nodiscard]] bool is_json() const noexcept { return json_; }

  /// A line for people.
  void say(std::string_view text) {
    clear_line();
    std::cerr << text << '\n';
  }

  /// A question, left open at its end.
  void ask(std::string_view text) {
    clear_line();
    std::cerr << text << std::flush;
  }

  /// An object for programs, if they listen.
  void emit(const nlohmann::json& object) {
    if (!json_) return;
    // ASCII alone: names of files may hold what a terminal obeys. What is not UTF-8 becomes the
    // replacement character, for a program would rather have that than no line at all.
    std::cout << object.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) << std::endl;
  }

  /// The code: shown to the person who asked for it, and to nobody else.
  void code(const secret_buffer& code, bool made_here, std::string_view relay) {
    const std::string_view text = as_text(code.view());
    emit({{"event", "code"}, {"code", text}});
    clear_line();
    if (!made_here) return;
    std::cerr << "Code: " << text << "\n\nOn the other machine:  tallow-cli receive --relay "
              << relay << "\nand type the code there.\n\n";
  }

  /// How far it is; drawn at most five times a second.
  void progress(const transfer::progress& now, std::chrono::steady_clock::time_point time) {
    if (!started_) started_ = time;
    if (time < next_draw_) return;
    next_draw_ = time + std::chrono::milliseconds(live_ && !json_ ? 200 : 500);
    emit({{"event", "progress"},
          {"bytes", now.bytes_done},
          {"total", now.bytes_total},
          {"total_known", now.total_known}});
    if (live_) draw(now, time);
  }

  /// It is over and well.
  void done(const nlohmann::json& object, std::string_view text) {
    emit(object);
    say(text);
  }

  /// It is over, and this is why.
  ///
  /// @shape  returns the exit status that goes with it
  exit_code failed(const error& why, nlohmann::json more = nlohmann::json::object()) {
    const exit_code code = exit_code_for(why.code);
    more["event"] = "error";
    more["code"] = errc_name(why.code);
    more["exit"] = static_cast<int>(code);
    more["message"] = describe(why);
    more["advice"] = advice_for(why.code);
    emit(more);
    say("tallow-cli: " + describe(why));
    if (*advice_for(why.code) != '\0') say(advice_for(why.code));
    return code;
  }

  /// The entries that did not arrive, a line each.
  void list(const transfer::outcome& outcome) {
    for (const transfer::failed_entry& f : outcome.failed) {
      say("  " + transfer::escape_for_display(f.path) + ": " + text_of(f.reason));
    }
    if (outcome.failed_count > outcome.failed.size()) {
      say("  and " + std::to_string(outcome.failed_count - outcome.failed.size()) + " more");
    }
  }

  /// The entries that the receiver left out on purpose, a line each for the first few.
  void list_skipped(const transfer::outcome& outcome, std::string_view why) {
    constexpr std::size_t lines_max = 20;
    const std::size_t lines = std::min(outcome.skipped.size(), lines_max);
    for (std::size_t i = 0; i < lines; ++i) {
      say(transfer::escape_for_display(outcome.skipped[i]) + ": " + std::string(why));
    }
    if (outcome.skipped_count > lines) {
      say("and " + std::to_string(outcome.skipped_count - lines) + " more, " + std::string(why));
    }
  }

 private:
  void clear_line() {
    if (std::exchange(drawn_, false)) std::cerr << "\r\x1b[K";
  }

  void draw(const transfer::progress& now, std::chrono::steady_clock::time_point time) {
    const auto seconds = std::chrono::duration<double>(time - *started_).count();
    const double rate = seconds > 0.2 ? static_cast<double>(now.bytes_done) / seconds : 0;
    std::string line = human_bytes(now.bytes_done) + " of " + (now.total_known ? "" : "at least ") +
                       human_bytes(now.bytes_total);
    if (now.bytes_total > 0) {
      line += "  " + std::to_string(now.bytes_done * 100 / now.bytes_total) + " %";
    }
    if (rate > 0) {
      line += "  " + human_bytes(static_cast<std::uint64_t>(rate)) + "/s";
      const double left = static_cast<double>(now.bytes_total - now.bytes_done) / rate;
      line += "  " + human_time(std::chrono::seconds(static_cast<long long>(left))) + " left";
    }
    // A line that wraps could not be drawn over.
    line.resize(std::min(line.size(), terminal_columns() - 1));
    std::cerr << '\r' << line << "\x1b[K" << std::flush;
    drawn_ = true;
  }

  bool json_;
  bool live_;
  bool drawn_ = false;
  std::optional<std::chrono::steady_clock::time_point> started_;
  std::chrono::steady_clock::time_point next_draw_{};
};

/// Failed entries as JSON.
[[nodiscard]] inline nlohmann::json to_json(const std::vector<transfer::failed_entry>& failed) {
  nlohmann::json list = nlohmann::json::array();
  for (const transfer::failed_entry& f : failed) {
    list.push_back({{"path", f.path}, {"reason", text_of(f.reason)}});
  }
  return list;
}

}  // namespace tallow::cli
