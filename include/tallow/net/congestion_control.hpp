// Which congestion control a TCP connection of ours has: one that paces, or one that does not.
#pragma once

#include <array>
#include <string>
#include <string_view>

#ifdef __linux__
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#endif

namespace tallow::net {

#if defined(__linux__) && defined(TCP_INFO) && defined(TCP_CONGESTION)

namespace detail {

/// Below this round trip both ends are in a machine or a rack.
inline constexpr unsigned near_us_max = 1000;

/// The round trip of a connection that stands, in microseconds; 0: not known.
[[nodiscard]] inline unsigned round_trip_us(int socket) noexcept {
  ::tcp_info info{};
  ::socklen_t bytes = sizeof info;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &bytes) != 0) return 0;
  return info.tcpi_rtt;
}

[[nodiscard]] constexpr bool is_near(unsigned round_trip_us) noexcept {
  return round_trip_us != 0 && round_trip_us < near_us_max;
}

/// Empty: not known.
[[nodiscard]] inline std::string congestion_control_of(int socket) {
  std::array<char, 64> name{};
  auto bytes = static_cast<::socklen_t>(name.size());
  if (::getsockopt(socket, IPPROTO_TCP, TCP_CONGESTION, name.data(), &bytes) != 0) return {};
  return name.data();
}

inline bool set_congestion_control(int socket, std::string_view name) noexcept {
  return ::setsockopt(socket, IPPROTO_TCP, TCP_CONGESTION, name.data(),
                      static_cast<::socklen_t>(name.size())) == 0;
}

/// What a new socket has. Empty: not known.
[[nodiscard]] inline const std::string& system_congestion_control() {
  static const std::string name = [] {
    const int fresh = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    std::string found = congestion_control_of(fresh);
    if (fresh >= 0) (void)::close(fresh);
    return found;
  }();
  return name;
}

inline void unpace(int socket) noexcept {
  if (!set_congestion_control(socket, "reno")) (void)set_congestion_control(socket, "cubic");
}

inline void suit(int socket, unsigned round_trip_us) {
  if (round_trip_us == 0) return;  // no connection, or nothing is known of it
  if (is_near(round_trip_us)) return unpace(socket);
  const std::string& usual = system_congestion_control();
  if (!usual.empty() && congestion_control_of(socket) != usual) {
    (void)set_congestion_control(socket, usual);
  }
}

}  // namespace detail

/// Makes a socket that will connect, or listen for connections, begin with a congestion control
/// that does not pace. suit_path() decides again once a connection stands.
///
/// A connection that begins with bbr, which some systems take for everything, is paced to its end,
/// whatever it is set to later. Within a machine pacing costs a tenth of the time of a transfer
/// with another congestion control, and half of it with bbr (measured).
inline void begin_unpaced(int socket) noexcept { detail::unpace(socket); }

/// To be called when a connection stands. Near ones stay, or become, unpaced; on longer ways the
/// system's own choice is taken back: it knows more of the path.
inline void suit_path(int socket) { detail::suit(socket, detail::round_trip_us(socket)); }

#else

inline void begin_unpaced(int) noexcept {}
inline void suit_path(int) noexcept {}

#endif

}  // namespace tallow::net
