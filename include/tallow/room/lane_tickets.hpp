// Who may open which lane: one-time tickets, and the ends that they opened.
//
// @source  docs/protocol/room.md, Lanes
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include <tallow/base/assert.hpp>
#include <tallow/base/bytes.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/secret.hpp>
#include <tallow/base/time.hpp>
#include <tallow/room/deadlines.hpp>
#include <tallow/room/notice.hpp>
#include <tallow/room/random_source.hpp>
#include <tallow/room/shard.hpp>
#include <tallow/wire/relay_messages.hpp>

namespace tallow::room {

/// What became of a connection that showed a ticket.
struct lane_admission {
  enum class verdict : std::uint8_t {
    refused,  ///< no such ticket, or not any more
    waits,    ///< it is one end of a lane; the other is to come
    joined,   ///< it is one end of a lane, and `other` is the other
  };
  verdict what = verdict::refused;
  connection_id other{};
};

/// The control connections of a lane's room: whose end it is, and the other side's.
struct lane_owners {
  connection_id own{};
  connection_id other{};
};

/// All tickets and lanes of a relay. A room is known here by its two control connections.
///
/// The n-th ticket of one side of a room meets the n-th of its other side. An end is a ticket, then
/// a connection that waits, then a joined one; when an end of a lane goes, however far it has come,
/// the other goes with it, and its number is never used again.
///
/// Owner's rules: connections that calls name in `dropped` are to be closed, and closed() need not
/// be called for them.
///
/// Invariant: 0 <= ends of a side <= ends_max; an end whose partner was issued has
/// that partner; an end has a deadline until it is joined.
class lane_book {
 public:
  using connections = std::vector<connection_id>;

  /// @param ends_max  tickets and lanes of one side of a room at once
  /// @param own       tickets tell that they are at home there
  explicit lane_book(random_source random, std::size_t ends_max = limits::room_lanes_max,
                     shard own = {}) noexcept
      : random_(random), ends_max_(ends_max), own_(own) {
    TALLOW_ASSERT(random_.fill != nullptr);
  }

  /// Gives tickets to `owner`, a side of a live room whose other side is `other`.
  ///
  /// @shape  `count`, or as many as are left to the side
  [[nodiscard]] std::vector<lane_ticket> issue(connection_id owner, connection_id other,
                                               std::size_t count, instant now) {
    side& own = sides_.try_emplace(owner, side{other}).first->second;
    const side& theirs = sides_.try_emplace(other, side{owner}).first->second;
    TALLOW_ASSERT(own.other == other && theirs.other == owner);
    const instant due = now + limits::lane_ticket_time;
    std::vector<lane_ticket> tickets;
    while (tickets.size() < count && own.ends.size() < ends_max_) {
      const std::uint64_t number = ++own.issued;
      tickets.push_back(random_ticket());
      // Its partner is gone already. It is issued all the same, so that both sides count alike.
      if (number <= theirs.issued && theirs.ends.count(number) == 0) continue;
      const name key = name_of(tickets.back());
      const auto secret = std::span(tickets.back()).subspan<name_bytes>();
      ends_.try_emplace(key, lane_end{owner, number, secret_part(secret), due});
      own.ends.emplace(number, key);
      due_.set(key, due);
    }
    return tickets;
  }

  /// Where a ticket is at home, if it is one.
  [[nodiscard]] std::uint32_t home_of(const lane_ticket& shown) const noexcept {
    return own_.home_of(name_of(shown));
  }

  /// A new connection shows a ticket, which is used up if it is one.
  ///
  /// @cost  the time tells whether a ticket with the same first eight bytes exists, which are no
  ///        secret, and nothing about the others
  [[nodiscard]] lane_admission admit(const lane_ticket& shown, connection_id lane, instant now) {
    const auto found = ends_.find(name_of(shown));
    if (found == ends_.end()) return {};
    lane_end& e = found->second;
    if (e.lane || now >= e.due) return {};
    if (!equal_constant_time(e.secret.view(), std::span(shown).subspan<name_bytes>())) return {};
    e.secret.wipe_now();
    e.lane = lane;
    lanes_.emplace(lane, found->first);
    const auto partner = partner_of(e);
    if (partner == ends_.end() || !partner->second.lane) {
      return {lane_admission::verdict::waits, {}};
    }
    for (const auto& one : {found, partner}) {
      one->second.is_joined = true;
      due_.set(one->first, std::nullopt);
    }
    return {lane_admission::verdict::joined, *partner->second.lane};
  }

  /// Whose lane a joined connection is; nothing for any other connection.
  [[nodiscard]] std::optional<lane_owners> owners_of(connection_id lane) const {
    const auto found = lanes_.find(lane);
    if (found == lanes_.end()) return std::nullopt;
    const lane_end& e = ends_.at(found->second);
    if (!e.is_joined) return std::nullopt;
    return lane_owners{e.owner, sides_.at(e.owner).other};
  }

  /// A lane's connection is gone, or is to go.
  void closed(connection_id lane, connections& dropped) {
    const auto found = lanes_.find(lane);
    if (found == lanes_.end()) return;
    const name key = found->second;
    lanes_.erase(found);
    ends_.at(key).lane.reset();
    remove(key, dropped);
  }

  /// A control connection has no place in its room any more.
  void end_room(connection_id control, connections& dropped) {
    const auto found = sides_.find(control);
    if (found == sides_.end()) return;
    const connection_id other = found->second.other;
    for (const connection_id one : {control, other}) {
      auto& ends = sides_.at(one).ends;
      while (!ends.empty()) remove(ends.begin()->second, dropped);
    }
    sides_.erase(control);
    sides_.erase(other);
  }

  void handle_timeout(instant now, connections& dropped) {
    while (const auto key = due_.pop_due(now)) remove(*key, dropped);
  }

  [[nodiscard]] std::optional<instant> next_timeout() const noexcept { return due_.next(); }

  /// Connections that are ends of lanes of a side, by its control connection.
  [[nodiscard]] std::size_t lane_end_count(connection_id control) const {
    const auto found = sides_.find(control);
    if (found == sides_.end()) return 0;
    return static_cast<std::size_t>(
        std::count_if(found->second.ends.begin(), found->second.ends.end(),
                      [&](const auto& one) { return ends_.at(one.second).lane.has_value(); }));
  }
  /// Connections that are ends of lanes.
  [[nodiscard]] std::size_t lane_end_count() const noexcept { return lanes_.size(); }

 private:
  // A ticket's first eight bytes find it, the others prove it: 192 bits that nobody can try.
  static constexpr std::size_t name_bytes = 8;
  using name = std::uint64_t;
  using secret_part = secret_bytes<limits::lane_ticket_bytes - name_bytes>;

  struct lane_end {
    connection_id owner{};
    std::uint64_t number = 0;
    secret_part secret;
    instant due;                          // until it is joined
    std::optional<connection_id> lane{};  // that showed the ticket
    bool is_joined = false;
  };
  struct side {
    connection_id other{};
    std::uint64_t issued = 0;
    std::map<std::uint64_t, name> ends{};
  };
  using end_table = std::unordered_map<name, lane_end>;

  [[nodiscard]] static name name_of(const lane_ticket& ticket) noexcept {
    return load_big_endian<name>(std::span(ticket).first<name_bytes>());
  }

  // One whose name is free, and at home here.
  [[nodiscard]] lane_ticket random_ticket() const {
    lane_ticket ticket{};
    do {
      random_(ticket);
    } while (home_of(ticket) != own_.index || ends_.count(name_of(ticket)) != 0);
    return ticket;
  }

  [[nodiscard]] end_table::iterator partner_of(const lane_end& e) {
    const side& theirs = sides_.at(sides_.at(e.owner).other);
    const auto found = theirs.ends.find(e.number);
    return found == theirs.ends.end() ? ends_.end() : ends_.find(found->second);
  }

  // Both ends of the lane that an end belongs to.
  void remove(name key, connections& dropped) {
    const auto own = ends_.find(key);
    const auto partner = partner_of(own->second);
    if (partner != ends_.end()) forget(partner, dropped);
    forget(own, dropped);
  }

  void forget(end_table::iterator at, connections& dropped) {
    const lane_end& e = at->second;
    if (e.lane) {
      lanes_.erase(*e.lane);
      dropped.push_back(*e.lane);
    }
    sides_.at(e.owner).ends.erase(e.number);
    due_.set(at->first, std::nullopt);
    ends_.erase(at);
  }

  random_source random_;
  std::size_t ends_max_;
  shard own_;
  std::unordered_map<connection_id, side> sides_;
  end_table ends_;
  std::unordered_map<connection_id, name> lanes_;
  deadlines<name> due_;
};

}  // namespace tallow::room
