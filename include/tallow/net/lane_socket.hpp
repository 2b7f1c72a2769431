// Settings of a TCP connection that is a lane: much goes through it, and nothing else does.
#pragma once

#include <string_view>

#ifdef __linux__
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#endif

namespace tallow::net {

/// Sets a lane's connection up for bulk, at either end. Call it when the connection stands: what
/// pays depends on its round trip. Where the system knows none of it, nothing happens.
///
/// Within a machine or a rack two settings cost most of the time of a transfer (measured: half):
/// bbr, which some systems take for everything, paces there what needs no pace; and a send buffer
/// that begins small makes both ends wake for every few pages. On longer ways both are the system's
/// business: it knows more of the path, and a fixed buffer would end its growth.
inline void tune_lane([[maybe_unused]] int native_handle) noexcept {
#if defined(__linux__) && defined(TCP_INFO) && defined(TCP_CONGESTION)
  constexpr unsigned near_us_max = 1000;
  constexpr int send_bytes = 512 * 1024;
  ::tcp_info info{};
  ::socklen_t info_bytes = sizeof info;
  if (::getsockopt(native_handle, IPPROTO_TCP, TCP_INFO, &info, &info_bytes) != 0) return;
  if (info.tcpi_rtt == 0 || info.tcpi_rtt >= near_us_max) return;
  (void)::setsockopt(native_handle, SOL_SOCKET, SO_SNDBUF, &send_bytes, sizeof send_bytes);
  for (const std::string_view name : {"reno", "cubic"}) {
    if (::setsockopt(native_handle, IPPROTO_TCP, TCP_CONGESTION, name.data(),
                     static_cast<::socklen_t>(name.size())) == 0) {
      return;
    }
  }
#endif
}

}  // namespace tallow::net
