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
#include <vector>

#include <tallow/base/assert.hpp>
#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/time.hpp>
#include <tallow/base/units.hpp>
#include <tallow/room/admission.hpp>
#include <tallow/room/bandwidth.hpp>
#include <tallow/room/directory.hpp>
#include <tallow/room/lane_tickets.hpp>
#include <tallow/room/notice.hpp>
#include <tallow/room/random_source.hpp>
#include <tallow/room/relay_commons.hpp>
#include <tallow/room/relay_counters.hpp>
#include <tallow/room/relay_event.hpp>
#include <tallow/room/relay_peer.hpp>
#include <tallow/room/relay_peers.hpp>
#include <tallow/room/reloadable.hpp>
#include <tallow/room/room_summary.hpp>
#include <tallow/room/shard.hpp>
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
  /// What a relay that stops grants its last words, once the time for transfers is over: less than
  /// a service manager waits beyond that.
  static constexpr duration farewell_time = std::chrono::seconds(3);

  /// @param random  for nameplates and lane tickets: a good one, and it outlives this
  relay_core(relay_options options, room_of_nameplate room_of, random_source random,
             relay_place place = {})
      : options_(std::move(options)),
        alone_(options_.admission),
        commons_(place.commons != nullptr ? place.commons : &alone_),
        own_(place.own),
        rooms_(options_.rooms, room_of, own_, &commons_->rooms, random.number()),
        bandwidth_(options_.bandwidth),
        lanes_(random, std::min(limits::room_lanes_max, std::size_t{2} * options_.lanes_max), own_),
        random_(random.number()),
        ids_(random) {
    TALLOW_ASSERT(options_.software.size() <= limits::software_bytes_max);
    TALLOW_ASSERT(options_.notice.size() <= limits::notice_bytes_max);
  }
  relay_core(const relay_core&) = delete;
  relay_core& operator=(const relay_core&) = delete;

  // ---- what happened ----

  /// The operator has other wishes. No connection ends by it.
  void apply(const reloadable_options& fresh, instant now) {
    options_.rooms.each = fresh.each;
    options_.admission = fresh.admission;
    options_.bandwidth = fresh.bandwidth;
    rooms_.change(fresh.each);
    commons_->with_admission([&](admission& a) { a.change(fresh.admission); });
    bandwidth_.change(fresh.bandwidth);
    hand_out_bandwidth(now);
  }

  /// The operator ends a room, which both sides are told.
  ///
  /// @param handle  of list_rooms()
  /// @shape  false when there is no such room, or not any more
  [[nodiscard]] bool end_room(std::uint64_t handle, instant now) {
    const bool is_found = rooms_.stop(handle, now, notices_);
    settle(now);
    return is_found;
  }

  /// A connection was made.
  connection_id connected(instant now, const origin& from = {}) {
    relay_peer& p = peers_.add(from.source, now);
    admit(p, from, now);
    peers_.look_again(p);
    return p.id;
  }

  /// The owner does not want a connection: it is told why, and ended.
  void refuse(connection_id id, relay_error_code why, instant now) {
    if (relay_peer* p = peers_.find(id)) end(*p, why, 0, now);
    settle(now);
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
        shut_out(*p, drop_reason::not_our_protocol, now);
      } else if (*frame) {
        handle(*p, **frame, now);
        if (p->moves_to) p->keep_question(**frame, bytes);
      } else {
        break;
      }
      settle(now);
    }
    peers_.look_again(*p);
  }

  /// Takes out a connection that move_away named. It is over here, without disconnected().
  [[nodiscard]] relay_peer release(connection_id id) { return peers_.take_out(id); }

  /// A connection comes from another shard, and is answered here.
  connection_id adopt(relay_peer&& moved, instant now) {
    relay_peer& p = peers_.add(std::move(moved));
    const connection_id id = p.id;
    p.moves_to.reset();
    byte_buffer question = std::exchange(p.question, {});
    if (!p.queue.empty()) peers_.note(can_send{id});
    handle_bytes(id, question, now);
    return id;
  }

  /// A connection is gone, from whichever end.
  void disconnected(connection_id id, instant now) {
    relay_peer* p = peers_.find(id);
    if (p == nullptr) return;
    depart(*p, leave_reason::disconnected, now);
    lanes_.closed(id, to_drop_);
    drop_lanes(now);
    leave_pending(*p);
    peers_.erase(id);
    commons_->connections.give();
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
    if (may_pass) count_carried(*own, *other, count);
    settle(now);
    return may_pass;
  }

  /// True when lanes have to ask before they take bytes.
  [[nodiscard]] bool limits_bandwidth() const noexcept { return bandwidth_.is_limited(); }

  /// An end of a lane has bytes to pass on. It asks once, and lane_granted answers unless the lane
  /// ends.
  void lane_asks(connection_id id, instant now) {
    const auto room = room_of_lane(id);
    if (!room) return;
    bandwidth_.ask(*room, id, bandwidth_.portion(), now);
    hand_out_bandwidth(now);
  }

  /// So many bytes of what was granted to an end of a lane were not there.
  void lane_gives_back(connection_id id, std::uint64_t bytes, instant now) {
    const auto room = room_of_lane(id);
    if (!room) return;
    bandwidth_.give_back(*room, bytes);
    hand_out_bandwidth(now);
  }

  void handle_timeout(instant now) {
    hand_out_bandwidth(now);
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
    if (drop_all_at_ && now >= *drop_all_at_) drop_all(now);
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
    if (p != nullptr && p->moves_to) return 0;
    if (p != nullptr && p->at == phase::greeting) return p->decoder.bytes_missing();
    return wants_read(id) ? SIZE_MAX : 0;
  }

  /// False while what a connection sends could not be passed on: a can_read event tells when that
  /// is over. False for ends of lanes, which their owner reads by itself.
  [[nodiscard]] bool wants_read(connection_id id) const noexcept {
    const relay_peer* p = peers_.find(id);
    if (p == nullptr || !p->room) return p == nullptr || (p->at != phase::lane && !p->moves_to);
    if (p->unpaid != 0) return false;
    const auto partner = rooms_.partner_of(*p->room, id);
    const relay_peer* other = partner ? peers_.find(*partner) : nullptr;
    return other == nullptr || other->queue.size() <= limits::relay_queue_bytes_max;
  }

  [[nodiscard]] std::optional<relay_event> poll_event() { return peers_.poll_event(); }

  [[nodiscard]] std::optional<instant> next_timeout() const noexcept {
    return earlier(earlier(earlier(rooms_.next_timeout(), peers_.next_timeout()),
                           earlier(lanes_.next_timeout(), bandwidth_.next_timeout())),
                   earlier(end_all_at_, drop_all_at_));
  }

  // ---- what is closed elsewhere ----

  /// Counts one that is closed by whoever owns the sockets, and not by poll_event().
  void count_drop(drop_reason reason) noexcept {
    ++counters_.dropped[static_cast<std::size_t>(reason)];
  }
  /// The same, of one that connected() was never told of.
  void count_turned_away(drop_reason reason) noexcept {
    ++counters_.connections;
    count_drop(reason);
  }

  // ---- getters ----

  /// What it has counted, and what there is now.
  [[nodiscard]] relay_figures figures() const {
    return {counters_,      rooms_opened(),           connection_count(),
            room_count(),   lane_end_count(),         is_draining_,
            source_count(), options_.connections_max, options_.rooms.rooms_max};
  }
  [[nodiscard]] std::size_t connection_count() const noexcept { return peers_.size(); }
  /// Of all cores that share what it shares.
  [[nodiscard]] std::size_t connection_count_of_all() const noexcept {
    return commons_->connections.now();
  }
  [[nodiscard]] std::size_t room_count() const noexcept { return rooms_.room_count(); }
  [[nodiscard]] std::uint64_t rooms_opened() const noexcept { return rooms_.opened_count(); }
  /// Connections that are ends of lanes, whether the other end has come or not.
  [[nodiscard]] std::size_t lane_end_count() const noexcept { return lanes_.lane_end_count(); }
  [[nodiscard]] const relay_counters& counters() const noexcept { return counters_; }
  [[nodiscard]] bool is_draining() const noexcept { return is_draining_; }
  /// Sources of connections that it remembers.
  [[nodiscard]] std::size_t source_count() const {
    return commons_->with_admission([](const admission& a) { return a.source_count(); });
  }
  [[nodiscard]] const relay_options& options() const noexcept { return options_; }
  /// All that room_count() counts, in no order that means anything.
  ///
  /// @cost  O(n log n)
  [[nodiscard]] std::vector<room_summary> list_rooms(instant now) const;

 private:
  // ---- admission ----
  void admit(relay_peer& p, const origin& from, instant now);
  void turn_away(relay_peer& p, relay_error_code why, duration wait, instant now);
  void leave_pending(relay_peer& p);
  [[nodiscard]] bool must_wait(relay_peer& p, instant now);
  [[nodiscard]] bool may_open_room(relay_peer& p, instant now);
  void give_connection_back(const relay_peer& p);
  void refuse_for(relay_peer& p, duration wait, instant now);
  [[nodiscard]] bool moves(relay_peer& p, std::uint32_t home);

  // ---- frames ----
  void handle(relay_peer& p, const frame_view& frame, instant now);
  void on_ping(relay_peer& p, instant now);
  static void on_pong(relay_peer& p);
  template <class Message>
  void decoded(relay_peer& p, const frame_view& frame, instant now);
  void on(relay_peer& p, const client_hello& m, instant now);
  void on(relay_peer& p, const create_room& m, instant now);
  void on(relay_peer& p, const join_room& m, instant now);
  void on(relay_peer& p, const close_room& m, instant now);
  void on_confirm(relay_peer& p, instant now);
  [[nodiscard]] room_id unguessable_id();
  void on(relay_peer& p, const lane_request& m, instant now);
  void on(relay_peer& p, const lane_open& m, instant now);
  void on_slice(relay_peer& p, const frame_view& frame, instant now);

  // ---- notices of rooms ----
  void settle(instant now);
  void tell(relay_peer& p, const seated& what, instant now);
  void tell(relay_peer& p, const told_arrival& what, instant now);
  void tell(relay_peer& p, const told_leave& what, instant now);
  void tell(relay_peer& p, const told_error& what, instant now);
  void tell(relay_peer& p, const told_live&, instant);
  void tell(relay_peer& p, const told_quota& what, instant now);
  void count_failed_join(const relay_peer& p, relay_error_code code, instant now);

  // ---- bandwidth ----
  [[nodiscard]] std::optional<room_id> room_of_lane(connection_id lane) const;
  void hand_out_bandwidth(instant now);

  // ---- counting ----
  void count_carried(relay_peer& a, relay_peer& b, std::uint64_t count) noexcept;
  void count_session(relay_peer& p, instant now) noexcept;

  // ---- time ----
  void look(relay_peer& p, instant now);

  // ---- endings ----
  void offend(relay_peer& p, instant now);
  void end(relay_peer& p, relay_error_code code, std::uint64_t limit, instant now,
           std::uint32_t retry_ms = 0);
  void end_all(instant now);
  void drop_all(instant now);
  void shut_out(relay_peer& p, drop_reason reason, instant now);
  void let_drop(relay_peer& p, instant now);
  void depart(relay_peer& p, leave_reason reason, instant now);
  void vacate(relay_peer& p, instant now);
  void drop_lanes(instant now);

  relay_options options_;
  relay_commons alone_;  // when there is only this one
  relay_commons* commons_;
  shard own_;
  directory rooms_;
  bandwidth bandwidth_;
  lane_book lanes_;
  relay_peers peers_;
  notices notices_;
  lane_book::connections to_drop_;
  std::uint64_t random_;  // chooses nameplates
  random_source ids_;
  relay_counters counters_;
  bool is_draining_ = false;
  std::optional<instant> end_all_at_;
  std::optional<instant> drop_all_at_;
};

}  // namespace tallow::room

#include <tallow/room/relay_core_steps.hpp>
