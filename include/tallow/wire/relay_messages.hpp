// What a client and a relay say to each other. A relay parses these and nothing else.
//
// @source  docs/protocol/wire.md, Client and relay
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include <tallow/base/bytes.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/units.hpp>
#include <tallow/wire/codec.hpp>
#include <tallow/wire/frame.hpp>

namespace tallow {

/// The version of the protocol between client and relay.
inline constexpr std::uint16_t relay_protocol_version = 1;

/// What a client came for; two that want the same are kept apart.
enum class want : std::uint8_t { send, receive, either };
constexpr want enum_last(want) noexcept { return want::either; }

/// Who of the two was there first: the first waits and answers, the second initiates.
enum class place : std::uint8_t { first, second };
constexpr place enum_last(place) noexcept { return place::second; }

/// What PEER_JOINED reports to the one who waits.
enum class arrival : std::uint8_t {
  joined,       ///< the other side is there: the handshake may begin
  turned_away,  ///< a third peer came and was refused; nothing changed
};
constexpr arrival enum_last(arrival) noexcept { return arrival::turned_away; }

/// Why the other side is not there any more.
enum class leave_reason : std::uint8_t {
  disconnected,       ///< its connection ended
  finished,           ///< it closed the room: all is done
  spent,              ///< it closed the room: the code is used up
  cancelled,          ///< it closed the room: somebody cancelled
  handshake_timeout,  ///< no handshake came about in time
  slow_consumer,      ///< it did not read what was sent to it
  quota,              ///< the relay's quota is used up
};
constexpr leave_reason enum_last(leave_reason) noexcept { return leave_reason::quota; }

/// Why a client closes a room.
enum class close_reason : std::uint8_t { done, spent, cancelled };
constexpr close_reason enum_last(close_reason) noexcept { return close_reason::cancelled; }

/// Why a relay refuses or ends something.
enum class relay_error_code : std::uint8_t {
  version,             ///< no common version; `versions` lists the relay's
  room_full,           ///< two peers are in the room already
  wants_clash,         ///< both sides want to send, or both to receive
  code_spent,          ///< the room was closed because its code is used up
  relay_full,          ///< no room is free; `limit` says how many there are
  nameplates_used_up,  ///< no nameplate is free
  attempts_used,       ///< the room saw too many failed attempts
  room_expired,        ///< nobody came; `limit` says how many seconds a room waits
  idle,                ///< nothing came for too long
  quota,               ///< `limit` says how many bytes a room may carry
  slow_consumer,       ///< the client did not read what was sent to it
  rate_limited,        ///< too many connections or rooms from this source
  draining,            ///< the relay is shutting down
  protocol,            ///< a frame or message that is not allowed here
  replaced,            ///< a newer connection of the same side took its place
  handshake_timeout,   ///< the peers did not recognise each other in time
  blocked,             ///< the operator serves nobody at this address
  tls_required,        ///< control connections have to be in TLS
  room_busy,           ///< another peer has its turn first, with one that takes several
};
constexpr relay_error_code enum_last(relay_error_code) noexcept {
  return relay_error_code::room_busy;
}

/// What a relay allows, told before anything is sent.
struct relay_limits {
  std::uint64_t room_bytes_max = 0;       ///< bytes through a room, both ways; 0: no limit
  std::uint32_t waiting_seconds_max = 0;  ///< how long a room waits for its second peer
  std::uint32_t lanes_max = 0;            ///< lanes a room may have beside the control channel

  static constexpr auto fields() {
    return field_list(field{&relay_limits::room_bytes_max},
                      field{&relay_limits::waiting_seconds_max}, field{&relay_limits::lanes_max});
  }
  bool operator==(const relay_limits&) const = default;
};

struct client_hello {
  static constexpr frame_type type = frame_type::client_hello;
  std::vector<std::uint16_t> versions;
  std::string software;
  static constexpr auto fields() {
    return field_list(field{&client_hello::versions, limits::relay_versions_max},
                      field{&client_hello::software, limits::software_bytes_max});
  }
  bool operator==(const client_hello&) const = default;
};

struct relay_hello {
  static constexpr frame_type type = frame_type::relay_hello;
  std::uint16_t version = 0;
  std::string software;
  relay_limits limits_told;
  std::string notice;  ///< text of the operator for people; hostile until escaped
  static constexpr auto fields() {
    return field_list(
        field{&relay_hello::version}, field{&relay_hello::software, limits::software_bytes_max},
        field{&relay_hello::limits_told}, field{&relay_hello::notice, limits::notice_bytes_max});
  }
  bool operator==(const relay_hello&) const = default;
};

struct create_room {
  static constexpr frame_type type = frame_type::create_room;
  side_id side{};
  want wanted{};
  bool takes_more = false;  ///< its place is kept for it once this room is live
  static constexpr auto fields() {
    return field_list(field{&create_room::side}, field{&create_room::wanted},
                      field{&create_room::takes_more});
  }
  bool operator==(const create_room&) const = default;
};

struct room_created {
  static constexpr frame_type type = frame_type::room_created;
  std::uint32_t nameplate = 0;
  room_id room{};
  std::uint32_t expiry_seconds = 0;
  relay_limits limits_told;
  static constexpr auto fields() {
    return field_list(field{&room_created::nameplate}, field{&room_created::room},
                      field{&room_created::expiry_seconds}, field{&room_created::limits_told});
  }
  bool operator==(const room_created&) const = default;
};

struct join_room {
  static constexpr frame_type type = frame_type::join_room;
  room_id room{};
  side_id side{};
  want wanted{};
  bool takes_more = false;  ///< as in CREATE_ROOM
  static constexpr auto fields() {
    return field_list(field{&join_room::room}, field{&join_room::side}, field{&join_room::wanted},
                      field{&join_room::takes_more});
  }
  bool operator==(const join_room&) const = default;
};

struct room_joined {
  static constexpr frame_type type = frame_type::room_joined;
  place placed{};
  relay_limits limits_told;
  static constexpr auto fields() {
    return field_list(field{&room_joined::placed}, field{&room_joined::limits_told});
  }
  bool operator==(const room_joined&) const = default;
};

struct peer_joined {
  static constexpr frame_type type = frame_type::peer_joined;
  arrival how{};
  static constexpr auto fields() { return field_list(field{&peer_joined::how}); }
  bool operator==(const peer_joined&) const = default;
};

struct peer_left {
  static constexpr frame_type type = frame_type::peer_left;
  leave_reason reason{};
  static constexpr auto fields() { return field_list(field{&peer_left::reason}); }
  bool operator==(const peer_left&) const = default;
};

/// A slice of one stream between the peers, opaque to the relay.
struct peer_slice {
  static constexpr frame_type type = frame_type::peer;
  stream_id stream{};
  byte_buffer bytes;
  static constexpr auto fields() {
    return field_list(field{&peer_slice::stream},
                      field{&peer_slice::bytes, limits::peer_slice_bytes_max});
  }
  bool operator==(const peer_slice&) const = default;
};

struct room_confirm {
  static constexpr frame_type type = frame_type::room_confirm;
  static constexpr auto fields() { return field_list(); }
  bool operator==(const room_confirm&) const = default;
};

struct lane_request {
  static constexpr frame_type type = frame_type::lane_request;
  std::uint32_t count = 0;
  static constexpr auto fields() { return field_list(field{&lane_request::count}); }
  bool operator==(const lane_request&) const = default;
};

/// A one-time right to open a lane. Equal rights for whoever holds it: compared in constant time.
using lane_ticket = std::array<std::byte, limits::lane_ticket_bytes>;

struct lane_tickets {
  static constexpr frame_type type = frame_type::lane_tickets;
  std::vector<lane_ticket> tickets;
  static constexpr auto fields() {
    return field_list(field{&lane_tickets::tickets, limits::lane_tickets_max});
  }
  bool operator==(const lane_tickets&) const = default;
};

struct lane_open {
  static constexpr frame_type type = frame_type::lane_open;
  std::variant<lane_ticket, stream_id> right;  ///< a stream id is taken by nobody
  static constexpr auto fields() { return field_list(field{&lane_open::right}); }
  bool operator==(const lane_open&) const = default;
};

struct quota_warning {
  static constexpr frame_type type = frame_type::quota_warning;
  std::uint64_t bytes_left = 0;
  static constexpr auto fields() { return field_list(field{&quota_warning::bytes_left}); }
  bool operator==(const quota_warning&) const = default;
};

struct goaway {
  static constexpr frame_type type = frame_type::goaway;
  std::uint32_t retry_after_ms = 0;
  std::uint32_t deadline_ms = 0;
  static constexpr auto fields() {
    return field_list(field{&goaway::retry_after_ms}, field{&goaway::deadline_ms});
  }
  bool operator==(const goaway&) const = default;
};

struct error_report {
  static constexpr frame_type type = frame_type::error_report;
  relay_error_code code{};
  std::uint32_t retry_after_ms = 0;
  std::uint64_t limit = 0;
  std::vector<std::uint16_t> versions;
  static constexpr auto fields() {
    return field_list(field{&error_report::code}, field{&error_report::retry_after_ms},
                      field{&error_report::limit},
                      field{&error_report::versions, limits::relay_versions_max});
  }
  bool operator==(const error_report&) const = default;
};

struct relay_ping {
  static constexpr frame_type type = frame_type::ping;
  static constexpr auto fields() { return field_list(); }
  bool operator==(const relay_ping&) const = default;
};

struct relay_pong {
  static constexpr frame_type type = frame_type::pong;
  static constexpr auto fields() { return field_list(); }
  bool operator==(const relay_pong&) const = default;
};

struct close_room {
  static constexpr frame_type type = frame_type::close;
  close_reason reason{};
  static constexpr auto fields() { return field_list(field{&close_room::reason}); }
  bool operator==(const close_room&) const = default;
};

/// Every message between client and relay, for tests and fuzzers.
using relay_messages =
    std::tuple<client_hello, relay_hello, create_room, room_created, join_room, room_joined,
               peer_joined, peer_left, peer_slice, room_confirm, lane_request, lane_tickets,
               lane_open, quota_warning, goaway, error_report, relay_ping, relay_pong, close_room>;

}  // namespace tallow
