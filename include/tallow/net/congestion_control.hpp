// Which congestion control a TCP connection of ours has: one that paces, or one that does not.
#pragma once

#include <array>
#include <optional>

#ifdef __linux__
#include <cstring>
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

/// The round trip of a connection in microseconds, 0 where nobody has measured it. Nothing where
/// there is no connection.
[[nodiscard]] inline std::optional<unsigned> round_trip_us(int socket) noexcept {
  ::tcp_info info{};
  ::socklen_t bytes = sizeof info;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &bytes) != 0) return std::nullopt;
  if (info.tcpi_state != TCP_ESTABLISHED) return std::nullopt;
  return info.tcpi_rtt;
}

[[nodiscard]] constexpr bool is_near(std::optional<unsigned> round_trip_us) noexcept {
  return round_trip_us && *round_trip_us != 0 && *round_trip_us < near_us_max;
}

/// A name as the system has it: with zeros behind it. None: not known.
using congestion_name = std::array<char, 16>;

/// Every Linux has it, and lets everybody take it.
inline constexpr congestion_name unpaced{'r', 'e', 'n', 'o'};

[[nodiscard]] inline congestion_name congestion_control_of(int socket) noexcept {
  congestion_name name{};
  auto bytes = static_cast<::socklen_t>(name.size());
  if (::getsockopt(socket, IPPROTO_TCP, TCP_CONGESTION, name.data(), &bytes) != 0) return {};
  return name;
}

inline void set_congestion_control(int socket, const congestion_name& name) noexcept {
  (void)::setsockopt(socket, IPPROTO_TCP, TCP_CONGESTION, name.data(),
                     static_cast<::socklen_t>(::strnlen(name.data(), name.size())));
}

/// What a new socket has. Asked once: a sandbox may take new sockets away.
[[nodiscard]] inline const congestion_name& system_congestion_control() noexcept {
  static const congestion_name name = [] {
    int fresh = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fresh < 0) fresh = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const congestion_name found = congestion_control_of(fresh);
    if (fresh >= 0) (void)::close(fresh);
    return found;
  }();
  return name;
}

/// What was chosen for this connection alone, by its route or by its owner, is left as it is.
inline void suit(int socket, std::optional<unsigned> round_trip_us) noexcept {
  if (!round_trip_us) return;
  if (is_near(round_trip_us)) return set_congestion_control(socket, unpaced);
  const congestion_name& usual = system_congestion_control();
  if (usual != congestion_name{} && congestion_control_of(socket) == unpaced) {
    set_congestion_control(socket, usual);
  }
}

}  // namespace detail

/// Makes a socket that will connect, or listen for connections, begin with a congestion control
/// that does not pace. suit_path() decides again once a connection stands.
///
/// A connection that begins with bbr, which some systems take for everything, is paced to its end,
/// whatever it is set to later. Within a machine that costs a tenth of the time of a transfer with
/// another congestion control, and half of it with bbr (measured).
inline void begin_unpaced(int socket) noexcept {
  (void)detail::system_congestion_control();  // while there is a way to ask
  detail::set_congestion_control(socket, detail::unpaced);
}

/// To be called when a connection stands. Near ones go on without pacing; where they began with it,
/// they are at least spared bbr. On longer ways the system's own choice is taken back: it knows
/// more of the path.
inline void suit_path(int socket) noexcept { detail::suit(socket, detail::round_trip_us(socket)); }

#else

inline void begin_unpaced(int) noexcept {}
inline void suit_path(int) noexcept {}

#endif

}  // namespace tallow::net
