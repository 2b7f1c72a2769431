// Reads the PROXY header that a connection begins with.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>

#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/ip/tcp.hpp>

#include <tallow/base/bytes.hpp>
#include <tallow/base/time.hpp>
#include <tallow/net/connect.hpp>
#include <tallow/net/proxy_header.hpp>
#include <tallow/net/tcp_transport.hpp>

namespace tallow::net {

/// Takes one header off a socket and leaves what follows there. Nothing when none has come whole in
/// `time`; the socket is of no use then.
[[nodiscard]] inline asio::awaitable<std::optional<proxy_header>> read_proxy_header(
    asio::ip::tcp::socket& socket, duration time) {
  const detail::connect_watch watch(socket,
                                    std::chrono::duration_cast<std::chrono::milliseconds>(time));
  proxy_header header;
  std::array<std::byte, proxy_header::bytes_max> buffer{};
  while (header.bytes_missing() != 0) {
    const auto [trouble, count] = co_await socket.async_read_some(
        asio::buffer(buffer.data(), header.bytes_missing()), awaited);
    if (trouble) co_return std::nullopt;
    header.take(byte_view(buffer).first(count));
  }
  const bool is_whole = header.current() == proxy_header::state::done && !watch.expired();
  co_return is_whole ? std::optional(header) : std::nullopt;
}

}  // namespace tallow::net
