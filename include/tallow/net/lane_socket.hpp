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

/// Makes the system ask the other end of a connection that has been idle for `idle` for signs of
/// life, every `interval`, and end the connection when three in a row are not answered.
inline void keep_alive([[maybe_unused]] int native_handle,
                       [[maybe_unused]] std::chrono::seconds idle,
                       [[maybe_unused]] std::chrono::seconds interval) noexcept {
#if defined(__linux__) && defined(TCP_KEEPIDLE)
  const auto set = [native_handle](int level, int option, std::chrono::seconds::rep value) {
    const auto number = static_cast<int>(value);
    (void)::setsockopt(native_handle, level, option, &number, sizeof number);
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, idle.count());
  set(IPPROTO_TCP, TCP_KEEPINTVL, interval.count());
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
#endif
}

/// Keeps in touch with a relay, for a lane that only receives: it would never hear that a network
/// in between has forgotten it.
inline void expect_relay(int native_handle) noexcept {
  keep_alive(native_handle, std::chrono::seconds(30), std::chrono::seconds(10));
}

/// How long a direct lane may be without a sign of life while one is due.
inline constexpr std::chrono::seconds direct_silence_max{5};

/// Makes a path that was cut end a direct lane after direct_silence_max. On the way to a relay
/// there are others who may be slow.
///
/// @param sends  bytes go out here. What waits for a slow reader is no silence then, which the
///               system does not know apart: is_unanswered() does
inline void expect_peer(int native_handle, [[maybe_unused]] bool sends) noexcept {
  keep_alive(native_handle, std::chrono::seconds(2), std::chrono::seconds(1));
#if defined(__linux__) && defined(TCP_USER_TIMEOUT)
  const int silence_max_ms = static_cast<int>(direct_silence_max.count()) * 1000;
  if (!sends) {
    (void)::setsockopt(native_handle, IPPROTO_TCP, TCP_USER_TIMEOUT, &silence_max_ms,
                       sizeof silence_max_ms);
  }
#endif
}

/// True when bytes are under way on a connection that expect_peer() was called for, and nothing has
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
