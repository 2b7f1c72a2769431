// A connection to HOST:PORT.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>

#include <tallow/base/error.hpp>
#include <tallow/net/address.hpp>
#include <tallow/net/tcp_transport.hpp>

namespace tallow::net {

/// How long one address may take to answer: longer than two lost SYNs, shorter than patience.
inline constexpr auto connect_timeout_default = std::chrono::seconds(10);

namespace detail {

/// Closes a socket unless it is told in time that all is well.
class connect_watch {
 public:
  connect_watch(asio::ip::tcp::socket& socket, std::chrono::milliseconds timeout)
      : shared_(std::make_shared<shared>(shared{&socket})), timer_(socket.get_executor(), timeout) {
    timer_.async_wait([state = shared_](asio::error_code trouble) {
      if (trouble || state->socket == nullptr) return;
      state->expired = true;
      asio::error_code ignored;
      state->socket->close(ignored);
    });
  }
  connect_watch(const connect_watch&) = delete;
  connect_watch& operator=(const connect_watch&) = delete;
  // The handler may already be on its way, and must not find a socket that is gone.
  ~connect_watch() { shared_->socket = nullptr; }

  [[nodiscard]] bool expired() const noexcept { return shared_->expired; }

 private:
  struct shared {
    asio::ip::tcp::socket* socket;
    bool expired = false;
  };
  std::shared_ptr<shared> shared_;
  asio::steady_timer timer_;
};

}  // namespace detail

/// Connects to the first address of `to` that answers, each tried for `timeout`.
///
/// @errors  resolve_failed, connect_failed (with what the system said of the last address),
///          timed_out (no address answered, and the last one said nothing)
[[nodiscard]] inline asio::awaitable<result<asio::ip::tcp::socket>> connect(
    address to, std::chrono::milliseconds timeout = connect_timeout_default) {
  const auto executor = co_await asio::this_coro::executor;
  asio::ip::tcp::resolver resolver(executor);
  const auto [unresolved, found] = co_await resolver.async_resolve(
      to.host, std::to_string(to.port), asio::ip::tcp::resolver::numeric_service, awaited);
  if (unresolved) co_return fail(errc::resolve_failed, detail::as_std(unresolved));
  error last{errc::connect_failed};
  for (const auto& entry : found) {
    asio::ip::tcp::socket socket(executor);
    detail::connect_watch watch(socket, timeout);
    const auto [trouble] = co_await socket.async_connect(entry.endpoint(), awaited);
    if (!trouble && !watch.expired()) co_return std::move(socket);
    last = watch.expired() ? error{errc::timed_out}
                           : error{errc::connect_failed, 0, "", detail::as_std(trouble)};
  }
  co_return fail(last);
}

}  // namespace tallow::net
