// The operators' endpoints on a port of their own.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/io_context.hpp>

#include <tallow/base/error.hpp>
#include <tallow/net/address.hpp>
#include <tallow/net/tcp_transport.hpp>

#include "http_responses.hpp"
#include "http_server.hpp"

namespace tallow::relay_tool {

class http_listener {
 public:
  static constexpr std::size_t connections_max = 16;

  // The pages outlive the context's run(). What they show, `refresh` gathers before each answer.
  http_listener(asio::io_context& context, const http_pages& pages,
                std::function<asio::awaitable<void>()> refresh)
      : pages_(&pages),
        refresh_(std::move(refresh)),
        server_(context, connections_max,
                [this](http_server::stream& socket) { return answer_on(socket); }) {}

  [[nodiscard]] result<void> listen(const net::address& where) { return server_.listen(where); }

  // Where it listens.
  [[nodiscard]] std::string address() const {
    return to_string(net::address{server_.at().address().to_string(), server_.at().port()});
  }

  void stop() { server_.stop(); }

 private:
  asio::awaitable<std::string> answer_on(http_server::stream& socket) {
    static const http_pages none;
    std::string request;
    std::array<char, 2048> buffer;
    for (;;) {
      const auto [trouble, count] =
          co_await socket.async_read_some(asio::buffer(buffer), net::awaited);
      if (trouble) co_return std::string();
      request.append(buffer.data(), count);
      if (!answer_to(request, none)) continue;  // it is not whole
      co_await refresh_();
      co_return answer_to(request, *pages_).value();
    }
  }

  const http_pages* pages_;
  std::function<asio::awaitable<void>()> refresh_;
  http_server server_;
};

}  // namespace tallow::relay_tool
