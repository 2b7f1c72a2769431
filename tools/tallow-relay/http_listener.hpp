// The operators' endpoints on a port of their own, on the relay's loop.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>

#include <tallow/base/error.hpp>
#include <tallow/net/address.hpp>
#include <tallow/net/tcp_transport.hpp>

#include "http_responses.hpp"

namespace tallow::relay_tool {

// A few connections at once, each for one request and a bounded time: whoever is slow here is slow
// for himself alone.
class http_listener {
 public:
  static constexpr std::size_t connections_max = 16;
  static constexpr auto time_max = std::chrono::seconds(5);

  // The pages outlive the context's run(). What they show, `refresh` gathers before each answer.
  http_listener(asio::io_context& context, const http_pages& pages,
                std::function<asio::awaitable<void>()> refresh)
      : context_(&context), pages_(&pages), refresh_(std::move(refresh)), acceptor_(context) {}

  // Listens on the first address that `where` stands for.
  [[nodiscard]] result<void> listen(const net::address& where) {
    asio::error_code trouble;
    asio::ip::tcp::resolver resolver(*context_);
    const auto found = resolver.resolve(
        where.host, std::to_string(where.port),
        asio::ip::tcp::resolver::numeric_service | asio::ip::tcp::resolver::passive, trouble);
    if (trouble) return fail(errc::resolve_failed, net::detail::as_std(trouble));
    const asio::ip::tcp::endpoint at = *found.begin();
    acceptor_.open(at.protocol(), trouble);
    if (!trouble) acceptor_.set_option(asio::ip::tcp::acceptor::reuse_address(true), trouble);
    if (!trouble) acceptor_.bind(at, trouble);
    if (!trouble) acceptor_.listen(asio::socket_base::max_listen_connections, trouble);
    if (trouble) {
      asio::error_code ignored;
      acceptor_.close(ignored);
      return fail(errc::listen_failed, net::detail::as_std(trouble));
    }
    asio::co_spawn(*context_, accept_loop(), asio::detached);
    return {};
  }

  // Where it listens; nothing if it does not.
  [[nodiscard]] std::string address() const {
    asio::error_code trouble;
    const auto at = acceptor_.local_endpoint(trouble);
    return trouble ? std::string() : to_string(net::address{at.address().to_string(), at.port()});
  }

  void stop() {
    asio::error_code ignored;
    acceptor_.close(ignored);
  }

 private:
  using tcp = asio::ip::tcp;

  asio::awaitable<void> accept_loop() {
    asio::steady_timer backoff(*context_);
    while (acceptor_.is_open()) {
      auto [trouble, socket] = co_await acceptor_.async_accept(net::awaited);
      if (!acceptor_.is_open()) co_return;
      if (trouble) {
        backoff.expires_after(std::chrono::milliseconds(100));
        (void)co_await backoff.async_wait(net::awaited);
      } else if (connections_ < connections_max) {
        asio::co_spawn(*context_, serve(std::move(socket)), asio::detached);
      }
    }
  }

  asio::awaitable<void> serve(tcp::socket accepted) {
    ++connections_;
    const auto socket = std::make_shared<tcp::socket>(std::move(accepted));
    asio::steady_timer deadline(*context_, time_max);
    deadline.async_wait([weak = std::weak_ptr(socket)](asio::error_code cancelled) {
      asio::error_code ignored;
      if (const auto late = weak.lock(); late && !cancelled) late->close(ignored);
    });
    const std::string answer = co_await request_answer(*socket);
    if (!answer.empty()) {
      (void)co_await asio::async_write(*socket, asio::buffer(answer), net::awaited);
      co_await end_in_order(*socket);
    }
    --connections_;
  }

  asio::awaitable<std::string> request_answer(tcp::socket& socket) {
    std::string request;
    std::array<char, 2048> buffer;
    for (;;) {
      const auto [trouble, count] =
          co_await socket.async_read_some(asio::buffer(buffer), net::awaited);
      if (trouble) co_return std::string();
      request.append(buffer.data(), count);
      co_await refresh_();
      if (auto answer = answer_to(request, *pages_)) co_return std::move(*answer);
    }
  }

  // Closing with bytes unread would reset the connection, and the answer could be lost.
  static asio::awaitable<void> end_in_order(tcp::socket& socket) {
    asio::error_code ignored;
    socket.shutdown(tcp::socket::shutdown_send, ignored);
    std::array<char, 2048> buffer;
    for (;;) {
      const auto [trouble, count] =
          co_await socket.async_read_some(asio::buffer(buffer), net::awaited);
      if (trouble) co_return;
    }
  }

  asio::io_context* context_;
  const http_pages* pages_;
  std::function<asio::awaitable<void>()> refresh_;
  tcp::acceptor acceptor_;
  std::size_t connections_ = 0;
};

}  // namespace tallow::relay_tool
