#include "resume.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <tallow/net/relay_address.hpp>
#include <tallow/transfer/path_rules.hpp>

#include "advice.hpp"
#include "receive.hpp"
#include "reporter.hpp"
#include "send.hpp"
#include "stored_session.hpp"

namespace tallow::cli {
namespace {

std::string line_of(const stored_session& one) {
  std::string text = one.id + (one.facts.is_sender ? "  send" : "  receive into");
  for (const std::filesystem::path& path : one.facts.paths) {
    text += ' ' + transfer::escape_for_display(path.native());
  }
  return text;
}

template <class Say>
void list(reporter& report, const std::vector<stored_session>& sessions, Say say) {
  nlohmann::json all = nlohmann::json::array();
  for (const stored_session& one : sessions) {
    nlohmann::json paths = nlohmann::json::array();
    for (const std::filesystem::path& path : one.facts.paths) paths.push_back(path.native());
    all.push_back({{"id", one.id},
                   {"side", one.facts.is_sender ? "send" : "receive"},
                   {"relay", one.facts.relay},
                   {"paths", std::move(paths)}});
    say(line_of(one));
  }
  report.emit({{"event", "sessions"}, {"sessions", std::move(all)}});
}

// The one that is meant; nothing, and the reason said, where that is not one.
std::optional<stored_session> choose(std::vector<stored_session> sessions, const std::string& id,
                                     reporter& report) {
  if (!id.empty()) {
    sessions.erase(std::remove_if(sessions.begin(), sessions.end(),
                                  [&](const stored_session& s) { return s.id != id; }),
                   sessions.end());
  }
  if (sessions.size() == 1) return std::move(sessions.front());
  std::string_view message = "there are several sessions to go on with";
  std::string_view advice = "Name one of them: tallow-cli resume ID.";
  if (sessions.empty()) {
    message = id.empty() ? "nothing was interrupted here within the last day"
                         : "there is no such session here";
    advice = id.empty() ? "Start both sides again, with a new code."
                        : "'tallow-cli resume --list' shows which there are.";
  }
  report.emit({{"event", "error"},
               {"code", "session_not_found"},
               {"side", name_of(blamed::here)},
               {"exit", static_cast<int>(exit_code::usage)},
               {"message", message},
               {"advice", advice}});
  report.say_always("tallow-cli: " + std::string(message) + '\n' + std::string(advice));
  if (!sessions.empty()) {
    list(report, sessions, [&](const std::string& line) { report.say_always(line); });
  }
  return std::nullopt;
}

result<void> fill(common_options& into, const resume_options& options, stored_session& from) {
  static_cast<settings&>(into) = options;
  if (options.relay.empty()) into.relay = from.facts.relay;
  // Who wanted to be seen by nobody, or by no relay, wants that now.
  if (into.direct == "auto") into.direct = from.facts.direct;
  into.keys = std::move(from.keys);
  const auto relay = net::parse_relay_address(into.relay);
  if (!relay) return fail(relay.error());
  if (options.relay.empty() && from.facts.is_local) {
    // The sender's comes back where it was; that of a receiver who came to it is there.
    into.local = local_way{relay->at.port, {}};
    if (from.facts.is_sender) into.relay.clear();
    return {};
  }
  return into.proxies.read_again(options.proxy, from.facts.proxy, relay->at.host);
}

}  // namespace

exit_code resume(const resume_options& options) {
  reporter report(report_options_of(options));
  if (const auto trouble = report.begin("resume")) return *trouble;
  const auto store = session_store::find();
  std::vector<stored_session> sessions;
  if (store) sessions = store->all();
  if (options.wants_receiver) {
    std::erase_if(sessions, [](const stored_session& s) { return s.facts.is_sender; });
  }
  if (options.lists) {
    list(report, sessions, [&](const std::string& line) { report.print(line); });
    return exit_code::done;
  }
  auto chosen = choose(std::move(sessions), options.session, report);
  if (!chosen) return exit_code::usage;
  if (options.forgets) {
    store->forget(chosen->id);
    report.say("Forgotten: " + line_of(*chosen));
    return exit_code::done;
  }
  report.say("Going on: " + line_of(*chosen));
  if (chosen->facts.is_sender) {
    send_options again;
    if (auto done = fill(again, options, *chosen); !done) return report.failed(done.error());
    again.lanes = chosen->facts.lanes;
    again.compress = chosen->facts.compress;
    again.excluded = std::move(chosen->facts.excluded);
    again.obeys_git = chosen->facts.obeys_git;
    again.follows_links = chosen->facts.follows_links;
    again.signs = chosen->facts.signs;
    again.paths = std::move(chosen->facts.paths);
    return send(std::move(again), report);
  }
  receive_options again;
  if (auto done = fill(again, options, *chosen); !done) return report.failed(done.error());
  again.on_conflict = chosen->facts.on_conflict;
  again.only = std::move(chosen->facts.only);
  again.from = std::move(chosen->facts.from);
  again.out = chosen->facts.paths.empty() ? "." : chosen->facts.paths.front();
  return receive(std::move(again), report);
}

}  // namespace tallow::cli
