#include "send.hpp"

#include <array>
#include <cerrno>
#include <filesystem>
#include <mutex>
#include <optional>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <asio/io_context.hpp>

#include <tallow/base/limits.hpp>
#include <tallow/base/secret.hpp>
#include <tallow/files/source_tree.hpp>
#include <tallow/transfer/path_rules.hpp>
#include <tallow/transfer/sender.hpp>
#include <tallow/wire/utf8.hpp>

#include "digest.hpp"
#include "dry_run.hpp"
#include "remember.hpp"
#include "reporter.hpp"
#include "run_until_done.hpp"
#include "send_source.hpp"
#include "transfer_run.hpp"

namespace tallow::cli {
namespace {

using sender = transfer::sender<send_source, std::mutex>;

// What the sender itself could not read, a line each.
void list_skipped(reporter& report, const files::source_tree& tree) {
  for (const files::skipped_path& s : tree.skipped()) {
    report.say_always("  " + transfer::escape_for_display(s.path) + ": " + describe(s.reason));
  }
}

nlohmann::json skipped_json(const files::source_tree& tree) {
  nlohmann::json list = nlohmann::json::array();
  for (const files::skipped_path& s : tree.skipped()) {
    list.push_back({{"path", s.path}, {"reason", describe(s.reason)}});
  }
  return list;
}

session_facts facts_of(const send_options& options) {
  session_facts facts{true, "", {}, options.lanes, options.compress, ""};
  facts.excluded = options.excluded;
  facts.obeys_git = options.obeys_git;
  facts.follows_links = options.follows_links;
  std::error_code failure;
  for (const std::filesystem::path& path : options.paths) {
    facts.paths.push_back(std::filesystem::absolute(path, failure));
  }
  return facts;
}

// All of standard input.
result<secret_buffer> read_text() {
  secret_buffer text;
  std::array<std::byte, 4096> some{};
  for (;;) {
    const auto count = ::read(STDIN_FILENO, some.data(), some.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      return fail(errc::source_failed, std::error_code(errno, std::generic_category()));
    }
    if (count == 0) break;
    text.append(byte_view(some).first(static_cast<std::size_t>(count)));
    if (text.size() > limits::text_bytes_max) {
      return fail(errc::invalid_argument, 0, "a text has 64 KiB at most; send it as a file");
    }
  }
  wipe(some);
  if (text.empty()) return fail(errc::invalid_argument, 0, "the text is empty");
  if (!is_utf8(as_text(text.view()))) {
    return fail(errc::invalid_argument, 0, "the text is not UTF-8; send it as a file");
  }
  return text;
}

// Takes up all that is to be sent; an exit status where that fails.
std::optional<exit_code> take_up(const send_options& options, send_source& all, reporter& report) {
  files::selection chosen;
  for (const std::string& pattern : options.excluded) chosen.exclude(pattern);
  if (options.obeys_git) chosen.obey_gitignore();
  all.tree().set_selection(std::move(chosen));
  if (options.follows_links) all.tree().follow_links();
  for (const std::filesystem::path& path : options.paths) {
    if (auto added = all.tree().add_argument(path); !added) {
      report.say_always("tallow-cli: " + transfer::escape_for_display(path.native()));
      return report.failed(added.error(), {{"path", path.native()}});
    }
  }
  if (all.tree().is_empty() && all.tree().left_out_count() > 0 && !options.stream) {
    return report.failed({errc::invalid_argument, 0,
                          "nothing to send: all of it is left out by --exclude or --git"});
  }
  if (options.digest) all.tree().keep_all();
  const bool is_typed = (options.stream || options.text) && ::isatty(STDIN_FILENO) == 1;
  if (is_typed) report.say_always("Type what is to be sent; Ctrl-D ends it.");
  if (options.stream) all.piped().add_stream(STDIN_FILENO, options.stream_name);
  if (!options.text) return std::nullopt;
  auto text = read_text();
  if (!text) return report.failed(text.error());
  all.set_text(std::move(*text));
  return std::nullopt;
}

// What is left out on purpose is no failure, and worth a word: a pattern may do more than was
// meant.
void tell_left_out(const files::source_tree& tree, reporter& report) {
  if (tree.left_out_count() == 0) return;
  report.say("Left out, as asked for: " + counted(tree.left_out_count(), "file or folder") + ".");
}

exit_code dry_run(files::source_tree& tree, bool stream, reporter& report) {
  const auto totals = list_tree(tree, report);
  if (!totals) return report.failed(totals.error());
  nlohmann::json all = {
      {"files", totals->files},       {"folders", totals->folders},        {"links", totals->links},
      {"bytes", totals->bytes},       {"left_out", tree.left_out_count()}, {"dry_run", true},
      {"skipped", skipped_json(tree)}};
  tell_left_out(tree, report);
  if (!tree.skipped().empty()) {
    const exit_code code = report.failed(error{errc::some_entries_failed}, std::move(all));
    list_skipped(report, tree);
    return code;
  }
  all["event"] = "done";
  report.done(all, "Would send " + totals->text() + (stream ? ", and standard input." : "."));
  return exit_code::done;
}

past_transfer past_of(const send_options& options, const std::string& relay, const sender& from,
                      const result<void>& done) {
  past_transfer one;
  one.is_sender = true;
  one.relay = relay;
  for (const std::filesystem::path& path : options.paths) one.names.push_back(path.native());
  if (options.stream) one.names.push_back(options.stream_name);
  if (options.text) one.names.emplace_back("text");
  one.entries = from.result_of_transfer().entry_count;
  one.bytes = from.result_of_transfer().byte_count;
  one.result = result_word(done, from.result_of_transfer());
  return one;
}

exit_code conclude(reporter& report, const sender& from, files::source_tree& tree, bool digest) {
  const transfer::outcome& outcome = from.result_of_transfer();
  nlohmann::json all = {{"entries", outcome.entry_count},          {"bytes", outcome.byte_count},
                        {"failed", to_json(outcome.failed)},       {"declined", outcome.skipped},
                        {"declined_count", outcome.skipped_count}, {"skipped", skipped_json(tree)},
                        {"left_out", tree.left_out_count()}};
  tell_left_out(tree, report);
  report.list_skipped(outcome, text_of(failure_reason::declined));
  if (digest) all["digests"] = sent_digests(from, tree, report);
  if (outcome.failed_count > 0 || !tree.skipped().empty()) {
    const exit_code code = report.failed(error{errc::some_entries_failed}, std::move(all));
    report.list(outcome);
    list_skipped(report, tree);
    return code;
  }
  all["event"] = "done";
  report.done(all, "Sent " + counted(outcome.entry_count, "item") + ", " +
                       human_bytes(outcome.byte_count) + report.pace_of(outcome.byte_count) + ".");
  return exit_code::done;
}

// One attempt, from the files to the end. Where the other side was started anew, `how` becomes what
// the next one begins with.
std::optional<exit_code> attempt(const send_options& options, meeting& how, reporter& report,
                                 const history_keeper& book) {
  send_source all;
  if (const auto trouble = take_up(options, all, report)) return *trouble;
  if (options.is_dry_run) return dry_run(all.tree(), options.stream, report);
  transfer::sender_options sender_options;
  sender_options.id = random_id();
  sender_options.stream = options.stream;
  sender_options.text = options.text;
  sender_options.verify = options.verifies;
  sender_options.bytes_per_second_max = options.throttle;
  sender from(all, sender_options);
  asio::io_context io(1);  // outlives the timers and coroutines of the run
  session::session_options session_options;
  session_options.lanes = options.lanes;
  session_options.code_words = options.code_words;
  session_options.compression = transfer::compression_choice_of(options.compress).value();
  // Standard input cannot be read again.
  const bool is_lasting = !options.stream && !options.text;
  session_record record(is_lasting ? session_store::find() : std::nullopt, facts_of(options));
  transfer_run<sender> run(options, std::move(session_options), from, record, report);
  if (!is_lasting) run.ask_nobody();
  run.show_items([&](progress_facts& facts) {
    facts.items_done = all.trace().done();
    facts.name = all.path(all.trace().current());
  });
  const auto done =
      run_until_done(io, run.run(std::move(how), [](auto&) {}), [&] { return run.cancel(); });
  if (auto next = is_lasting ? run.next_meeting(done) : std::nullopt) {
    how = std::move(*next);
    return std::nullopt;
  }
  if (run.has_met()) book.keep(past_of(options, run.relay(), from, done));
  if (!done) return settle_failure(record, done.error(), report);
  record.forget();
  // Standard input cannot be read once more.
  return conclude(report, from, all.tree(), options.digest && is_lasting);
}

}  // namespace

exit_code send(send_options options) {
  reporter report(report_options_of(options));
  if (const auto trouble = report.begin("send")) return *trouble;
  return send(std::move(options), report);
}

exit_code send(send_options options, reporter& report) {
  const history_keeper book(options, report);
  meeting how{want::send, std::move(options.code), std::move(options.keys)};
  for (;;) {
    if (const auto end = attempt(options, how, report, book)) return *end;
    tell_begun_anew(report);
  }
}

}  // namespace tallow::cli
