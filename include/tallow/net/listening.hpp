// Sockets that listen, and what may go wrong with them.
#pragma once

#include <cerrno>
#include <cstdint>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/error.hpp>
#include <asio/error_code.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ip/v6_only.hpp>

#include <tallow/base/error.hpp>
#include <tallow/net/address.hpp>
#include <tallow/net/congestion_control.hpp>
#include <tallow/net/tcp_transport.hpp>

namespace tallow::net::detail {

/// Whether several sockets of this process listen at one address.
enum class sharing : std::uint8_t {
  alone,  ///< no other
  first,  ///< others follow; taken is what another program listens on
  other,  ///< it joins the first
};

inline void share_port(int socket, asio::error_code& trouble) {
  const int yes = 1;
  if (::setsockopt(socket, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes) != 0) {
    trouble.assign(errno, asio::error::get_system_category());
  }
}

/// A socket that listens at an address. One of IPv6 takes no IPv4 connections.
///
/// @errors  listen_failed (with what the system said)
[[nodiscard]] inline result<asio::ip::tcp::acceptor> listening_socket(
    asio::io_context& context, const asio::ip::tcp::endpoint& at, sharing how = sharing::alone) {
  using acceptor = asio::ip::tcp::acceptor;
  acceptor socket(context);
  asio::error_code trouble;
  // The error is sticky: what comes after a failure is skipped by looking at it once.
  socket.open(at.protocol(), trouble);
  if (!trouble) begin_unpaced(socket.native_handle());
  if (!trouble) socket.set_option(acceptor::reuse_address(true), trouble);
  if (!trouble && at.address().is_v6()) socket.set_option(asio::ip::v6_only(true), trouble);
  if (!trouble && how == sharing::other) share_port(socket.native_handle(), trouble);
  if (!trouble) socket.bind(at, trouble);
  // After it is bound: so it is refused where another program is that shares its address, too.
  if (!trouble && how == sharing::first) share_port(socket.native_handle(), trouble);
  if (!trouble) socket.listen(asio::socket_base::max_listen_connections, trouble);
  if (trouble) return fail(errc::listen_failed, as_std(trouble));
  return socket;
}

/// Every address that `where` stands for.
///
/// @errors  resolve_failed (with what the system said)
[[nodiscard]] inline result<std::vector<asio::ip::tcp::endpoint>> endpoints_of(
    asio::io_context& context, const address& where) {
  using resolver = asio::ip::tcp::resolver;
  asio::error_code trouble;
  const auto found =
      resolver(context).resolve(where.host, std::to_string(where.port),
                                resolver::numeric_service | resolver::passive, trouble);
  if (trouble) return fail(errc::resolve_failed, as_std(trouble));
  std::vector<asio::ip::tcp::endpoint> all;
  for (const auto& entry : found) all.push_back(entry.endpoint());
  return all;
}

/// Of a TCP socket that listens; of any other, nothing.
[[nodiscard]] inline std::optional<asio::ip::tcp> protocol_of(int socket) {
  const auto option = [&](int name) {
    int value = 0;
    socklen_t length = sizeof value;
    return ::getsockopt(socket, SOL_SOCKET, name, &value, &length) == 0 ? value : 0;
  };
  if (option(SO_ACCEPTCONN) == 0 || option(SO_TYPE) != SOCK_STREAM) return std::nullopt;
  asio::ip::tcp::endpoint at;
  auto length = static_cast<socklen_t>(at.capacity());
  if (::getsockname(socket, at.data(), &length) != 0) return std::nullopt;
  const int family = at.data()->sa_family;
  if (family != AF_INET && family != AF_INET6) return std::nullopt;
  return family == AF_INET ? asio::ip::tcp::v4() : asio::ip::tcp::v6();
}

/// A socket that somebody else has made listen. It is owned unless it is refused.
///
/// @errors  listen_failed: not a TCP socket that listens
[[nodiscard]] inline result<asio::ip::tcp::acceptor> adopted_socket(asio::io_context& context,
                                                                    int listening) {
  const auto protocol = protocol_of(listening);
  if (!protocol) return fail(errc::listen_failed, 0, "not a TCP socket that listens");
  asio::ip::tcp::acceptor socket(context);
  asio::error_code trouble;
  socket.assign(*protocol, listening, trouble);
  if (trouble) return fail(errc::listen_failed, as_std(trouble));
  begin_unpaced(listening);
  return socket;
}

/// True when accepting failed for want of something that others may give back.
[[nodiscard]] inline bool is_shortage(const std::error_code& trouble) noexcept {
  return trouble == std::errc::too_many_files_open ||
         trouble == std::errc::too_many_files_open_in_system ||
         trouble == std::errc::no_buffer_space || trouble == std::errc::not_enough_memory ||
         trouble == std::errc::no_space_on_device;
}

}  // namespace tallow::net::detail
