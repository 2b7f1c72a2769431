// What a relay is told by its operator, and what it tells the one who drives it.
//
// @source  docs/protocol/room.md, Limits
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include <tallow/base/limits.hpp>
#include <tallow/room/admission.hpp>
#include <tallow/room/bandwidth.hpp>
#include <tallow/room/directory.hpp>
#include <tallow/room/notice.hpp>
#include <tallow/wire/relay_messages.hpp>

namespace tallow::room {

/// What an operator sets.
struct relay_options {
  directory_options rooms;
  bandwidth_options bandwidth;
  admission_options admission;                  ///< of each source
  std::size_t connections_max = 4096;           ///< lanes are connections too
  std::uint32_t lanes_max = limits::lanes_max;  ///< of a room, beside its control connections
  std::string software;  ///< at most limits::software_bytes_max bytes of UTF-8
  std::string notice;    ///< text for people, at most limits::notice_bytes_max bytes of UTF-8

  /// What clients are told of them; in a room, of those that it was made with.
  [[nodiscard]] relay_limits limits_told(const room_options& each) const noexcept {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(each.waiting_max);
    const auto told = std::clamp<std::int64_t>(seconds.count(), 0, UINT32_MAX);
    return {each.bytes_max, static_cast<std::uint32_t>(told), lanes_max};
  }
  [[nodiscard]] relay_limits limits_told() const noexcept { return limits_told(rooms.each); }
};

/// Where a connection comes from.
struct origin {
  origin() noexcept = default;
  /// A source that is limited.
  origin(source_id from, bool blocked = false) noexcept : source(from), is_blocked(blocked) {}

  std::optional<source_id> source;  ///< nothing: it is not limited
  bool is_blocked = false;          ///< the operator wants nothing of it
};

/// A connection that had nothing to send has something now.
struct can_send {
  connection_id id{};
};
/// A connection may be read from again.
struct can_read {
  connection_id id{};
};
/// A connection is to be closed: first send what is queued, then shut down sending and read until
/// the other end closes, so that the last message arrives.
struct finish {
  connection_id id{};
};
/// A connection is to be closed at once.
struct drop {
  connection_id id{};
};
/// What a connection asked for is at home in another shard: its owner takes it out by release(),
/// and gives it to the relay_core there by adopt(). Until then nothing is read from it.
struct move_away {
  connection_id id{};
  std::uint32_t shard = 0;
};
/// Two connections are the ends of a lane: their owner moves bytes between them by itself from now
/// on, and asks lane_carried() of what came before it passes it on.
struct lanes_joined {
  connection_id a{};
  connection_id b{};
};
/// An end of a lane that asked may pass on so many bytes.
struct lane_granted {
  connection_id id{};
  std::uint64_t bytes = 0;
};
/// Something for the log: static words, never an id, an address or a name.
struct noted {
  const char* what = "";
  const char* why = "";
  /// Of a connection that was refused or ended; not to be written down as it is.
  std::optional<source_id> source{};
};
using relay_event =
    std::variant<can_send, can_read, finish, drop, move_away, lanes_joined, lane_granted, noted>;

}  // namespace tallow::room
