// A connection through a proxy, once there is one to it.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <utility>
#include <variant>

#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/net/address.hpp>
#include <tallow/net/connect.hpp>
#include <tallow/net/http_connect_dialogue.hpp>
#include <tallow/net/proxy_address.hpp>
#include <tallow/net/socks5_dialogue.hpp>
#include <tallow/net/tcp_transport.hpp>

namespace tallow::net {

/// How long a proxy may take until it has connected, from the first byte to the last. One that
/// builds its way first, as Tor does, needs more than a connection.
inline constexpr std::chrono::milliseconds proxy_timeout_default{60'000};

namespace detail {

template <class Dialogue>
[[nodiscard]] asio::awaitable<result<void>> talk(asio::ip::tcp::socket& socket,
                                                 Dialogue& dialogue) {
  std::array<std::byte, 512> buffer{};
  while (!dialogue.is_done()) {
    if (const byte_view bytes = dialogue.poll_transmit(); !bytes.empty()) {
      const auto [trouble, count] = co_await socket.async_write_some(as_buffer(bytes), awaited);
      if (trouble) co_return fail(errc::proxy_refused, as_std(trouble), "it ended the connection");
      dialogue.transmitted(count);
      continue;
    }
    const byte_span into =
        byte_span(buffer).first(std::min(buffer.size(), dialogue.bytes_wanted()));
    const auto [trouble, count] = co_await socket.async_read_some(as_buffer(into), awaited);
    if (trouble == asio::error::eof) {
      co_return fail(errc::proxy_refused, 0, "it ended the connection without an answer");
    }
    if (trouble) co_return fail(errc::proxy_refused, as_std(trouble), "it ended the connection");
    if (auto done = dialogue.handle_bytes(into.first(count)); !done) co_return done;
  }
  co_return result<void>{};
}

template <class Dialogue>
[[nodiscard]] asio::awaitable<result<asio::ip::tcp::socket>> tunnel(
    asio::ip::tcp::socket socket, result<Dialogue> dialogue, std::chrono::milliseconds timeout) {
  if (!dialogue) co_return fail(dialogue.error());
  tune(socket);
  {
    const connect_watch watch(socket, timeout);
    const auto done = co_await talk(socket, *dialogue);
    if (watch.expired()) {
      co_return fail(errc::proxy_unreachable, 0, "it took too long to connect to the relay");
    }
    if (!done) co_return fail(done.error());
  }
  co_return std::move(socket);
}

}  // namespace detail

/// Asks a proxy for a connection to `to`, over a connection to it that stands. What is read from
/// the socket afterwards is the other end's.
///
/// @errors  proxy_unreachable (not in time), proxy_refused, proxy_login_refused,
///          proxy_not_understood, address_invalid
[[nodiscard]] inline asio::awaitable<result<asio::ip::tcp::socket>> open_tunnel(
    asio::ip::tcp::socket socket, address to, proxy_address proxy,
    std::chrono::milliseconds timeout = proxy_timeout_default) {
  if (proxy.kind == proxy_kind::socks5) {
    co_return co_await detail::tunnel(std::move(socket), socks5_dialogue::start(to, proxy),
                                      timeout);
  }
  co_return co_await detail::tunnel(std::move(socket), http_connect_dialogue::start(to, proxy),
                                    timeout);
}

}  // namespace tallow::net
