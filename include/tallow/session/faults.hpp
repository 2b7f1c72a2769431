// Which errors concern more than a connection.
//
// @source  docs/protocol/transfer.md, Lanes and Reconnect
#pragma once

#include <tallow/base/errc.hpp>

namespace tallow::session {

/// What anybody on the way can do to sealed bytes. It ends the connection that they came on, and
/// the session only when it happens again and again.
[[nodiscard]] constexpr bool is_forgery(errc code) noexcept {
  return code == errc::authentication_failed || code == errc::record_too_large ||
         code == errc::frame_type_unknown || code == errc::frame_too_large ||
         code == errc::frame_reserved_set;
}

/// What keeps a side from its relay, and may be over the next time: the way there fails, or the
/// relay stops or has no place just now. A side that waits alone for the other sits it out.
[[nodiscard]] constexpr bool is_relay_trouble(errc code) noexcept {
  return code == errc::connection_lost || code == errc::connect_failed || code == errc::timed_out ||
         code == errc::resolve_failed || code == errc::relay_silent ||
         code == errc::relay_draining || code == errc::relay_full || code == errc::rate_limited ||
         code == errc::room_idle || code == errc::slow_consumer || code == errc::room_busy;
}

/// What may happen to a connection without anybody's fault, and forgeries. Anything else was said
/// by the other side under its key, or concerns this side alone.
[[nodiscard]] constexpr bool is_connection_trouble(errc code) noexcept {
  return is_forgery(code) || is_relay_trouble(code) || code == errc::record_limit_reached ||
         code == errc::peer_silent || code == errc::peer_left || code == errc::handshake_timeout ||
         code == errc::room_full || code == errc::room_expired || code == errc::room_attempts_used;
}

}  // namespace tallow::session
