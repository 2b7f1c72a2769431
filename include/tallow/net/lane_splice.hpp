// Moves the bytes of a lane between the two connections that are its ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/error_code.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

#include <tallow/base/limits.hpp>
#include <tallow/base/time.hpp>
#include <tallow/net/lane_carrier.hpp>
#include <tallow/net/tcp_transport.hpp>

namespace tallow::net {

struct lane_options {
  lane_moving how = lane_moving::spliced;
  /// Each has two descriptors. Where there are more lanes with bytes, theirs are copied.
  std::size_t pipes_max = 512;
  /// What one direction moves before others have their turn: a millisecond's work, so that 16 lanes
  /// both ways delay an answer by a third of the tenth of a second that it may take.
  std::size_t turn_bytes_max = std::size_t{1} << 20U;
  duration half_open_max = limits::lane_half_open_time;
};

/// Which end of a lane bytes came from.
enum class lane_end : std::uint8_t { a, b };

/// The two directions of a lane, each a loop of its own that keeps the whole alive.
///
/// When one socket's bytes end, that is passed on behind them; when both have, or some time after
/// the first, the lane ends. It ends at once when a connection fails, when its Owner closes the
/// sockets, or does not let bytes pass.
///
/// `Owner` owns the sockets and has
///     lane_carriers& carriers();
///     // how many bytes may be taken now, at most `wanted`; 0 when the lane is over
///     asio::awaitable<std::size_t> allowance(lane_end from, std::size_t wanted);
///     void give_back(lane_end from, std::size_t bytes);  // of that; they were not there
///     bool may_pass(lane_end from, std::size_t bytes);  // they came, and are passed on if true
///     void close();  // closes both sockets; may be called more than once
///     void ended();  // the last call: the sockets are not used any more
/// may_pass() may close the sockets.
template <class Owner>
class lane_splice {
 public:
  using socket = asio::ip::tcp::socket;

  /// All of it runs on the executor of `a`, which is that of `b`, one thread at a time.
  static void start(socket& a, socket& b, Owner owner, const lane_options& options) {
    asio::error_code ignored;
    a.non_blocking(true, ignored);
    b.non_blocking(true, ignored);
    const auto self = std::make_shared<lane_splice>(a, std::move(owner), options);
    asio::co_spawn(a.get_executor(), forward(self, &a, &b, lane_end::a), run_on);
    asio::co_spawn(a.get_executor(), forward(self, &b, &a, lane_end::b), run_on);
  }

  lane_splice(socket& a, Owner owner, const lane_options& options)
      : owner_(std::move(owner)), options_(options), half_open_(a.get_executor()) {}

 private:
  using pointer = std::shared_ptr<lane_splice>;

  // Nothing throws but bad_alloc, which leaves through run().
  static void run_on(std::exception_ptr lost) {
    if (lost) std::rethrow_exception(lost);
  }

  static asio::awaitable<void> forward(pointer self, socket* from, socket* to, lane_end which) {
    lane_step last = lane_step::blocked;
    while (last == lane_step::moved || last == lane_step::blocked) {
      // Waited for even when there is more: this is where others have their turn.
      (void)co_await from->async_wait(socket::wait_read, awaited);
      std::size_t left = co_await self->owner_.allowance(which, self->options_.turn_bytes_max);
      if (left == 0) {
        last = lane_step::failed;
        break;
      }
      lane_carrier carrier = self->owner_.carriers().take();
      do {
        last = self->take(carrier, *from, *to, which, left);
        while (last == lane_step::moved && carrier.size() != 0) {
          last = give(carrier, *from, *to);
          if (last != lane_step::blocked) continue;
          (void)co_await to->async_wait(socket::wait_write, awaited);
          last = lane_step::moved;
        }
      } while (last == lane_step::moved && left != 0);
      self->owner_.carriers().put_back(std::move(carrier));
      if (left != 0) self->owner_.give_back(which, left);
    }
    if (last == lane_step::ended) self->half_close(self, *to);
    if (last == lane_step::failed) self->owner_.close();
    if (--self->running_ != 0) co_return;
    self->half_open_.cancel();
    self->owner_.close();
    self->owner_.ended();
  }

  // Sockets may be closed whenever something else has run.
  [[nodiscard]] static bool are_open(const socket& from, const socket& to) noexcept {
    return from.is_open() && to.is_open();
  }

  lane_step take(lane_carrier& carrier, socket& from, const socket& to, lane_end which,
                 std::size_t& left) {
    if (!are_open(from, to)) return lane_step::failed;
    const lane_step step = carrier.take(from.native_handle(), left);
    if (step != lane_step::moved) return step;
    left -= carrier.size();
    return owner_.may_pass(which, carrier.size()) ? lane_step::moved : lane_step::failed;
  }

  static lane_step give(lane_carrier& carrier, const socket& from, socket& to) {
    return are_open(from, to) ? carrier.give(to.native_handle()) : lane_step::failed;
  }

  void half_close(const pointer& self, socket& to) {
    asio::error_code ignored;
    to.shutdown(socket::shutdown_send, ignored);
    if (running_ == 1) return;  // the other direction has ended before
    half_open_.expires_after(options_.half_open_max);
    half_open_.async_wait([self](const asio::error_code& trouble) {
      if (!trouble) self->owner_.close();
    });
  }

  Owner owner_;
  lane_options options_;
  asio::steady_timer half_open_;
  int running_ = 2;
};

}  // namespace tallow::net
