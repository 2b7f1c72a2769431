// One room on a relay: who is in it, and what each is told when something happens.
//
// @source  docs/protocol/room.md, Rooms
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <tallow/base/assert.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/time.hpp>
#include <tallow/base/units.hpp>
#include <tallow/room/notice.hpp>
#include <tallow/room/room_table.hpp>
#include <tallow/wire/relay_messages.hpp>

namespace tallow::room {

/// What an operator sets for every room.
struct room_options {
  std::uint64_t bytes_max = 0;  ///< through a room, both ways; 0: any number
  duration waiting_max = std::chrono::hours(24);
};

/// What becomes of a slice.
enum class carriage : std::uint8_t {
  forward,    ///< to the partner
  discard,    ///< nobody is there for it
  violation,  ///< more than a handshake needs: its sender is to be ended
  overdrawn,  ///< more than the room may carry: both have been told
};

/// One room. The caller tells it who came, who left and what time it is; what follows for the
/// connections is appended to a list of notices. A room that is none is to be forgotten.
///
/// Invariant: first_ in waiting, both in paired and live, none in none and closed; second_ is
/// always present; 0 <= returns_ <= limits::room_returns_max.
class room {
 public:
  /// A room that is none; arrive() opens it.
  ///
  /// @param handle  what its operator knows it by
  explicit room(const room_options& options, std::uint64_t handle = 0) noexcept
      : options_(options), handle_(handle) {}

  [[nodiscard]] state current() const noexcept { return state_; }

  /// Bytes of slices that were forwarded, both ways.
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  /// Its own: those that were in force when it was made.
  [[nodiscard]] const room_options& options() const noexcept { return options_; }
  [[nodiscard]] std::uint64_t handle() const noexcept { return handle_; }
  /// When somebody took the first place.
  [[nodiscard]] instant opened_at() const noexcept { return expires_at_ - options_.waiting_max; }
  /// Those who are there.
  [[nodiscard]] std::vector<connection_id> present() const {
    std::vector<connection_id> all;
    for (const auto& one : {first_, second_}) {
      if (one && one->present) all.push_back(one->connection);
    }
    return all;
  }

  /// The connection that slices from `connection` go to.
  [[nodiscard]] std::optional<connection_id> partner_of(connection_id connection) const noexcept {
    if (state_ != state::paired && state_ != state::live) return std::nullopt;
    if (is_first(connection)) return second_->connection;
    if (is_second(connection)) return first_->connection;
    return std::nullopt;
  }

  /// `newcomer` asks for a place.
  void arrive(const guest& newcomer, instant now, notices& out) {
    const bool has_two = state_ == state::paired || state_ == state::live;
    // One that takes more comes for the next before the relay has heard of the first's end.
    if (has_two && holds_side(newcomer) && !taker_of_more()) {
      // Its older connection is dead to it: that one leaves first, as if it had been lost. A live
      // room ends by that, and the newcomer opens it afresh.
      const connection_id older = connection_of_side(newcomer);
      tell(older, told_error{relay_error_code::replaced, 0}, out);
      leave(older, leave_reason::disconnected, now, out);
    }
    happen(event_of_arrival(newcomer), {newcomer, leave_reason::disconnected, now}, out);
  }

  /// The room is to be one where the place of `taker` is kept, who is in a live room. It is as old
  /// as that one.
  void reserve(const guest& taker, instant opened_at, instant now, notices& out) {
    expires_at_ = opened_at + options_.waiting_max;
    happen(event::reserved, {taker, leave_reason::disconnected, now}, out);
  }

  /// Of a live room the one who comes back for another peer.
  [[nodiscard]] std::optional<guest> taker_of_more() const noexcept {
    for (const auto& one : {first_, second_}) {
      if (one && one->takes_more) return guest{one->connection, one->side, one->wanted, true};
    }
    return std::nullopt;
  }

  /// The connection of a side is gone.
  void leave(connection_id connection, leave_reason reason, instant now, notices& out) {
    if (!is_first(connection) && !is_second(connection)) return;
    const facts about{{connection, {}, {}}, reason, now};
    switch (state_) {
      case state::waiting: happen(event::first_lost, about, out); break;
      case state::paired:
        fail_attempt(is_first(connection) ? event::first_left : event::second_left, about, out);
        break;
      case state::live: happen(event::broken, about, out); break;
      case state::none:
      case state::closed: break;
    }
  }

  /// The connection says that the handshake succeeded.
  ///
  /// @shape  false when it is not the first's to say
  [[nodiscard]] bool confirm(connection_id connection, instant now, notices& out) {
    if (is_first(connection)) happen(event::confirmed, {{connection, {}, {}}, {}, now}, out);
    return !is_second(connection);
  }

  /// The connection closes the room, or its own visit. It has no place any more.
  void close(connection_id connection, close_reason reason, instant now, notices& out) {
    const facts about{{connection, {}, {}}, leave_reason_of(reason), now};
    if (is_first(connection)) {
      happen(reason == close_reason::spent ? event::spent : event::ended, about, out);
    } else if (is_second(connection)) {
      if (state_ == state::live) {
        happen(event::ended, about, out);
      } else {
        fail_attempt(event::second_left, about, out);
      }
    }
  }

  /// The operator wants no more of it: whoever is there is ended.
  void stop(instant now, notices& out) { happen(event::stopped, {{}, {}, now}, out); }

  /// Whether `count` bytes from `from` may pass, and counts them if so.
  [[nodiscard]] carriage carry(connection_id from, std::uint64_t count, instant now, notices& out) {
    if (!partner_of(from)) return carriage::discard;
    if (state_ == state::paired && count > limits::handshake_bytes_max - pairing_bytes_) {
      return carriage::violation;
    }
    if (options_.bytes_max != 0 && count > options_.bytes_max - bytes_) {
      happen(event::overdrawn, {{from, {}, {}}, leave_reason::quota, now}, out);
      return carriage::overdrawn;
    }
    const bool was_low = is_low();
    bytes_ += count;
    if (state_ == state::paired) pairing_bytes_ += count;
    if (is_low() && !was_low) {
      tell(first_->connection, told_quota{options_.bytes_max - bytes_}, out);
      tell(second_->connection, told_quota{options_.bytes_max - bytes_}, out);
    }
    return carriage::forward;
  }

  void handle_timeout(instant now, notices& out) {
    if (!next_timeout() || now < *next_timeout()) return;
    const facts about{{}, leave_reason::handshake_timeout, now};
    switch (state_) {
      case state::waiting:
        happen(now >= expires_at_ ? event::expired : event::abandoned, about, out);
        break;
      case state::paired: fail_attempt(event::stalled, about, out); break;
      case state::closed: happen(event::forgotten, about, out); break;
      case state::none:
      case state::live: break;
    }
  }

  [[nodiscard]] std::optional<instant> next_timeout() const noexcept {
    switch (state_) {
      case state::waiting: return first_is_there() ? expires_at_ : earlier(expires_at_, deadline_);
      case state::paired:
      case state::closed: return deadline_;
      case state::none:
      case state::live: break;
    }
    return std::nullopt;
  }

 private:
  struct seat {
    connection_id connection{};
    side_id side{};
    want wanted = want::either;
    bool takes_more = false;
    bool present = true;  // false: the place is kept, the connection is gone
  };
  struct facts {
    guest about;
    leave_reason reason{};
    instant now;
  };

  [[nodiscard]] bool is_first(connection_id c) const noexcept {
    return first_is_there() && first_->connection == c;
  }
  [[nodiscard]] bool is_second(connection_id c) const noexcept {
    return second_ && second_->connection == c;
  }
  [[nodiscard]] bool first_is_there() const noexcept { return first_ && first_->present; }
  [[nodiscard]] bool holds_side(const guest& g) const noexcept {
    return (first_ && first_->side == g.side) || (second_ && second_->side == g.side);
  }
  [[nodiscard]] connection_id connection_of_side(const guest& g) const noexcept {
    return first_->side == g.side ? first_->connection : second_->connection;
  }
  [[nodiscard]] bool is_low() const noexcept {
    return options_.bytes_max != 0 && bytes_ >= options_.bytes_max - options_.bytes_max / 10;
  }

  [[nodiscard]] static bool wants_fit(want a, want b) noexcept {
    return a != b || a == want::either;
  }

  [[nodiscard]] static leave_reason leave_reason_of(close_reason reason) noexcept {
    switch (reason) {
      case close_reason::done: return leave_reason::finished;
      case close_reason::spent: return leave_reason::spent;
      case close_reason::cancelled: break;
    }
    return leave_reason::cancelled;
  }

  [[nodiscard]] event event_of_arrival(const guest& newcomer) const noexcept {
    switch (state_) {
      case state::none: return event::opened;
      case state::closed: return event::came_late;
      case state::paired: return taker_of_more() ? event::came_early : event::third_came;
      case state::live: return event::third_came;
      case state::waiting: break;
    }
    if (first_->side == newcomer.side) return event::reclaimed;
    if (!first_->present) return first_->takes_more ? event::came_early : event::taken_over;
    return wants_fit(first_->wanted, newcomer.wanted) ? event::joined : event::clashed;
  }

  void fail_attempt(event kind, const facts& about, notices& out) {
    const bool last = returns_ == limits::room_returns_max;
    happen(last ? event::last_attempt_failed : kind, about, out);
  }

  // The one place where a room changes.
  void happen(event what, const facts& about, notices& out) {
    const auto row = find_transition(state_, what);
    if (!row) return;
    if (row->from == state::paired && row->to == state::waiting) ++returns_;
    state_ = row->to;
    perform(row->then, about, out);
    if (row->to == state::closed && row->from != state::closed) {
      deadline_ = about.now + limits::room_tombstone_time;
      first_.reset();
      second_.reset();
    }
    if (row->to == state::none) *this = room(options_, handle_);
    TALLOW_DEBUG_ASSERT(invariants());
  }

  void perform(action what, const facts& about, notices& out) {
    switch (what) {
      case action::seat_first: return seat_first(about, out);
      case action::seat_second: return seat_second(about, out);
      case action::replace_first:
        if (first_->present) {
          tell(first_->connection, told_error{relay_error_code::replaced, 0}, out);
        }
        return seat_first(about, out);
      case action::refuse_clash:
        tell(about.about.connection, told_error{relay_error_code::wants_clash, 0}, out);
        return tell_of_refusal(about, out);
      case action::refuse_third:
        tell(about.about.connection, told_error{relay_error_code::room_full, 0}, out);
        return tell_of_refusal(about, out);
      case action::refuse_early:
        return tell(about.about.connection, told_error{relay_error_code::room_busy, 0}, out);
      case action::refuse_late:
        return tell(about.about.connection, told_error{relay_error_code::code_spent, 0}, out);
      case action::reserve_place: first_ = seat_of(about.about); return keep_place(about);
      case action::keep_place: return keep_place(about);
      case action::part_second:
        tell(second_->connection, told_leave{about.reason, false}, out);
        second_.reset();
        return keep_place(about);
      case action::evict_second:
        tell(second_->connection, told_error{relay_error_code::handshake_timeout, 0}, out);
        [[fallthrough]];
      case action::tell_first:
        tell(first_->connection, told_leave{about.reason, true}, out);
        return second_.reset();
      case action::give_up_attempts: return give_up_attempts(about, out);
      case action::lift_limits:
        tell(first_->connection, told_live{}, out);
        return tell(second_->connection, told_live{}, out);
      case action::remember:
      case action::tell_other: return tell_other(about, out);
      case action::refuse_both:
        tell(first_->connection, told_error{relay_error_code::quota, options_.bytes_max}, out);
        return tell(second_->connection, told_error{relay_error_code::quota, options_.bytes_max},
                    out);
      case action::refuse_first: return refuse_first(out);
      case action::turn_out:
        for (const connection_id one : present()) {
          tell(one, told_error{relay_error_code::blocked, 0}, out);
        }
        return;
      case action::nothing: return;
    }
  }

  [[nodiscard]] static seat seat_of(const guest& g) noexcept {
    return {g.connection, g.side, g.wanted, g.takes_more};
  }

  void seat_first(const facts& about, notices& out) {
    // The age of a room is that of its first guest: taking over does not make it younger.
    if (!first_) expires_at_ = about.now + options_.waiting_max;
    first_ = seat_of(about.about);
    tell(about.about.connection, seated{place::first}, out);
  }

  void seat_second(const facts& about, notices& out) {
    second_ = seat_of(about.about);
    deadline_ = about.now + limits::handshake_timeout;
    pairing_bytes_ = 0;
    tell(first_->connection, told_arrival{arrival::joined}, out);
    tell(second_->connection, seated{place::second}, out);
  }

  void keep_place(const facts& about) {
    first_->present = false;
    deadline_ = about.now + limits::room_reclaim_time;
  }

  // At most once a second: a crowd at the door must not fill the first's connection.
  void tell_of_refusal(const facts& about, notices& out) {
    if (refusal_told_at_ && about.now < *refusal_told_at_ + std::chrono::seconds(1)) return;
    refusal_told_at_ = about.now;
    if (first_->present) tell(first_->connection, told_arrival{arrival::turned_away}, out);
  }

  void tell_other(const facts& about, notices& out) {
    for (const auto& one : {first_, second_}) {
      if (one && one->present && one->connection != about.about.connection) {
        tell(one->connection, told_leave{about.reason, false}, out);
      }
    }
  }

  void give_up_attempts(const facts& about, notices& out) {
    for (const auto& one : {first_, second_}) {
      if (one->connection == about.about.connection) continue;  // it is the one that left
      tell(one->connection, told_error{relay_error_code::attempts_used, 0}, out);
    }
  }

  void refuse_first(notices& out) {
    if (!first_->present) return;
    const auto waited = std::chrono::duration_cast<std::chrono::seconds>(options_.waiting_max);
    tell(first_->connection,
         told_error{relay_error_code::room_expired, static_cast<std::uint64_t>(waited.count())},
         out);
  }

  template <class What>
  static void tell(connection_id to, What what, notices& out) {
    out.push_back({to, what});
  }

  [[nodiscard]] bool invariants() const noexcept {
    const bool both = state_ == state::paired || state_ == state::live;
    return first_.has_value() == (both || state_ == state::waiting) &&
           second_.has_value() == both && (!both || (first_->present && second_->present)) &&
           returns_ <= limits::room_returns_max;
  }

  room_options options_;
  std::uint64_t handle_;
  state state_ = state::none;
  std::optional<seat> first_;
  std::optional<seat> second_;
  unsigned returns_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t pairing_bytes_ = 0;
  instant expires_at_{};  // of a waiting room
  instant deadline_{};    // of a kept place, a pairing, a tombstone
  std::optional<instant> refusal_told_at_;
};

}  // namespace tallow::room
