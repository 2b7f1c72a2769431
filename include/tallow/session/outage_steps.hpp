// What a session does when its connection is lost; a part of session.hpp.
//
// @source  docs/protocol/transfer.md, Reconnect
#pragma once

#include <utility>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/time.hpp>
#include <tallow/base/units.hpp>
#include <tallow/crypto/resume_keys.hpp>
#include <tallow/session/faults.hpp>
#include <tallow/session/session.hpp>
#include <tallow/wire/peer_messages.hpp>

namespace tallow::session {

// The link has failed, or what it carries was tampered with. Others than the two peers can bring
// that about, so it ends no session that can have another connection; but whoever does it on
// purpose has few tries.
template <class Transfer, class Link>
result<void> session<Transfer, Link>::lose_connection(const error& why, instant now) {
  if (!may_come_back(why.code)) {
    if (phase_ != phase::closing) return give_up(why, now);
    phase_ = phase::over;
    return {};
  }
  if (condition_of(why.code) == cond::peer && ++record_failures_ >= limits::record_failures_max) {
    return give_up(error{errc::authentication_failed, 0, "too many forged records", {}}, now);
  }
  if (!outage_.ends_at() && !done_told_) tell(connection_lost{why});
  outage_.lost(why, now, *rng_, std::exchange(retry_after_, {}));
  if (done_told_) outage_.end_by(now + closing_outage_max);
  // One that waits wants to be found in its place.
  says_goodbye_ = family_ && (phase_ == phase::meeting || phase_ == phase::handshaking);
  if (says_goodbye_) (void)link_.close(close_reason::cancelled);
  opening_.abandon();
  channel_.reset();
  if (direct_.any_open()) tell(path_changed{data_path::relay});
  lanes_ = lane_plan(lanes_wanted());
  direct_ = direct_plan(lanes_wanted());
  in_band_ = in_band_lane();
  phase_ = phase::away;
  return {};
}

template <class Transfer, class Link>
result<void> session<Transfer, Link>::cannot_go_on(const error& why, instant now) {
  const bool is_trouble = is_connection_trouble(why.code) && (family_ || may_come_back(why.code));
  return is_trouble ? lose_connection(why, now) : give_up(why, now);
}

// Before the first handshake there is nothing but a place to wait in, so only what a relay and the
// way to it do is sat out, and those who are before us. Guesses of the code are counted over all
// connections.
template <class Transfer, class Link>
bool session<Transfer, Link>::may_come_back(errc why) const {
  if (!outage_.bearable() || peer_gave_up_) return false;
  const bool has_place = has_waited_ || outage_.ends_at() || why == errc::room_busy;
  return family_ ||
         (phase_ == phase::meeting && has_place && !opening_.code_spent() && is_relay_trouble(why));
}

template <class Transfer, class Link>
room_id session<Transfer, Link>::meeting_room() const {
  return family_ ? family_->room() : options_.code->room();
}

template <class Transfer, class Link>
void session<Transfer, Link>::note_waiting() {
  has_waited_ = true;
  tell(waiting{});
}

template <class Transfer, class Link>
result<void> session<Transfer, Link>::end_outage(instant now) {
  if (!done_told_) return give_up(outage_.why(), now);
  // Everything is in its place here; the sender will not have heard of it.
  phase_ = phase::over;
  return {};
}

// The other side has said what it has: from here on everything goes on as before the outage.
template <class Transfer, class Link>
result<void> session<Transfer, Link>::resynchronise(const received& m, instant now) {
  if (!is_resynchronised_ && m.is_new != is_new_) return begin_anew(m);
  if (auto done = log_.confirm(m.count); !done) return done;
  if (std::exchange(is_resynchronised_, true)) return {};
  is_new_ = false;
  for (const byte_buffer& plaintext : log_.unconfirmed()) {
    if (auto done = say_sealed(plaintext, now); !done) return done;
  }
  outage_.over();
  if (!done_told_) tell(resumed{});
  if constexpr (Transfer::role == transfer_role::receiver) {
    // What a lane brought after the old connection was lost, nobody could tell.
    if (auto done = transfer_->settle(); !done) return done;
  }
  return announce_lanes(now);
}

// One of the two was started anew, and the other was not: what the one has forgotten the other
// could not say again. So the other one is to begin anew, too, with the keys that both have now.
template <class Transfer, class Link>
result<void> session<Transfer, Link>::begin_anew(const received& m) {
  if (!m.is_new) return fail(errc::connection_lost, 0, "the other side has to begin anew, too");
  if (!done_told_) return fail(errc::peer_restarted);
  phase_ = phase::over;  // everything is in its place here
  return {};
}

}  // namespace tallow::session
