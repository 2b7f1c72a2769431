// A whole relay without its sockets.
//
// @source  docs/protocol/room.md
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/time.hpp>
#include <tallow/base/units.hpp>
#include <tallow/room/deadlines.hpp>
#include <tallow/room/directory.hpp>
#include <tallow/room/failed_joins.hpp>
#include <tallow/room/notice.hpp>
#include <tallow/room/relay_event.hpp>
#include <tallow/room/relay_peer.hpp>
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
  /// @param seed  random; it chooses nameplates and need not be secret
  relay_core(relay_options options, room_of_nameplate room_of, std::uint64_t seed)
      : options_(std::move(options)), rooms_(options_.rooms, room_of), random_(seed) {
    TALLOW_ASSERT(options_.software.size() <= limits::software_bytes_max);
    TALLOW_ASSERT(options_.notice.size() <= limits::notice_bytes_max);
  }

  // ---- what happened ----

  /// A connection was made. `source` says where it comes from, if that is to be limited.
  connection_id connected(instant now, std::optional<source_id> source = std::nullopt) {
    const connection_id id{++last_id_};
    relay_peer& p = peers_.try_emplace(id, id, source, now).first->second;
    if (is_draining_) {
      end(p, relay_error_code::draining, 0, now);
    } else if (peers_.size() > options_.connections_max) {
      end(p, relay_error_code::relay_full, options_.connections_max, now);
    }
    look_again(p);
    return id;
  }

  /// Bytes came from a connection.
  void handle_bytes(connection_id id, byte_span bytes, instant now) {
    relay_peer* p = find(id);
    if (p == nullptr) return;
    if (!bytes.empty()) p->heard_at = now;
    while (p->is_heard()) {
      const auto frame = p->decoder.next(bytes);
      if (!frame) {
        offend(*p, now);
      } else if (*frame) {
        handle(*p, **frame, now);
      } else {
        break;
      }
      settle(now);
    }
    look_again(*p);
  }

  /// A connection is gone, from whichever end.
  void disconnected(connection_id id, instant now) {
    relay_peer* p = find(id);
    if (p == nullptr) return;
    depart(*p, leave_reason::disconnected, now);
    due_.set(id, std::nullopt);
    peers_.erase(id);
    settle(now);
  }

  /// A connection took the first `count` bytes of poll_transmit().
  void transmitted(connection_id id, std::size_t count, instant now) {
    relay_peer* p = find(id);
    if (p == nullptr || count == 0) return;
    const bool was_full = p->queue.size() > limits::relay_queue_bytes_max;
    p->queue.pop(count);
    p->progress_at = now;
    if (!was_full || p->queue.size() > limits::relay_queue_bytes_max || !p->room) return;
    if (const auto partner = rooms_.partner_of(*p->room, id)) note(can_read{*partner});
  }

  void handle_timeout(instant now) {
    rooms_.handle_timeout(now, notices_);
    settle(now);
    while (const auto id = due_.pop_due(now)) {
      relay_peer* p = find(*id);
      if (p == nullptr) continue;
      p->looked_at_next.reset();
      look(*p, now);
      settle(now);
      look_again(*p);
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
    for (const connection_id id : all_ids()) {
      relay_peer* p = find(id);
      if (p == nullptr || !p->is_heard() || p->at == phase::greeting) continue;
      send(*p,
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
    const auto found = peers_.find(id);
    return found == peers_.end() ? byte_view{} : found->second.queue.front();
  }

  /// False while what a connection sends could not be passed on. A can_read event tells when that
  /// is over.
  [[nodiscard]] bool wants_read(connection_id id) const noexcept {
    const auto found = peers_.find(id);
    if (found == peers_.end() || !found->second.room) return true;
    const auto partner = rooms_.partner_of(*found->second.room, id);
    if (!partner) return true;
    const auto other = peers_.find(*partner);
    return other == peers_.end() || other->second.queue.size() <= limits::relay_queue_bytes_max;
  }

  [[nodiscard]] std::optional<relay_event> poll_event() {
    if (events_.empty()) return std::nullopt;
    const relay_event first = events_.front();
    events_.pop_front();
    return first;
  }

  [[nodiscard]] std::optional<instant> next_timeout() const noexcept {
    return earlier(earlier(rooms_.next_timeout(), due_.next()), end_all_at_);
  }

  // ---- getters ----

  [[nodiscard]] std::size_t connection_count() const noexcept { return peers_.size(); }
  [[nodiscard]] std::size_t room_count() const noexcept { return rooms_.room_count(); }
  [[nodiscard]] std::uint64_t rooms_opened() const noexcept { return rooms_.opened_count(); }
  /// Bytes of PEER frames that were passed on.
  [[nodiscard]] std::uint64_t bytes_relayed() const noexcept { return bytes_relayed_; }
  [[nodiscard]] const relay_options& options() const noexcept { return options_; }

 private:
  [[nodiscard]] relay_peer* find(connection_id id) noexcept {
    const auto found = peers_.find(id);
    return found == peers_.end() ? nullptr : &found->second;
  }

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
    if (type == frame_type::close) return decoded<close_room>(p, frame, now);
    offend(p, now);  // the decoder lets no others through
  }

  void on_ping(relay_peer& p, instant now) {
    if (p.queue.push_urgent(frame_type::pong)) queued(p, limits::frame_header_bytes, now);
  }

  // Only as many answers count as there were questions.
  static void on_pong(relay_peer& p) { p.pongs = std::min(p.pongs + 1, p.pings); }

  template <class Message>
  void decoded(relay_peer& p, const frame_view& frame, instant now) {
    const auto m = decode_body<Message>(frame.body);
    if (m) {
      on(p, *m, now);
    } else {
      offend(p, now);
    }
  }

  void on(relay_peer& p, const client_hello& m, instant now) {
    const bool is_ours =
        std::find(m.versions.begin(), m.versions.end(), relay_protocol_version) != m.versions.end();
    if (!is_ours) return end(p, relay_error_code::version, 0, now);
    p.enter(phase::greeted, now);
    send(p,
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
    p.room.reset();
    p.enter(phase::ending, now);
    note(finish{p.id});
  }

  void on_confirm(relay_peer& p, instant now) {
    if (!p.room || p.behind_barrier()) return;
    if (!rooms_.confirm(*p.room, p.id, now, notices_)) offend(p, now);
  }

  void on_slice(relay_peer& p, const frame_view& frame, instant now) {
    if (!p.room || p.behind_barrier()) return;
    const auto [verdict, to] = rooms_.carry(*p.room, p.id, frame.body.size(), now, notices_);
    switch (verdict) {
      case carriage::forward: {
        relay_peer* partner = find(to);
        TALLOW_ASSERT(partner != nullptr);
        partner->queue.push_frame(frame.header, frame.body);
        bytes_relayed_ += frame.body.size();
        return queued(*partner, limits::frame_header_bytes + frame.body.size(), now);
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
      relay_peer* p = find(n.to);
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
      send(p, room_created{*p.nameplate, *p.room, told.waiting_seconds_max, told}, now);
      p.nameplate.reset();
      note(noted{"room made", ""});
    } else {
      send(p, room_joined{what.placed, options_.limits_told()}, now);
      note(noted{what.placed == place::first ? "room joined as first" : "room paired", ""});
    }
  }

  void tell(relay_peer& p, const told_arrival& what, instant now) {
    send(p, peer_joined{what.how}, now);
  }

  void tell(relay_peer& p, const told_leave& what, instant now) {
    send(p, peer_left{what.reason}, now);
    note(can_read{p.id});
    if (what.stays) {
      p.allow_slices(limits::unauthenticated_frame_bytes_max);
      send(p, relay_ping{}, now);
      p.pinged_at = now;
      p.barrier = ++p.pings;
    } else {
      p.room.reset();
      p.enter(phase::parted, now);
    }
  }

  void tell(relay_peer& p, const told_error& what, instant now) {
    count_failed_join(p, what.code, now);
    end(p, what.code, what.limit, now);
  }

  void tell(relay_peer& p, const told_live&, instant) {
    p.allow_slices(limits::frame_length_limit);
    note(noted{"room live", ""});
  }

  void tell(relay_peer& p, const told_quota& what, instant now) {
    send(p, quota_warning{what.bytes_left}, now);
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
      note(noted{"connection closed", "slow consumer"});
      depart(p, leave_reason::slow_consumer, now);
      return let_drop(p, now);
    }
    if (now >= p.silence_due()) return end(p, relay_error_code::idle, 0, now);
    if (now >= p.ping_due()) {
      p.pinged_at = now;
      // The ping of the barrier has to be answered before any other is asked, or the answers
      // could not be told apart.
      if (!p.behind_barrier() && p.queue.push_urgent(frame_type::ping)) {
        ++p.pings;
        queued(p, limits::frame_header_bytes, now);
      }
    }
  }

  // Bytes that come move a connection's deadlines on with every read; so only an earlier one is
  // noted, and a connection that is looked at too early is just looked at again.
  void look_again(relay_peer& p) {
    const auto when = p.due();
    if (when && p.looked_at_next && *p.looked_at_next <= *when) return;
    p.looked_at_next = when;
    due_.set(p.id, when);
  }

  // ---- endings ----

  // The connection broke the rules. Who has not even said hello speaks something else, and would
  // not understand an answer.
  void offend(relay_peer& p, instant now) {
    if (p.at == phase::greeting) {
      note(noted{"connection closed", "not our protocol"});
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
    send(p, report, now);
    p.enter(phase::ending, now);
    note(noted{"connection refused or ended", name_of(code)});
    note(finish{p.id});
    look_again(p);
  }

  void end_all(instant now) {
    for (const connection_id id : all_ids()) {
      if (relay_peer* p = find(id)) end(*p, relay_error_code::draining, 0, now);
      settle(now);
    }
    end_all_at_.reset();
  }

  void let_drop(relay_peer& p, instant now) {
    depart(p, leave_reason::disconnected, now);
    p.enter(phase::dropped, now);
    note(drop{p.id});
    look_again(p);
  }

  void depart(relay_peer& p, leave_reason reason, instant now) {
    if (!p.room) return;
    const room_id id = *p.room;
    p.room.reset();
    rooms_.leave(id, p.id, reason, now, notices_);
  }

  // ---- small things ----

  // What a relay sends of its own accord is small and bounded, so it always fits its frame.
  template <message M>
  void send(relay_peer& p, const M& m, instant now) {
    const std::size_t before = p.queue.size();
    const auto done = p.queue.push_message(m);
    TALLOW_ASSERT(done.has_value());
    queued(p, p.queue.size() - before, now);
  }

  // `count` bytes were put into the queue of `p`.
  void queued(relay_peer& p, std::size_t count, instant now) {
    if (p.queue.size() > count) return;
    p.progress_at = now;
    note(can_send{p.id});
    look_again(p);
  }

  void note(relay_event e) { events_.push_back(e); }

  // When it is worth while to come again.
  [[nodiscard]] static std::uint32_t retry_after_ms(relay_error_code code) noexcept {
    if (code == relay_error_code::relay_full) return 30'000;
    if (code == relay_error_code::nameplates_used_up) return 30'000;
    if (code == relay_error_code::draining) return 5'000;
    return 0;
  }

  [[nodiscard]] std::vector<connection_id> all_ids() const {
    std::vector<connection_id> ids;
    ids.reserve(peers_.size());
    for (const auto& [id, p] : peers_) ids.push_back(id);
    return ids;
  }

  relay_options options_;
  directory rooms_;
  failed_joins failed_joins_;
  std::unordered_map<connection_id, relay_peer> peers_;
  deadlines<connection_id> due_;
  notices notices_;
  std::deque<relay_event> events_;
  std::uint64_t last_id_ = 0;
  std::uint64_t random_;
  std::uint64_t bytes_relayed_ = 0;
  bool is_draining_ = false;
  std::optional<instant> end_all_at_;
};

}  // namespace tallow::room
