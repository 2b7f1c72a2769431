#include "send.hpp"

#include <filesystem>
#include <mutex>
#include <system_error>
#include <utility>

#include <asio/io_context.hpp>

#include <tallow/files/source_tree.hpp>
#include <tallow/transfer/path_rules.hpp>
#include <tallow/transfer/sender.hpp>

#include "digest.hpp"
#include "reporter.hpp"
#include "transfer_run.hpp"

namespace tallow::cli {
namespace {

using sender = transfer::sender<files::source_tree, std::mutex>;

// What the sender itself could not read, a line each.
void list_skipped(reporter& report, const files::source_tree& tree) {
  for (const files::skipped_path& s : tree.skipped()) {
    report.say("  " + transfer::escape_for_display(s.path) + ": " + describe(s.reason));
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
  session_facts facts{true, options.relay, {}, options.lanes, options.compress, ""};
  std::error_code failure;
  for (const std::filesystem::path& path : options.paths) {
    facts.paths.push_back(std::filesystem::absolute(path, failure));
  }
  return facts;
}

exit_code conclude(reporter& report, const sender& from, files::source_tree& tree, bool digest) {
  const transfer::outcome& outcome = from.result_of_transfer();
  nlohmann::json all = {{"entries", outcome.entry_count},          {"bytes", outcome.byte_count},
                        {"failed", to_json(outcome.failed)},       {"declined", outcome.skipped},
                        {"declined_count", outcome.skipped_count}, {"skipped", skipped_json(tree)}};
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
                       human_bytes(outcome.byte_count) + ".");
  return exit_code::done;
}

}  // namespace

exit_code send(const send_options& options) {
  reporter report(options.json);
  files::source_tree tree;
  for (const std::filesystem::path& path : options.paths) {
    if (auto added = tree.add_argument(path); !added) {
      report.say("tallow-cli: " + transfer::escape_for_display(path.native()));
      return report.failed(added.error(), {{"path", path.native()}});
    }
  }
  transfer::sender_options sender_options;
  sender_options.id = random_id();
  sender from(tree, sender_options);
  asio::io_context io(1);  // outlives the timers and coroutines of the run
  session::session_options session_options;
  session_options.lanes = options.lanes;
  session_options.compression = transfer::compression_choice_of(options.compress).value();
  session_record record(session_store::find(), facts_of(options));
  transfer_run<sender> run(options, std::move(session_options), from, record, report);
  const auto done =
      run_until_done(io, run.run(want::send, [](auto&) {}), [&] { return run.cancel(); });
  settle_record(record, done, report);
  if (!done) return report.failed(done.error());
  return conclude(report, from, tree, options.digest);
}

}  // namespace tallow::cli
