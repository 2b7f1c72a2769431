// A connection to HOST:PORT.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>

#include <tallow/base/error.hpp>
#include <tallow/base/time.hpp>
#include <tallow/net/address.hpp>
#include <tallow/net/congestion_control.hpp>
#include <tallow/net/connect_race.hpp>
#include <tallow/net/resolve.hpp>
#include <tallow/net/tcp_transport.hpp>

namespace tallow::net {

/// How long one step of getting a connection may take.
inline constexpr std::chrono::milliseconds connect_timeout_default = connect_times{}.address;

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

/// A race under way: its sockets, and who is told of what happens.
class race_track {
 public:
  race_track(const asio::any_io_executor& executor, endpoints order, connect_times times)
      : order_(std::move(order)),
        race_(order_.size(), times),
        changed_(executor, asio::steady_timer::time_point::max()) {
    for (std::size_t i = 0; i < order_.size(); ++i) sockets_.emplace_back(executor);
  }

  using pointer = std::shared_ptr<race_track>;

  /// Runs it to its end.
  static asio::awaitable<result<asio::ip::tcp::socket>> run(pointer self) {
    const finish_line all_else_is_closed(*self);
    for (;;) {
      while (const auto which = self->race_.poll_start(now())) {
        asio::co_spawn(self->changed_.get_executor(), attempt(self, *which), asio::detached);
      }
      while (const auto which = self->race_.poll_expired(now())) self->expire(*which);
      if (const auto which = self->race_.winner()) co_return std::move(self->sockets_[*which]);
      if (self->race_.is_lost()) co_return fail(self->why_);
      const auto at = self->race_.next_timeout();
      self->changed_.expires_at(at ? *at : asio::steady_timer::time_point::max());
      (void)co_await self->changed_.async_wait(awaited);
    }
  }

 private:
  // However it ends, nobody goes on running.
  class finish_line {
   public:
    explicit finish_line(race_track& track) noexcept : track_(&track) {}
    finish_line(const finish_line&) = delete;
    finish_line& operator=(const finish_line&) = delete;
    ~finish_line() {
      asio::error_code ignored;
      for (auto& socket : track_->sockets_) socket.close(ignored);
    }

   private:
    race_track* track_;
  };

  static instant now() { return std::chrono::steady_clock::now(); }

  static asio::awaitable<void> attempt(pointer self, std::size_t which) {
    auto& socket = self->sockets_[which];
    asio::error_code ignored;
    socket.open(self->order_[which].protocol(), ignored);
    // Where that has failed, connecting says why.
    if (socket.is_open()) begin_unpaced(socket.native_handle());
    const auto [trouble] = co_await socket.async_connect(self->order_[which], awaited);
    if (!trouble) {
      if (!self->race_.connected(which)) socket.close(ignored);
    } else if (trouble != asio::error::operation_aborted) {
      self->why_ = error{errc::connect_failed, 0, "", as_std(trouble)};
      self->race_.failed(which, now());
    }
    self->changed_.cancel();
  }

  void expire(std::size_t which) {
    asio::error_code ignored;
    sockets_[which].close(ignored);
    why_ = error{errc::timed_out};
  }

  endpoints order_;
  connect_race race_;
  std::vector<asio::ip::tcp::socket> sockets_;
  asio::steady_timer changed_;
  error why_{errc::connect_failed};  // of the last that failed
};

}  // namespace detail

/// Connects to the first of the endpoints that answers, which are tried in this order, each a
/// moment after the one before it. The others are closed.
///
/// @errors  connect_failed (with what the system said of the last that failed), timed_out (the last
///          one said nothing)
[[nodiscard]] inline asio::awaitable<result<asio::ip::tcp::socket>> connect(
    endpoints order, connect_times times = {}) {
  const auto executor = co_await asio::this_coro::executor;
  co_return co_await detail::race_track::run(
      std::make_shared<detail::race_track>(executor, std::move(order), times));
}

/// Connects to the first address of `to` that answers, IPv6 and IPv4 in turn.
///
/// @errors  resolve_failed, connect_failed, timed_out
[[nodiscard]] inline asio::awaitable<result<asio::ip::tcp::socket>> connect(
    address to, connect_times times = {}) {
  const auto found = co_await resolve(std::move(to));
  if (!found) co_return fail(found.error());
  co_return co_await connect(in_connecting_order(*found), times);
}

}  // namespace tallow::net
