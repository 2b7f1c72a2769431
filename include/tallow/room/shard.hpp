// One of several parts of a relay, each of which has its own rooms and its own thread.
//
// @source  docs/protocol/room.md, Shards
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include <tallow/base/bytes.hpp>
#include <tallow/base/units.hpp>
#include <tallow/wire/relay_messages.hpp>

namespace tallow::room {

/// Which part of a relay one is, and of how many. A room, and a ticket of its lanes, tell where
/// they are at home, so that nobody has to be asked.
struct shard {
  std::uint32_t index = 0;
  std::uint32_t count = 1;

  [[nodiscard]] std::uint32_t home_of(const room_id& room) const noexcept {
    return static_cast<std::uint32_t>(
        load_big_endian<std::uint64_t>(std::span(room).last<sizeof(std::uint64_t)>()) % count);
  }
  /// Of the first eight bytes of a ticket.
  [[nodiscard]] std::uint32_t home_of(std::uint64_t ticket_name) const noexcept {
    return static_cast<std::uint32_t>(ticket_name % count);
  }
};

/// How many of something all shards of a relay have together.
class shared_count {
 public:
  /// One more.
  ///
  /// @shape  how many there are now
  std::size_t add() noexcept { return number_.fetch_add(1, std::memory_order_relaxed) + 1; }

  /// One more, unless there are `max` already.
  [[nodiscard]] bool take(std::size_t max) noexcept {
    if (add() <= max) return true;
    give();
    return false;
  }

  void give() noexcept { number_.fetch_sub(1, std::memory_order_relaxed); }

  [[nodiscard]] std::size_t now() const noexcept { return number_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::size_t> number_{0};
};

}  // namespace tallow::room
