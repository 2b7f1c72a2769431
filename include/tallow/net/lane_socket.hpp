// Settings of a TCP connection that is a lane: much goes through it, and nothing else does.
#pragma once

#include <chrono>

#ifdef __linux__
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#endif

#include <tallow/net/congestion_control.hpp>

namespace tallow::net {

/// Sets a lane's connection up for bulk, at either end. Call it when the connection stands: what
/// pays depends on its round trip. Where the system knows none of it, nothing happens.
///
/// Within a machine or a rack a send buffer that begins small makes both ends wake for every few
/// pages. On longer ways it is the system's business: a fixed buffer would end its growth.
inline void tune_lane([[maybe_unused]] int native_handle) noexcept {
#if defined(__linux__) && defined(TCP_INFO) && defined(TCP_CONGESTION)
  constexpr int send_bytes = 512 * 1024;
  if (!detail::is_near(detail::round_trip_us(native_handle))) return;
  (void)::setsockopt(native_handle, SOL_SOCKET, SO_SNDBUF, &send_bytes, sizeof send_bytes);
#endif
}

/// Makes the system ask the other end of an idle connection for signs of life. A lane that only
/// receives would never hear that a network in between has forgotten it.
inline void stay_in_touch([[maybe_unused]] int native_handle) noexcept {
#if defined(__linux__) && defined(TCP_KEEPIDLE)
  const auto set = [native_handle](int level, int option, int value) {
    (void)::setsockopt(native_handle, level, option, &value, sizeof value);
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 30);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 10);
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
#endif
}

/// How long a direct lane may be without a sign of life while one is due.
inline constexpr std::chrono::seconds direct_silence_max{5};

/// Makes the system ask the other end of an idle connection for signs of life, so that a path that
/// was cut ends the connection after direct_silence_max. For direct lanes: on the way to a relay
/// there are others who may be slow.
///
/// @param sends  bytes go out here. What waits for a slow reader is no silence then, which the
///               system does not know apart: is_unanswered() does
inline void expect_life([[maybe_unused]] int native_handle, [[maybe_unused]] bool sends) noexcept {
#if defined(__linux__) && defined(TCP_USER_TIMEOUT)
  const auto set = [native_handle](int level, int option, int value) {
    (void)::setsockopt(native_handle, level, option, &value, sizeof value);
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 2);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 1);
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
  if (!sends)
    set(IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(direct_silence_max.count()) * 1000);
#endif
}

/// True when bytes are under way on a connection that expect_life() was called for, and nothing has
/// come back for direct_silence_max.
[[nodiscard]] inline bool is_unanswered([[maybe_unused]] int native_handle) noexcept {
#if defined(__linux__) && defined(TCP_INFO)
  ::tcp_info info{};
  ::socklen_t info_bytes = sizeof info;
  if (::getsockopt(native_handle, IPPROTO_TCP, TCP_INFO, &info, &info_bytes) != 0) return false;
  const std::chrono::milliseconds since(info.tcpi_last_ack_recv);
  return info.tcpi_unacked > 0 && since >= direct_silence_max;
#else
  return false;
#endif
}

}  // namespace tallow::net
