// One transfer from the connection to the exit status: what send and receive have in common.
#pragma once

#include <cstdlib>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <botan/system_rng.h>

#include <tallow/base/error.hpp>
#include <tallow/crypto/key_schedule.hpp>
#include <tallow/net/control_transport.hpp>
#include <tallow/net/relay_address.hpp>
#include <tallow/net/session_driver.hpp>
#include <tallow/room/room_client.hpp>
#include <tallow/session/session.hpp>

#include "advice.hpp"
#include "asking.hpp"
#include "code_showing.hpp"
#include "event_texts.hpp"
#include "meeting.hpp"
#include "option_table.hpp"
#include "options.hpp"
#include "relay_connector.hpp"
#include "reporter.hpp"
#include "stored_session.hpp"
#include "voice.hpp"

namespace tallow::cli {

inline std::string words_text(const std::array<std::string_view, 6>& words) {
  std::string text;
  for (const std::string_view word : words) {
    if (!text.empty()) text += '-';
    text += word;
  }
  return text;
}

/// How long a receiver is alone at one of several relays before it looks at the next.
inline constexpr std::chrono::seconds alone_max{5};

/// Connects, runs a session with `transfer`, and tells the reporter what happens.
template <class Transfer>
class transfer_run {
 public:
  using session_type = session::session<Transfer>;
  using driver_type = net::session_driver<session_type, net::control_transport>;

  /// @param session  what a sender sets of lanes and compression; a receiver follows
  /// @param record   is told the keys for a later session
  transfer_run(const common_options& options, session::session_options session, Transfer& transfer,
               session_record& record, voice speaks)
      : options_(&options),
        session_options_(std::move(session)),
        transfer_(&transfer),
        record_(&record),
        voice_(speaks),
        report_(&speaks.of_all()),
        stores_keys_(!options.verifies) {}

  /// How far it is.
  [[nodiscard]] progress_facts facts_now() const {
    const transfer::progress now = transfer_->progress_now();
    progress_facts facts;
    facts.bytes_done = now.bytes_done;
    facts.bytes_total = now.bytes_total;
    facts.total_known = now.total_known;
    facts.items_total = now.entries_total;
    facts.lanes = driver_ ? driver_->lane_count() : 0;
    facts.path = path_;
    facts.is_connected = is_connected_;
    if (look_) look_(facts);
    return facts;
  }

  /// Sets what is to be done when there is a relay, and before anything of the other side is read.
  void before_meeting(std::function<void()> call) { before_meeting_ = std::move(call); }

  /// @param asked  called as asked(*this) when something is offered; may be empty for a sender
  /// @errors  why the transfer failed
  template <class OnOffer>
  asio::awaitable<result<void>> run(meeting how, OnOffer on_offer) {
    meeting_ = std::move(how);
    const texts relays = split_at_commas(meeting_.relay.empty() ? options_->relay : meeting_.relay);
    for (const std::string& relay : relays) {
      if (const auto valid = net::parse_relay_address(relay); !valid) co_return fail(valid.error());
    }
    executor_ = co_await asio::this_coro::executor;
    asio::steady_timer beat(executor_);
    asio::co_spawn(executor_, watch(beat), asio::detached);
    has_choice_ = relays.size() > 1;
    result<void> done = fail(errc::address_invalid);
    std::size_t unusable = 0;  // one after the other
    for (std::size_t i = 0; unusable < relays.size(); i = (i + 1) % relays.size()) {
      done = co_await visit(relays[i], on_offer);
      if (done || !has_choice_ || !goes_elsewhere_ || is_cancelled_) break;
      unusable = was_usable_ ? 0 : unusable + 1;
      if (!was_usable_) tell_unusable(done.error());
    }
    beating_ = false;
    beat.cancel();
    if (!done && done.error().code == errc::cancelled && !is_cancelled_) {
      co_return fail(errc::peer_left, 0, "and did not come back");
    }
    co_return done;
  }

  /// The relay that is used; before there is one, as the options name it.
  [[nodiscard]] const std::string& relay() const noexcept {
    return chosen_.empty() ? options_->relay : chosen_;
  }

  /// What to begin anew with when the other side was started anew; nothing where that is not why
  /// it failed.
  [[nodiscard]] std::optional<meeting> next_meeting(const result<void>& done) const {
    if (done || done.error().code != errc::peer_restarted) return std::nullopt;
    meeting next{meeting_.wanted};
    next.relay = chosen_;
    next.keys = session_->family()->clone();
    next.is_expected = true;
    return next;
  }

  /// Where the next receiver is met, with the same code.
  [[nodiscard]] meeting meeting_of_next(bool takes_more) const {
    meeting next{meeting_.wanted};
    next.relay = chosen_;
    next.code = session_->code()->clone();
    next.side = meeting_.side;
    next.takes_more = takes_more;
    next.follows = true;
    next.is_code_known = true;
    return next;
  }

  /// Calls `call` once both sides have proved that they know the code.
  void when_met(std::function<void()> call) { when_met_ = std::move(call); }

  /// True once both sides have proved that they know the code.
  [[nodiscard]] bool has_met() const noexcept { return has_met_; }

  /// Ends it, as a person who presses Ctrl-C wants it. The other side is told.
  ///
  /// @shape  returns whether there was anything to end
  bool cancel() {
    if (!session_) return false;
    is_cancelled_ = true;
    session_->cancel(std::chrono::steady_clock::now());
    driver_->wake();
    return true;
  }

  /// @param look  fills in which entry is at work, and how many are done
  void show_items(std::function<void(progress_facts&)> look) { look_ = std::move(look); }

  /// What is wanted of the offer was chosen; kept for whoever goes on with it.
  void store_only(const std::vector<std::string>& patterns) {
    record_->set_only(patterns);
    if (stores_keys_) record_->save(*session_->family());
  }

  /// Standard input is the content: nobody can answer there.
  void ask_nobody() noexcept { asks_nobody_ = true; }

  /// The person's answer to an offer.
  void accept() {
    (void)session_->accept_offer(std::chrono::steady_clock::now());
    driver_->wake();
  }
  void refuse(const error& why) {
    session_->refuse_offer(why, std::chrono::steady_clock::now());
    driver_->wake();
  }

 private:
  // One relay, from the connection to the end. Whether another may do better is in goes_elsewhere_
  // then: this one cannot be used, or nobody was there.
  template <class OnOffer>
  asio::awaitable<result<void>> visit(const std::string& relay, OnOffer& on_offer) {
    const auto where = net::parse_relay_address(relay);
    chosen_ = relay;
    driver_.reset();
    session_.reset();
    goes_elsewhere_ = true;
    was_usable_ = false;
    relay_.emplace(*where, options_->proxies, options_->insecure_plaintext, *report_);
    auto transport = co_await connect();
    if (!transport) {
      if (!has_choice_) voice_.say_always("Tried the relay at " + net::to_string(where->at) + ".");
      co_return fail(transport.error());
    }
    if (before_meeting_) std::exchange(before_meeting_, nullptr)();
    record_->use_relay(relay, options_->proxies.shown(where->at.host));
    if (options_->local) record_->use_local_relay();
    if (has_choice_ && visited_.insert(relay).second) tell_used();
    start(std::move(*transport));
    const bool has_code = meeting_.code && meeting_.wanted == want::send;
    if (has_code && !std::exchange(meeting_.is_code_known, true)) show();
    const auto leave = std::make_shared<asio::steady_timer>(executor_);
    const bool may_look_elsewhere = has_choice_ && meeting_.wanted == want::receive;
    if (may_look_elsewhere || meeting_.is_expected) {
      leave->expires_after(meeting_.is_expected ? std::chrono::seconds(options_->outage_seconds)
                                                : alone_max);
      asio::co_spawn(executor_, leave_when_alone(leave, ++visits_), asio::detached);
    }
    const auto done = co_await driver_->run([&](const session::event& e) { handle(e, on_offer); });
    leave->cancel();
    co_return done;
  }

  // A sender's own relay comes back with the sender, and who goes on waits for that.
  asio::awaitable<result<net::control_transport>> connect() {
    const bool may_come = options_->local && meeting_.keys && meeting_.wanted == want::receive;
    const auto until =
        std::chrono::steady_clock::now() + std::chrono::seconds(options_->outage_seconds);
    asio::steady_timer pause(executor_);
    for (;;) {
      auto made = co_await relay_->connect();
      const bool is_gone = !made && (made.error().code == errc::connect_failed ||
                                     made.error().code == errc::connection_lost);
      if (!may_come || !is_gone || std::chrono::steady_clock::now() > until) co_return made;
      tell_waiting();
      pause.expires_after(std::chrono::milliseconds(500));
      asio::error_code ignored;
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
  }

  void tell_waiting() {
    if (std::exchange(was_waiting_, true)) return;
    voice_.emit({{"event", "waiting"}});
    voice_.say("Waiting for the other side ...");
  }

  void start(net::control_transport transport) {
    room::client_options room;
    room.wanted = meeting_.wanted;
    room.side = meeting_.side;
    room.takes_more = meeting_.takes_more;
    room.software = std::string("tallow-cli ") + TALLOW_VERSION;
    session::session_options how;
    how.lanes = session_options_.lanes;
    how.code_words = session_options_.code_words;
    how.compression = session_options_.compression;
    how.signer = session_options_.signer;
    how.demanded_signer = session_options_.demanded_signer;
    how.outage_max = std::chrono::seconds(options_->outage_seconds);
    if (meeting_.code) {
      room.room = meeting_.code->room();
      how.code = meeting_.code->clone();
    }
    if (meeting_.keys) {
      room.room = meeting_.keys->room();
      how.family = meeting_.keys->clone();
    }
    session_.emplace(room::client(std::move(room), std::chrono::steady_clock::now()), *transfer_,
                     std::move(how), Botan::system_rng());
    driver_.emplace(
        *session_, std::move(transport), executor_, [this]() { return relay_->connect(); },
        relay_->way());
    if (options_->direct_is_public) driver_->use_public_addresses();
  }

  // The other side may have come to another relay than this one, or not at all.
  asio::awaitable<void> leave_when_alone(std::shared_ptr<asio::steady_timer> timer,
                                         std::size_t visit) {
    asio::error_code stopped;
    co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, stopped));
    if (stopped) co_return;
    const bool is_alone = meeting_.is_expected ? !has_met_ : goes_elsewhere_;
    if (!is_alone || visit != visits_) co_return;
    session_->cancel(std::chrono::steady_clock::now());
    driver_->wake();
  }

  void tell_used() {
    voice_.emit({{"event", "using_relay"}, {"relay", chosen_}});
    voice_.say("Using the relay at " + transfer::escape_for_display(chosen_) + ".");
  }

  void tell_unusable(const error& why) {
    if (!unusable_.insert(chosen_).second) return;  // once is enough
    voice_.emit({{"event", "relay_unusable"}, {"relay", chosen_}, {"code", errc_name(why.code)}});
    voice_.say("The relay at " + transfer::escape_for_display(chosen_) +
               " cannot be used: " + describe(why));
  }

  template <class OnOffer>
  void handle(const session::event& e, OnOffer& on_offer) {
    // A sender stays where it has a place. A receiver stays where the other side is.
    const bool is_waiting = std::holds_alternative<session::waiting>(e);
    was_usable_ = was_usable_ || is_waiting;
    if (std::holds_alternative<session::code_made>(e) ||
        std::holds_alternative<session::peer_found>(e) ||
        (is_waiting && Transfer::role == transfer_role::sender)) {
      goes_elsewhere_ = false;
    }
    if (std::holds_alternative<session::code_made>(e)) {
      show();
    } else if (is_waiting) {
      // Once for all relays; at one of them it may come to that again.
      if (!has_choice_) was_waiting_ = false;
      tell_waiting();
    } else if (const auto* secured = std::get_if<session::secured>(&e)) {
      has_met_ = true;
      words_ = words_text(secured->words);
      is_secured_ = true;
      voice_.emit({{"event", "secured"}, {"words", words_}});
      voice_.say("Connected. Both sides see, if they want to compare: " + words_);
      if (when_met_) std::exchange(when_met_, nullptr)();
    } else if (std::holds_alternative<session::words_due>(e)) {
      asio::co_spawn(executor_, compare_words(), asio::detached);
    } else if (std::holds_alternative<session::words_agreed>(e)) {
      stores_keys_ = true;
      record_->save(*session_->family());
      voice_.emit({{"event", "words_agreed"}});
      voice_.say("Both people see the same words.");
    } else if (std::holds_alternative<session::keys_changed>(e)) {
      if (stores_keys_) record_->save(*session_->family());
    } else if (std::holds_alternative<session::offered>(e)) {
      on_offer(*this);
    } else if (is_for_another(e)) {
      // The relay has not heard yet that the receiver before is served: for a moment.
      if (meeting_.follows) return;
      if (std::exchange(was_told_to_wait_, true)) return;
      voice_.emit({{"event", "busy"}});
      voice_.say("Somebody else with this code has the turn; waiting for mine ...");
    } else if (const auto* cut = std::get_if<session::connection_lost>(&e)) {
      is_connected_ = false;
      voice_.emit({{"event", "connection_lost"}, {"reason", describe(cut->why)}});
      voice_.say("The connection is lost (" + describe(cut->why) + "). Trying again ...");
    } else if (std::holds_alternative<session::resumed>(e)) {
      has_met_ = true;
      is_connected_ = true;
      voice_.emit({{"event", "resumed"}});
      voice_.say("Connected again; going on.");
    } else if (const auto* changed = std::get_if<session::path_changed>(&e)) {
      path_ = changed->path == session::data_path::direct ? "direct" : "relay";
      voice_.emit({{"event", "path"}, {"path", path_}});
    } else {
      tell_event(voice_, e);  // done and failed are reported by whoever called run()
    }
  }

  // Until both have agreed there is nothing to be gone on with: whoever goes on is asked nothing.
  asio::awaitable<void> compare_words() {
    stores_keys_ = false;
    record_->forget();
    voice_.emit({{"event", "words_due"}, {"words", words_}});
    bool are_same = options_->yes;
    if (are_same) {
      voice_.say("The other side wants the words compared: " + words_);
    } else if (asks_nobody_) {
      voice_.say_always("The other side wants the words compared, and nobody can be asked here.");
    } else {
      voice_.say_always("Compare, by telephone or side by side:  " + words_);
      const auto answer = co_await ask_for_line(
          *report_, voice_.with_number("Does the other side show the same six words? [y/N] "));
      are_same = is_yes(answer);
    }
    const auto now = std::chrono::steady_clock::now();
    if (are_same) {
      (void)session_->confirm_words(now);
    } else {
      session_->deny_words(now);
    }
    driver_->wake();
  }

  // The sender has several receivers, and is busy with another one.
  [[nodiscard]] static bool is_for_another(const session::event& e) {
    const auto* cut = std::get_if<session::connection_lost>(&e);
    return cut != nullptr && cut->why.code == errc::room_busy;
  }

  void show() {
    show_code(session_->code()->text(), !meeting_.code || meeting_.is_code_made, *options_, relay(),
              voice_);
  }

  // Draws progress while the session runs.
  asio::awaitable<void> watch(asio::steady_timer& beat) {
    while (beating_ && voice_.is_alone()) {
      const auto now = std::chrono::steady_clock::now();
      const progress_facts facts = facts_now();
      if (facts.bytes_done > 0) {
        report_->progress(facts, now);
      } else if (is_secured_ && is_connected_ && meeting_.wanted == want::send && stores_keys_) {
        report_->status("Waiting for the receiver's answer ...", now);
      } else {
        report_->flush();
      }
      beat.expires_after(std::chrono::milliseconds(100));
      asio::error_code stopped;
      co_await beat.async_wait(asio::redirect_error(asio::use_awaitable, stopped));
      if (stopped) co_return;
    }
  }

  const common_options* options_;
  meeting meeting_;
  session::session_options session_options_;
  Transfer* transfer_;
  session_record* record_;
  voice voice_;
  reporter* report_;
  std::function<void()> before_meeting_;
  std::function<void()> when_met_;
  std::optional<relay_connector> relay_;
  std::optional<session_type> session_;
  std::optional<driver_type> driver_;
  std::function<void(progress_facts&)> look_;
  asio::any_io_executor executor_;
  std::string words_;
  std::string_view path_ = "relay";  // where the data goes
  std::string chosen_;               // of the relays
  std::set<std::string> visited_;
  std::set<std::string> unusable_;
  std::size_t visits_ = 0;
  bool is_cancelled_ = false;
  bool has_choice_ = false;     // there are several
  bool goes_elsewhere_ = true;  // another relay may do better
  bool was_usable_ = false;     // this one let us wait
  bool was_waiting_ = false;
  bool is_secured_ = false;
  bool is_connected_ = true;
  bool beating_ = true;
  bool has_met_ = false;
  bool asks_nobody_ = false;
  bool was_told_to_wait_ = false;
  bool stores_keys_;  // false while words are to be compared
};

}  // namespace tallow::cli
