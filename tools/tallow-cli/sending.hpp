// One offer to one receiver: what is sent, the way to the receiver, and what is kept of it.
#pragma once

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <asio/awaitable.hpp>

#include <tallow/base/error.hpp>
#include <tallow/base/secret.hpp>
#include <tallow/files/selection.hpp>
#include <tallow/transfer/sender.hpp>

#include "direct_choice.hpp"
#include "options.hpp"
#include "remember.hpp"
#include "send_source.hpp"
#include "stored_session.hpp"
#include "transfer_run.hpp"
#include "voice.hpp"

namespace tallow::cli {

using sender = transfer::sender<send_source, std::mutex>;

/// What cannot be sent, and why.
struct unusable_path {
  error why;
  std::string path;  ///< empty: all of it
};

/// Takes up all that is to be sent.
///
/// @shape  returns what is wrong with it
[[nodiscard]] inline std::optional<unusable_path> prepare(const send_options& options,
                                                          send_source& all) {
  files::selection chosen;
  for (const std::string& pattern : options.excluded) chosen.exclude(pattern);
  if (options.obeys_git) chosen.obey_gitignore();
  all.tree().set_selection(std::move(chosen));
  if (options.follows_links) all.tree().follow_links();
  for (const std::filesystem::path& path : options.paths) {
    if (auto added = all.tree().add_argument(path); !added) {
      return unusable_path{added.error(), path.native()};
    }
  }
  if (all.tree().is_empty() && all.tree().left_out_count() > 0 && !options.stream) {
    return unusable_path{
        {errc::invalid_argument, 0, "nothing to send: all of it is left out by --exclude or --git"},
        {}};
  }
  if (options.digest) all.tree().keep_all();
  if (options.stream) all.piped().add_stream(STDIN_FILENO, options.stream_name);
  return std::nullopt;
}

/// Lives as long as its run; source() is to be prepared before.
class sending {
 public:
  /// @param options  of which direct_use_of() is possible
  /// @param text     what is sent in place of files; outlives this
  sending(const send_options& options, const std::optional<secret_buffer>& text, voice speaks)
      : options_(&options),
        from_(all_, sender_options_of(options)),
        record_(is_lasting() ? session_store::find() : std::nullopt, facts_of(options)),
        run_(options, session_options_of(options), from_, record_, speaks) {
    if (text) all_.set_text(text->clone());
    if (!is_lasting()) run_.ask_nobody();
    run_.show_items([this](progress_facts& facts) {
      facts.items_done = all_.trace().done();
      facts.name = all_.path(all_.trace().current());
    });
  }

  /// @errors  why the transfer failed
  asio::awaitable<result<void>> run(meeting how) {
    return run_.run(std::move(how), [](auto&) {});
  }

  bool cancel() { return run_.cancel(); }

  /// What to begin anew with, if that is how it ended.
  [[nodiscard]] std::optional<meeting> next_meeting(const result<void>& done) const {
    return is_lasting() ? run_.next_meeting(done) : std::nullopt;
  }

  void keep_in(const history_keeper& book, const result<void>& done) const {
    if (run_.has_met()) book.keep(past(done));
  }

  /// Standard input cannot be read once more.
  [[nodiscard]] bool is_lasting() const noexcept { return !options_->stream && !options_->text; }

  [[nodiscard]] send_source& source() noexcept { return all_; }
  [[nodiscard]] const sender& from() const noexcept { return from_; }
  [[nodiscard]] session_record& record() noexcept { return record_; }
  [[nodiscard]] transfer_run<sender>& way() noexcept { return run_; }

 private:
  [[nodiscard]] static transfer::sender_options sender_options_of(const send_options& options) {
    transfer::sender_options how;
    how.id = random_id();
    how.stream = options.stream;
    how.text = options.text;
    how.verify = options.verifies;
    how.direct = direct_use_of(options).value();
    // What all receivers together may have.
    how.bytes_per_second_max = (options.throttle + options.receivers - 1) / options.receivers;
    return how;
  }

  [[nodiscard]] static session::session_options session_options_of(const send_options& options) {
    session::session_options how;
    how.lanes = options.lanes;
    how.code_words = options.code_words;
    how.compression = transfer::compression_choice_of(options.compress).value();
    how.signer = options.signer.get();
    return how;
  }

  [[nodiscard]] static session_facts facts_of(const send_options& options) {
    session_facts facts{true, "", {}, options.lanes, options.compress, ""};
    facts.excluded = options.excluded;
    facts.obeys_git = options.obeys_git;
    facts.follows_links = options.follows_links;
    facts.signs = options.signs;
    facts.direct = options.direct;
    std::error_code failure;
    for (const std::filesystem::path& path : options.paths) {
      facts.paths.push_back(std::filesystem::absolute(path, failure));
    }
    return facts;
  }

  [[nodiscard]] past_transfer past(const result<void>& done) const {
    past_transfer one;
    one.is_sender = true;
    one.relay = options_->local ? local_network : run_.relay();
    for (const std::filesystem::path& path : options_->paths) one.names.push_back(path.native());
    if (options_->stream) one.names.push_back(options_->stream_name);
    if (options_->text) one.names.emplace_back("text");
    one.entries = from_.result_of_transfer().entry_count;
    one.bytes = from_.result_of_transfer().byte_count;
    one.result = result_word(done, from_.result_of_transfer());
    return one;
  }

  const send_options* options_;
  send_source all_;
  sender from_;
  session_record record_;
  transfer_run<sender> run_;
};

}  // namespace tallow::cli
