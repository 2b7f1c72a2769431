// The frame header, the types of frames, and how long each may be.
//
// @source  docs/protocol/wire.md, Frames
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>

#include <tallow/base/assert.hpp>
#include <tallow/base/bytes.hpp>
#include <tallow/base/limits.hpp>

namespace tallow {

// One row a type: name, number, longest body in bytes.
// clang-format off
#define TALLOW_FRAME_TYPES(X)                                                 \
  /* client and relay */                                                      \
  X(client_hello,  0x01, 128)                                                 \
  X(relay_hello,   0x02, 1024)                                                \
  X(create_room,   0x03, 64)                                                  \
  X(room_created,  0x04, 128)                                                 \
  X(join_room,     0x05, 64)                                                  \
  X(room_joined,   0x06, 128)                                                 \
  X(peer_joined,   0x07, 16)                                                  \
  X(peer_left,     0x08, 16)                                                  \
  X(peer,          0x09, limits::peer_frame_bytes_max)                        \
  X(room_confirm,  0x0A, 0)                                                   \
  X(lane_request,  0x0B, 16)                                                  \
  X(lane_tickets,  0x0C, 1024)                                                \
  X(lane_open,     0x0D, 64)                                                  \
  X(quota_warning, 0x0E, 16)                                                  \
  X(goaway,        0x0F, 32)                                                  \
  X(error_report,  0x10, 256)                                                 \
  X(ping,          0x11, 0)                                                   \
  X(pong,          0x12, 0)                                                   \
  X(close,         0x13, 16)                                                  \
  /* peer to peer, before keys */                                             \
  X(handshake_0,   0x20, limits::unauthenticated_frame_bytes_max)             \
  X(handshake_1,   0x21, limits::unauthenticated_frame_bytes_max)             \
  X(handshake_2,   0x22, limits::unauthenticated_frame_bytes_max)             \
  X(handshake_3,   0x23, limits::unauthenticated_frame_bytes_max)             \
  X(handshake_4,   0x24, limits::unauthenticated_frame_bytes_max)             \
  X(abort,         0x25, 64)                                                  \
  /* sealed: the control channel's records, and those of lanes */             \
  X(sealed,        0x30, limits::control_plaintext_bytes_max                  \
                         + limits::record_tag_bytes)                          \
  X(data,          0x31, limits::chunk_bytes_max + limits::data_prefix_bytes  \
                         + limits::record_tag_bytes)
// clang-format on

/// What a frame is. Past the decoder every value is one of these.
enum class frame_type : std::uint8_t {
#define TALLOW_X(name, number, bytes_max) name = number,
  TALLOW_FRAME_TYPES(TALLOW_X)
#undef TALLOW_X
};

/// The longest body of a frame of type `type`; nothing when there is no such type.
[[nodiscard]] constexpr std::optional<std::size_t> frame_bytes_max(std::uint8_t type) noexcept {
  switch (type) {
#define TALLOW_X(name, number, bytes_max) \
  case number: return bytes_max;
    TALLOW_FRAME_TYPES(TALLOW_X)
#undef TALLOW_X
    default: return std::nullopt;
  }
}

/// The type's name, for logs and error texts.
[[nodiscard]] constexpr const char* frame_name(frame_type type) noexcept {
  switch (type) {
#define TALLOW_X(name, number, bytes_max) \
  case frame_type::name: return #name;
    TALLOW_FRAME_TYPES(TALLOW_X)
#undef TALLOW_X
  }
  return "unknown";
}

#define TALLOW_X(name, number, bytes_max)                                       \
  static_assert((number) < 64, "a frame_set has a bit for each type below 64"); \
  static_assert((bytes_max) < limits::frame_length_limit, "a length's first byte is zero");
TALLOW_FRAME_TYPES(TALLOW_X)
#undef TALLOW_X

/// A set of frame types: what a connection may carry in its present state.
class frame_set {
 public:
  constexpr frame_set(std::initializer_list<frame_type> types) noexcept {
    for (const frame_type t : types) bits_ |= std::uint64_t{1} << static_cast<unsigned>(t);
  }
  [[nodiscard]] constexpr bool contains(frame_type type) const noexcept {
    return (bits_ >> static_cast<unsigned>(type) & 1U) != 0;
  }

 private:
  std::uint64_t bits_ = 0;
};

/// What a client sends to a relay.
inline constexpr frame_set frames_to_relay{
    frame_type::client_hello, frame_type::create_room,  frame_type::join_room, frame_type::peer,
    frame_type::room_confirm, frame_type::lane_request, frame_type::lane_open, frame_type::ping,
    frame_type::pong,         frame_type::close};

/// What a relay sends to a client.
inline constexpr frame_set frames_from_relay{
    frame_type::relay_hello,  frame_type::room_created,  frame_type::room_joined,
    frame_type::peer_joined,  frame_type::peer_left,     frame_type::peer,
    frame_type::lane_tickets, frame_type::quota_warning, frame_type::goaway,
    frame_type::error_report, frame_type::ping,          frame_type::pong,
    frame_type::close};

/// What two peers exchange on stream 0 before they have keys.
inline constexpr frame_set frames_of_handshake{frame_type::handshake_0, frame_type::handshake_1,
                                               frame_type::handshake_2, frame_type::handshake_3,
                                               frame_type::handshake_4, frame_type::abort};

/// What stream 0 carries from a peer's last handshake message on.
inline constexpr frame_set frames_of_control{frame_type::sealed};

/// What a lane carries.
inline constexpr frame_set frames_of_lane{frame_type::sealed, frame_type::data};

/// The eight bytes before every body; also the associated data of a sealed record.
using frame_header_bytes = std::array<std::byte, limits::frame_header_bytes>;

/// Encodes a header. Flags and reserved bits are zero in this version.
[[nodiscard]] constexpr frame_header_bytes encode_frame_header(frame_type type,
                                                               std::uint32_t body_bytes) noexcept {
  TALLOW_ASSERT(body_bytes < limits::frame_length_limit);
  frame_header_bytes header{};
  store_big_endian(body_bytes, std::span(header).first<4>());
  header[4] = static_cast<std::byte>(type);
  return header;
}

}  // namespace tallow
