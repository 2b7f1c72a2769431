// How a relay_core does its work; a part of relay_core.hpp.
//
// @source  docs/protocol/room.md
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include <tallow/base/assert.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/time.hpp>
#include <tallow/room/relay_core.hpp>
#include <tallow/wire/codec.hpp>
#include <tallow/wire/frame.hpp>
#include <tallow/wire/relay_messages.hpp>

namespace tallow::room {

// ---- admission ----

inline void relay_core::admit(relay_peer& p, const origin& from, instant now) {
  ++counters_.connections;
  p.is_pending = p.source.has_value();
  const std::size_t count = commons_->connections.add();
  if (p.source && !commons_->with_admission([&](admission& a) { return a.came(*p.source, now); })) {
    return shut_out(p, drop_reason::crowd, now);
  }
  if (from.is_blocked) return turn_away(p, relay_error_code::blocked, duration::zero(), now);
  if (is_draining_) return end(p, relay_error_code::draining, 0, now);
  if (count > options_.connections_max) {
    return end(p, relay_error_code::relay_full, options_.connections_max, now);
  }
  if (!p.source) return;
  const duration wait =
      commons_->with_admission([&](admission& a) { return a.take_connection(*p.source, now); });
  if (wait != duration::zero()) turn_away(p, relay_error_code::rate_limited, wait, now);
}

// Refuses a connection before it has said anything.
inline void relay_core::turn_away(relay_peer& p, relay_error_code why, duration wait, instant now) {
  const auto has_word = [&](admission& a) { return a.take_word(*p.source, now); };
  if (p.source && !commons_->with_admission(has_word)) {
    return shut_out(p, drop_reason::crowd, now);
  }
  if (wait != duration::zero()) return refuse_for(p, wait, now);
  end(p, why, 0, now);
}

// It has a place, or needs none any more.
inline void relay_core::leave_pending(relay_peer& p) {
  if (!std::exchange(p.is_pending, false)) return;
  commons_->with_admission([&](admission& a) { a.left_pending(*p.source); });
}

// True when no room is to be had now: the relay stops, or too many joins from the same source
// were refused.
inline bool relay_core::must_wait(relay_peer& p, instant now) {
  if (is_draining_) {
    end(p, relay_error_code::draining, 0, now);
    return true;
  }
  if (!p.source) return false;
  const duration wait =
      commons_->with_admission([&](const admission& a) { return a.join_wait(*p.source, now); });
  if (wait == duration::zero()) return false;
  refuse_for(p, wait, now);
  return true;
}

inline void relay_core::give_connection_back(const relay_peer& p) {
  if (!p.source) return;
  commons_->with_admission([&](admission& a) { a.give_connection_back(*p.source); });
}

inline bool relay_core::may_open_room(relay_peer& p, instant now) {
  if (!p.source) return true;
  const duration wait =
      commons_->with_admission([&](admission& a) { return a.take_room(*p.source, now); });
  if (wait == duration::zero()) return true;
  refuse_for(p, wait, now);
  return false;
}

inline void relay_core::refuse_for(relay_peer& p, duration wait, instant now) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(wait).count() + 1;
  end(p, relay_error_code::rate_limited, 0, now, narrow<std::uint32_t>(ms));
}

// True when what it asks for is at home elsewhere.
inline bool relay_core::moves(relay_peer& p, std::uint32_t home) {
  if (home == own_.index) return false;
  p.moves_to = home;
  peers_.note(move_away{p.id, home});
  return true;
}

// ---- frames ----

inline void relay_core::handle(relay_peer& p, const frame_view& frame, instant now) {
  const frame_type type = frame.type;
  if (type == frame_type::peer) return on_slice(p, frame, now);
  if (type == frame_type::ping) return on_ping(p, now);
  if (type == frame_type::pong) return on_pong(p);
  if (type == frame_type::client_hello) return decoded<client_hello>(p, frame, now);
  if (type == frame_type::create_room) return decoded<create_room>(p, frame, now);
  if (type == frame_type::join_room) return decoded<join_room>(p, frame, now);
  if (type == frame_type::room_confirm) return on_confirm(p, now);
  if (type == frame_type::lane_request) return decoded<lane_request>(p, frame, now);
  if (type == frame_type::lane_open) return decoded<lane_open>(p, frame, now);
  if (type == frame_type::close) return decoded<close_room>(p, frame, now);
  offend(p, now);  // the decoder lets no others through
}

inline void relay_core::on_ping(relay_peer& p, instant now) {
  (void)peers_.send_urgent(p, frame_type::pong, now);
}

// Only as many answers count as there were questions.
inline void relay_core::on_pong(relay_peer& p) { p.pongs = std::min(p.pongs + 1, p.pings); }

template <class Message>
void relay_core::decoded(relay_peer& p, const frame_view& frame, instant now) {
  const auto m = decode_body<Message>(frame.body);
  return m ? on(p, *m, now) : offend(p, now);
}

inline void relay_core::on(relay_peer& p, const client_hello& m, instant now) {
  const bool is_ours =
      std::find(m.versions.begin(), m.versions.end(), relay_protocol_version) != m.versions.end();
  if (!is_ours) return end(p, relay_error_code::version, 0, now);
  p.enter(phase::greeted, now);
  peers_.send(p,
              relay_hello{relay_protocol_version, options_.software, options_.limits_told(),
                          options_.notice},
              now);
}

inline void relay_core::on(relay_peer& p, const create_room& m, instant now) {
  if (must_wait(p, now) || !may_open_room(p, now)) return;
  const auto made =
      rooms_.create({p.id, m.side, m.wanted, m.takes_more}, next_random(random_), now, notices_);
  if (const auto* why = std::get_if<told_error>(&made)) {
    return end(p, why->code, why->limit, now);
  }
  p.room = std::get<made_room>(made).id;
  p.nameplate = std::get<made_room>(made).nameplate;
}

inline void relay_core::on(relay_peer& p, const join_room& m, instant now) {
  if (must_wait(p, now) || moves(p, own_.home_of(m.room))) return;
  if (!rooms_.contains(m.room) && !may_open_room(p, now)) return;
  p.room = m.room;
  p.nameplate.reset();
  rooms_.join(m.room, {p.id, m.side, m.wanted, m.takes_more}, now, notices_);
}

inline void relay_core::on(relay_peer& p, const close_room& m, instant now) {
  if (p.room) rooms_.close(*p.room, p.id, m.reason, now, notices_);
  vacate(p, now);
  p.enter(phase::ending, now);
  peers_.note(finish{p.id});
}

inline void relay_core::on_confirm(relay_peer& p, instant now) {
  if (!p.room || p.behind_barrier()) return;
  if (!rooms_.confirm(*p.room, p.id, now, notices_)) return offend(p, now);
  if (!rooms_.takes_more(*p.room)) return;
  const room_id fresh = unguessable_id();
  for (const connection_id one : rooms_.move_on(*p.room, fresh, now, notices_)) {
    relay_peer* moved = peers_.find(one);
    moved->room = fresh;
    // What is granted from here on is granted to the room by its old id, and given back.
    if (std::exchange(moved->unpaid, 0) != 0) peers_.note(can_read{one});
  }
}

// Of a room that is at home here.
inline room_id relay_core::unguessable_id() {
  room_id id{};
  const std::uint64_t low = ids_.number() >> 1U;
  store_big_endian(ids_.number(), std::span(id).first<8>());
  store_big_endian(low - low % own_.count + own_.index, std::span(id).last<8>());
  return id;
}

inline void relay_core::on(relay_peer& p, const lane_request& m, instant now) {
  if (!p.room || p.behind_barrier()) return;
  const auto partner = rooms_.live_partner_of(*p.room, p.id);
  if (!partner || m.count == 0 || m.count > limits::lane_tickets_max) return offend(p, now);
  // Who asks without reading the answers must not fill the memory with them.
  if (p.queue.size() > 2 * limits::relay_queue_bytes_max) return offend(p, now);
  // A relay that stops takes no connections, so its tickets would be of no use.
  const std::size_t count = is_draining_ ? 0 : m.count;
  peers_.send(p, lane_tickets{lanes_.issue(p.id, *partner, count, now)}, now);
}

inline void relay_core::on(relay_peer& p, const lane_open& m, instant now) {
  const auto* ticket = std::get_if<lane_ticket>(&m.right);
  if (ticket == nullptr) return offend(p, now);
  if (moves(p, lanes_.home_of(*ticket))) return;
  const lane_admission admitted = lanes_.admit(*ticket, p.id, now);
  if (admitted.what == lane_admission::verdict::refused) {
    return shut_out(p, drop_reason::no_ticket, now);
  }
  // Its room answers for it.
  give_connection_back(p);
  leave_pending(p);
  p.enter(phase::lane, now);
  if (admitted.what == lane_admission::verdict::waits) return;
  ++counters_.lanes;
  peers_.note(noted{"lane joined", ""});
  peers_.note(lanes_joined{admitted.other, p.id});
}

inline void relay_core::on_slice(relay_peer& p, const frame_view& frame, instant now) {
  if (!p.room || p.behind_barrier()) return;
  const auto [verdict, to] = rooms_.carry(*p.room, p.id, frame.body.size(), now, notices_);
  switch (verdict) {
    case carriage::forward: {
      relay_peer* partner = peers_.find(to);
      TALLOW_ASSERT(partner != nullptr);
      count_carried(p, *partner, frame.body.size());
      if (bandwidth_.is_limited() && !frame.body.empty()) {
        p.unpaid += frame.body.size();
        bandwidth_.ask(*p.room, p.id, frame.body.size(), now);
        hand_out_bandwidth(now);
      }
      return peers_.pass_on(*partner, frame.header, frame.body, now);
    }
    case carriage::violation: return offend(p, now);
    case carriage::discard:
    case carriage::overdrawn: return;
  }
}

// ---- notices of rooms ----

// Hands out what rooms have to say, until they have nothing more to say.
inline void relay_core::settle(instant now) {
  for (std::size_t i = 0; i < notices_.size(); ++i) {
    const notice n = notices_[i];
    relay_peer* p = peers_.find(n.to);
    if (p == nullptr || !p->is_heard()) continue;
    std::visit([&](const auto& what) { tell(*p, what, now); }, n.what);
  }
  notices_.clear();
}

inline void relay_core::tell(relay_peer& p, const seated& what, instant now) {
  leave_pending(p);
  p.enter(phase::seated, now);
  p.placed = what.placed;
  // Whoever joins one that waits may guess its code, on one connection in room after room.
  if (p.placed == place::second && p.source) {
    commons_->with_admission([&](admission& a) { a.count_join(*p.source, now); });
  }
  p.carried = 0;
  p.barrier = 0;
  // A room keeps the limits that it was made with, whatever the operator says later.
  const relay_limits told = options_.limits_told(rooms_.options_of(*p.room));
  if (p.nameplate) {
    peers_.send(p, room_created{*p.nameplate, *p.room, told.waiting_seconds_max, told}, now);
    p.nameplate.reset();
    peers_.note(noted{"room made", ""});
  } else {
    peers_.send(p, room_joined{what.placed, told}, now);
    peers_.note(noted{what.placed == place::first ? "room joined as first" : "room paired", ""});
  }
}

inline void relay_core::tell(relay_peer& p, const told_arrival& what, instant now) {
  peers_.send(p, peer_joined{what.how}, now);
}

inline void relay_core::tell(relay_peer& p, const told_leave& what, instant now) {
  peers_.send(p, peer_left{what.reason}, now);
  peers_.note(can_read{p.id});
  if (what.stays) {
    p.allow_slices(limits::unauthenticated_frame_bytes_max);
    peers_.send(p, relay_ping{}, now);
    p.pinged_at = now;
    p.barrier = ++p.pings;
  } else {
    vacate(p, now);
    p.enter(phase::parted, now);
  }
}

inline void relay_core::tell(relay_peer& p, const told_error& what, instant now) {
  count_failed_join(p, what.code, now);
  end(p, what.code, what.limit, now);
}

inline void relay_core::tell(relay_peer& p, const told_live&, instant now) {
  p.allow_slices(limits::frame_length_limit);
  // Who loses his connection again and again must be able to come back each time.
  give_connection_back(p);
  if (p.source && p.placed == place::second) {
    commons_->with_admission([&](admission& a) { a.give_join_back(*p.source); });
  }
  p.live_since = now;
  if (p.placed == place::first) ++counters_.sessions;
  peers_.note(noted{"room live", ""});
}

inline void relay_core::tell(relay_peer& p, const told_quota& what, instant now) {
  peers_.send(p, quota_warning{what.bytes_left}, now);
}

inline void relay_core::count_failed_join(const relay_peer& p, relay_error_code code, instant now) {
  const bool failed = code == relay_error_code::room_full ||
                      code == relay_error_code::wants_clash || code == relay_error_code::code_spent;
  if (!failed || !p.source) return;
  commons_->with_admission([&](admission& a) { a.count_join(*p.source, now); });
}

// ---- bandwidth ----

// Nothing for what is no joined lane, or one whose room is over.
inline std::optional<room_id> relay_core::room_of_lane(connection_id lane) const {
  const auto owners = lanes_.owners_of(lane);
  const relay_peer* own = owners ? peers_.find(owners->own) : nullptr;
  return own == nullptr ? std::nullopt : own->room;
}

// What nobody can use any more goes back at once.
inline void relay_core::hand_out_bandwidth(instant now) {
  while (const auto granted = bandwidth_.poll_grant(now)) {
    relay_peer* p = peers_.find(granted->to);
    if (p != nullptr && p->at == phase::lane) {
      peers_.note(lane_granted{granted->to, granted->bytes});
    } else if (p != nullptr && p->room == granted->room) {
      p->unpaid -= std::min(p->unpaid, granted->bytes);
      if (p->unpaid == 0) peers_.note(can_read{p->id});
    } else {
      bandwidth_.give_back(granted->room, granted->bytes);
    }
  }
}

// ---- counting ----

inline void relay_core::count_carried(relay_peer& a, relay_peer& b, std::uint64_t count) noexcept {
  counters_.bytes_relayed += count;
  a.carried += count;
  b.carried += count;
}

// A session is counted with the first of its two, and ends with either.
inline void relay_core::count_session(relay_peer& p, instant now) noexcept {
  const auto since = std::exchange(p.live_since, std::nullopt);
  if (!since || p.placed != place::first) return;
  ++counters_.sessions_ended;
  counters_.session_seconds.observe(std::chrono::duration<double>(now - *since).count());
  counters_.session_bytes.observe(static_cast<double>(p.carried));
}

// ---- time ----

inline void relay_core::look(relay_peer& p, instant now) {
  const auto is_due = [&](std::optional<instant> when) { return when && now >= *when; };
  if (is_due(p.phase_due())) {
    if (p.at == phase::greeting) return shut_out(p, drop_reason::silent, now);
    if (!p.is_heard()) return let_drop(p, now);
    return end(p, relay_error_code::idle, 0, now);
  }
  if (!p.is_heard()) return;
  if (is_due(p.stall_due())) {
    depart(p, leave_reason::slow_consumer, now);
    return shut_out(p, drop_reason::slow_consumer, now);
  }
  if (now >= p.silence_due()) return end(p, relay_error_code::idle, 0, now);
  if (now >= p.ping_due()) {
    p.pinged_at = now;
    // The ping of the barrier has to be answered before any other is asked, or the answers
    // could not be told apart.
    if (!p.behind_barrier() && peers_.send_urgent(p, frame_type::ping, now)) ++p.pings;
  }
}

// ---- for the operator ----

inline std::vector<room_summary> relay_core::list_rooms(instant now) const {
  std::vector<room_summary> all;
  all.reserve(rooms_.room_count());
  rooms_.for_each([&](const room& r) {
    room_summary one{r.handle(), r.current(), now - r.opened_at(), r.bytes()};
    for (const connection_id id : r.present()) {
      ++one.connections;
      one.lane_ends += lanes_.lane_end_count(id);
    }
    all.push_back(one);
  });
  // By handle, and so by chance: the order of their ids is nobody's business.
  std::sort(all.begin(), all.end(),
            [](const room_summary& a, const room_summary& b) { return a.handle < b.handle; });
  return all;
}

// ---- endings ----

// The connection broke the rules. Who has not even said hello speaks something else, and would
// not understand an answer.
inline void relay_core::offend(relay_peer& p, instant now) {
  if (p.at == phase::greeting) return shut_out(p, drop_reason::not_our_protocol, now);
  end(p, relay_error_code::protocol, 0, now);
}

inline void relay_core::end(relay_peer& p, relay_error_code code, std::uint64_t limit, instant now,
                            std::uint32_t retry_ms) {
  if (!p.is_heard()) return;
  ++counters_.errors[static_cast<std::size_t>(code)];
  error_report report{code, retry_ms != 0 ? retry_ms : retry_after_ms(code), limit, {}};
  if (code == relay_error_code::version) report.versions = {relay_protocol_version};
  depart(p, leave_reason::disconnected, now);
  peers_.send(p, report, now);
  p.enter(phase::ending, now);
  peers_.note(noted{"connection refused or ended", name_of(code), p.source});
  peers_.note(finish{p.id});
  peers_.look_again(p);
}

inline void relay_core::end_all(instant now) {
  for (const connection_id id : peers_.all_ids()) {
    if (relay_peer* p = peers_.find(id)) end(*p, relay_error_code::draining, 0, now);
    settle(now);
  }
  end_all_at_.reset();
  drop_all_at_ = now + farewell_time;
}

// Who does not close has had time to, and must not hold up the end.
inline void relay_core::drop_all(instant now) {
  for (const connection_id id : peers_.all_ids()) {
    if (relay_peer* p = peers_.find(id)) let_drop(*p, now);
  }
  drop_all_at_.reset();
}

inline void relay_core::shut_out(relay_peer& p, drop_reason reason, instant now) {
  count_drop(reason);
  peers_.note(noted{"connection closed", name_of(reason), p.source});
  let_drop(p, now);
}

inline void relay_core::let_drop(relay_peer& p, instant now) {
  if (p.at == phase::dropped) return;  // and will be gone in a moment
  depart(p, leave_reason::disconnected, now);
  p.enter(phase::dropped, now);
  peers_.note(drop{p.id});
  peers_.look_again(p);
}

inline void relay_core::depart(relay_peer& p, leave_reason reason, instant now) {
  if (!p.room) return;
  const room_id id = *p.room;
  vacate(p, now);
  rooms_.leave(id, p.id, reason, now, notices_);
}

// It has no place any more. The lanes of the room go with either side.
inline void relay_core::vacate(relay_peer& p, instant now) {
  p.room.reset();
  p.unpaid = 0;
  count_session(p, now);
  lanes_.end_room(p.id, to_drop_);
  drop_lanes(now);
}

inline void relay_core::drop_lanes(instant now) {
  for (const connection_id id : std::exchange(to_drop_, {})) {
    if (relay_peer* lane = peers_.find(id)) let_drop(*lane, now);
  }
}

}  // namespace tallow::room
