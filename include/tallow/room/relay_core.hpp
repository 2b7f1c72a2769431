// A whole relay without its sockets.
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

#include <tallow/base/assert.hpp>
#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/time.hpp>
#include <tallow/base/units.hpp>
#include <tallow/room/directory.hpp>
#include <tallow/room/failed_joins.hpp>
#include <tallow/room/lane_tickets.hpp>
#include <tallow/room/notice.hpp>
#include <tallow/room/random_source.hpp>
#include <tallow/room/relay_event.hpp>
#include <tallow/room/relay_peer.hpp>
#include <tallow/room/relay_peers.hpp>
#include <tallow/wire/codec.hpp>
#include <tallow/wire/frame.hpp>
#include <tallow/wire/relay_messages.hpp>

namespace tallow::room {

/// All connections of a relay by handle, and what goes on between them.
///
/// Owner's rules: tell it what happened, with the time; then poll_event() until it is empty; time
/// never goes backwards; one thread. A handle is valid from connected() to disconnected(), and the
/// owner calls disconnected() for each once, after `finish` and `drop` too.
class relay_core {
 public:
  /// @param random  for nameplates and lane tickets: a good one, and it outlives this
  relay_core(relay_options options, room_of_nameplate room_of, random_source random)
      : options_(std::move(options)),
        rooms_(options_.rooms, room_of),
        lanes_(random, std::min(limits::room_lanes_max, std::size_t{2} * options_.lanes_max)),
        random_(random.number()) {
    TALLOW_ASSERT(options_.software.size() <= limits::software_bytes_max);
    TALLOW_ASSERT(options_.notice.size() <= limits::notice_bytes_max);
  }

  // ---- what happened ----

  /// A connection was made. `source` says where it comes from, if that is to be limited.
  connection_id connected(instant now, std::optional<source_id> source = std::nullopt) {
    relay_peer& p = peers_.add(source, now);
    if (is_draining_) {
      end(p, relay_error_code::draining, 0, now);
    } else if (peers_.size() > options_.connections_max) {
      end(p, relay_error_code::relay_full, options_.connections_max, now);
    }
    peers_.look_again(p);
    return p.id;
  }

  /// Bytes came from a connection. A lane whose owner read more than read_bytes_wanted() is
  /// dropped.
  void handle_bytes(connection_id id, byte_span bytes, instant now) {
    relay_peer* p = peers_.find(id);
    if (p == nullptr) return;
    if (!bytes.empty()) p->heard_at = now;
    while (p->is_heard()) {
      const auto frame = p->decoder.next(bytes);
      if (!frame) {
        offend(*p, now);
      } else if (*frame && (*frame)->type == frame_type::lane_open && !bytes.empty()) {
        // What stands behind it is for the other end, and nobody would pass it on.
        let_drop(*p, now);
      } else if (*frame) {
        handle(*p, **frame, now);
      } else {
        break;
      }
      settle(now);
    }
    peers_.look_again(*p);
  }

  /// A connection is gone, from whichever end.
  void disconnected(connection_id id, instant now) {
    relay_peer* p = peers_.find(id);
    if (p == nullptr) return;
    depart(*p, leave_reason::disconnected, now);
    lanes_.closed(id, to_drop_);
    drop_lanes(now);
    peers_.erase(id);
    settle(now);
  }

  /// A connection took the first `count` bytes of poll_transmit().
  void transmitted(connection_id id, std::size_t count, instant now) {
    relay_peer* p = peers_.find(id);
    if (p == nullptr || count == 0) return;
    const bool was_full = p->queue.size() > limits::relay_queue_bytes_max;
    p->queue.pop(count);
    p->progress_at = now;
    if (!was_full || p->queue.size() > limits::relay_queue_bytes_max || !p->room) return;
    if (const auto partner = rooms_.partner_of(*p->room, id)) peers_.note(can_read{*partner});
  }

  /// So many bytes came from an end of a lane, and are not passed on yet.
  ///
  /// @shape  false when they must not be: the room's quota is used up, or the lane is over; what
  ///         follows for the connections, events tell
  [[nodiscard]] bool lane_carried(connection_id id, std::uint64_t count, instant now) {
    const auto owners = lanes_.owners_of(id);
    if (!owners) return false;
    relay_peer* own = peers_.find(owners->own);
    relay_peer* other = peers_.find(owners->other);
    TALLOW_ASSERT(own != nullptr && own->room && other != nullptr);
    own->lanes_heard_at = now;
    other->lanes_heard_at = now;
    const auto verdict = rooms_.carry(*own->room, own->id, count, now, notices_).first;
    const bool may_pass = verdict == carriage::forward;
    if (may_pass) bytes_relayed_ += count;
    settle(now);
    return may_pass;
  }

  void handle_timeout(instant now) {
    rooms_.handle_timeout(now, notices_);
    settle(now);
    lanes_.handle_timeout(now, to_drop_);
    drop_lanes(now);
    while (relay_peer* p = peers_.pop_due(now)) {
      look(*p, now);
      settle(now);
      peers_.look_again(*p);
    }
    if (end_all_at_ && now >= *end_all_at_) end_all(now);
  }

  /// Refuses whoever comes from now on, tells everybody, ends the connections that have no partner,
  /// and after `wait` the others too.
  void drain(instant now, duration wait) {
    if (is_draining_) return;
    is_draining_ = true;
    end_all_at_ = now + wait;
    const auto wait_ms = std::chrono::duration_cast<std::chrono::milliseconds>(wait).count();
    for (const connection_id id : peers_.all_ids()) {
      relay_peer* p = peers_.find(id);
      if (p == nullptr || !p->is_heard() || p->at == phase::greeting) continue;
      peers_.send(*p,
                  goaway{retry_after_ms(relay_error_code::draining),
                         narrow<std::uint32_t>(std::clamp<std::int64_t>(wait_ms, 0, UINT32_MAX))},
                  now);
      if (p->room && rooms_.partner_of(*p->room, id)) continue;
      end(*p, relay_error_code::draining, 0, now);
      settle(now);
    }
  }

  // ---- what follows ----

  /// Bytes for a connection; empty when there are none.
  ///
  /// @shape  returns a view that stays valid until transmitted() has consumed all of it, or
  ///         disconnected() is called
  [[nodiscard]] byte_view poll_transmit(connection_id id) const noexcept {
    const relay_peer* p = peers_.find(id);
    return p == nullptr ? byte_view{} : p->queue.front();
  }

  /// How many bytes of a connection may be read, at most; in the beginning no more than its first
  /// frame lacks, because what stands behind a LANE_OPEN is for somebody else.
  [[nodiscard]] std::size_t read_bytes_wanted(connection_id id) const noexcept {
    const relay_peer* p = peers_.find(id);
    if (p != nullptr && p->at == phase::greeting) return p->decoder.bytes_missing();
    return wants_read(id) ? SIZE_MAX : 0;
  }

  /// False while what a connection sends could not be passed on: a can_read event tells when that
  /// is over. False for ends of lanes, which their owner reads by itself.
  [[nodiscard]] bool wants_read(connection_id id) const noexcept {
    const relay_peer* p = peers_.find(id);
    if (p == nullptr || !p->room) return p == nullptr || p->at != phase::lane;
    const auto partner = rooms_.partner_of(*p->room, id);
    const relay_peer* other = partner ? peers_.find(*partner) : nullptr;
    return other == nullptr || other->queue.size() <= limits::relay_queue_bytes_max;
  }

  [[nodiscard]] std::optional<relay_event> poll_event() { return peers_.poll_event(); }

  [[nodiscard]] std::optional<instant> next_timeout() const noexcept {
    return earlier(earlier(rooms_.next_timeout(), peers_.next_timeout()),
                   earlier(lanes_.next_timeout(), end_all_at_));
  }

  // ---- getters ----

  [[nodiscard]] std::size_t connection_count() const noexcept { return peers_.size(); }
  [[nodiscard]] std::size_t room_count() const noexcept { return rooms_.room_count(); }
  [[nodiscard]] std::uint64_t rooms_opened() const noexcept { return rooms_.opened_count(); }
  /// Connections that are ends of lanes, whether the other end has come or not.
  [[nodiscard]] std::size_t lane_end_count() const noexcept { return lanes_.lane_end_count(); }
  /// Bytes of PEER frames and of lanes that were passed on.
  [[nodiscard]] std::uint64_t bytes_relayed() const noexcept { return bytes_relayed_; }
  [[nodiscard]] const relay_options& options() const noexcept { return options_; }

 private:
  // ---- frames ----

  void handle(relay_peer& p, const frame_view& frame, instant now) {
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

  void on_ping(relay_peer& p, instant now) { (void)peers_.send_urgent(p, frame_type::pong, now); }

  // Only as many answers count as there were questions.
  static void on_pong(relay_peer& p) { p.pongs = std::min(p.pongs + 1, p.pings); }

  template <class Message>
  void decoded(relay_peer& p, const frame_view& frame, instant now) {
    const auto m = decode_body<Message>(frame.body);
    return m ? on(p, *m, now) : offend(p, now);
  }

  void on(relay_peer& p, const client_hello& m, instant now) {
    const bool is_ours =
        std::find(m.versions.begin(), m.versions.end(), relay_protocol_version) != m.versions.end();
    if (!is_ours) return end(p, relay_error_code::version, 0, now);
    p.enter(phase::greeted, now);
    peers_.send(p,
                relay_hello{relay_protocol_version, options_.software, options_.limits_told(),
                            options_.notice},
                now);
  }

  void on(relay_peer& p, const create_room& m, instant now) {
    if (must_wait(p, now)) return;
    const auto made = rooms_.create({p.id, m.side, m.wanted}, next_random(random_), now, notices_);
    if (const auto* why = std::get_if<told_error>(&made)) {
      return end(p, why->code, why->limit, now);
    }
    p.room = std::get<made_room>(made).id;
    p.nameplate = std::get<made_room>(made).nameplate;
  }

  void on(relay_peer& p, const join_room& m, instant now) {
    if (must_wait(p, now)) return;
    p.room = m.room;
    p.nameplate.reset();
    rooms_.join(m.room, {p.id, m.side, m.wanted}, now, notices_);
  }

  void on(relay_peer& p, const close_room& m, instant now) {
    if (p.room) rooms_.close(*p.room, p.id, m.reason, now, notices_);
    vacate(p, now);
    p.enter(phase::ending, now);
    peers_.note(finish{p.id});
  }

  void on_confirm(relay_peer& p, instant now) {
    if (!p.room || p.behind_barrier()) return;
    if (!rooms_.confirm(*p.room, p.id, now, notices_)) offend(p, now);
  }

  void on(relay_peer& p, const lane_request& m, instant now) {
    if (!p.room || p.behind_barrier()) return;
    const auto partner = rooms_.live_partner_of(*p.room, p.id);
    if (!partner || m.count == 0 || m.count > limits::lane_tickets_max) return offend(p, now);
    // Who asks without reading the answers must not fill the memory with them.
    if (p.queue.size() > 2 * limits::relay_queue_bytes_max) return offend(p, now);
    // A relay that stops takes no connections, so its tickets would be of no use.
    const std::size_t count = is_draining_ ? 0 : m.count;
    peers_.send(p, lane_tickets{lanes_.issue(p.id, *partner, count, now)}, now);
  }

  void on(relay_peer& p, const lane_open& m, instant now) {
    const auto* ticket = std::get_if<lane_ticket>(&m.right);
    if (ticket == nullptr) return offend(p, now);
    const lane_admission admitted = lanes_.admit(*ticket, p.id, now);
    if (admitted.what == lane_admission::verdict::refused) {
      peers_.note(noted{"connection closed", "no such lane ticket"});
      return let_drop(p, now);
    }
    p.enter(phase::lane, now);
    if (admitted.what == lane_admission::verdict::waits) return;
    peers_.note(noted{"lane joined", ""});
    peers_.note(lanes_joined{admitted.other, p.id});
  }

  void on_slice(relay_peer& p, const frame_view& frame, instant now) {
    if (!p.room || p.behind_barrier()) return;
    const auto [verdict, to] = rooms_.carry(*p.room, p.id, frame.body.size(), now, notices_);
    switch (verdict) {
      case carriage::forward: {
        relay_peer* partner = peers_.find(to);
        TALLOW_ASSERT(partner != nullptr);
        bytes_relayed_ += frame.body.size();
        return peers_.pass_on(*partner, frame.header, frame.body, now);
      }
      case carriage::violation: return offend(p, now);
      case carriage::discard:
      case carriage::overdrawn: return;
    }
  }

  // True when no room is to be had now: the relay stops, or too many joins from the same source
  // were refused.
  [[nodiscard]] bool must_wait(relay_peer& p, instant now) {
    if (is_draining_) {
      end(p, relay_error_code::draining, 0, now);
      return true;
    }
    if (!p.source) return false;
    const duration wait = failed_joins_.wait(*p.source, now);
    if (wait == duration::zero()) return false;
    end(p, relay_error_code::rate_limited, 0, now,
        narrow<std::uint32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(wait).count() +
                              1));
    return true;
  }

  // ---- notices of rooms ----

  // Hands out what rooms have to say, until they have nothing more to say.
  void settle(instant now) {
    for (std::size_t i = 0; i < notices_.size(); ++i) {
      const notice n = notices_[i];
      relay_peer* p = peers_.find(n.to);
      if (p == nullptr || !p->is_heard()) continue;
      std::visit([&](const auto& what) { tell(*p, what, now); }, n.what);
    }
    notices_.clear();
  }

  void tell(relay_peer& p, const seated& what, instant now) {
    p.enter(phase::seated, now);
    p.barrier = 0;
    if (p.nameplate) {
      const relay_limits told = options_.limits_told();
      peers_.send(p, room_created{*p.nameplate, *p.room, told.waiting_seconds_max, told}, now);
      p.nameplate.reset();
      peers_.note(noted{"room made", ""});
    } else {
      peers_.send(p, room_joined{what.placed, options_.limits_told()}, now);
      peers_.note(noted{what.placed == place::first ? "room joined as first" : "room paired", ""});
    }
  }

  void tell(relay_peer& p, const told_arrival& what, instant now) {
    peers_.send(p, peer_joined{what.how}, now);
  }

  void tell(relay_peer& p, const told_leave& what, instant now) {
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

  void tell(relay_peer& p, const told_error& what, instant now) {
    count_failed_join(p, what.code, now);
    end(p, what.code, what.limit, now);
  }

  void tell(relay_peer& p, const told_live&, instant) {
    p.allow_slices(limits::frame_length_limit);
    peers_.note(noted{"room live", ""});
  }

  void tell(relay_peer& p, const told_quota& what, instant now) {
    peers_.send(p, quota_warning{what.bytes_left}, now);
  }

  void count_failed_join(const relay_peer& p, relay_error_code code, instant now) {
    const bool failed = code == relay_error_code::room_full ||
                        code == relay_error_code::wants_clash ||
                        code == relay_error_code::code_spent;
    if (failed && p.source) failed_joins_.count(*p.source, now);
  }

  // ---- time ----

  void look(relay_peer& p, instant now) {
    const auto is_due = [&](std::optional<instant> when) { return when && now >= *when; };
    if (is_due(p.phase_due())) {
      if (!p.is_heard() || p.at == phase::greeting) return let_drop(p, now);
      return end(p, relay_error_code::idle, 0, now);
    }
    if (!p.is_heard()) return;
    if (is_due(p.stall_due())) {
      peers_.note(noted{"connection closed", "slow consumer"});
      depart(p, leave_reason::slow_consumer, now);
      return let_drop(p, now);
    }
    if (now >= p.silence_due()) return end(p, relay_error_code::idle, 0, now);
    if (now >= p.ping_due()) {
      p.pinged_at = now;
      // The ping of the barrier has to be answered before any other is asked, or the answers
      // could not be told apart.
      if (!p.behind_barrier() && peers_.send_urgent(p, frame_type::ping, now)) ++p.pings;
    }
  }

  // ---- endings ----

  // The connection broke the rules. Who has not even said hello speaks something else, and would
  // not understand an answer.
  void offend(relay_peer& p, instant now) {
    if (p.at == phase::greeting) {
      peers_.note(noted{"connection closed", "not our protocol"});
      return let_drop(p, now);
    }
    end(p, relay_error_code::protocol, 0, now);
  }

  void end(relay_peer& p, relay_error_code code, std::uint64_t limit, instant now,
           std::uint32_t retry_ms = 0) {
    if (!p.is_heard()) return;
    error_report report{code, retry_ms != 0 ? retry_ms : retry_after_ms(code), limit, {}};
    if (code == relay_error_code::version) report.versions = {relay_protocol_version};
    depart(p, leave_reason::disconnected, now);
    peers_.send(p, report, now);
    p.enter(phase::ending, now);
    peers_.note(noted{"connection refused or ended", name_of(code)});
    peers_.note(finish{p.id});
    peers_.look_again(p);
  }

  void end_all(instant now) {
    for (const connection_id id : peers_.all_ids()) {
      if (relay_peer* p = peers_.find(id)) end(*p, relay_error_code::draining, 0, now);
      settle(now);
    }
    end_all_at_.reset();
  }

  void let_drop(relay_peer& p, instant now) {
    depart(p, leave_reason::disconnected, now);
    p.enter(phase::dropped, now);
    peers_.note(drop{p.id});
    peers_.look_again(p);
  }

  void depart(relay_peer& p, leave_reason reason, instant now) {
    if (!p.room) return;
    const room_id id = *p.room;
    vacate(p, now);
    rooms_.leave(id, p.id, reason, now, notices_);
  }

  // It has no place any more. The lanes of the room go with either side.
  void vacate(relay_peer& p, instant now) {
    p.room.reset();
    lanes_.end_room(p.id, to_drop_);
    drop_lanes(now);
  }

  void drop_lanes(instant now) {
    for (const connection_id id : std::exchange(to_drop_, {})) {
      if (relay_peer* lane = peers_.find(id)) let_drop(*lane, now);
    }
  }

  relay_options options_;
  directory rooms_;
  lane_book lanes_;
  failed_joins failed_joins_;
  relay_peers peers_;
  notices notices_;
  lane_book::connections to_drop_;
  std::uint64_t random_;  // chooses nameplates
  std::uint64_t bytes_relayed_ = 0;
  bool is_draining_ = false;
  std::optional<instant> end_all_at_;
};

}  // namespace tallow::room
