// What a session does when something happens; a part of session.hpp.
//
// @source  docs/protocol/ (all of it)
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/time.hpp>
#include <tallow/base/units.hpp>
#include <tallow/session/abort.hpp>
#include <tallow/session/faults.hpp>
#include <tallow/session/session.hpp>
#include <tallow/transfer/word_check.hpp>
#include <tallow/wire/message.hpp>

namespace tallow::session {

// ---- what the link says ----

template <class Transfer, class Link>
result<void> session<Transfer, Link>::on(const room::created& e, instant) {
  if (e.room != crypto::room_of(e.nameplate)) {
    return fail(errc::relay_message_unexpected, 0, "the room is not that of its nameplate");
  }
  auto code = crypto::code_phrase::generate(e.nameplate, options_.code_words, *rng_);
  if (!code) return fail(code.error());
  options_.code = std::move(*code);
  take_limits(e.limits);
  tell(code_made{});
  note_waiting();
  return {};
}

template <class Transfer, class Link>
result<void> session<Transfer, Link>::on(const room::joined& e, instant now) {
  take_limits(e.limits);
  if (!family_) outage_.over();
  if (e.placed == place::second) return start_handshake(place::second, now);
  if (is_new_) note_waiting();
  return {};
}

template <class Transfer, class Link>
result<void> session<Transfer, Link>::on(const room::peer_arrived& e, instant now) {
  return start_handshake(e.placed, now);
}

template <class Transfer, class Link>
result<void> session<Transfer, Link>::on(const room::peer_turned_away&, instant) {
  tell(stranger_turned_away{});
  return {};
}

template <class Transfer, class Link>
result<void> session<Transfer, Link>::on(const room::peer_gone& e, instant) {
  if (phase_ == phase::closing && e.reason != leave_reason::disconnected) {
    phase_ = phase::over;
    return {};
  }
  // A reconnect that fails begins anew, in a new room: a relay counts failures.
  if (family_ && phase_ != phase::live) return fail(errc::peer_left);
  if (e.still_waiting) {
    opening_.abandon();
    phase_ = phase::meeting;
    tell(peer_lost{e.reason});
    return {};
  }
  return fail(error_for(e.reason));
}

template <class Transfer, class Link>
result<void> session<Transfer, Link>::on(const room::refused& e, instant) {
  retry_after_ = std::chrono::milliseconds(e.report.retry_after_ms);
  return fail(e.why);
}

template <class Transfer, class Link>
result<void> session<Transfer, Link>::on(const room::quota_low& e, instant) {
  tell(quota_low{e.bytes_left});
  return {};
}

template <class Transfer, class Link>
result<void> session<Transfer, Link>::on(const room::draining& e, instant) {
  retry_after_ = std::chrono::milliseconds(e.retry_after_ms);
  // Who waits alone is sent away at once, and tells that.
  if (phase_ != phase::meeting) tell(relay_draining{e.deadline_ms});
  return {};
}

// Lanes on connections of their own are not asked for.
template <class Transfer, class Link>
result<void> session<Transfer, Link>::on(const room::tickets_granted& e, instant now) {
  for (const lane_ticket& ticket : e.tickets) {
    const auto id = lanes_.granted(now);
    if (!id) return fail(errc::relay_message_unexpected, 0, "a ticket nobody asked for");
    tell(lane_granted{*id, ticket});
  }
  return {};
}

template <class Transfer, class Link>
void session<Transfer, Link>::take_limits(const relay_limits& told) {
  const bool uses_relay = transfer_->direct().here() != direct_use::required;
  transfer_->limit_bytes(uses_relay ? told.room_bytes_max : 0);
  lanes_.limit(told.lanes_max);
}

template <class Transfer, class Link>
result<void> session<Transfer, Link>::on(const room::slice& e, instant now) {
  byte_span bytes = e.bytes;
  if (phase_ == phase::handshaking) {
    auto done = e.stream == control_stream
                    ? on_handshake(bytes, now)
                    : result<void>(fail(errc::handshake_unexpected, e.stream.value));
    if (!done) done = lose_peer(done.error());
    if (!done) return done;
  }
  // In other phases it is what a peer said that has been given up.
  if (phase_ != phase::live && phase_ != phase::closing) return {};
  return e.stream == control_stream ? on_control(bytes, now) : on_lane(e.stream, bytes, now);
}

// ---- handshake ----

template <class Transfer, class Link>
result<void> session<Transfer, Link>::start_handshake(place placed, instant now) {
  if (phase_ != phase::meeting || (!options_.code && !family_))
    return fail(errc::relay_message_unexpected);
  auto started =
      family_ ? opening_.start_resume(placed, *family_) : opening_.start(placed, *options_.code);
  if (!started) return started;
  phase_ = phase::handshaking;
  deadline_ = now + limits::handshake_timeout;
  if (!family_) tell(peer_found{});
  return send_handshake();
}

// The handshake under way has failed. The first in a room waits for the next peer as long as the
// code is not spent: whoever knows the number could end its waiting otherwise. Two programs that
// do not understand each other are told so at once.
template <class Transfer, class Link>
result<void> session<Transfer, Link>::lose_peer(const error& why) {
  const bool versions =
      why.code == errc::versions_do_not_meet || why.code == errc::suites_do_not_meet;
  if (family_) return fail(errc::connection_lost, why.at, "a reconnect did not succeed");
  if (versions || opening_.code_spent() || !link_.may_meet_another()) return fail(why);
  opening_.abandon();
  phase_ = phase::meeting;  // until the relay says that it is gone
  return {};
}

template <class Transfer, class Link>
result<void> session<Transfer, Link>::on_handshake(byte_span& bytes, instant now) {
  const auto complete = opening_.handle_bytes(bytes);
  // What the handshake has to say goes out even when it failed: that is its ABORT.
  auto sent = send_handshake();
  if (!complete) return fail(complete.error());
  if (!sent || !*complete) return sent;
  auto channel = opening_.take_channel();
  if (!channel) return fail(channel.error());
  return establish(std::move(*channel), now);
}

template <class Transfer, class Link>
result<void> session<Transfer, Link>::send_handshake() {
  for (;;) {
    const auto out = opening_.poll_transmit();
    if (!out) return fail(out.error());
    if (!*out) return {};
    // The relay has to hear it before the other side can answer with larger frames.
    if ((*out)->type == frame_type::handshake_4) {
      if (auto done = link_.confirm(); !done) return done;
    }
    if (auto done = link_.send_slice(control_stream, (*out)->bytes); !done) return done;
  }
}

template <class Transfer, class Link>
result<void> session<Transfer, Link>::establish(secure_channel channel, instant now) {
  channel_.emplace(std::move(channel));
  heard_at_ = now;
  said_at_ = now;
  const bool again = family_.has_value();
  // Chunks are claimed over all connections of a transfer.
  if (is_new_) {
    transfer_->use_claim_key(channel_->take_claim_key());
    bind_identities();
  }
  tell(keys_changed{});
  if (again) {
    family_->advance(channel_->generation(), channel_->take_resume_secret());
    phase_ = done_told_ ? phase::closing : phase::live;
    deadline_ = now + closing_time;
    is_resynchronised_ = false;
    return say(received{log_.tell(), is_new_}, now);
  }
  is_new_ = false;
  family_.emplace(channel_->take_resume_secret());
  phase_ = phase::live;
  tell(secured{channel_->words()});
  return {};
}

// ---- sealed ----

template <class Transfer, class Link>
result<void> session<Transfer, Link>::on_control(byte_span& bytes, instant now) {
  for (;;) {
    const auto plaintext = channel_->open(bytes);
    if (!plaintext) return fail(plaintext.error());
    if (!*plaintext) return {};
    heard_at_ = now;
    family_->confirm();
    const std::size_t size = (*plaintext)->size();
    auto done = visit_sealed(**plaintext, [&](auto&& m) {
      using message_type = std::decay_t<decltype(m)>;
      if (!is_resynchronised_ && message_type::type != sealed_type::received) {
        return result<void>(fail(errc::peer_message_unexpected, 0, "RECEIVED comes first"));
      }
      if (!is_per_connection(message_type::type) && log_.count(size)) receipt_due_ = true;
      return on_sealed(static_cast<message_type&&>(m), now);
    });
    if (!done) return done;
  }
}

template <class Transfer, class Link>
template <class Message>
result<void> session<Transfer, Link>::on_sealed(Message&& m, instant now) {
  using message_type = std::decay_t<Message>;
  if constexpr (std::is_same_v<message_type, peer_ping>) {
    pong_due_ = true;
    return {};
  } else if constexpr (std::is_same_v<message_type, peer_pong>) {
    return {};
  } else if constexpr (std::is_same_v<message_type, peer_abort>) {
    peer_gave_up_ = true;
    return fail(error_for(m.reason));
  } else if constexpr (std::is_same_v<message_type, lanes>) {
    // Only the side that sends the data opens lanes.
    if (Transfer::role == transfer_role::sender) return fail(errc::peer_message_unexpected);
    return on_lanes(m, now);
  } else if constexpr (std::is_same_v<message_type, ident>) {
    return on_ident(m);
  } else if constexpr (std::is_same_v<message_type, direct_lanes>) {
    return on_direct_lanes(std::forward<Message>(m), now);
  } else if constexpr (std::is_same_v<message_type, received>) {
    return resynchronise(m, now);
  } else {
    return transfer_->handle(std::forward<Message>(m), now);
  }
}

template <class Transfer, class Link>
result<void> session<Transfer, Link>::on_lanes(const lanes& m, instant now) {
  if (transfer_->chunk_bytes() == 0) return fail(errc::peer_message_unexpected, 0, "before SETUP");
  if (transfer_->direct().agreed() == direct_use::required) {
    return fail(errc::peer_message_unexpected, 0, "LANES where direct ones are required");
  }
  if (auto done = channel_->announce(m); !done) return done;
  if (!m.in_band) {
    // Each is a connection and a thread: a sender whose own relay gives tickets without end may
    // not have as many as it likes. Those of an honest one that nobody ended go with this
    // connection.
    if (!lanes_.may_follow(m.count)) {
      return fail(errc::connection_lost, m.count, "lanes beside too many that have not ended");
    }
    // Where this side gets no tickets, no lane opens, and the sender finds another way.
    if (link_.request_lanes(m.count)) lanes_.announced(m.first, m.count, now);
    return {};
  }
  if (m.count != 1) return fail(errc::length_above_limit, m.count, "lanes in band");
  return open_in_band(m.first);
}

template <class Transfer, class Link>
result<void> session<Transfer, Link>::open_in_band(stream_id id) {
  auto lane =
      channel_->take_lane(id, transfer_->chunk_bytes(), Transfer::role == transfer_role::sender,
                          {transfer::compression_mode::off, 0});
  if (!lane) return fail(lane.error());
  in_band_.open(std::move(*lane));
  return {};
}

// Opens what the rules of lanes_ ask for. LANES goes behind SETUP, which is the first message
// there is.
template <class Transfer, class Link>
result<void> session<Transfer, Link>::announce_lanes(instant now) {
  if constexpr (Transfer::role == transfer_role::sender) {
    if (!setup_sent_ || !is_resynchronised_) return {};
    if (auto done = announce_direct(now); !done) return done;
    if (direct_.holds_others(now)) return {};
    if (const std::uint32_t count = lanes_.missing(now); count > 0) {
      const auto first = channel_->allocate_lanes(count);
      if (!first) return fail(first.error());
      if (auto done = link_.request_lanes(count); !done) return done;
      lanes_.announced(*first, count, now);
      if (auto done = say(lanes{*first, count, false}, now); !done) return done;
    }
    if (lanes_.take_in_band(now) && !in_band_.is_open()) {
      const auto id = channel_->allocate_lanes(1);
      if (!id) return fail(id.error());
      if (auto done = open_in_band(*id); !done) return done;
      if (auto done = say(lanes{*id, 1, true}, now); !done) return done;
    }
  }
  return {};
}

template <class Transfer, class Link>
result<void> session<Transfer, Link>::on_lane(stream_id id, byte_span& bytes, instant now) {
  // One that was replaced may still have slices on their way.
  if (!in_band_.is(id)) return fail(errc::stream_id_used, id.value);
  heard_at_ = now;
  if constexpr (Transfer::role == transfer_role::receiver) {
    return in_band_.handle_bytes(bytes, *transfer_, now);
  } else {
    return in_band_.handle_greeting(bytes);
  }
}

// ---- out ----

template <class Transfer, class Link>
template <class Message>
result<void> session<Transfer, Link>::say(const Message& m, instant now) {
  byte_buffer plaintext;
  append_sealed_plaintext(plaintext, m);
  return say_sealed(plaintext, now);
}

template <class Transfer, class Link>
result<void> session<Transfer, Link>::say_sealed(byte_view plaintext, instant now) {
  const auto frame = channel_->seal(plaintext);
  if (!frame) return fail(frame.error());
  said_at_ = now;
  return send_stream(control_stream, *frame);
}

template <class Transfer, class Link>
result<void> session<Transfer, Link>::send_stream(stream_id id, byte_view bytes) {
  while (!bytes.empty()) {
    const std::size_t count = std::min(bytes.size(), limits::peer_slice_bytes_max);
    if (auto done = link_.send_slice(id, bytes.first(count)); !done) return done;
    bytes = bytes.subspan(count);
  }
  return {};
}

// Does what has become possible, until there is nothing to do or enough waits to be sent.
template <class Transfer, class Link>
result<void> session<Transfer, Link>::settle(instant now) {
  if (failed_) return standing();
  if (phase_ == phase::live) {
    if (auto done = fill(now); !done) return give_up(done.error(), now);
    if (!direct_.has_begun()) {
      if (auto done = announce_lanes(now); !done) return give_up(done.error(), now);
    }
    note_words();
    if (auto done = note_offer(); !done) return give_up(done.error(), now);
    if (transfer_->done()) finish(now);
  }
  return {};
}

template <class Transfer, class Link>
result<void> session<Transfer, Link>::fill(instant now) {
  while (may_fill()) {
    // One answer to all pings that came meanwhile: a flood of them is answered as it is sent.
    if (std::exchange(pong_due_, false)) {
      if (auto done = say(peer_pong{}, now); !done) return done;
    }
    if (std::exchange(receipt_due_, false)) {
      if (auto done = say(received{log_.tell(), false}, now); !done) return done;
    }
    if (std::exchange(ident_due_, false)) {
      if (auto done = state_identity(now); !done) return done;
    }
    const auto message = transfer_->poll_message(now);
    if (!message) return fail(message.error());
    if (*message) {
      log_.add(**message);
      if (auto done = say_sealed(**message, now); !done) return done;
      if (!std::exchange(setup_sent_, true)) {
        if (auto done = announce_lanes(now); !done) return done;
      }
      continue;
    }
    const auto sent = send_in_band();
    if (!sent) return fail(sent.error());
    if (!*sent) return {};
  }
  return {};
}

// The greeting of the lane in band, and a chunk on it unless there are better lanes.
template <class Transfer, class Link>
result<bool> session<Transfer, Link>::send_in_band() {
  if (!in_band_.is_open()) return false;
  const auto hello = in_band_.take_hello();
  if (!hello) return fail(hello.error());
  if (!hello->empty()) {
    if (auto done = send_stream(in_band_.id(), *hello); !done) return fail(done.error());
  }
  if constexpr (Transfer::role == transfer_role::sender) {
    if (lanes_.any_open() || direct_.any_open()) return false;
    const auto frame = in_band_.next_frame(*transfer_);
    if (!frame) return fail(frame.error());
    if (frame->empty()) return false;
    if (auto done = send_stream(in_band_.id(), *frame); !done) return fail(done.error());
    return true;
  }
  return false;
}

template <class Transfer, class Link>
void session<Transfer, Link>::note_words() {
  const transfer::word_check& words = transfer_->words();
  if (!words_asked_ && words.is_due()) {
    words_asked_ = true;
    tell(words_due{});
  }
  if (words_asked_ && !words_told_ && words.has_passed()) {
    words_told_ = true;
    tell(words_agreed{});
  }
}

template <class Transfer, class Link>
result<void> session<Transfer, Link>::note_offer() {
  if constexpr (Transfer::role == transfer_role::receiver) {
    if (offer_told_ || !transfer_->offer_ready()) return {};
    if (options_.demanded_signer && !peer_identity_) return fail(errc::signer_missing);
    if (options_.demanded_signer && peer_identity_ != options_.demanded_signer) {
      return fail(errc::signer_wrong);
    }
    offer_told_ = true;
    tell(offered{});
  }
  return {};
}

template <class Transfer, class Link>
void session<Transfer, Link>::finish(instant now) {
  tell(done{});
  done_told_ = true;
  if (Transfer::role == transfer_role::sender) {
    (void)link_.close(close_reason::done);
    phase_ = phase::over;
  } else {
    // The sender closes the room once it has our last message. What led here may have taken longer
    // than that may take: the disk's time is not the sender's.
    phase_ = phase::closing;
    closes_late_ = true;
    deadline_ = now;
  }
}

template <class Transfer, class Link>
result<void> session<Transfer, Link>::standing() const {
  if (failed_) return fail(*failed_);
  return {};
}

template <class Transfer, class Link>
result<void> session<Transfer, Link>::give_up(const error& why, instant now) {
  if (failed_) return fail(*failed_);
  if (phase_ == phase::over) return {};
  error reported = why;
  if (phase_ == phase::handshaking && !family_) {
    // Before keys exist, whatever is malformed looks like a wrong code, and is treated as one.
    const bool peer_fault = condition_of(why.code) == cond::peer;
    if (peer_fault) reported = error{errc::authentication_failed, 0, why.note, {}};
  }
  // One that was started anew would take an end for the end of the transfer.
  const bool tells = phase_ == phase::live && !peer_gave_up_ && why.code != errc::peer_restarted;
  if (tells) (void)say(peer_abort{reason_for(why.code)}, now);
  opening_.abandon();
  (void)link_.close(opening_.code_spent() && phase_ == phase::handshaking && !family_
                        ? close_reason::spent
                        : close_reason::cancelled);
  failed_ = reported;
  tell(failed{reported});
  return fail(reported);
}

}  // namespace tallow::session
