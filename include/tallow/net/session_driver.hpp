// Moves bytes between a session and a connection. No decision about the protocol is made here.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/time.hpp>
#include <tallow/base/units.hpp>
#include <tallow/net/background_work.hpp>
#include <tallow/net/direct_paths.hpp>
#include <tallow/net/lane_set.hpp>
#include <tallow/net/route.hpp>
#include <tallow/net/stream_pump.hpp>
#include <tallow/session/direct_addresses.hpp>
#include <tallow/session/events.hpp>
#include <tallow/session/transport.hpp>

namespace tallow::net {

/// Drives one session until it is over, over one connection after the other if it has to.
///
/// Everything happens on the executor that run() is called on; commands given to the session from
/// outside (an answer, a cancellation) are followed by wake().
template <class Session, session::async_transport Transport>
class session_driver {
 public:
  /// Makes another connection to the same place.
  using connector = std::function<asio::awaitable<result<Transport>>()>;

  /// The session outlives the driver.
  ///
  /// @param again     for sessions that bear outages
  /// @param lanes_at  the way to where lanes of their own are opened; nothing: the session offers
  /// none
  session_driver(Session& session, Transport transport, const asio::any_io_executor& executor,
                 connector again = {}, std::optional<route> lanes_at = std::nullopt)
      : session_(&session),
        transport_(std::move(transport)),
        again_(std::move(again)),
        lanes_at_(std::move(lanes_at)),
        work_(executor, asio::steady_timer::time_point::max()),
        clock_(executor, asio::steady_timer::time_point::max()),
        background_(executor, session, [this] { work_has_come(); }),
        direct_(executor, session, [this](stream_id id, asio::ip::tcp::socket socket) {
          if (lanes_) lanes_->arrive(id, std::move(socket));
        }) {}

  /// For direct lanes, where the session has them: public addresses are told and connected to, too.
  void use_public_addresses() noexcept { kinds_.public_network = true; }

  /// Runs the session; `on_event(event)` is called for each of its events.
  ///
  /// @errors  why the session failed
  template <class OnEvent>
  asio::awaitable<result<void>> run(OnEvent on_event) {
    using namespace asio::experimental::awaitable_operators;
    is_running_ = true;
    for (;;) {
      if (lanes_at_)
        lanes_.emplace(work_.get_executor(), *session_, *lanes_at_, [this] { wake(); });
      (void)session_->handle_bytes({}, now());
      drain(on_event);
      has_write_failed_ = false;
      co_await (read_loop(on_event) || write_loop() || time_loop(on_event));
      lanes_.reset();
      direct_.forget_lanes();
      if (!session_->away()) break;
      const bool is_back = co_await reconnect(on_event);
      if (!is_back) break;
    }
    is_running_ = false;
    stream_.reset();
    (void)transport_.shutdown_send();
    if (!has_write_failed_) co_await (read_to_end() || pause(lingering));
    transport_.close();
    background_.stop();
    if (const auto& why = session_->failure()) co_return fail(*why);
    // Nothing but the session's own end is a success.
    if (!session_->over()) co_return fail(errc::connection_lost);
    co_return result<void>{};
  }

  /// Lanes that have a connection of their own at the moment; where there are direct ones, these.
  [[nodiscard]] std::size_t lane_count() const noexcept { return lanes_ ? lanes_->count() : 0; }

  /// Tells the driver that somebody else has done something to the session.
  void wake() {
    work_.cancel();
    clock_.cancel();
    pump();
  }

 private:
  static constexpr std::size_t read_bytes = 256 * 1024;
  // How long the other end has to take what was written last, before the connection is closed.
  static constexpr auto lingering = std::chrono::seconds(2);

  // A claim that was wrong is to be sent; one that was right makes room for others.
  void work_has_come() {
    if (lanes_) lanes_->wake();
    wake();
  }

  static instant now() { return std::chrono::steady_clock::now(); }

  // Whatever has happened, the stream's thread may have something to do.
  void pump() {
    if (!stream_ && is_running_ && session_->transfer().has_stream()) {
      stream_.emplace(work_.get_executor(), *session_, [this] { work_has_come(); });
    }
    if (stream_) stream_->wake();
  }

  template <class OnEvent>
  void drain(OnEvent& on_event) {
    while (auto e = session_->poll_event()) {
      if (!lanes_ || !open_lanes(*e)) on_event(*e);
    }
    wake();
  }

  // Whether the event was for lanes.
  bool open_lanes(const session::event& e) {
    if (const auto* granted = std::get_if<session::lane_granted>(&e)) {
      lanes_->open(*granted);
      return true;
    }
    kinds_.loopback = lanes_at_->is_loopback();
    return direct_.handle(e, *lanes_, kinds_, now());
  }

  template <class OnEvent>
  asio::awaitable<void> read_loop(OnEvent& on_event) {
    byte_buffer buffer(read_bytes);
    while (!stands_still()) {
      const auto count = co_await transport_.async_read_some(buffer);
      if (count && *count > 0) {
        (void)session_->handle_bytes(byte_span(buffer).first(*count), now());
      } else {
        (void)session_->handle_end(now());
      }
      drain(on_event);
      // An answer of the other side may have made chunks free to go, or claims to be compared.
      if (lanes_) lanes_->wake();
      background_.wake();
      if (!count || *count == 0) co_return;
    }
    // What is still to be written keeps the other loop busy, if it can be written; this one has
    // nothing left to read.
    if (!has_write_failed_) co_await pause(forever);
  }

  asio::awaitable<void> write_loop() {
    for (;;) {
      const byte_view bytes = session_->poll_transmit(now());
      if (!bytes.empty()) {
        const auto done = co_await transport_.async_write_all(session::byte_views(&bytes, 1));
        if (!done) break;
        session_->transmitted(bytes.size());
      } else if (stands_still()) {
        co_return;
      } else {
        // A chunk that has to wait for its time was asked for just now.
        const auto at = session_->next_timeout();
        if (at && *at < clock_.expiry()) clock_.cancel();
        work_.expires_at(asio::steady_timer::time_point::max());
        co_await wait(work_);
      }
    }
    has_write_failed_ = true;
    // As long as it reads, the reading side will see the end too, and may first see why.
    if (!stands_still()) co_await pause(forever);
  }

  template <class OnEvent>
  asio::awaitable<void> time_loop(OnEvent& on_event) {
    while (!session_->away()) {
      const auto at = session_->next_timeout();
      clock_.expires_at(at ? *at : asio::steady_timer::time_point::max());
      co_await wait(clock_);
      if (const auto next = session_->next_timeout(); next && *next <= now()) {
        (void)session_->handle_timeout(now());
        if (lanes_) lanes_->wake();
      }
      // Commands and lanes wake this loop too: what they have made happen is told from here.
      drain(on_event);
      background_.wake();
    }
  }

  // Waits out the pause and connects again. Returns false when the session is over instead.
  template <class OnEvent>
  asio::awaitable<bool> reconnect(OnEvent& on_event) {
    using namespace asio::experimental::awaitable_operators;
    co_await (say_goodbye() || pause(std::chrono::seconds(1)));
    transport_.close();
    while (const auto at = session_->reconnect_at()) {
      clock_.expires_at(earlier(*at, session_->next_timeout()).value_or(*at));
      co_await wait(clock_);
      (void)session_->handle_timeout(now());
      drain(on_event);
      if (!session_->away() || now() < *at) continue;
      auto fresh = co_await again_();
      if (!session_->away()) continue;
      if (!fresh) {
        session_->resume_failed(fresh.error(), now());
        continue;
      }
      transport_ = std::move(*fresh);
      session_->resume(now());
      co_return true;
    }
    co_return false;
  }

  // What the session still has for the connection that it gives up.
  asio::awaitable<void> say_goodbye() {
    const byte_view bytes = session_->poll_transmit(now());
    if (bytes.empty()) co_return;
    (void)co_await transport_.async_write_all(session::byte_views(&bytes, 1));
  }

  // Nothing more goes over this connection.
  [[nodiscard]] bool stands_still() const { return session_->over() || session_->away(); }

  asio::awaitable<void> read_to_end() {
    byte_buffer buffer(4096);
    for (;;) {
      const auto count = co_await transport_.async_read_some(buffer);
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
  Transport transport_;
  connector again_;
  std::optional<route> lanes_at_;
  asio::steady_timer work_;
  asio::steady_timer clock_;
  std::optional<lane_set<Session>> lanes_;
  background_work<Session> background_;
  direct_paths<Session> direct_;
  session::address_kinds kinds_;
  std::optional<stream_pump<Session>> stream_;
  bool is_running_ = false;
  bool has_write_failed_ = false;  // on this connection
};

}  // namespace tallow::net
