// A TCP connection as a transport.
#pragma once

#include <cstddef>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/as_tuple.hpp>
#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/error_code.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/net/congestion_control.hpp>
#include <tallow/session/transport.hpp>

namespace tallow::net {

/// Every call gives its error as a value: nothing throws.
inline constexpr auto awaited = asio::as_tuple(asio::use_awaitable);

namespace detail {

[[nodiscard]] inline asio::mutable_buffer as_buffer(byte_span bytes) noexcept {
  return {bytes.data(), bytes.size()};
}
[[nodiscard]] inline asio::const_buffer as_buffer(byte_view bytes) noexcept {
  return {bytes.data(), bytes.size()};
}

/// The same error in the standard's category: that of Asio does not compare equal to std::errc.
[[nodiscard]] inline std::error_code as_std(const asio::error_code& trouble) noexcept {
  if (trouble.category() != asio::system_category()) return trouble;
  return {trouble.value(), std::system_category()};
}

}  // namespace detail

/// Settings of every TCP connection of ours. Those that the system does not know are left out.
inline void tune(asio::ip::tcp::socket& socket) noexcept {
  suit_path(socket.native_handle());
  asio::error_code ignored;
  // Frames are written whole; waiting for more would only delay the last of them.
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
#ifdef TCP_USER_TIMEOUT
  // A network that swallows everything is noticed after this, not after the system's 15 minutes.
  const unsigned unacknowledged_ms_max = 30'000;
  (void)::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged_ms_max,
                     sizeof unacknowledged_ms_max);
#endif
}

/// Models session::async_transport.
class tcp_transport {
 public:
  explicit tcp_transport(asio::ip::tcp::socket socket) noexcept : socket_(std::move(socket)) {
    tune(socket_);
  }

  [[nodiscard]] auto get_executor() { return socket_.get_executor(); }

  /// At least one byte; zero at the orderly end.
  ///
  /// @errors  connection_lost
  [[nodiscard]] asio::awaitable<result<std::size_t>> async_read_some(byte_span into) {
    const auto [trouble, count] =
        co_await socket_.async_read_some(detail::as_buffer(into), awaited);
    if (trouble == asio::error::eof) co_return result<std::size_t>(0);
    if (trouble) co_return fail(errc::connection_lost, detail::as_std(trouble));
    co_return count;
  }

  /// All of the views, one after the other. The list belongs to the caller until it is done.
  ///
  /// @errors  connection_lost
  [[nodiscard]] asio::awaitable<result<void>> async_write_all(session::byte_views from) {
    std::vector<asio::const_buffer> buffers;
    buffers.reserve(from.size());
    for (const byte_view view : from) buffers.push_back(detail::as_buffer(view));
    const auto [trouble, count] = co_await asio::async_write(socket_, buffers, awaited);
    if (trouble) co_return fail(errc::connection_lost, detail::as_std(trouble));
    co_return result<void>{};
  }

  /// One view.
  ///
  /// @errors  connection_lost
  [[nodiscard]] asio::awaitable<result<void>> async_write_all(byte_view from) {
    const auto [trouble, count] =
        co_await asio::async_write(socket_, detail::as_buffer(from), awaited);
    if (trouble) co_return fail(errc::connection_lost, detail::as_std(trouble));
    co_return result<void>{};
  }

  /// @errors  connection_lost
  result<void> shutdown_send() noexcept {
    asio::error_code trouble;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, trouble);
    if (trouble) return fail(errc::connection_lost, detail::as_std(trouble));
    return {};
  }

  void close() noexcept {
    asio::error_code ignored;
    socket_.close(ignored);
  }

 private:
  asio::ip::tcp::socket socket_;
};

static_assert(session::async_transport<tcp_transport>);

}  // namespace tallow::net
