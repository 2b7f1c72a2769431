#include "send.hpp"

#include <array>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <asio/io_context.hpp>
#include <botan/system_rng.h>

#include <tallow/base/limits.hpp>
#include <tallow/base/secret.hpp>
#include <tallow/crypto/code_phrase.hpp>
#include <tallow/files/source_tree.hpp>
#include <tallow/transfer/path_rules.hpp>
#include <tallow/wire/utf8.hpp>

#include "digest.hpp"
#include "direct_choice.hpp"
#include "dry_run.hpp"
#include "identity_file.hpp"
#include "local_relay.hpp"
#include "receivers.hpp"
#include "remember.hpp"
#include "reporter.hpp"
#include "run_until_done.hpp"
#include "send_source.hpp"
#include "sending.hpp"
#include "settling.hpp"

namespace tallow::cli {
namespace {

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

// What is left out on purpose is no failure, and worth a word: a pattern may do more than was
// meant.
void tell_left_out(const files::source_tree& tree, reporter& report) {
  if (tree.left_out_count() == 0) return;
  report.say("Left out, as asked for: " + counted(tree.left_out_count(), "entry", "entries") + ".");
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
    const exit_code code = report.failed(error{errc::source_failed}, std::move(all));
    list_skipped(report, tree);
    return code;
  }
  all["event"] = "done";
  report.done(all, "Would send " + totals->text() + (stream ? ", and standard input." : "."));
  return exit_code::done;
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
  report.done(all, "Sent " + amount_of(outcome, report.pace_of(outcome.byte_count)) + ".");
  return exit_code::done;
}

// Takes up all that is to be sent; an exit status where that fails.
std::optional<exit_code> take_up(const send_options& options, send_source& all, reporter& report) {
  auto trouble = prepare(options, all);
  if (!trouble) return std::nullopt;
  if (!trouble->path.empty()) {
    report.say_always("tallow-cli: " + transfer::escape_for_display(trouble->path));
    return report.failed(trouble->why, {{"path", trouble->path}});
  }
  return report.failed(trouble->why);
}

// Where standard input is the text, all of it; an exit status where that fails.
std::optional<exit_code> take_text(const send_options& options, std::optional<secret_buffer>& text,
                                   reporter& report) {
  const bool is_typed = (options.stream || options.text) && ::isatty(STDIN_FILENO) == 1;
  if (is_typed) report.say_always("Type what is to be sent; Ctrl-D ends it.");
  if (!options.text) return std::nullopt;
  auto all = read_text();
  if (!all) return report.failed(all.error());
  text = std::move(*all);
  return std::nullopt;
}

// The identity of whoever sends; an exit status where there is none.
std::optional<exit_code> take_identity(send_options& options, reporter& report) {
  const auto path = identity_path();
  auto own = path ? read_identity(*path)
                  : fail(errc::not_found, 0, "there is no home folder, and so no identity");
  if (!own) {
    if (path) report.say_always("tallow-cli: " + transfer::escape_for_display(path->native()));
    report.say_always("--sign needs an identity: 'tallow-cli identity make' makes one.");
    return report.failed(own.error());
  }
  options.signer = std::make_shared<const crypto::identity>(std::move(*own));
  return std::nullopt;
}

// Where no relay is named: one of our own, for the local network. An exit status where there can
// be none.
std::optional<exit_code> run_own_relay(send_options& options, meeting& how,
                                       std::unique_ptr<local_relay>& own, reporter& report) {
  local_relay_options relay;
  relay.announces = !options.keys;
  if (options.code) relay.nameplate = options.code->nameplate();
  if (options.local->port != 0) relay.port = options.local->port;
  relay.receivers = options.receivers;
  relay.kinds.public_network = options.direct_is_public;
  auto opened = local_relay::open(relay);
  if (!opened) {
    report.say_always(name_a_relay);
    return report.failed(opened.error());
  }
  own = std::move(*opened);
  options.relay = own->own_address();
  options.local = local_way{own->port(), own->addresses()};
  report.emit({{"event", "own_relay"}, {"addresses", options.local->addresses}});
  if (options.code || options.keys) return std::nullopt;
  auto code =
      crypto::code_phrase::generate(own->nameplate(), options.code_words, Botan::system_rng());
  if (!code) return report.failed(code.error());
  how.code = std::move(*code);
  how.is_code_made = true;
  return std::nullopt;
}

// One attempt, to the end. Where the other side was started anew, `how` becomes what the next one
// begins with.
std::optional<exit_code> attempt(const send_options& options,
                                 const std::optional<secret_buffer>& text, meeting& how,
                                 reporter& report, const history_keeper& book) {
  asio::io_context io(1);  // outlives the timers and coroutines of the run
  sending one(options, text, voice(report, 0));
  if (const auto trouble = take_up(options, one.source(), report)) return *trouble;
  const auto done = run_until_done(io, one.run(std::move(how)), [&] { return one.cancel(); });
  if (auto next = one.next_meeting(done)) {
    how = std::move(*next);
    return std::nullopt;
  }
  one.keep_in(book, done);
  if (!done) return settle_failure(one.record(), done.error(), report);
  one.record().forget();
  return conclude(report, one.from(), one.source().tree(), options.digest && one.is_lasting());
}

// The same offer to several.
exit_code send_to_many(const send_options& options, const std::optional<secret_buffer>& text,
                       meeting first, reporter& report, const history_keeper& book) {
  send_source looked_at;
  if (const auto trouble = take_up(options, looked_at, report)) return *trouble;
  asio::io_context io(1);  // outlives the timers and coroutines of the runs
  receivers all(options, text, report, book);
  const auto done = run_until_done(io, all.run(std::move(first)), [&] { return all.cancel(); });
  const std::string count =
      std::to_string(all.done_count()) + " of " + counted(options.receivers, "receiver");
  if (!done) {
    report.say_always("Sent to " + count + ".");
    return report.failed(done.error(), {{"receivers_done", all.done_count()}});
  }
  nlohmann::json event = {{"event", "done"},
                          {"entries", all.entry_count()},
                          {"bytes", all.byte_count()},
                          {"failed", nlohmann::json::array()},
                          {"declined", nlohmann::json::array()},
                          {"declined_count", 0},
                          {"receivers_done", all.done_count()}};
  if (options.digest) event["digests"] = all.digests();
  report.done(event, "Sent to " + count + report.pace_of(all.byte_count()) + ".");
  return exit_code::done;
}

}  // namespace

exit_code send(send_options options) {
  reporter report(report_options_of(options));
  if (const auto trouble = report.begin("send")) return *trouble;
  return send(std::move(options), report);
}

exit_code send(send_options options, reporter& report) {
  const history_keeper book(options, report);
  if (options.is_dry_run) {
    send_source all;
    if (const auto trouble = take_up(options, all, report)) return *trouble;
    return dry_run(all.tree(), options.stream, report);
  }
  if (const auto direct = direct_use_of(options); !direct) return report.failed(direct.error());
  if (options.signs) {
    if (const auto trouble = take_identity(options, report)) return *trouble;
  }
  std::optional<secret_buffer> text;
  if (const auto trouble = take_text(options, text, report)) return *trouble;
  std::unique_ptr<local_relay> own;  // outlives all that goes by it
  meeting how{want::send};
  if (options.local) {
    if (const auto trouble = run_own_relay(options, how, own, report)) return *trouble;
  }
  if (options.code) how.code = std::move(options.code);
  how.keys = std::move(options.keys);
  if (options.receivers > 1) return send_to_many(options, text, std::move(how), report, book);
  for (;;) {
    if (const auto end = attempt(options, text, how, report, book)) return *end;
    tell_begun_anew(voice(report, 0));
  }
}

}  // namespace tallow::cli
