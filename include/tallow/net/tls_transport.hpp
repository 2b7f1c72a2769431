// A TLS connection as a transport: the client's end.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/error.hpp>
#include <asio/error_code.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/net/connect.hpp>
#include <tallow/net/tcp_transport.hpp>
#include <tallow/net/tls_channel.hpp>
#include <tallow/session/transport.hpp>

namespace tallow::net {

/// Models session::async_transport.
class tls_transport {
 public:
  /// Does the handshake over a connection that stands.
  ///
  /// @param host   what the server is called
  /// @param judge  decides whether it is the right one
  /// @errors  timed_out, connect_failed (the connection ended meanwhile), and those of tls_channel
  [[nodiscard]] static asio::awaitable<result<tls_transport>> open(
      asio::ip::tcp::socket socket, std::string host, tls_judge judge,
      std::chrono::milliseconds timeout = connect_timeout_default) {
    auto channel = tls_channel::client(host, std::move(judge));
    if (!channel) co_return fail(channel.error());
    auto s = std::make_unique<state>(std::move(socket), std::move(*channel));
    const detail::connect_watch watch(s->socket, timeout);
    const auto done = co_await shake_hands(*s);
    if (watch.expired()) co_return fail(errc::timed_out);
    if (!done) co_return fail(done.error());
    co_return tls_transport(std::move(s));
  }

  [[nodiscard]] auto get_executor() { return state_->socket.get_executor(); }
  [[nodiscard]] const tls_channel& channel() const noexcept { return state_->channel; }

  /// At least one byte; zero at the orderly end.
  ///
  /// @errors  connection_lost (without a farewell too), tls_failed
  [[nodiscard]] asio::awaitable<result<std::size_t>> async_read_some(byte_span into) {
    state& s = *state_;
    for (;;) {
      if (const byte_span got = s.channel.received(); !got.empty()) {
        const std::size_t count = std::min(got.size(), into.size());
        std::copy_n(got.begin(), count, into.begin());
        s.channel.take(count);
        co_return count;
      }
      if (s.channel.is_ended()) co_return result<std::size_t>(0);
      if (const auto done = co_await receive(s); !done) co_return fail(done.error());
    }
  }

  /// All of the views, one after the other. The list belongs to the caller until it is done.
  ///
  /// @errors  connection_lost, tls_failed
  [[nodiscard]] asio::awaitable<result<void>> async_write_all(session::byte_views from) {
    for (const byte_view view : from) {
      if (const auto done = state_->channel.send(view); !done) co_return done;
    }
    co_return co_await flush(*state_);
  }

  /// One view.
  ///
  /// @errors  connection_lost, tls_failed
  [[nodiscard]] asio::awaitable<result<void>> async_write_all(byte_view from) {
    if (const auto done = state_->channel.send(from); !done) co_return done;
    co_return co_await flush(*state_);
  }

  /// Says farewell, as far as that goes without waiting.
  ///
  /// @errors  connection_lost
  result<void> shutdown_send() noexcept {
    state& s = *state_;
    asio::error_code trouble;
    s.channel.close();
    while (!trouble) {
      const byte_view bytes = s.channel.poll_transmit();
      if (bytes.empty()) break;
      s.channel.transmitted(s.socket.write_some(detail::as_buffer(bytes), trouble));
    }
    s.socket.shutdown(asio::ip::tcp::socket::shutdown_send, trouble);
    if (trouble) return fail(errc::connection_lost, detail::as_std(trouble));
    return {};
  }

  void close() noexcept {
    asio::error_code ignored;
    state_->socket.close(ignored);
  }

 private:
  static constexpr std::size_t read_bytes = 64 * 1024;

  // At a place of its own: coroutines that are under way refer to it.
  struct state {
    state(asio::ip::tcp::socket s, tls_channel c)
        : socket(std::move(s)),
          channel(std::move(c)),
          flushed(socket.get_executor(), asio::steady_timer::time_point::max()),
          incoming(read_bytes) {
      asio::error_code ignored;
      socket.non_blocking(true, ignored);
      tune(socket);
    }
    asio::ip::tcp::socket socket;
    tls_channel channel;
    asio::steady_timer flushed;  // cancelled when nobody sends any more
    byte_buffer incoming;
    bool is_flushing = false;
    // Why nothing can be sent any more. Asio would wait for ever for room in a socket that has
    // failed once.
    std::optional<error> send_failure;
  };

  explicit tls_transport(std::unique_ptr<state> s) noexcept : state_(std::move(s)) {}

  // Stands for the one coroutine that sends, however it ends.
  class flushing {
   public:
    explicit flushing(state& s) noexcept : state_(&s) { s.is_flushing = true; }
    flushing(const flushing&) = delete;
    flushing& operator=(const flushing&) = delete;
    ~flushing() {
      state_->is_flushing = false;
      state_->flushed.cancel();
    }

   private:
    state* state_;
  };

  // Sends all that the channel has.
  static asio::awaitable<result<void>> flush(state& s) {
    while (s.is_flushing) {
      s.flushed.expires_at(asio::steady_timer::time_point::max());
      (void)co_await s.flushed.async_wait(awaited);
    }
    const flushing now(s);
    while (!s.send_failure) {
      const byte_view bytes = s.channel.poll_transmit();
      if (bytes.empty()) co_return result<void>{};
      const auto [trouble, count] =
          co_await s.socket.async_write_some(detail::as_buffer(bytes), awaited);
      s.channel.transmitted(count);
      if (trouble == asio::error::operation_aborted) co_return fail(errc::connection_lost);
      if (trouble) s.send_failure = error{errc::connection_lost, 0, {}, detail::as_std(trouble)};
    }
    co_return fail(*s.send_failure);
  }

  // Reads once, and answers what has to be answered.
  static asio::awaitable<result<void>> receive(state& s) {
    const auto [trouble, count] =
        co_await s.socket.async_read_some(detail::as_buffer(byte_span(s.incoming)), awaited);
    if (trouble == asio::error::eof) {
      co_return fail(errc::connection_lost, 0, "it ended without a farewell");
    }
    if (trouble) co_return fail(errc::connection_lost, detail::as_std(trouble));
    const auto done = s.channel.handle_bytes(byte_view(s.incoming).first(count));
    // Whoever sends meanwhile sends an answer, too. Waiting for him would leave unread what comes
    // as long as the other end takes nothing.
    if (s.is_flushing || s.channel.poll_transmit().empty()) co_return done;
    const auto sent = co_await flush(s);
    co_return done ? sent : done;
  }

  static asio::awaitable<result<void>> shake_hands(state& s) {
    auto done = co_await flush(s);
    while (done && !s.channel.is_active()) done = co_await receive(s);
    if (!done && done.error().code == errc::connection_lost) {
      co_return fail(errc::connect_failed, done.error().cause,
                     "the relay ended the connection in the TLS handshake");
    }
    co_return done;
  }

  std::unique_ptr<state> state_;
};

static_assert(session::async_transport<tls_transport>);

}  // namespace tallow::net
