// Where operators reach the admin API: a Unix socket, or TCP, on the relay's loop.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

#include <asio/awaitable.hpp>
#include <asio/basic_socket_acceptor.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/generic/stream_protocol.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>

#include <tallow/base/secret.hpp>
#include <tallow/net/listening.hpp>
#include <tallow/net/tcp_transport.hpp>

#include "admin_api.hpp"
#include "admin_socket.hpp"

namespace tallow::relay_tool {

// A few connections at once, each for one request and a bounded time.
class admin_listener {
 public:
  static constexpr std::size_t connections_max = 8;
  static constexpr auto time_max = std::chrono::seconds(5);
  // Who guesses tokens has to wait for each answer, and fills no log.
  static constexpr auto denial_delay = std::chrono::milliseconds(200);

  // The API outlives the context's run().
  admin_listener(asio::io_context& context, admin_api& api) : context_(&context), api_(&api) {}

  // In the only thread of the process.
  [[nodiscard]] refusal listen(const admin_choice& where) {
    return where.at ? listen_on(*where.at) : listen_on(where.path);
  }

  // Where it listens.
  [[nodiscard]] std::string where() const {
    if (!tcp_) return path_;
    asio::error_code trouble;
    const auto at = tcp_->local_endpoint(trouble);
    return trouble ? std::string() : to_string(net::address{at.address().to_string(), at.port()});
  }

  // Others than this machine's programs might hear the token.
  [[nodiscard]] bool is_exposed() const {
    asio::error_code trouble;
    return tcp_ && !tcp_->local_endpoint(trouble).address().is_loopback();
  }

  void stop() {
    asio::error_code ignored;
    if (tcp_) tcp_->close(ignored);
    if (local_) local_->close(ignored);
  }

 private:
  using stream = asio::generic::stream_protocol::socket;
  using local = asio::local::stream_protocol;
  using tcp = asio::ip::tcp;

  [[nodiscard]] refusal listen_on(const net::address& where) {
    // The first address that it stands for.
    const auto found = net::detail::endpoints_of(*context_, where);
    if (!found) return to_string(where) + ": " + describe(found.error());
    auto socket = net::detail::listening_socket(*context_, found->front());
    if (!socket) return to_string(where) + ": " + describe(socket.error());
    tcp_ = std::move(*socket);
    asio::co_spawn(*context_, accept_loop(*tcp_), asio::detached);
    return std::nullopt;
  }

  [[nodiscard]] refusal listen_on(const std::string& path) {
    files::unique_fd socket;
    if (auto why = listen_at(path, socket)) return why;
    path_ = path;
    local_.emplace(*context_, local(), socket.get());
    (void)socket.release();
    asio::co_spawn(*context_, accept_loop(*local_), asio::detached);
    return std::nullopt;
  }

  template <class Protocol>
  asio::awaitable<void> accept_loop(asio::basic_socket_acceptor<Protocol>& from) {
    asio::steady_timer backoff(*context_);
    while (from.is_open()) {
      auto [trouble, socket] = co_await from.async_accept(net::awaited);
      if (!from.is_open()) co_return;
      if (trouble) {
        backoff.expires_after(std::chrono::milliseconds(100));
        (void)co_await backoff.async_wait(net::awaited);
        continue;
      }
      admin_caller who;
      if (std::is_same_v<Protocol, local>) {
        // Whose end it is has to be known.
        if (!find_peer(socket.native_handle(), who.uid.emplace())) continue;
      }
      if (connections_ >= connections_max) continue;
      asio::co_spawn(*context_, serve(std::make_shared<stream>(std::move(socket)), who),
                     asio::detached);
    }
  }

  asio::awaitable<void> serve(std::shared_ptr<stream> socket, admin_caller who) {
    ++connections_;
    asio::steady_timer deadline(*context_, time_max);
    deadline.async_wait([weak = std::weak_ptr(socket)](asio::error_code cancelled) {
      asio::error_code ignored;
      if (const auto late = weak.lock(); late && !cancelled) late->close(ignored);
    });
    if (const auto answer = co_await request_answer(*socket, who)) {
      if (answer->status == 401 || answer->status == 403) {
        asio::steady_timer wait(*context_, denial_delay);
        (void)co_await wait.async_wait(net::awaited);
      }
      const std::string bytes = http_bytes(*answer);
      (void)co_await asio::async_write(*socket, asio::buffer(bytes), net::awaited);
      co_await end_in_order(*socket);
    }
    --connections_;
  }

  // Nothing: there was no whole request in time.
  asio::awaitable<std::optional<http_response>> request_answer(stream& socket, admin_caller who) {
    secret_buffer request;
    secret_bytes<2048> buffer;
    for (;;) {
      const byte_span to = buffer.span();
      const auto [trouble, count] =
          co_await socket.async_read_some(asio::buffer(to.data(), to.size()), net::awaited);
      if (trouble) co_return std::nullopt;
      request.append(to.first(count));
      const byte_view seen = request.view();
      auto parsed = parse_request({reinterpret_cast<const char*>(seen.data()), seen.size()});
      if (!parsed) continue;
      if (const auto* bad = std::get_if<bad_request>(&*parsed)) co_return api_->answer(*bad);
      co_return co_await api_->answer(who, std::move(std::get<http_request>(*parsed)));
    }
  }

  // Closing with bytes unread would reset the connection, and the answer could be lost.
  static asio::awaitable<void> end_in_order(stream& socket) {
    asio::error_code ignored;
    socket.shutdown(stream::shutdown_send, ignored);
    std::array<char, 2048> buffer;
    for (;;) {
      const auto [trouble, count] =
          co_await socket.async_read_some(asio::buffer(buffer), net::awaited);
      if (trouble) co_return;
    }
  }

  asio::io_context* context_;
  admin_api* api_;
  std::optional<tcp::acceptor> tcp_;
  std::optional<local::acceptor> local_;
  std::string path_;
  std::size_t connections_ = 0;
};

}  // namespace tallow::relay_tool
