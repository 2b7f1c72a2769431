// What an application holds: room, handshake and transfer behind one object. Sans-IO.
//
// @source  docs/protocol/ (all of it)
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/time.hpp>
#include <tallow/base/units.hpp>
#include <tallow/crypto/code_phrase.hpp>
#include <tallow/crypto/identity.hpp>
#include <tallow/crypto/key_schedule.hpp>
#include <tallow/crypto/resume_keys.hpp>
#include <tallow/crypto/rng.hpp>
#include <tallow/room/room_client.hpp>
#include <tallow/session/abort.hpp>
#include <tallow/session/direct_plan.hpp>
#include <tallow/session/events.hpp>
#include <tallow/session/faults.hpp>
#include <tallow/session/in_band.hpp>
#include <tallow/session/lane_plan.hpp>
#include <tallow/session/message_log.hpp>
#include <tallow/session/opening.hpp>
#include <tallow/session/outage.hpp>
#include <tallow/session/secure_channel.hpp>
#include <tallow/transfer/compression_policy.hpp>
#include <tallow/transfer/endpoint.hpp>
#include <tallow/wire/message.hpp>

namespace tallow::session {

/// What a session is told at the start.
struct session_options {
  /// The code; nothing: the relay gives a nameplate and a code is made from it.
  std::optional<crypto::code_phrase> code;
  /// Keys of an earlier session that did not come to its end, in place of a code. This side was
  /// started anew; the link asks for their room. Where the other side still lives, it fails with
  /// peer_restarted, and this one waits for it to begin anew as well.
  std::optional<crypto::resume_keys> family{};
  /// Words of a code that is made.
  std::size_t code_words = crypto::code_words_default;
  /// Sender: lanes on connections of their own, as far as the link offers them. 0: all in band.
  std::uint32_t lanes = 0;
  /// Sender: for lanes on connections of their own; a lane in band compresses nothing.
  transfer::compression_choice compression{};
  /// Who this side says that it is; outlives the session.
  const crypto::identity* signer = nullptr;
  /// Receiver: nothing is offered unless the other side has said that it is this one.
  std::optional<crypto::identity_fingerprint> demanded_signer{};
  /// How long an outage may last before the session fails. 0: there is one connection and no other.
  duration outage_max{};
};

/// One transfer between two peers, from the first byte to the last.
///
/// Transfer is transfer::sender<...> or transfer::receiver<...>; Link is room::client (a relay in
/// between) or direct_link. Owner's rules: one call that puts something in, then poll_event() and
/// poll_transmit() until both are empty; time never goes backwards; one thread. A failed session
/// stays failed; what it still has to say is in poll_transmit().
///
/// Phases: meeting -> handshaking -> live -> closing -> over; handshaking goes back to meeting when
/// the peer leaves and we are first. Where outages are allowed, a connection that is lost in live
/// or closing leads to away; with resume() it goes on to meeting and handshaking, and back. So does
/// one that is lost while we wait alone, in the same room.
template <class Transfer, class Link = room::client>
class session {
 public:
  session(Link link, Transfer& transfer, session_options options, crypto::random_generator& rng)
      : link_(std::move(link)),
        transfer_(&transfer),
        options_(std::move(options)),
        rng_(&rng),
        opening_(rng),
        family_(std::move(options_.family)),
        outage_(options_.outage_max),
        lanes_(lanes_wanted()),
        direct_(lanes_wanted()) {}

  // ---- put in ----

  /// Takes bytes of the connection; changes them where they lie. Call it once with no bytes at the
  /// start.
  ///
  /// @errors  why the session failed, once it has; the same comes as an event
  result<void> handle_bytes(byte_span bytes, instant now) {
    while (phase_ != phase::over && phase_ != phase::away && !failed_) {
      auto happened = link_.next(bytes, now);
      if (!happened) return lose_connection(happened.error(), now);
      if (!*happened) break;
      auto done = std::visit([&](auto& e) { return on(e, now); }, **happened);
      if (!done) return cannot_go_on(done.error(), now);
    }
    return settle(now);
  }

  /// The connection has ended.
  ///
  /// @errors  why the session failed
  result<void> handle_end(instant now) {
    if (phase_ != phase::over && phase_ != phase::away && !failed_) {
      (void)lose_connection(error{errc::connection_lost, 0, "the relay or the way to it", {}}, now);
    }
    if (phase_ != phase::away) phase_ = phase::over;
    return standing();
  }

  // ---- outages ----

  /// When to connect again and call resume(); nothing while the connection stands. The driver ends
  /// the old connection and its lanes before.
  [[nodiscard]] std::optional<instant> reconnect_at() const noexcept {
    return away() ? outage_.try_at() : std::nullopt;
  }

  /// True between the loss of a connection and resume().
  [[nodiscard]] bool away() const noexcept { return phase_ == phase::away && !failed_; }

  /// There is a connection again. To be called when away() only; then go on as with a new session.
  void resume(instant now) {
    TALLOW_ASSERT(phase_ == phase::away);
    // Not before: until its thread has ended, a lane may take more, which nobody will ever get.
    if constexpr (Transfer::role == transfer_role::sender) transfer_->lanes_lost();
    outage_.trying();
    says_goodbye_ = false;
    link_ = link_.again(meeting_room(), now);
    opening_.abandon();
    phase_ = phase::meeting;
  }

  /// There was none to be had.
  void resume_failed(const error& why, instant now) {
    if (phase_ == phase::away) outage_.lost(why, now, *rng_);
  }

  /// To be called when next_timeout() has come; sooner does no harm.
  ///
  /// @errors  why the session failed
  result<void> handle_timeout(instant now) {
    if (phase_ == phase::over || failed_) return standing();
    if (outage_.lasts_too_long(now)) return end_outage(now);
    if (phase_ == phase::away) return standing();
    if (auto done = link_.handle_timeout(now); !done) return lose_connection(done.error(), now);
    if (phase_ == phase::handshaking && now >= deadline_) {
      if (auto done = lose_peer(error{errc::handshake_timeout}); !done) {
        return cannot_go_on(done.error(), now);
      }
    }
    if (phase_ == phase::closing) {
      if (std::exchange(closes_late_, false)) deadline_ = now + closing_time;
      if (now >= deadline_) phase_ = phase::over;
    }
    if (phase_ == phase::live) {
      if (now >= heard_at_ + limits::silence_max) {
        return lose_connection(error{errc::peer_silent}, now);
      }
      if (now >= said_at_ + limits::ping_interval) {
        if (auto done = say(peer_ping{}, now); !done) return give_up(done.error(), now);
      }
      transfer_->handle_timeout(now);
      if (auto done = announce_lanes(now); !done) return give_up(done.error(), now);
    }
    return settle(now);
  }

  // ---- lanes on connections of their own ----

  /// The keys of a lane that lane_granted told of; each once. Whoever carries it calls greet() and
  /// send_chunks() or receive_chunks(), and says here how it goes.
  ///
  /// @errors  wrong_state, stream_id_used (both cond::local); crypto_failed
  [[nodiscard]] result<lane_ends> take_lane(stream_id id) {
    if (phase_ != phase::live) return fail(errc::wrong_state);
    return channel_->take_lane(id, transfer_->chunk_bytes(),
                               Transfer::role == transfer_role::sender, options_.compression);
  }

  /// A lane's other end has proved that it holds the key.
  void lane_opened(stream_id id);

  /// A lane has ended, or could not be opened.
  ///
  /// @errors  why the session failed: what the lane's end tells about it, or about the other side
  result<void> lane_ended(stream_id id, const error& why, instant now) {
    if (phase_ != phase::live || failed_) return standing();
    forget_lane(id, now);
    if constexpr (Transfer::role == transfer_role::sender) transfer_->lane_lost(id);
    if (!is_connection_trouble(why.code)) return give_up(why, now);
    if (is_forgery(why.code) && ++record_failures_ == limits::record_failures_max) {
      return give_up(why, now);
    }
    return handle_timeout(now);
  }

  /// Where the other side finds us; nothing: nowhere. The answer to addresses_wanted.
  ///
  /// @errors  why the session failed
  result<void> listens_at(std::vector<direct_address> addresses, instant now);

  /// What lanes and other threads did has made something possible: end_chunk() says that there is
  /// something to settle, or a claim was worked on.
  ///
  /// @errors  why the session failed
  result<void> handle_progress(instant now) {
    if (phase_ != phase::live || failed_) return standing();
    if constexpr (Transfer::role == transfer_role::receiver) {
      if (auto done = transfer_->settle(); !done) return give_up(done.error(), now);
    }
    return settle(now);
  }

  // ---- commands ----

  /// The person here has compared the words with the other one's: they are the same.
  ///
  /// @errors  why the session failed
  result<void> confirm_words(instant now) {
    transfer_->confirm_words();
    return settle(now);
  }

  /// They are not: somebody stands between the two sides. Ends it.
  void deny_words(instant now) {
    if (phase_ == phase::over || failed_) return;
    (void)give_up(error{errc::authentication_failed, 0, "the words differ", {}}, now);
  }

  /// Receiver: take what is offered.
  ///
  /// @errors  wrong_state (cond::local); disk_full and the like, which end the session
  result<void> accept_offer(instant now) {
    if (phase_ != phase::live) return fail(errc::wrong_state);
    if (auto done = transfer_->accept_offer(); !done) return give_up(done.error(), now);
    return settle(now);
  }

  /// Receiver: do not take it, for that reason (transfer_refused, disk_full). The other side is
  /// told.
  void refuse_offer(const error& why, instant now) {
    if (phase_ != phase::over && !failed_) (void)give_up(why, now);
  }

  /// End it now. The other side is told, as far as it can be.
  void cancel(instant now) {
    if (phase_ != phase::over && !failed_) (void)give_up(error{errc::cancelled}, now);
  }

  // ---- take out ----

  /// The next bytes for the connection; empty when there are none now.
  ///
  /// @shape  returns a view that stays valid until transmitted() has consumed it
  [[nodiscard]] byte_view poll_transmit(instant now) {
    if (phase_ == phase::live && link_.queued_bytes() < queue_low_bytes) (void)settle(now);
    return phase_ == phase::away && !says_goodbye_ ? byte_view{} : link_.poll_transmit();
  }

  /// The connection took the first `count` bytes of poll_transmit().
  void transmitted(std::size_t count) noexcept { link_.transmitted(count); }

  [[nodiscard]] std::optional<event> poll_event() {
    if (events_.empty()) return std::nullopt;
    event e = std::move(events_.front());
    events_.pop_front();
    return e;
  }

  [[nodiscard]] std::optional<instant> next_timeout() const {
    if (phase_ == phase::over || failed_) return std::nullopt;
    if (phase_ == phase::away) return outage_.ends_at();
    std::optional<instant> at = earlier(link_.next_timeout(), outage_.ends_at());
    if (phase_ == phase::handshaking || phase_ == phase::closing) at = earlier(at, deadline_);
    if (phase_ == phase::live) {
      at = earlier(at, heard_at_ + limits::silence_max);
      at = earlier(at, said_at_ + limits::ping_interval);
      // What cannot be said yet is not due.
      if (may_fill()) at = earlier(at, transfer_->next_timeout());
      at = earlier(at, direct_.next_timeout());
      if (!direct_.holds_others()) at = earlier(at, lanes_.next_timeout());
    }
    return at;
  }

  // ---- getters ----

  [[nodiscard]] Transfer& transfer() const noexcept { return *transfer_; }

  /// True when nothing more will happen. Bytes may still wait in poll_transmit().
  [[nodiscard]] bool over() const noexcept { return phase_ == phase::over || failed_; }

  /// Why it failed, if it did.
  [[nodiscard]] const std::optional<error>& failure() const noexcept { return failed_; }

  /// The code, once it is known. To be shown to the person who made it and nobody else.
  [[nodiscard]] const std::optional<crypto::code_phrase>& code() const noexcept {
    return options_.code;
  }

  /// What a later session can go on with; nothing before the first handshake has succeeded.
  [[nodiscard]] const std::optional<crypto::resume_keys>& family() const noexcept {
    return family_;
  }

  [[nodiscard]] const Link& link() const noexcept { return link_; }
  [[nodiscard]] bool code_spent() const noexcept { return opening_.code_spent(); }

 private:
  enum class phase : std::uint8_t { meeting, handshaking, live, closing, away, over };

  // Above this much waiting for the connection, nothing new is sealed.
  static constexpr std::size_t queue_low_bytes = 256 * 1024;
  // How long a receiver stays to let its last message reach the sender.
  static constexpr duration closing_time = std::chrono::seconds(5);

  // How long a receiver that has everything waits for a sender that was cut off before it knew.
  static constexpr duration closing_outage_max = std::chrono::seconds(20);

  [[nodiscard]] std::uint32_t lanes_wanted() const noexcept {
    return Transfer::role == transfer_role::sender ? options_.lanes : 0;
  }

  // ---- what the link says ----

  result<void> on(const room::created& e, instant);
  result<void> on(const room::joined& e, instant now);
  result<void> on(const room::peer_arrived& e, instant now);
  result<void> on(const room::peer_turned_away&, instant);
  result<void> on(const room::peer_gone& e, instant);
  result<void> on(const room::refused& e, instant);
  result<void> on(const room::quota_low& e, instant);
  result<void> on(const room::draining& e, instant);
  result<void> on(const room::tickets_granted& e, instant now);
  void take_limits(const relay_limits& told);
  result<void> on(const room::slice& e, instant now);

  // ---- handshake ----

  result<void> start_handshake(place placed, instant now);
  result<void> lose_peer(const error& why);
  result<void> on_handshake(byte_span& bytes, instant now);
  result<void> send_handshake();
  result<void> establish(secure_channel channel, instant now);
  void bind_identities();
  result<void> state_identity(instant now);
  result<void> on_ident(const ident& m);
  result<void> resynchronise(const received& m, instant now);
  result<void> begin_anew(const received& m);

  // ---- sealed ----

  result<void> on_control(byte_span& bytes, instant now);
  template <class Message>
  result<void> on_sealed(Message&& m, instant now);
  result<void> on_lanes(const lanes& m, instant now);
  result<void> open_in_band(stream_id id);
  result<void> announce_lanes(instant now);
  result<void> announce_direct(instant now);
  result<void> on_direct_lanes(direct_lanes m, instant now);
  [[nodiscard]] std::vector<lane_granted> direct_tickets(stream_id first,
                                                         std::uint32_t count) const;
  void forget_lane(stream_id id, instant now);
  result<void> on_lane(stream_id id, byte_span& bytes, instant now);

  // ---- out ----

  template <class Message>
  result<void> say(const Message& m, instant now);
  result<void> say_sealed(byte_view plaintext, instant now);
  result<void> send_stream(stream_id id, byte_view bytes);
  result<void> settle(instant now);
  // After a reconnect both sides first say what they have; and a full queue takes nothing more.
  [[nodiscard]] bool may_fill() const noexcept {
    return is_resynchronised_ && link_.queued_bytes() < queue_low_bytes;
  }
  result<void> fill(instant now);
  result<bool> send_in_band();
  void note_words();
  result<void> note_offer();
  void finish(instant now);
  void tell(event e) { events_.push_back(std::move(e)); }
  void note_waiting();
  [[nodiscard]] room_id meeting_room() const;
  [[nodiscard]] bool may_come_back(errc why) const;
  [[nodiscard]] result<void> standing() const;
  result<void> lose_connection(const error& why, instant now);
  result<void> cannot_go_on(const error& why, instant now);
  result<void> end_outage(instant now);
  result<void> give_up(const error& why, instant now);

  Link link_;
  Transfer* transfer_;
  session_options options_;
  crypto::random_generator* rng_;
  opening opening_;
  std::optional<secure_channel> channel_;
  std::optional<crypto::resume_keys> family_;  // once a first handshake has succeeded
  message_log log_;
  // Of the handshake in which the transfer began, as the keys of claims.
  std::optional<crypto::ident_binding> ident_binding_;
  crypto::handshake_role ident_role_{};
  std::optional<crypto::identity_fingerprint> peer_identity_;
  bool ident_due_ = false;
  outage outage_;
  lane_plan lanes_;
  direct_plan direct_;
  in_band_lane in_band_;
  std::deque<event> events_;
  phase phase_ = phase::meeting;
  instant deadline_{};  // of the handshake, or of closing
  instant heard_at_{};
  instant said_at_{};
  std::optional<error> failed_;
  unsigned record_failures_ = 0;
  duration retry_after_{};    // the relay asked not to be tried before
  bool has_waited_ = false;   // alone in our room, before the first handshake
  bool is_new_ = true;        // nothing of this transfer was said or heard
  bool closes_late_ = false;  // what closing waits for is timed from the next look at the clock
  bool setup_sent_ = false;
  bool is_resynchronised_ = true;
  bool receipt_due_ = false;
  bool done_told_ = false;
  bool says_goodbye_ = false;  // away, and the old connection may still take our CLOSE
  bool pong_due_ = false;
  bool words_asked_ = false;
  bool words_told_ = false;
  bool offer_told_ = false;
  bool peer_gave_up_ = false;
};

}  // namespace tallow::session

#include <tallow/session/direct_steps.hpp>
#include <tallow/session/identity_steps.hpp>
#include <tallow/session/outage_steps.hpp>
#include <tallow/session/session_steps.hpp>
