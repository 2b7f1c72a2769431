#include "receive.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <asio/io_context.hpp>

#include <tallow/base/bytes.hpp>
#include <tallow/base/secret.hpp>
#include <tallow/files/folder_journal.hpp>
#include <tallow/files/folder_sink.hpp>
#include <tallow/files/posix_error.hpp>
#include <tallow/transfer/path_rules.hpp>
#include <tallow/transfer/receiver.hpp>

#include "advice.hpp"
#include "asking.hpp"
#include "code_prompt.hpp"
#include "conflicts.hpp"
#include "digest.hpp"
#include "direct_choice.hpp"
#include "fingerprint.hpp"
#include "given_code.hpp"
#include "local_search.hpp"
#include "mdns_links.hpp"
#include "picking.hpp"
#include "receive_sink.hpp"
#include "remember.hpp"
#include "reporter.hpp"
#include "run_until_done.hpp"
#include "sandbox.hpp"
#include "settling.hpp"
#include "state_folder.hpp"
#include "target.hpp"
#include "transfer_run.hpp"

namespace tallow::cli {
namespace {

using receiver = transfer::receiver<receive_sink, files::folder_journal, std::mutex>;
using run_type = transfer_run<receiver>;

std::string summary(const transfer::offer_summary& offer) {
  if (offer.text) return "a text, " + human_bytes(offer.byte_count);
  const std::uint64_t files = offer.file_count - (offer.stream ? 1U : 0U);
  std::string text = offer.complete ? "" : "at least ";
  if (files > 0 || (offer.directory_count == 0 && !offer.stream)) text += counted(files, "file");
  if (offer.directory_count > 0) {
    if (files > 0) text += " in ";
    text += counted(offer.directory_count, "folder");
  }
  if (offer.link_count > 0) text += ", " + counted(offer.link_count, "link");
  const bool is_stream_alone = offer.stream && offer.complete && files == 0 &&
                               offer.directory_count == 0 && offer.link_count == 0;
  if (is_stream_alone) return "a stream, of unknown length";
  text += ", " + human_bytes(offer.byte_count);
  return offer.stream ? text + ", and a stream" : text;
}

nlohmann::json offer_json(const transfer::offer_summary& offer) {
  nlohmann::json top = nlohmann::json::array();
  for (const transfer::entry& e : offer.top) top.push_back(e.path);
  return {
      {"event", "offer"},          {"files", offer.file_count}, {"folders", offer.directory_count},
      {"links", offer.link_count}, {"bytes", offer.byte_count}, {"complete", offer.complete},
      {"stream", offer.stream},    {"text", offer.text},        {"top", std::move(top)}};
}

// What an attempt before this one has left. The sender compares it before it counts.
void tell_kept(const receiver& into, files::folder_sink& sink, reporter& report) {
  if (!sink.is_resumable()) return;
  const std::uint64_t bytes = std::min(sink.journal().chunks().chunk_count() * into.chunk_bytes(),
                                       into.progress_now().bytes_total);
  report.emit({{"event", "kept"}, {"bytes", bytes}});
  report.say("Going on: up to " + human_bytes(bytes) + " are here from an earlier attempt.");
}

// Not as `.`, and without a slash at its end.
std::filesystem::path whole_path(const std::filesystem::path& folder) {
  std::error_code failure;
  const auto whole = std::filesystem::absolute(folder, failure).lexically_normal();
  if (failure) return folder;
  return whole.has_filename() ? whole : whole.parent_path();
}

// As a person knows it.
std::string shown_folder(const std::filesystem::path& folder) {
  return transfer::escape_for_display(whole_path(folder).native());
}

// Where it would go, for the question.
std::string place_of(const receive_options& options, const transfer::offer_summary& offer) {
  if (offer.text) return "Show it";
  if (options.out == "-") return "Write it to standard output";
  const auto room = free_bytes(options.out);
  return "Receive into " + shown_folder(options.out) +
         (room ? " (" + human_bytes(*room) + " free)" : "");
}

// Finds out whether an offer cannot be taken. Says why.
//
// @param bytes_there  of what is there already and need not come
std::optional<error> obstacle(const transfer::offer_summary& offer, const receive_options& options,
                              std::uint64_t bytes_there, reporter& report) {
  if (offer.text) return std::nullopt;
  if (options.out == "-") {
    const bool is_one = offer.complete && offer.file_count == 1 && offer.directory_count == 0 &&
                        offer.link_count == 0;
    if (is_one) return std::nullopt;
    report.say_always("Only one file or a stream can go to standard output. Use --out FOLDER.");
    return error{errc::transfer_refused};
  }
  if (const auto fine = check_target(options.out); !fine) {
    report.say_always("tallow-cli: " + shown_folder(options.out));
    return fine.error();
  }
  const auto room = free_bytes(options.out);
  if (!room || offer.byte_count - bytes_there <= *room) return std::nullopt;
  report.say_always("There is room for " + human_bytes(*room) + " only in " +
                    shown_folder(options.out) + ".");
  return error{errc::disk_full};
}

wanted_entries wanted_of(const std::vector<std::string>& patterns) {
  wanted_entries wanted;
  for (const std::string& pattern : patterns) wanted.add(pattern);
  return wanted;
}

// A text: as it is for programs, line by line and harmless for people.
result<void> show_text(reporter& report, std::string_view text) {
  report.emit({{"event", "text"}, {"text", text}});
  if (report.is_json()) return {};
  report.clear_line();
  std::string shown;
  if (::isatty(STDOUT_FILENO) != 1) {
    shown = text;
  } else {
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      shown += transfer::escape_for_display(text.substr(0, end)) + '\n';
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }
  const bool is_out = std::fwrite(shown.data(), 1, shown.size(), stdout) == shown.size() &&
                      std::fflush(stdout) == 0;
  const auto why = errno;
  wipe(std::as_writable_bytes(std::span(shown)));
  if (is_out) return {};
  return fail(files::posix_error(why, "standard output"));
}

// Shows what is offered and finds out whether it is wanted.
asio::awaitable<void> decide(run_type& run, const receiver& into, receive_sink& sink,
                             receive_options& options, reporter& report, bool& refused_here) {
  const transfer::offer_summary& offer = into.offer();
  report.emit(offer_json(offer));
  // What is to be agreed to has to be seen.
  const auto tell = [&](const std::string& line) {
    options.yes ? report.say(line) : report.say_always(line);
  };
  tell("Offered: " + summary(offer));
  for (const transfer::entry& e : offer.top) {
    tell("  " + transfer::escape_for_display(e.path) +
         (e.kind == transfer::entry_kind::directory ? "/" : ""));
  }
  std::uint64_t unwanted = 0;
  if (!options.only.empty()) {
    const wanted_part part = part_of(into, wanted_of(options.only));
    unwanted = part.bytes_left_out;
    tell("Of that --only asks for " + std::string(offer.complete ? "" : "at least ") +
         counted(part.items, "item") + ", " + human_bytes(part.bytes) + ".");
  }
  const offer_conflicts conflicts(into, options.out);
  const auto rule = on_conflict_of(options);
  const bool may_skip = rule.value_or(files::on_conflict::skip) == files::on_conflict::skip;
  const std::uint64_t need_not_come =
      std::min(offer.byte_count, (may_skip ? conflicts.bytes() : 0) + unwanted);
  if (const auto why = obstacle(offer, options, need_not_come, report)) {
    refused_here = why->code == errc::transfer_refused;
    run.refuse(*why);
    co_return;
  }
  if (!options.yes) {
    const bool may_pick = options.only.empty() && !offer.text && !sink.is_pipe();
    // As far as the names are known.
    const auto may_match = [&](const std::string& pattern) {
      return !offer.complete || part_of(into, wanted_of({pattern})).items > 0;
    };
    offer_answer answer = co_await ask_whether_wanted(place_of(options, offer), names_of(into),
                                                      may_pick, may_match, report);
    if (!answer.is_yes) {
      refused_here = true;
      run.refuse(error{errc::transfer_refused});
      co_return;
    }
    // Who goes on with it later picks the same.
    if (!answer.only.empty()) run.store_only(answer.only);
    if (!answer.only.empty()) options.only = std::move(answer.only);
  }
  sink.want_only(wanted_of(options.only));
  if (offer.text) {
    sink.take_text([&report](std::string_view text) { return show_text(report, text); });
  } else if (!sink.is_pipe()) {
    files::conflict_rules rules(rule.value_or(files::on_conflict::rename));
    if (!rule) rules = co_await ask_about(conflicts.names(), report);
    sink.folder().set_conflicts(std::move(rules));
  }
  run.accept();
  tell_kept(into, sink.folder(), report);
}

// Where no relay is named: the sender's own, if it is a neighbour.
asio::awaitable<result<std::string>> find_on_network(std::uint32_t nameplate,
                                                     const receive_options& options,
                                                     const std::function<void()>& confined,
                                                     reporter& report) {
  session::address_kinds kinds;
  kinds.public_network = options.direct_is_public;
  const auto executor = co_await asio::this_coro::executor;
  auto links = mdns::open_links(executor, kinds);
  if (links.empty()) {
    report.say_always(name_a_relay);
    co_return fail(errc::invalid_argument, 0, no_local_network);
  }
  confined();  // what comes is a stranger's
  const auto found = co_await find_sender(std::move(links), nameplate, kinds, report);
  if (found.empty()) co_return fail(errc::timed_out, 0, "no sender has announced this code");
  std::string relays;
  for (const std::string& one : found) relays += (relays.empty() ? "" : ",") + one;
  report.emit({{"event", "sender_found"}, {"relays", found}});
  co_return relays;
}

asio::awaitable<result<void>> receive_into(receiver& into, receive_sink& sink, run_type& run,
                                           meeting how, receive_options& options,
                                           const std::function<void()>& confined, reporter& report,
                                           bool& refused_here) {
  if (!how.code && !how.keys) {
    const auto typed = co_await ask_for_code(report);
    if (!typed) co_return fail(errc::invalid_argument, 0, "no code was given");
    auto code = parse_code(as_text(typed->view()));
    if (!code) co_return fail(code.error());
    how.code = std::move(*code);
  }
  if (options.local && how.code && how.relay.empty()) {
    auto relays = co_await find_on_network(how.code->nameplate(), options, confined, report);
    if (!relays) co_return fail(relays.error());
    how.relay = std::move(*relays);
  }
  const auto executor = co_await asio::this_coro::executor;
  co_return co_await run.run(std::move(how), [&](run_type& asking) {
    asio::co_spawn(executor, decide(asking, into, sink, options, report, refused_here),
                   asio::detached);
  });
}

session_facts facts_of(const receive_options& options) {
  session_facts facts{false,       "", {whole_path(options.out)}, 0, "", options.on_conflict,
                      options.only};
  facts.from = options.from;
  facts.direct = options.direct;
  return facts;
}

// What got another name than the peer gave it.
nlohmann::json tell_renamed(reporter& report, const std::vector<files::placed_entry>& placed) {
  nlohmann::json list = nlohmann::json::array();
  for (const files::placed_entry& p : placed) {
    if (p.name == p.final_name) continue;
    list.push_back({{"path", p.name}, {"final", p.final_name}});
    report.say(transfer::escape_for_display(p.name) + " was there already; the new one is " +
               transfer::escape_for_display(p.final_name) + ".");
  }
  return list;
}

past_transfer past_of(const receive_options& options, const std::string& relay,
                      const receiver& into, const files::folder_sink& sink,
                      const result<void>& done) {
  past_transfer one;
  one.relay = relay;
  for (const files::placed_entry& p : sink.placed()) one.names.push_back(p.final_name);
  std::error_code failure;
  one.folder = options.out == "-" || into.offer().text
                   ? std::string()
                   : std::filesystem::absolute(options.out, failure).native();
  one.entries = into.result_of_transfer().entry_count;
  one.bytes = into.result_of_transfer().byte_count;
  one.result = result_word(done, into.result_of_transfer());
  return one;
}

exit_code conclude(reporter& report, const receiver& into, const files::folder_sink& sink,
                   const receive_options& options, bool digest, std::string_view where) {
  const transfer::outcome& outcome = into.result_of_transfer();
  nlohmann::json paths = nlohmann::json::array();
  for (const files::placed_entry& p : sink.placed()) {
    paths.push_back((whole_path(sink.target()) / p.final_name).native());
  }
  std::vector<files::placed_entry> placed = sink.placed();
  for (files::placed_entry& p : sink.renamed_inside()) placed.push_back(std::move(p));
  nlohmann::json renamed = tell_renamed(report, placed);
  report.list_skipped(
      outcome, options.only.empty() ? "there already and left as it is" : "left out, as asked for");
  nlohmann::json all = {
      {"entries", outcome.entry_count},   {"bytes", outcome.byte_count},
      {"paths", std::move(paths)},        {"renamed", std::move(renamed)},
      {"declined", outcome.skipped},      {"declined_count", outcome.skipped_count},
      {"failed", to_json(outcome.failed)}};
  if (digest) all["digests"] = received_digests(sink, report);
  if (outcome.failed_count > 0) {
    const exit_code code = report.failed(error{errc::some_entries_failed}, std::move(all));
    report.list(outcome);
    return code;
  }
  all["event"] = "done";
  report.done(all, "Received " + amount_of(outcome, report.pace_of(outcome.byte_count)) +
                       std::string(where) + ".");
  return exit_code::done;
}

// Gives up what receiving does not need. What cannot be had of that is for logs and programs:
// nobody who receives a file could do anything about his kernel.
void confine(std::optional<receiver_sandbox>& fences, const receive_options& options,
             reporter& report) {
  receiver_places places;
  if (options.out != "-") places.target = options.out;
  places.state = state_folder();
  if (const char* const authorities = std::getenv("SSL_CERT_FILE")) {
    places.readable.emplace_back(authorities);
  }
  fences.emplace(places);
  report.emit({{"event", "sandbox"}, {"missing", fences->missing()}});
}

// One attempt, from the question for the code to the end. Where the other side was started anew,
// `how` becomes what the next one begins with.
//
// @param fences  none before the first attempt
std::optional<exit_code> attempt(receive_options& options, meeting& how,
                                 std::optional<receiver_sandbox>& fences, reporter& report,
                                 const history_keeper& book) {
  receive_sink all(options.out, random_id());
  files::folder_sink& sink = all.folder();
  receiver into(all, files::folder_journal(sink),
                {true, true, all.is_pipe(), options.verifies, direct_use_of(options).value()});
  asio::io_context io(1);  // outlives the timers and coroutines of the run
  session_record record(all.is_pipe() ? std::nullopt : session_store::find(), facts_of(options));
  session::session_options session_options;
  session_options.demanded_signer = parse_fingerprint(options.from);
  run_type run(options, std::move(session_options), into, record, voice(report, 0));
  run.show_items([&](progress_facts& facts) {
    facts.items_done = all.trace().done();
    facts.name = all.path(all.trace().current());
  });
  const auto confined = [&] {
    if (!fences) confine(fences, options, report);
  };
  run.before_meeting(confined);
  bool refused_here = false;
  const auto done = run_until_done(
      io, receive_into(into, all, run, std::move(how), options, confined, report, refused_here),
      [&] { return run.cancel(); });
  // What has gone into a pipe cannot be taken up again.
  const bool is_lasting = !all.is_pipe() && !into.offer().stream && !into.offer().text;
  if (auto next = is_lasting ? run.next_meeting(done) : std::nullopt) {
    how = std::move(*next);
    return std::nullopt;
  }
  if (into.offer().stream || into.offer().text) record.forget();
  if (done || refused_here) record.forget();
  if (run.has_met()) {
    book.keep(past_of(options, options.local ? local_network : run.relay(), into, sink, done));
  }
  if (done) {
    const bool is_stored = !all.is_text() && !all.is_pipe();
    const std::string where = shown_folder(sink.target());
    return conclude(report, into, sink, options, options.digest && is_stored,
                    is_stored ? ", into " + where : "");
  }
  if (refused_here) {
    constexpr const char* advice = "The sender has been told.";
    report.emit({{"event", "error"},
                 {"code", "refused_here"},
                 {"side", name_of(blamed::here)},
                 {"exit", static_cast<int>(exit_code::other)},
                 {"message", "not wanted here"},
                 {"advice", advice}});
    report.say_always(std::string("Not received. ") + advice);
    return exit_code::other;
  }
  nlohmann::json left = nlohmann::json::object();
  if (sink.is_resumable()) left["kept"] = sink.hidden_folder().native();
  const exit_code code = settle_failure(record, done.error(), report, left);
  if (sink.is_resumable()) {
    report.say("What has arrived is kept in " + shown_folder(sink.hidden_folder()) +
               ".\nIt is used, too, when the same is sent again into this folder with a new code.");
  }
  return code;
}

}  // namespace

exit_code receive(receive_options options) {
  reporter report(report_options_of(options));
  if (const auto trouble = report.begin("receive")) return *trouble;
  if (!options.code_argument.empty()) {
    report.say(
        "The code stood among the arguments for a moment, where others on this machine may have "
        "seen it. Better type it at the prompt.");
  }
  return receive(std::move(options), report);
}

exit_code receive(receive_options options, reporter& report) {
  // Outlives the sinks: it takes the target away again, if nothing is left there.
  std::optional<receiver_sandbox> fences;
  const history_keeper book(options, report);
  if (const auto direct = direct_use_of(options); !direct) return report.failed(direct.error());
  // Better now than when the code is used up. Where nothing was said it may be a text that comes.
  const bool is_chosen = options.out != settings().out && options.out != "-";
  if (const auto fine = is_chosen ? check_target(options.out) : result<void>{}; !fine) {
    report.say_always("tallow-cli: " + shown_folder(options.out));
    return report.failed(fine.error(), {{"path", whole_path(options.out).native()}});
  }
  meeting how{want::receive, std::move(options.code), std::move(options.keys)};
  for (;;) {
    if (const auto end = attempt(options, how, fences, report, book)) return *end;
    tell_begun_anew(voice(report, 0));
  }
}

}  // namespace tallow::cli
