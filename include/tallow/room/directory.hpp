// All rooms of a relay: found by id, never listed.
//
// @source  docs/protocol/room.md, Rooms; Nameplates
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include <tallow/base/assert.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/time.hpp>
#include <tallow/base/units.hpp>
#include <tallow/room/deadlines.hpp>
#include <tallow/room/notice.hpp>
#include <tallow/room/room.hpp>
#include <tallow/room/shard.hpp>
#include <tallow/wire/relay_messages.hpp>

namespace tallow::room {

/// The id of the room that a nameplate stands for. It needs a hash, which this layer does not have.
using room_of_nameplate = room_id (*)(std::uint32_t nameplate);

/// The next of a row of spread-out numbers (splitmix64). Nameplates are public: it is enough that
/// they are spread well.
[[nodiscard]] constexpr std::uint64_t next_random(std::uint64_t& state) noexcept {
  state += 0x9E3779B97F4A7C15U;
  std::uint64_t z = state;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31U);
}

/// What an operator sets for all rooms.
struct directory_options {
  room_options each;
  /// Rooms at once, those that only remember a spent code not counted.
  std::size_t rooms_max = 1000;
};

/// A room that was made for somebody.
struct made_room {
  std::uint32_t nameplate = 0;
  room_id id{};
};

/// Finds, makes and forgets rooms. Ids come from strangers, so they are kept in an ordered tree,
/// which no choice of ids makes slow.
class directory {
 public:
  /// @param own           makes rooms that are at home there, and is asked for no others
  /// @param open          of all shards; without it there is only this one
  /// @param handles_from  64 random bits: they choose the handles of rooms
  directory(const directory_options& options, room_of_nameplate room_of, shard own = {},
            shared_count* open = nullptr, std::uint64_t handles_from = 0) noexcept
      : options_(options), room_of_(room_of), own_(own), open_(open), handles_from_(handles_from) {}

  /// Rooms that are made from now on.
  void change(const room_options& each) noexcept { options_.each = each; }

  /// Makes a room with a nameplate of its own for `newcomer`, who is first in it.
  ///
  /// @param random  64 random bits: they choose where the search for a nameplate begins
  /// @shape  what was made, or why nothing was
  [[nodiscard]] std::variant<made_room, told_error> create(const guest& newcomer,
                                                           std::uint64_t random, instant now,
                                                           notices& out) {
    if (is_full()) return full();
    const auto found = free_nameplate(random);
    if (!found) return told_error{relay_error_code::nameplates_used_up, 0};
    join(found->id, newcomer, now, out);
    return *found;
  }

  /// `newcomer` asks for a place in the room of that id, which is made if it is not there.
  void join(const room_id& id, const guest& newcomer, instant now, notices& out) {
    auto found = rooms_.find(id);
    if (found == rooms_.end()) {
      const auto opened = open(id);
      if (!opened) {
        out.push_back({newcomer.connection, full()});
        return;
      }
      found = *opened;
    }
    change(found, [&](room& r) { r.arrive(newcomer, now, out); });
  }

  [[nodiscard]] bool contains(const room_id& id) const { return rooms_.find(id) != rooms_.end(); }

  /// The connection is gone.
  void leave(const room_id& id, connection_id who, leave_reason reason, instant now, notices& out) {
    change(rooms_.find(id), [&](room& r) { r.leave(who, reason, now, out); });
  }

  /// The connection closes the room, or its own visit.
  void close(const room_id& id, connection_id who, close_reason reason, instant now, notices& out) {
    change(rooms_.find(id), [&](room& r) { r.close(who, reason, now, out); });
  }

  /// The connection says that the handshake succeeded.
  ///
  /// @shape  false when it is not its to say
  [[nodiscard]] bool confirm(const room_id& id, connection_id who, instant now, notices& out) {
    bool allowed = true;
    change(rooms_.find(id), [&](room& r) { allowed = r.confirm(who, now, out); });
    return allowed;
  }

  /// True of a live room in which somebody takes more than this peer.
  [[nodiscard]] bool takes_more(const room_id& id) const {
    const auto found = rooms_.find(id);
    return found != rooms_.end() && found->second.current() == state::live &&
           found->second.taker_of_more();
  }

  /// A room that takes_more() gives up its id, where a place is kept for that side then; in a relay
  /// that is full there is none.
  ///
  /// @param fresh  an id that nobody can guess
  /// @shape  those in the room, whose room is `fresh` from here on
  std::vector<connection_id> move_on(const room_id& id, const room_id& fresh, instant now,
                                     notices& out) {
    auto moved = rooms_.extract(id);
    TALLOW_ASSERT(!moved.empty());
    moved.key() = fresh;
    const room& live = rooms_.insert(std::move(moved)).position->second;
    if (const auto kept = open(id)) {
      const guest taker = live.taker_of_more().value();
      change(*kept, [&](room& r) { r.reserve(taker, live.opened_at(), now, out); });
    }
    return live.present();
  }

  /// The operator ends the room of that handle.
  ///
  /// @shape  false when there is none, or not any more
  /// @cost   O(n)
  [[nodiscard]] bool stop(std::uint64_t handle, instant now, notices& out) {
    const auto found = std::find_if(rooms_.begin(), rooms_.end(), [&](const auto& one) {
      return one.second.handle() == handle && one.second.current() != state::closed;
    });
    if (found == rooms_.end()) return false;
    change(found, [&](room& r) { r.stop(now, out); });
    return true;
  }

  /// Whether `count` bytes of a slice from `who` may pass, and to whom.
  [[nodiscard]] std::pair<carriage, connection_id> carry(const room_id& id, connection_id who,
                                                         std::uint64_t count, instant now,
                                                         notices& out) {
    const auto found = rooms_.find(id);
    if (found == rooms_.end()) return {carriage::discard, {}};
    const auto partner = found->second.partner_of(who);
    const carriage verdict = found->second.carry(who, count, now, out);
    if (verdict == carriage::overdrawn) change(found, [](room&) {});
    return {verdict, partner.value_or(connection_id{})};
  }

  /// The connection that slices from `who` go to.
  [[nodiscard]] std::optional<connection_id> partner_of(const room_id& id,
                                                        connection_id who) const noexcept {
    const auto found = rooms_.find(id);
    if (found == rooms_.end()) return std::nullopt;
    return found->second.partner_of(who);
  }

  /// The same, once the room is live.
  [[nodiscard]] std::optional<connection_id> live_partner_of(const room_id& id,
                                                             connection_id who) const noexcept {
    const auto found = rooms_.find(id);
    if (found == rooms_.end() || found->second.current() != state::live) return std::nullopt;
    return found->second.partner_of(who);
  }

  [[nodiscard]] std::optional<instant> next_timeout() const noexcept { return due_.next(); }

  /// @cost  O(log n) for each room that is due, nothing for the others
  void handle_timeout(instant now, notices& out) {
    while (const auto id = due_.pop_due(now)) {
      change(rooms_.find(*id), [&](room& r) { r.handle_timeout(now, out); });
    }
  }

  // ---- getters ----

  /// Calls `f(room)` for each that room_count() counts.
  template <class F>
  void for_each(F f) const {
    for (const auto& [id, r] : rooms_) {
      if (r.current() != state::closed) f(r);
    }
  }
  /// What that room was made with; of one that is not there, what it would be made with.
  [[nodiscard]] const room_options& options_of(const room_id& id) const {
    const auto found = rooms_.find(id);
    return found == rooms_.end() ? options_.each : found->second.options();
  }
  /// Rooms that somebody is in, or whose place is kept.
  [[nodiscard]] std::size_t room_count() const noexcept { return rooms_.size() - closed_; }
  /// Rooms that only remember that their code is spent.
  [[nodiscard]] std::size_t closed_count() const noexcept { return closed_; }
  /// Rooms that were ever opened.
  [[nodiscard]] std::uint64_t opened_count() const noexcept { return opened_; }
  [[nodiscard]] const directory_options& options() const noexcept { return options_; }

 private:
  using tree = std::map<room_id, room>;

  // Numbers that are tried in a row before more digits are.
  static constexpr std::uint32_t window = 32;
  // A closed room costs about 300 bytes, and remembering fewer than the rooms themselves would let
  // one person push out another's.
  static constexpr std::size_t closed_per_room = 8;

  // A room that is none yet; nothing where there is no place for another.
  [[nodiscard]] std::optional<tree::iterator> open(const room_id& id) {
    if (open_ != nullptr ? !open_->take(options_.rooms_max) : is_full()) return std::nullopt;
    ++opened_;
    return rooms_.emplace(id, room(options_.each, next_random(handles_from_))).first;
  }

  [[nodiscard]] bool is_full() const noexcept {
    return (open_ != nullptr ? open_->now() : room_count()) >= options_.rooms_max;
  }
  [[nodiscard]] told_error full() const noexcept {
    return {relay_error_code::relay_full, options_.rooms_max};
  }

  // Applies `f`, then forgets the room, or notes when it is due. Every change goes through here.
  template <class F>
  void change(tree::iterator at, F f) {
    if (at == rooms_.end()) return;
    const bool was_closed = at->second.current() == state::closed;
    f(at->second);
    const state now_is = at->second.current();
    closed_ -= was_closed ? 1U : 0U;
    const bool is_open = now_is != state::none && now_is != state::closed;
    if (!was_closed && !is_open && open_ != nullptr) open_->give();
    if (was_closed && is_open && open_ != nullptr) open_->add();
    if (now_is == state::none) {
      due_.set(at->first, std::nullopt);
      rooms_.erase(at);
      return;
    }
    closed_ += now_is == state::closed ? 1U : 0U;
    due_.set(at->first, at->second.next_timeout());
    if (now_is == state::closed && !was_closed) remember(at->first);
  }

  // The oldest closed rooms go first when there are too many. All are remembered for the same time,
  // so those that were forgotten in due course stand at the front of the queue, too.
  void remember(const room_id& id) {
    closed_order_.push_back(id);
    while (true) {
      const auto oldest = rooms_.find(closed_order_.front());
      const bool is_closed = oldest != rooms_.end() && oldest->second.current() == state::closed;
      if (is_closed && closed_ <= options_.rooms_max * closed_per_room) return;
      closed_order_.pop_front();
      if (!is_closed) continue;
      due_.set(oldest->first, std::nullopt);
      rooms_.erase(oldest);
      --closed_;
    }
  }

  // The smallest free one of a random window: as many digits as leave half of the numbers free, so
  // that a code is short to say while a stranger can hardly meet the next one by chance.
  [[nodiscard]] std::optional<made_room> free_nameplate(std::uint64_t random) const {
    for (std::uint64_t limit = 10; limit - 1 <= limits::nameplate_max; limit *= 10) {
      const auto count = static_cast<std::uint32_t>(limit - 1);
      if (rooms_.size() * own_.count > count / 2) continue;
      const auto start = static_cast<std::uint32_t>(random % count);
      for (std::uint32_t i = 0; i < std::min(window, count); ++i) {
        const std::uint32_t nameplate = 1 + (start + i) % count;
        const room_id id = room_of_(nameplate);
        if (own_.home_of(id) == own_.index && rooms_.find(id) == rooms_.end()) {
          return made_room{nameplate, id};
        }
      }
    }
    return std::nullopt;
  }

  directory_options options_;
  room_of_nameplate room_of_;
  shard own_;
  shared_count* open_;
  std::uint64_t handles_from_;
  tree rooms_;
  deadlines<room_id> due_;
  std::size_t closed_ = 0;
  std::uint64_t opened_ = 0;
  std::deque<room_id> closed_order_;
};

}  // namespace tallow::room
