#include "history_command.hpp"

#include <array>
#include <ctime>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <tallow/transfer/path_rules.hpp>

#include "format.hpp"
#include "history.hpp"
#include "reporter.hpp"

namespace tallow::cli {
namespace {

std::string local_time(std::int64_t seconds) {
  const auto when = static_cast<std::time_t>(seconds);
  std::tm parts{};
  std::array<char, 32> text{};
  if (::localtime_r(&when, &parts) == nullptr) return "?";
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M", &parts)};
}

std::string line_of(const past_transfer& one) {
  const bool is_done = one.result == "done";
  std::string line = local_time(one.started) + (one.is_sender ? "  sent      " : "  received  ");
  line +=
      is_done ? counted(one.entries, "item") + ", " + human_bytes(one.bytes) : "not: " + one.result;
  for (const std::string& name : one.names) line += "  " + transfer::escape_for_display(name);
  if (!one.folder.empty()) line += "  into " + transfer::escape_for_display(one.folder);
  return line + "  by " + one.relay;
}

nlohmann::json json_of(const past_transfer& one) {
  return {
      {"started", one.started}, {"ended", one.ended}, {"side", one.is_sender ? "send" : "receive"},
      {"relay", one.relay},     {"names", one.names}, {"folder", one.folder},
      {"entries", one.entries}, {"bytes", one.bytes}, {"result", one.result}};
}

exit_code fail_with(reporter& report, const std::string& why) {
  report.say_always("tallow-cli: " + why);
  return report.failed({errc::file_failed, 0, "the history", {}}, {{"detail", why}});
}

}  // namespace

exit_code show_history(const history_options& options) {
  reporter report(report_options_of(options));
  if (const auto ending = report.begin("history")) return *ending;
  std::string trouble;
  auto book = history::open(trouble);
  if (!book) return fail_with(report, trouble);
  if (options.clears_history) {
    if (const auto why = book->clear()) return fail_with(report, *why);
    report.emit({{"event", "history"}, {"transfers", nlohmann::json::array()}});
    report.say("Forgotten.");
    return exit_code::done;
  }
  const auto all = book->last(options.history_count, trouble);
  if (!all) return fail_with(report, trouble);
  nlohmann::json list = nlohmann::json::array();
  for (const past_transfer& one : *all) list.push_back(json_of(one));
  report.emit({{"event", "history"}, {"transfers", std::move(list)}});
  if (report.is_json()) return exit_code::done;
  for (const past_transfer& one : *all) std::puts(line_of(one).c_str());
  if (all->empty()) report.say("Nothing was sent or received yet.");
  return exit_code::done;
}

}  // namespace tallow::cli
