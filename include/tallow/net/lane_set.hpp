// The lanes of a session, each on a connection and a thread of its own.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/time.hpp>
#include <tallow/base/units.hpp>
#include <tallow/net/blocking_socket.hpp>
#include <tallow/net/lane_socket.hpp>
#include <tallow/net/route.hpp>
#include <tallow/net/thread_link.hpp>
#include <tallow/session/events.hpp>
#include <tallow/session/lane_pump.hpp>
#include <tallow/transfer/record_buffer.hpp>
#include <tallow/wire/message.hpp>

namespace tallow::net {

/// Opens lanes through a relay and runs them.
///
/// All calls on the executor's thread. The session is told there how lanes go; what the lanes'
/// threads share is the transfer alone, which has a real mutex.
template <class Session>
class lane_set {
 public:
  /// @param way      to where lanes are opened: the address that answered the control connection
  /// @param changed  called after the session was told something
  lane_set(asio::any_io_executor executor, Session& session, route way,
           std::function<void()> changed)
      : shared_(std::make_shared<shared>(std::move(executor), session, std::move(way),
                                         std::move(changed))) {}
  lane_set(const lane_set&) = delete;
  lane_set& operator=(const lane_set&) = delete;
  ~lane_set() { stop(); }

  /// Connects, and carries the lane once the connection is there.
  void open(const session::lane_granted& granted) {
    auto keys = shared_->session->take_lane(granted.lane);
    if (!keys) return shared_->ended(granted.lane, keys.error());
    asio::co_spawn(shared_->executor, start(shared_, granted, std::move(*keys)), asio::detached);
  }

  /// Lanes that are connected.
  [[nodiscard]] std::size_t count() const noexcept { return shared_->lanes.size(); }

  /// There may be chunks to send.
  void wake() { shared_->gate.open(); }

  /// Ends all lanes and waits for their threads. Nothing is told to the session any more.
  void stop() {
    shared_->is_stopped = true;
    shared_->gate.close();
    for (auto& [id, one] : shared_->lanes) one->socket.interrupt();
    for (auto& [id, one] : shared_->lanes) one->thread.join();
    shared_->lanes.clear();
  }

 private:
  struct lane {
    lane(int descriptor, session::lane_ends k) : socket(descriptor), keys(std::move(k)) {}
    blocking_socket socket;
    session::lane_ends keys;
    std::thread thread;
  };

  struct shared : thread_link<Session> {
    shared(asio::any_io_executor e, Session& s, route w, std::function<void()> c)
        : thread_link<Session>(std::move(e), s, std::move(c)), way(std::move(w)) {}
    route way;
    std::map<stream_id, std::unique_ptr<lane>> lanes;

    void ended(stream_id id, const error& why) {
      if (this->is_stopped) return;
      const auto found = lanes.find(id);
      if (found != lanes.end()) {
        found->second->thread.join();
        lanes.erase(found);
      }
      (void)this->session->lane_ended(id, why, std::chrono::steady_clock::now());
      this->gate.open();
      this->changed();
    }
  };
  using shared_ptr = std::shared_ptr<shared>;

  static asio::awaitable<void> start(shared_ptr all, session::lane_granted granted,
                                     session::lane_ends keys) {
    auto socket = co_await all->way.connect_again();
    if (all->is_stopped) co_return;
    if (!socket) co_return all->ended(granted.lane, socket.error());
    tune(*socket);
    tune_lane(socket->native_handle());
    asio::error_code trouble;
    const int descriptor = socket->release(trouble);
    if (trouble) co_return all->ended(granted.lane, error{errc::connect_failed});
    auto& one = all->lanes[granted.lane];
    // NOLINTNEXTLINE(bugprone-use-after-move): it was moved into this coroutine before, not from it
    one = std::make_unique<lane>(descriptor, std::move(keys));
    one->thread = std::thread([all, l = one.get(), granted] {
      const error why = carry(all, *l, granted);
      asio::post(all->executor, [all, why, id = granted.lane] { all->ended(id, why); });
    });
  }

  // The whole life of a lane, on its thread. Returns why it ended.
  static error carry(const shared_ptr& all, lane& l, const session::lane_granted& granted) {
    auto& transfer = all->session->transfer();
    byte_buffer opening;
    (void)append_message(opening, lane_open{granted.ticket});
    const byte_view first = opening;
    if (auto sent = l.socket.write_all(session::byte_views(&first, 1)); !sent) return sent.error();
    transfer::record_buffer buffer(transfer.role == transfer_role::sender ? 0
                                                                          : transfer.chunk_bytes());
    if (auto greeted = session::greet(l.keys, l.socket, buffer); !greeted) return greeted.error();
    asio::post(all->executor, [all, id = granted.lane] {
      if (!all->is_stopped) all->session->lane_opened(id);
    });
    const auto done = pump(all, l, buffer, transfer);
    return done ? error{errc::connection_lost, 0, "the transfer is over"} : done.error();
  }

  template <class Transfer>
  static result<void> pump(const shared_ptr& all, lane& l, transfer::record_buffer& buffer,
                           Transfer& transfer) {
    const auto progress = [&] { tell_progress(all); };
    const auto clock = [] { return std::chrono::steady_clock::now(); };
    if constexpr (Transfer::role == transfer_role::sender) {
      return session::send_chunks(l.keys, l.socket, transfer, all->gate, clock, progress);
    } else {
      return session::receive_chunks(l.keys, l.socket, buffer, transfer, clock, progress);
    }
  }

  shared_ptr shared_;
};

}  // namespace tallow::net
