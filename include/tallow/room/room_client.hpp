// The client's side of a room: what a peer and its relay say to each other until the peers talk.
//
// @source  docs/protocol/room.md
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/time.hpp>
#include <tallow/base/units.hpp>
#include <tallow/room/transmit_queue.hpp>
#include <tallow/wire/codec.hpp>
#include <tallow/wire/frame_decoder.hpp>
#include <tallow/wire/message.hpp>
#include <tallow/wire/relay_messages.hpp>

namespace tallow::room {

/// What a client wants of a relay.
struct client_options {
  want wanted = want::either;
  /// Sixteen random bytes, the same for every connection of one transfer.
  side_id side{};
  /// The room to join; nothing: make one.
  std::optional<room_id> room;
  /// Name and version of the program, at most limits::software_bytes_max bytes.
  std::string software;
  /// The same side comes again, on another connection, for another peer once this one is live.
  /// Until then whoever else comes is asked to wait.
  bool takes_more = false;
};

/// The relay made a room for us; we are first in it and wait. The caller checks that `room` is the
/// one that `nameplate` stands for: a relay could lie.
struct created {
  std::uint32_t nameplate = 0;
  room_id room{};
  std::uint32_t expiry_seconds = 0;
  relay_limits limits;
};

/// We are in the room that we named: first, and wait; or second, and the peer is there.
struct joined {
  place placed{};
  relay_limits limits;
};

/// The other side is there: the handshake begins. `placed` is ours (first: we answer).
struct peer_arrived {
  place placed{};
};

/// Somebody else came and was refused. Nothing has changed.
struct peer_turned_away {};

/// The other side is gone. `still_waiting`: we keep our place as first, and another may come;
/// otherwise the room is over for us.
struct peer_gone {
  leave_reason reason{};
  bool still_waiting = false;
};

/// The relay refused, or ended the connection. Nothing comes after this.
struct refused {
  error_report report;
  error why;
};

/// So many bytes may still go through the room.
struct quota_low {
  std::uint64_t bytes_left = 0;
};

/// The relay will stop soon.
struct draining {
  std::uint32_t retry_after_ms = 0;
  std::uint32_t deadline_ms = 0;
};

/// Bytes of one stream from the other side, as they lie in the input.
struct slice {
  stream_id stream{};
  byte_span bytes;
};

/// The answer to one request_lanes(): as many as were asked for, or fewer, even none. Each opens
/// our end of one lane, once and within limits::lane_ticket_time. The n-th ticket that this
/// connection was ever granted in its room meets the n-th of the other side.
struct tickets_granted {
  std::vector<lane_ticket> tickets;
};

using client_event = std::variant<created, joined, peer_arrived, peer_turned_away, peer_gone,
                                  refused, quota_low, draining, slice, tickets_granted>;

/// What a relay's refusal means as an error of ours.
[[nodiscard]] inline error error_of(const error_report& report) noexcept {
  const auto plain = [&](errc code, const char* note = "") {
    return error{code, report.limit, note, {}};
  };
  switch (report.code) {
    case relay_error_code::version: return plain(errc::relay_version_unknown);
    case relay_error_code::room_full: return plain(errc::room_full);
    case relay_error_code::wants_clash: return plain(errc::room_wants_clash);
    case relay_error_code::code_spent: return plain(errc::code_spent);
    case relay_error_code::relay_full: return plain(errc::relay_full);
    case relay_error_code::nameplates_used_up: return plain(errc::nameplates_used_up);
    case relay_error_code::attempts_used: return plain(errc::room_attempts_used);
    case relay_error_code::room_expired: return plain(errc::room_expired);
    case relay_error_code::idle: return plain(errc::room_idle);
    case relay_error_code::quota: return plain(errc::quota_exhausted);
    case relay_error_code::slow_consumer: return plain(errc::slow_consumer, "our own side");
    case relay_error_code::rate_limited: return plain(errc::rate_limited);
    case relay_error_code::draining: return plain(errc::relay_draining);
    case relay_error_code::protocol: return plain(errc::client_message_unexpected);
    case relay_error_code::replaced:
      return plain(errc::relay_refused, "a newer connection of this side took its place");
    case relay_error_code::handshake_timeout: return plain(errc::handshake_timeout);
    case relay_error_code::blocked: return plain(errc::address_blocked);
    case relay_error_code::tls_required: return plain(errc::relay_wants_tls);
    case relay_error_code::room_busy: return plain(errc::room_busy);
  }
  return plain(errc::relay_refused);
}

/// One connection to a relay, up to and including the bytes that it forwards.
///
/// Owner's rules: one call that puts something in, then poll_transmit() until it is empty; time
/// never goes backwards; one thread. After an error it stays failed. The view of poll_transmit()
/// stays valid, whatever else is called, until transmitted() has consumed it.
///
/// State: greeting -> waiting -> paired -> live, any -> over. As first, paired goes back to waiting
/// when the peer leaves.
class client {
 public:
  client(client_options options, instant now)
      : options_(std::move(options)),
        decoder_(frames_from_relay),
        heard_at_(now),
        ping_at_(now + limits::ping_interval) {
    TALLOW_ASSERT(options_.software.size() <= limits::software_bytes_max);
    send(client_hello{{relay_protocol_version}, options_.software});
    // Asked for without waiting for the relay's answer: it saves a round trip, and a relay that
    // speaks no version of ours answers the hello with an error and reads no further.
    ask_for_room();
  }

  /// The same client on a new connection, for another room.
  [[nodiscard]] client again(const room_id& room, instant now) const {
    client_options options = options_;
    if (options.room != room) options.takes_more = false;
    options.room = room;
    return {std::move(options), now};
  }

  /// Takes what happened next out of `input`, which are bytes from the relay, and removes from
  /// `input` what was consumed. Call until it returns nothing; then `input` is empty.
  ///
  /// @shape   a slice's bytes are a view into `input` or this object, valid until the next call
  /// @errors  those of frame_decoder and decode_body, relay_message_unexpected,
  ///          relay_version_unknown (all final)
  /// @cost    O(bytes consumed); a slice that lies whole in `input` is not copied
  [[nodiscard]] result<std::optional<client_event>> next(byte_span& input, instant now) {
    if (failed_) return fail(*failed_);
    if (!input.empty()) heard_at_ = now;
    while (state_ != state::over) {
      const auto frame = decoder_.next(input);
      if (!frame) return give_up(frame.error());
      if (!*frame) return std::nullopt;
      auto event = handle(**frame);
      if (!event) return give_up(event.error());
      if (*event) return event;
    }
    input = {};
    return std::nullopt;
  }

  /// @errors  relay_silent (final): nothing came for limits::silence_max
  [[nodiscard]] result<void> handle_timeout(instant now) {
    if (failed_) return fail(*failed_);
    if (state_ == state::over) return {};
    if (now >= heard_at_ + limits::silence_max) return give_up(error{errc::relay_silent});
    if (now >= ping_at_) {
      ping_at_ = now + limits::ping_interval;
      // Whatever was sent since the last look tells the relay the same as a ping.
      if (!sent_since_ && queue_.empty()) send(relay_ping{});
      sent_since_ = false;
    }
    return {};
  }

  [[nodiscard]] std::optional<instant> next_timeout() const noexcept {
    if (failed_ || state_ == state::over) return std::nullopt;
    return earlier(heard_at_ + limits::silence_max, ping_at_);
  }

  /// Bytes for the relay; empty when there are none.
  ///
  /// @shape  returns a view that stays valid until transmitted() has consumed all of it
  [[nodiscard]] byte_view poll_transmit() const noexcept {
    return failed_ ? byte_view{} : queue_.front();
  }

  /// The relay's connection took the first `count` bytes of poll_transmit().
  void transmitted(std::size_t count) noexcept {
    queue_.pop(count);
    sent_since_ = sent_since_ || count > 0;
  }

  /// Bytes that wait for transmitted(): what the owner looks at before it sends more slices.
  [[nodiscard]] std::size_t queued_bytes() const noexcept { return queue_.size(); }

  // ---- commands ----

  /// Sends bytes of one stream to the other side. Before the room is live a slice is at most
  /// limits::handshake_slice_bytes_max bytes.
  ///
  /// @errors  wrong_state, message_too_large (both cond::local): nothing is sent; the first error
  ///          of a connection that failed
  [[nodiscard]] result<void> send_slice(stream_id stream, byte_view bytes) {
    if (failed_) return fail(*failed_);
    if (state_ != state::paired && state_ != state::live) return fail(errc::wrong_state);
    return queue_.push_slice(stream, bytes);
  }

  /// Tells the relay that the other side has proved to know the code. As first only.
  ///
  /// To be called before the slice with our last handshake message: what the other side answers to
  /// that may be larger than the relay allows in a room that is not live yet.
  ///
  /// @errors  as send_slice()
  [[nodiscard]] result<void> confirm() {
    if (failed_) return fail(*failed_);
    if (state_ != state::paired || place_ != place::first) return fail(errc::wrong_state);
    state_ = state::live;
    send(room_confirm{});
    return {};
  }

  /// Asks for tickets of `count` lanes, 1 to limits::lane_tickets_max. A tickets_granted answers.
  ///
  /// To be called once the handshake succeeded: the relay gives none in a room that is not live. As
  /// second the client cannot see that by itself; as first it needs confirm().
  ///
  /// @errors  invalid_argument, wrong_state (both cond::local): nothing is sent; the first error of
  ///          a connection that failed
  [[nodiscard]] result<void> request_lanes(std::uint32_t count) {
    if (failed_) return fail(*failed_);
    if (count == 0 || count > limits::lane_tickets_max) return fail(errc::invalid_argument, count);
    const bool may_be_live =
        state_ == state::live || (state_ == state::paired && place_ == place::second);
    if (!may_be_live) return fail(errc::wrong_state);
    send(lane_request{count});
    lanes_asked_.push_back(count);
    return {};
  }

  /// Ends the room, or as second before it is live our place in it. Slices queued before are still
  /// sent; nothing is received any more.
  ///
  /// @errors  wrong_state (cond::local): there is no room; the first error of a connection that
  ///          failed
  [[nodiscard]] result<void> close(close_reason reason) {
    if (failed_) return fail(*failed_);
    if (!in_room()) return fail(errc::wrong_state);
    send(close_room{reason});
    state_ = state::over;
    return {};
  }

  /// Asks for the same room again on the same connection, after a peer_gone that ended our place as
  /// second.
  ///
  /// @errors  wrong_state (cond::local): we have a place, were first, or the connection is over;
  ///          the first error of a connection that failed
  [[nodiscard]] result<void> rejoin() {
    if (failed_) return fail(*failed_);
    if (state_ != state::parted || place_ != place::second) return fail(errc::wrong_state);
    ask_for_room();
    state_ = state::asking;
    return {};
  }

  // ---- getters ----

  /// Ours, once there was a created or joined event.
  [[nodiscard]] std::optional<place> placed() const noexcept { return place_; }

  /// True as long as another peer may come when this one leaves: we are first, and not live.
  [[nodiscard]] bool may_meet_another() const noexcept {
    return place_ == place::first && (state_ == state::waiting || state_ == state::paired);
  }

  /// True when the connection has nothing more to say: refused, closed or failed. Bytes may still
  /// wait in poll_transmit().
  [[nodiscard]] bool is_over() const noexcept { return failed_ || state_ == state::over; }

  /// What the relay said about itself, once it did. The notice is hostile text until escaped.
  [[nodiscard]] const std::optional<relay_hello>& relay() const noexcept { return relay_; }

 private:
  enum class state : std::uint8_t {
    greeting,  ///< nothing has come from the relay
    asking,    ///< the relay has greeted; the answer about the room is due
    waiting,   ///< first and alone
    paired,    ///< the other side is there
    live,      ///< we are first and have confirmed
    parted,    ///< our place in the room is lost, the connection is not
    over,      ///< nothing more will come
  };
  // Nobody queues so much of his own; a relay that sends pings and reads nothing would.
  static constexpr std::size_t pong_queue_bytes_max = std::size_t{8} << 20U;
  using happened = result<std::optional<client_event>>;

  [[nodiscard]] bool in_room() const noexcept {
    return state_ == state::waiting || state_ == state::paired || state_ == state::live;
  }

  happened handle(const frame_view& frame) {
    switch (frame.type) {
      case frame_type::ping: return on_ping();
      case frame_type::pong: return std::nullopt;
      case frame_type::peer: return on_slice(frame.body);
      case frame_type::relay_hello: return decoded<relay_hello>(frame);
      case frame_type::room_created: return decoded<room_created>(frame);
      case frame_type::room_joined: return decoded<room_joined>(frame);
      case frame_type::peer_joined: return decoded<peer_joined>(frame);
      case frame_type::peer_left: return decoded<peer_left>(frame);
      case frame_type::lane_tickets: return decoded<lane_tickets>(frame);
      case frame_type::quota_warning: return decoded<quota_warning>(frame);
      case frame_type::goaway: return decoded<goaway>(frame);
      case frame_type::error_report: return decoded<error_report>(frame);
      case frame_type::client_hello:
      case frame_type::create_room:
      case frame_type::join_room:
      case frame_type::room_confirm:
      case frame_type::lane_request:
      case frame_type::lane_open:
      case frame_type::close:
      case frame_type::handshake_0:
      case frame_type::handshake_1:
      case frame_type::handshake_2:
      case frame_type::handshake_3:
      case frame_type::handshake_4:
      case frame_type::abort:
      case frame_type::sealed:
      case frame_type::data: break;
    }
    return fail(errc::relay_message_unexpected);
  }

  template <class Message>
  happened decoded(const frame_view& frame) {
    auto m = decode_body<Message>(frame.body);
    if (!m) return fail(m.error());
    return on(std::move(*m));
  }

  // In order behind what was queued before: the relay takes the answer as a sign that nothing older
  // is on its way.
  happened on_ping() {
    if (queue_.size() > pong_queue_bytes_max) {
      return fail(errc::relay_message_unexpected, 0, "a flood of pings");
    }
    send(relay_pong{});
    return std::nullopt;
  }

  happened on_slice(byte_span body) {
    if (state_ == state::parted) return std::nullopt;
    if (state_ != state::paired && state_ != state::live) {
      return fail(errc::relay_message_unexpected);
    }
    const auto view = decode_peer_slice(body);
    if (!view) return fail(view.error());
    return slice{view->stream, view->bytes};
  }

  happened on(relay_hello m) {
    if (state_ != state::greeting) return fail(errc::relay_message_unexpected);
    if (m.version != relay_protocol_version) return fail(errc::relay_version_unknown);
    state_ = state::asking;
    relay_ = std::move(m);
    return std::nullopt;
  }

  happened on(const room_created& m) {
    if (state_ != state::asking || options_.room) return fail(errc::relay_message_unexpected);
    options_.room = m.room;  // a rejoin names it
    place_ = place::first;
    state_ = state::waiting;
    return created{m.nameplate, m.room, m.expiry_seconds, m.limits_told};
  }

  happened on(const room_joined& m) {
    if (state_ != state::asking || !options_.room) return fail(errc::relay_message_unexpected);
    place_ = m.placed;
    state_ = m.placed == place::first ? state::waiting : state::paired;
    return joined{m.placed, m.limits_told};
  }

  // Where we confirmed just as the other side left, the relay still has us waiting. For us the room
  // is over all the same, and what goes on in it is none of our business.
  happened on(const peer_joined& m) {
    if (state_ == state::parted) return std::nullopt;
    if (!in_room() || place_ != place::first) return fail(errc::relay_message_unexpected);
    if (m.how == arrival::turned_away) return peer_turned_away{};
    if (state_ != state::waiting) return fail(errc::relay_message_unexpected);
    state_ = state::paired;
    return peer_arrived{place::first};
  }

  happened on(const peer_left& m) {
    if (state_ == state::parted) return std::nullopt;
    if (state_ != state::paired && state_ != state::live) {
      return fail(errc::relay_message_unexpected);
    }
    const bool stays = state_ == state::paired && place_ == place::first;
    state_ = stays ? state::waiting : state::parted;
    lanes_asked_.clear();  // a room that is over gives none
    return peer_gone{m.reason, stays};
  }

  happened on(lane_tickets m) {
    if (state_ == state::parted) return std::nullopt;
    if (lanes_asked_.empty() || m.tickets.size() > lanes_asked_.front()) {
      return fail(errc::relay_message_unexpected);
    }
    lanes_asked_.pop_front();
    return tickets_granted{std::move(m.tickets)};
  }

  happened on(const quota_warning& m) { return quota_low{m.bytes_left}; }
  happened on(const goaway& m) { return draining{m.retry_after_ms, m.deadline_ms}; }

  happened on(error_report m) {
    const error why = error_of(m);
    state_ = state::over;
    return refused{std::move(m), why};
  }

  void ask_for_room() {
    if (options_.room) {
      send(join_room{*options_.room, options_.side, options_.wanted, options_.takes_more});
    } else {
      send(create_room{options_.side, options_.wanted, options_.takes_more});
    }
  }

  // Everything that goes through here is small and bounded, so it always fits its frame.
  template <message M>
  void send(const M& m) {
    const auto done = queue_.push_message(m);
    TALLOW_ASSERT(done.has_value());
  }

  tl::unexpected<error> give_up(const error& why) {
    failed_ = why;
    return fail(why);
  }

  client_options options_;
  state state_ = state::greeting;
  std::optional<place> place_;
  std::optional<relay_hello> relay_;
  frame_decoder decoder_;
  transmit_queue queue_;
  instant heard_at_;
  instant ping_at_;
  bool sent_since_ = false;
  std::deque<std::uint32_t> lanes_asked_;  // of each request that has no answer yet
  std::optional<error> failed_;
};

}  // namespace tallow::room
