// The same offer to several receivers, who use one code: they are recognised one after the other,
// and what is sent to them goes side by side.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

#include <tallow/base/error.hpp>

#include "advice.hpp"
#include "digest.hpp"
#include "sending.hpp"
#include "settling.hpp"
#include "voice.hpp"

namespace tallow::cli {

/// Runs until the last of them is done, or as many as came when no other can.
class receivers {
 public:
  receivers(const send_options& options, const std::optional<secret_buffer>& text, reporter& report,
            const history_keeper& book)
      : options_(&options), text_(&text), report_(&report), book_(&book) {
    places_.resize(options.receivers);
  }

  /// @errors  why it failed with the first of those with whom it failed
  asio::awaitable<result<void>> run(meeting first) {
    executor_ = co_await asio::this_coro::executor;
    asio::steady_timer beat(executor_);
    first.takes_more = options_->receivers > 1;
    begin(0, std::move(first));
    while (running_ > 0) {
      tell_progress();
      beat.expires_after(std::chrono::milliseconds(100));
      asio::error_code ignored;
      co_await beat.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    if (failure_) co_return fail(*failure_);
    co_return result<void>{};
  }

  bool cancel() {
    bool any = false;
    for (const place& p : places_) {
      if (!p.attempts.empty() && !p.is_over) any = p.attempts.back()->cancel() || any;
    }
    return any;
  }

  [[nodiscard]] unsigned done_count() const noexcept { return done_; }
  /// Of one receiver, as all get the same.
  [[nodiscard]] std::uint64_t entry_count() const { return outcome().entry_count; }
  [[nodiscard]] std::uint64_t byte_count() const { return outcome().byte_count; }

  /// What was sent, once for all.
  [[nodiscard]] nlohmann::json digests() {
    sending& one = *places_.front().attempts.back();
    return sent_digests(one.from(), one.source().tree(), *report_);
  }

 private:
  struct place {
    // Those that are over stay: what they have begun may still look at them.
    std::vector<std::unique_ptr<sending>> attempts;
    bool is_over = false;
  };

  void begin(std::size_t index, meeting how) {
    ++running_;
    asio::co_spawn(executor_, serve(index, std::move(how)), [this](const std::exception_ptr& e) {
      --running_;
      if (e) std::rethrow_exception(e);
    });
  }

  asio::awaitable<void> serve(std::size_t index, meeting how) {
    const voice speaks(*report_, static_cast<unsigned>(index + 1));
    for (;;) {
      places_[index].attempts.push_back(std::make_unique<sending>(*options_, *text_, speaks));
      sending& one = *places_[index].attempts.back();
      if (const auto trouble = prepare(*options_, one.source())) {
        settle(index, one, fail(trouble->why));
        co_return;
      }
      one.way().when_met([this, index, &one] { begin_next(index + 1, one); });
      const auto done = co_await one.run(std::move(how));
      auto next = one.next_meeting(done);
      if (!next) {
        settle(index, one, done);
        co_return;
      }
      how = std::move(*next);
      tell_begun_anew(speaks);
    }
  }

  void begin_next(std::size_t index, sending& met) {
    if (index < places_.size()) begin(index, met.way().meeting_of_next(index + 1 < places_.size()));
  }

  void settle(std::size_t index, sending& one, result<void> done) {
    places_[index].is_over = true;
    one.keep_in(*book_, done);
    if (done && has_failures(one)) done = fail(errc::some_entries_failed);
    const voice speaks(*report_, static_cast<unsigned>(index + 1));
    const transfer::outcome& outcome = one.from().result_of_transfer();
    if (done) {
      ++done_;
      one.record().forget();
      speaks.emit({{"event", "receiver_done"},
                   {"entries", outcome.entry_count},
                   {"bytes", outcome.byte_count},
                   {"declined", outcome.skipped},
                   {"declined_count", outcome.skipped_count}});
      speaks.say("Sent " + amount_of(outcome) + ".");
      return;
    }
    const error& why = done.error();
    if (!failure_) failure_ = why;
    if (!may_go_on(why)) one.record().forget();
    speaks.emit({{"event", "receiver_failed"},
                 {"code", errc_name(why.code)},
                 {"message", describe(why)},
                 {"failed", to_json(outcome.failed)}});
    speaks.say_always(describe(why) + side_suffix(why.code));
    report_->list(outcome);
  }

  [[nodiscard]] static bool has_failures(sending& one) {
    return one.from().result_of_transfer().failed_count > 0 ||
           !one.source().tree().skipped().empty();
  }

  [[nodiscard]] const transfer::outcome& outcome() const {
    return places_.front().attempts.back()->from().result_of_transfer();
  }

  void tell_progress() {
    progress_facts sum;
    sum.total_known = true;
    std::size_t begun = 0;
    for (const place& p : places_) {
      if (p.attempts.empty()) continue;
      const progress_facts one = p.attempts.back()->way().facts_now();
      if (one.bytes_done > 0) ++begun;
      sum.bytes_done += one.bytes_done;
      sum.bytes_total += one.bytes_total;
      sum.total_known = sum.total_known && one.total_known;
      sum.items_done += one.items_done;
      sum.items_total += one.items_total;
      sum.lanes += one.lanes;
    }
    sum.total_known = sum.total_known && begun == places_.size();
    sum.name = std::to_string(begun) + " of " + counted(places_.size(), "receiver");
    if (sum.bytes_done > 0) {
      report_->progress(sum, std::chrono::steady_clock::now());
    } else {
      report_->flush();
    }
  }

  const send_options* options_;
  const std::optional<secret_buffer>* text_;
  reporter* report_;
  const history_keeper* book_;
  asio::any_io_executor executor_;
  std::vector<place> places_;
  std::size_t running_ = 0;
  unsigned done_ = 0;
  std::optional<error> failure_;
};

}  // namespace tallow::cli
