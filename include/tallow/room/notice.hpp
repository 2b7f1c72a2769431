// Who stands in a room, and what a room has to say to a connection.
//
// @source  docs/protocol/room.md, Rooms
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include <tallow/base/strong.hpp>
#include <tallow/base/units.hpp>
#include <tallow/wire/relay_messages.hpp>

namespace tallow::room {

/// A connection of a relay, never used for a second one.
using connection_id = strong<struct connection_id_tag, std::uint64_t>;

/// Somebody who asks for a place in a room.
struct guest {
  connection_id connection{};
  side_id side{};
  want wanted = want::either;
  bool takes_more = false;  ///< comes back for another peer once this one is recognised
};

/// The connection has a place in the room now.
struct seated {
  place placed{};
};
/// Somebody came to the first.
struct told_arrival {
  arrival how{};
};
/// The other one is gone. `stays`: the first keeps its place; otherwise the connection has none
/// any more.
struct told_leave {
  leave_reason reason{};
  bool stays = false;
};
/// The connection is refused or ended, and has no place any more.
struct told_error {
  relay_error_code code{};
  std::uint64_t limit = 0;
};
/// The room is live: slices may be as large as any.
struct told_live {};
/// So many bytes are left.
struct told_quota {
  std::uint64_t bytes_left = 0;
};

/// What one connection is to be told.
struct notice {
  connection_id to{};
  std::variant<seated, told_arrival, told_leave, told_error, told_live, told_quota> what;
};
using notices = std::vector<notice>;

/// An error's name, for logs.
[[nodiscard]] constexpr const char* name_of(relay_error_code code) noexcept {
  switch (code) {
    case relay_error_code::version: return "version";
    case relay_error_code::room_full: return "room_full";
    case relay_error_code::wants_clash: return "wants_clash";
    case relay_error_code::code_spent: return "code_spent";
    case relay_error_code::relay_full: return "relay_full";
    case relay_error_code::nameplates_used_up: return "nameplates_used_up";
    case relay_error_code::attempts_used: return "attempts_used";
    case relay_error_code::room_expired: return "room_expired";
    case relay_error_code::idle: return "idle";
    case relay_error_code::quota: return "quota";
    case relay_error_code::slow_consumer: return "slow_consumer";
    case relay_error_code::rate_limited: return "rate_limited";
    case relay_error_code::draining: return "draining";
    case relay_error_code::protocol: return "protocol";
    case relay_error_code::replaced: return "replaced";
    case relay_error_code::handshake_timeout: return "handshake_timeout";
    case relay_error_code::blocked: return "blocked";
    case relay_error_code::tls_required: return "tls_required";
    case relay_error_code::room_busy: return "room_busy";
  }
  return "";
}

/// When it is worth while to come again; 0: never.
[[nodiscard]] constexpr std::uint32_t retry_after_ms(relay_error_code code) noexcept {
  if (code == relay_error_code::relay_full) return 30'000;
  if (code == relay_error_code::nameplates_used_up) return 30'000;
  if (code == relay_error_code::draining) return 5'000;
  if (code == relay_error_code::room_busy) return 500;
  return 0;
}

}  // namespace tallow::room
