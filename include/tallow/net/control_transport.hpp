// A client's connection to its relay, in TLS or, for tests, without.
#pragma once

#include <cstddef>
#include <utility>
#include <variant>

#include <asio/awaitable.hpp>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/net/route.hpp>
#include <tallow/net/tcp_transport.hpp>
#include <tallow/net/tls_transport.hpp>
#include <tallow/session/transport.hpp>

namespace tallow::net {

/// Models session::async_transport, with what either kind does.
class control_transport {
 public:
  explicit control_transport(tcp_transport plain) noexcept : way_(std::move(plain)) {}
  explicit control_transport(tls_transport sealed) noexcept : way_(std::move(sealed)) {}

  /// @errors  connection_lost, tls_failed
  [[nodiscard]] asio::awaitable<result<std::size_t>> async_read_some(byte_span into) {
    return std::visit([&](auto& way) { return way.async_read_some(into); }, way_);
  }
  /// @errors  connection_lost, tls_failed
  [[nodiscard]] asio::awaitable<result<void>> async_write_all(session::byte_views from) {
    return std::visit([&](auto& way) { return way.async_write_all(from); }, way_);
  }
  /// @errors  connection_lost, tls_failed
  [[nodiscard]] asio::awaitable<result<void>> async_write_all(byte_view from) {
    return std::visit([&](auto& way) { return way.async_write_all(from); }, way_);
  }
  /// @errors  connection_lost
  result<void> shutdown_send() noexcept {
    return std::visit([](auto& way) { return way.shutdown_send(); }, way_);
  }
  void close() noexcept {
    std::visit([](auto& way) { way.close(); }, way_);
  }

 private:
  std::variant<tcp_transport, tls_transport> way_;
};

static_assert(session::async_transport<control_transport>);

/// Connects in TLS; `judge` decides whether it is the right relay.
///
/// @errors  those of route::connect() and of tls_transport::open()
[[nodiscard]] inline asio::awaitable<result<control_transport>> connect_control(route way,
                                                                                tls_judge judge) {
  auto socket = co_await way.connect();
  if (!socket) co_return fail(socket.error());
  auto sealed = co_await tls_transport::open(std::move(*socket), way.to().host, std::move(judge));
  if (!sealed) co_return fail(sealed.error());
  co_return control_transport(std::move(*sealed));
}

/// Connects without TLS: everybody on the way sees, and may change, what is said to the relay.
///
/// @errors  those of route::connect()
[[nodiscard]] inline asio::awaitable<result<control_transport>> connect_control_insecurely(
    route way) {
  auto socket = co_await way.connect();
  if (!socket) co_return fail(socket.error());
  co_return control_transport(tcp_transport(std::move(*socket)));
}

}  // namespace tallow::net
