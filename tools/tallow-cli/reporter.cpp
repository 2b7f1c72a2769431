#include "reporter.hpp"

#include <algorithm>
#include <cstdlib>
#include <unistd.h>
#include <utility>

#include <tallow/base/bytes.hpp>
#include <tallow/transfer/path_rules.hpp>

#include "advice.hpp"
#include "log_line.hpp"
#include "terminal.hpp"

namespace tallow::cli {
namespace {

constexpr std::string_view bold = "\x1b[1m";
constexpr std::string_view red = "\x1b[31m";

// Five times a second is as fast as people read.
constexpr auto draw_pause = std::chrono::milliseconds(200);
constexpr auto event_pause = std::chrono::milliseconds(500);

// https://no-color.org: any value but an empty one.
bool colours_are_wanted() {
  const char* const no = std::getenv("NO_COLOR");
  return no == nullptr || *no == '\0';
}

// What makes `now` of a line that says `before`: from the first byte that differs. What is not
// ASCII may be wider there than we think, so nothing is skipped behind it.
std::string changes(std::string_view before, std::string_view now) {
  std::size_t same = 0;
  while (same < std::min(before.size(), now.size()) && before[same] == now[same] &&
         static_cast<unsigned char>(now[same]) < 0x80) {
    ++same;
  }
  std::string out = "\r";
  if (same > 0) out += "\x1b[" + std::to_string(same) + 'C';
  out += now.substr(same);
  return out + "\x1b[K";
}

}  // namespace

reporter::reporter(report_options options)
    : options_(std::move(options)),
      people_(STDERR_FILENO),
      programs_(STDOUT_FILENO),
      live_(stderr_is_terminal() && !(options_.json && ::isatty(STDOUT_FILENO) == 1)),
      colours_(stderr_is_terminal() && colours_are_wanted()) {}

std::optional<exit_code> reporter::begin(std::string_view command) {
  result<void> opened;
  if (!options_.log_file.empty()) opened = log_.open(options_.log_file);
  emit({{"event", "version"},
        {"schema", 1},
        {"program", "tallow-cli"},
        {"version", TALLOW_VERSION},
        {"command", command}});
  if (opened) return std::nullopt;
  say_always("tallow-cli: the log file " + transfer::escape_for_display(options_.log_file) +
             " cannot be opened:");
  return failed(opened.error());
}

void reporter::say(std::string_view text) {
  if (!options_.quiet) say_always(text);
}

void reporter::say_always(std::string_view text) {
  clear_line();
  std::string out = question_.empty() ? "" : "\n";
  out += text;
  out += '\n';
  people_.write(out + question_);
}

void reporter::print(std::string_view line) {
  if (options_.json) return say_always(line);
  clear_line();
  programs_.write(std::string(line) + '\n');
}

void reporter::ask(std::string_view text) {
  clear_line();
  question_ = text;
  people_.write(question_);
}

void reporter::answered() {
  question_.clear();
  // A terminal has echoed the line end; what else gives answers does not.
  if (!stdin_is_terminal()) people_.write("\n");
}

void reporter::drop_question() {
  if (question_.empty()) return;
  question_.clear();
  people_.write("\n");
}

void reporter::emit(const nlohmann::json& object) {
  write_event(object);
  log(object);
}

void reporter::write_event(const nlohmann::json& object) {
  if (!options_.json) return;
  // ASCII alone: names of files may hold what a terminal obeys. What is not UTF-8 becomes the
  // replacement character, for a program would rather have that than no line at all.
  programs_.write(object.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + '\n');
}

void reporter::log(const nlohmann::json& object) {
  if (!log_.is_open()) return;
  const auto done = log_.append(log_line(object));
  if (done) return;
  say_always("tallow-cli: the log file " + transfer::escape_for_display(options_.log_file) +
             " cannot be written any more: " + describe(done.error()));
}

void reporter::code(const secret_buffer& code, bool made_here, std::string_view instructions) {
  const std::string_view text = as_text(code.view());
  emit({{"event", "code"}, {"code", text}});
  if (!made_here) return;
  say_always("Code: " + styled(text, bold));
  say("\n" + std::string(instructions) + "\n");
}

void reporter::progress(const progress_facts& facts, time_point now) {
  if (!started_) started_ = now;
  stopped_ = now;
  rates_.add(now, facts.bytes_done);
  const pace_facts pace{rates_.rate(), rates_.still_for(now)};
  const auto event = [&] {
    const auto left = time_left(facts, pace.rate);
    return nlohmann::json{{"event", "progress"},
                          {"bytes", facts.bytes_done},
                          {"total", facts.bytes_total},
                          {"total_known", facts.total_known},
                          {"rate", static_cast<std::uint64_t>(pace.rate)},
                          {"seconds_left", left ? nlohmann::json(left->count()) : nlohmann::json()},
                          {"items_done", facts.items_done},
                          {"items_total", facts.items_total},
                          {"lanes", facts.lanes},
                          {"path", facts.path}};
  };
  if (options_.json && now >= next_event_ && programs_.flush()) {
    next_event_ = now + event_pause;
    write_event(event());
  }
  if (log_.is_open() && logged_.reached(facts, now)) log(event());
  if (options_.quiet) return;
  if (!live_) {
    if (told_.reached(facts, now)) say(milestone_line(facts, pace));
    return;
  }
  if (now < next_draw_ || !question_.empty()) return;
  next_draw_ = now + draw_pause;
  // A line as wide as the terminal would wrap, and could not be drawn over.
  draw(progress_line(facts, pace, terminal_columns() - 1));
}

void reporter::status(std::string_view text, time_point now) {
  if (options_.quiet || !live_ || now < next_draw_ || !question_.empty()) return;
  next_draw_ = now + draw_pause;
  draw(std::string(text.substr(0, terminal_columns() - 1)));
}

void reporter::flush() {
  (void)people_.flush();
  (void)programs_.flush();
}

std::string reporter::pace_of(std::uint64_t bytes) const {
  if (!started_ || stopped_ - *started_ < std::chrono::seconds(1)) return "";
  const std::chrono::duration<double> time = stopped_ - *started_;
  const double rate = static_cast<double>(bytes) / time.count();
  return " in " + human_time(std::chrono::duration_cast<std::chrono::seconds>(time)) + ", " +
         human_bytes(static_cast<std::uint64_t>(rate)) + "/s";
}

void reporter::done(const nlohmann::json& object, std::string_view text) {
  drop_question();
  emit(object);
  say(text);
}

exit_code reporter::failed(const error& why, nlohmann::json more) {
  drop_question();
  const exit_code code = exit_code_for(why.code);
  more["event"] = "error";
  more["code"] = errc_name(why.code);
  more["side"] = name_of(side_of(why.code));
  more["exit"] = static_cast<int>(code);
  more["message"] = describe(why);
  more["advice"] = advice_for(why.code);
  emit(more);
  say_always(styled("tallow-cli: ", red) + describe(why) + side_suffix(why.code));
  say_always(advice_for(why.code));
  return code;
}

void reporter::list(const transfer::outcome& outcome) {
  for (const transfer::failed_entry& f : outcome.failed) {
    say_always("  " + transfer::escape_for_display(f.path) + ": " + text_of(f.reason));
  }
  if (outcome.failed_count > outcome.failed.size()) {
    say_always("  and " + std::to_string(outcome.failed_count - outcome.failed.size()) + " more");
  }
}

void reporter::list_skipped(const transfer::outcome& outcome, std::string_view why) {
  constexpr std::size_t lines_max = 20;
  const std::size_t lines = std::min(outcome.skipped.size(), lines_max);
  for (std::size_t i = 0; i < lines; ++i) {
    say(transfer::escape_for_display(outcome.skipped[i]) + ": " + std::string(why));
  }
  if (outcome.skipped_count > lines) {
    say("and " + std::to_string(outcome.skipped_count - lines) + " more, " + std::string(why));
  }
}

void reporter::clear_line() {
  drawn_.clear();
  if (std::exchange(is_drawn_, false)) people_.write("\r\x1b[K");
}

void reporter::draw(const std::string& line) {
  // A terminal of another width has moved what stood there, so all of it is drawn again. What a
  // narrower one has wrapped stays: some move it back by themselves, and to erase lines above in
  // the others would erase what was said before.
  const std::size_t columns = terminal_columns();
  if (std::exchange(drawn_columns_, columns) != columns) drawn_.clear();
  if (is_drawn_ && line == drawn_) return flush();
  if (!people_.write_if_free(changes(drawn_, line))) return;
  drawn_ = line;
  is_drawn_ = true;
}

std::string reporter::styled(std::string_view text, std::string_view style) const {
  std::string out;
  if (colours_) out += style;
  out += text;
  if (colours_) out += "\x1b[0m";
  return out;
}

nlohmann::json to_json(const std::vector<transfer::failed_entry>& failed) {
  nlohmann::json list = nlohmann::json::array();
  for (const transfer::failed_entry& f : failed) {
    list.push_back({{"path", f.path}, {"reason", text_of(f.reason)}});
  }
  return list;
}

}  // namespace tallow::cli
