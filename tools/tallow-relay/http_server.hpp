// Connections to the operators' endpoints and to the admin API: one request each.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/basic_socket_acceptor.hpp>
#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/generic/stream_protocol.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>

#include <tallow/base/error.hpp>
#include <tallow/files/unique_fd.hpp>
#include <tallow/net/address.hpp>
#include <tallow/net/listening.hpp>
#include <tallow/net/tcp_transport.hpp>

namespace tallow::relay_tool {

// A few connections at once, each for one request and a bounded time: whoever is slow here is slow
// for himself alone. On the relay's loop.
class http_server {
 public:
  using stream = asio::generic::stream_protocol::socket;
  // Reads a request and makes the whole answer to it. Nothing: there was no whole request.
  using answerer = std::function<asio::awaitable<std::string>(stream&)>;

  static constexpr auto time_max = std::chrono::seconds(5);

  // What `answer` needs outlives the context's run().
  http_server(asio::io_context& context, std::size_t connections_max, answerer answer)
      : context_(&context),
        connections_max_(connections_max),
        answer_(std::move(answer)),
        acceptor_(context) {}

  // Listens on the first address that `where` stands for.
  [[nodiscard]] result<void> listen(const net::address& where) {
    const auto found = net::detail::endpoints_of(*context_, where);
    if (!found) return fail(found.error());
    auto made = net::detail::listening_socket(*context_, found->front());
    if (!made) return fail(made.error());
    asio::error_code trouble;
    at_ = made->local_endpoint(trouble);
    if (!trouble) start(at_.protocol(), made->release(trouble), trouble);
    if (trouble) return fail(errc::listen_failed, net::detail::as_std(trouble));
    return {};
  }

  // A Unix socket that listens.
  [[nodiscard]] result<void> listen(files::unique_fd made) {
    asio::error_code trouble;
    start(asio::local::stream_protocol(), made.get(), trouble);
    if (trouble) return fail(errc::listen_failed, net::detail::as_std(trouble));
    (void)made.release();
    return {};
  }

  // Where it listens with TCP.
  [[nodiscard]] const asio::ip::tcp::endpoint& at() const noexcept { return at_; }

  void stop() {
    asio::error_code ignored;
    acceptor_.close(ignored);
  }

 private:
  void start(const asio::generic::stream_protocol& protocol, int listening,
             asio::error_code& trouble) {
    acceptor_.assign(protocol, listening, trouble);
    if (!trouble) asio::co_spawn(*context_, accept_loop(), asio::detached);
  }

  asio::awaitable<void> accept_loop() {
    asio::steady_timer backoff(*context_);
    while (acceptor_.is_open()) {
      auto [trouble, socket] = co_await acceptor_.async_accept(net::awaited);
      if (!acceptor_.is_open()) co_return;
      if (trouble) {
        backoff.expires_after(std::chrono::milliseconds(100));
        (void)co_await backoff.async_wait(net::awaited);
      } else if (connections_ < connections_max_) {
        asio::co_spawn(*context_, serve(std::make_shared<stream>(std::move(socket))),
                       asio::detached);
      }
    }
  }

  asio::awaitable<void> serve(std::shared_ptr<stream> socket) {
    ++connections_;
    asio::steady_timer deadline(*context_, time_max);
    deadline.async_wait([weak = std::weak_ptr(socket)](asio::error_code cancelled) {
      asio::error_code ignored;
      if (const auto late = weak.lock(); late && !cancelled) late->close(ignored);
    });
    const std::string answer = co_await answer_(*socket);
    if (!answer.empty()) {
      (void)co_await asio::async_write(*socket, asio::buffer(answer), net::awaited);
      co_await end_in_order(*socket);
    }
    --connections_;
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
  std::size_t connections_max_;
  answerer answer_;
  asio::basic_socket_acceptor<asio::generic::stream_protocol> acceptor_;
  asio::ip::tcp::endpoint at_;
  std::size_t connections_ = 0;
};

}  // namespace tallow::relay_tool
