// What a connection is, told by its first bytes: one port serves several kinds.
//
// @source  docs/protocol/tls.md, One port
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <tallow/base/bytes.hpp>
#include <tallow/wire/frame.hpp>

namespace tallow::net {

enum class first_bytes : std::uint8_t {
  unfinished,  ///< more of them are needed
  tls,         ///< a TLS ClientHello: a control connection
  lane,        ///< the frame LANE_OPEN
  control,     ///< the frame CLIENT_HELLO without TLS around it
  http,        ///< a request of HTTP: GET or HEAD
  other,       ///< nothing that we speak
};

/// No answer needs more bytes than these, and no kind is longer than what may be read at once: what
/// stands behind a LANE_OPEN is for somebody else.
inline constexpr std::size_t first_bytes_max = 5;

namespace detail {

// Whether it begins as a request does that only asks.
[[nodiscard]] constexpr first_bytes tell_http(byte_view seen) noexcept {
  for (const std::string_view word : {std::string_view("GET /"), std::string_view("HEAD ")}) {
    std::size_t same = 0;
    while (same < seen.size() && same < word.size() &&
           seen[same] == static_cast<std::byte>(word[same])) {
      ++same;
    }
    if (same == word.size()) return first_bytes::http;
    if (same == seen.size()) return first_bytes::unfinished;
  }
  return first_bytes::other;
}

}  // namespace detail

/// Tells connections apart by what came first. A frame begins with its length, whose first byte is
/// 00, and its fifth byte is its type; a TLS record that opens a connection begins with 16 03.
///
/// @shape  an answer other than `unfinished` does not change with more bytes
[[nodiscard]] constexpr first_bytes tell_apart(byte_view seen) noexcept {
  constexpr std::byte tls_handshake{0x16};
  constexpr std::byte tls_major{0x03};
  constexpr std::size_t type_at = 4;
  if (seen.empty()) return first_bytes::unfinished;
  if (seen[0] == tls_handshake) {
    if (seen.size() < 2) return first_bytes::unfinished;
    return seen[1] == tls_major ? first_bytes::tls : first_bytes::other;
  }
  if (seen[0] != std::byte{0}) return detail::tell_http(seen);
  if (seen.size() <= type_at) return first_bytes::unfinished;
  if (seen[type_at] == static_cast<std::byte>(frame_type::lane_open)) return first_bytes::lane;
  if (seen[type_at] == static_cast<std::byte>(frame_type::client_hello)) {
    return first_bytes::control;
  }
  return first_bytes::other;
}

}  // namespace tallow::net
