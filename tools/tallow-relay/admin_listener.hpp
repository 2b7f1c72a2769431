// Where operators reach the admin API: a Unix socket, or TCP, on the relay's loop.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <variant>

#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include <tallow/base/secret.hpp>
#include <tallow/files/unique_fd.hpp>
#include <tallow/net/address.hpp>
#include <tallow/net/tcp_transport.hpp>

#include "admin_api.hpp"
#include "admin_socket.hpp"
#include "http_server.hpp"

namespace tallow::relay_tool {

class admin_listener {
 public:
  static constexpr std::size_t connections_max = 8;
  // Who guesses tokens has to wait for each answer, and fills no log.
  static constexpr auto denial_delay = std::chrono::milliseconds(200);

  // The API outlives the context's run().
  admin_listener(asio::io_context& context, admin_api& api)
      : context_(&context),
        api_(&api),
        server_(context, connections_max,
                [this](http_server::stream& socket) { return answer_on(socket); }) {}

  // In the only thread of the process.
  [[nodiscard]] refusal listen(const admin_choice& where) {
    path_ = where.path;
    if (where.at) {
      if (auto done = server_.listen(*where.at); !done) {
        return to_string(*where.at) + ": " + describe(done.error());
      }
      return std::nullopt;
    }
    files::unique_fd socket;
    if (auto why = listen_at(path_, socket)) return why;
    if (auto done = server_.listen(std::move(socket)); !done) {
      return path_ + ": " + describe(done.error());
    }
    return std::nullopt;
  }

  // Where it listens.
  [[nodiscard]] std::string where() const {
    if (is_local()) return path_;
    return to_string(net::address{server_.at().address().to_string(), server_.at().port()});
  }

  // Others than this machine's programs might hear the token.
  [[nodiscard]] bool is_exposed() const {
    return !is_local() && !server_.at().address().is_loopback();
  }

  void stop() { server_.stop(); }

 private:
  [[nodiscard]] bool is_local() const noexcept { return !path_.empty(); }

  asio::awaitable<std::string> answer_on(http_server::stream& socket) {
    admin_caller who;
    // Whose end it is has to be known.
    if (is_local() && !find_peer(socket.native_handle(), who.uid.emplace()))
      co_return std::string();
    const auto answer = co_await request_answer(socket, who);
    if (!answer) co_return std::string();
    if (answer->status == 401 || answer->status == 403) {
      asio::steady_timer wait(*context_, denial_delay);
      (void)co_await wait.async_wait(net::awaited);
    }
    co_return http_bytes(*answer);
  }

  // Nothing: there was no whole request in time.
  asio::awaitable<std::optional<http_response>> request_answer(http_server::stream& socket,
                                                               admin_caller who) {
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

  asio::io_context* context_;
  admin_api* api_;
  http_server server_;
  std::string path_;  // of a Unix socket
};

}  // namespace tallow::relay_tool
