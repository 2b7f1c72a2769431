// Moves bytes between a session and a connection. No decision about the protocol is made here.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/time.hpp>
#include <tallow/net/address.hpp>
#include <tallow/net/lane_set.hpp>
#include <tallow/session/events.hpp>
#include <tallow/session/transport.hpp>

namespace tallow::net {

/// Drives one session over one connection until it is over.
///
/// Everything happens on the executor that run() is called on; commands given to the session from
/// outside (an answer, a cancellation) are followed by wake().
template <class Session, session::async_transport Transport>
class session_driver {
 public:
  /// Both outlive the driver.
  ///
  /// @param lanes_at  where lanes of their own are opened; nothing: the session offers none
  session_driver(Session& session, Transport& transport, const asio::any_io_executor& executor,
                 const std::optional<address>& lanes_at = std::nullopt)
      : session_(&session),
        transport_(&transport),
        work_(executor, asio::steady_timer::time_point::max()),
        clock_(executor, asio::steady_timer::time_point::max()) {
    if (lanes_at) lanes_.emplace(executor, session, *lanes_at, [this] { wake(); });
  }

  /// Runs the session; `on_event(event)` is called for each of its events.
  ///
  /// @errors  why the session failed
  template <class OnEvent>
  asio::awaitable<result<void>> run(OnEvent on_event) {
    using namespace asio::experimental::awaitable_operators;
    (void)session_->handle_bytes({}, now());
    drain(on_event);
    co_await (read_loop(on_event) || write_loop() || time_loop(on_event));
    lanes_.reset();
    (void)transport_->shutdown_send();
    co_await (read_to_end() || pause(lingering));
    transport_->close();
    if (const auto& why = session_->failure()) co_return fail(*why);
    co_return result<void>{};
  }

  /// Tells the driver that somebody else has done something to the session.
  void wake() {
    work_.cancel();
    clock_.cancel();
  }

 private:
  static constexpr std::size_t read_bytes = 256 * 1024;
  // How long the other end has to take what was written last, before the connection is closed.
  static constexpr auto lingering = std::chrono::seconds(2);

  static instant now() { return std::chrono::steady_clock::now(); }

  template <class OnEvent>
  void drain(OnEvent& on_event) {
    while (auto e = session_->poll_event()) {
      const auto* granted = std::get_if<session::lane_granted>(&*e);
      if (granted != nullptr && lanes_) {
        lanes_->open(*granted);
      } else {
        on_event(*e);
      }
    }
    wake();
  }

  template <class OnEvent>
  asio::awaitable<void> read_loop(OnEvent& on_event) {
    byte_buffer buffer(read_bytes);
    while (!session_->over()) {
      const auto count = co_await transport_->async_read_some(buffer);
      if (count && *count > 0) {
        (void)session_->handle_bytes(byte_span(buffer).first(*count), now());
      } else {
        (void)session_->handle_end(now());
      }
      drain(on_event);
      // An answer of the other side may have made chunks free to go.
      if (lanes_) lanes_->wake();
      if (!count || *count == 0) co_return;
    }
    // What is still to be written keeps the other loop busy; this one has nothing left to read.
    co_await pause(forever);
  }

  asio::awaitable<void> write_loop() {
    for (;;) {
      const byte_view bytes = session_->poll_transmit(now());
      if (!bytes.empty()) {
        const auto done = co_await transport_->async_write_all(session::byte_views(&bytes, 1));
        if (!done) break;
        session_->transmitted(bytes.size());
      } else if (session_->over()) {
        co_return;
      } else {
        work_.expires_at(asio::steady_timer::time_point::max());
        co_await wait(work_);
      }
    }
    // The reading side will see the end too, and may first see why.
    co_await pause(forever);
  }

  template <class OnEvent>
  asio::awaitable<void> time_loop(OnEvent& on_event) {
    for (;;) {
      const auto at = session_->next_timeout();
      clock_.expires_at(at ? *at : asio::steady_timer::time_point::max());
      co_await wait(clock_);
      if (const auto next = session_->next_timeout(); next && *next <= now()) {
        (void)session_->handle_timeout(now());
      }
      // Commands and lanes wake this loop too: what they have made happen is told from here.
      drain(on_event);
    }
  }

  asio::awaitable<void> read_to_end() {
    byte_buffer buffer(4096);
    for (;;) {
      const auto count = co_await transport_->async_read_some(buffer);
      if (!count || *count == 0) co_return;
    }
  }

  // Returns when the timer expires, is cancelled or is set anew.
  static asio::awaitable<void> wait(asio::steady_timer& timer) {
    asio::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }

  static constexpr auto forever = std::chrono::hours(24 * 365);

  static asio::awaitable<void> pause(std::chrono::seconds time) {
    asio::steady_timer timer(co_await asio::this_coro::executor, time);
    co_await wait(timer);
  }

  Session* session_;
  Transport* transport_;
  asio::steady_timer work_;
  asio::steady_timer clock_;
  std::optional<lane_set<Session>> lanes_;
};

}  // namespace tallow::net
