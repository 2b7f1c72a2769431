// The lanes of a session, each on a connection and a thread of its own.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/time.hpp>
#include <tallow/base/units.hpp>
#include <tallow/net/blocking_socket.hpp>
#include <tallow/net/connect.hpp>
#include <tallow/net/lane_socket.hpp>
#include <tallow/net/resolve.hpp>
#include <tallow/net/route.hpp>
#include <tallow/net/standby_sender.hpp>
#include <tallow/net/tcp_transport.hpp>
#include <tallow/net/thread_link.hpp>
#include <tallow/session/events.hpp>
#include <tallow/session/lane_pump.hpp>
#include <tallow/transfer/record_buffer.hpp>
#include <tallow/wire/message.hpp>

namespace tallow::net {

/// Opens lanes and runs them: through a relay, and straight to the other side. While one of the
/// latter is open, the former send nothing and are there for when there is none any more.
///
/// All calls on the executor's thread. The session is told there how lanes go; what the lanes'
/// threads share is the transfer, which has a real mutex, and whether direct ones are open.
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

  /// Connects to the relay, and carries the lane once the connection is there.
  void open(const session::lane_granted& granted) {
    auto keys = shared_->session->take_lane(granted.lane);
    if (!keys) return shared_->ended(granted.lane, keys.error());
    asio::co_spawn(shared_->executor, start(shared_, granted, std::move(*keys)), asio::detached);
  }

  /// Keeps the keys of a lane whose connection comes by itself.
  void expect(stream_id id) {
    auto keys = shared_->session->take_lane(id);
    if (!keys) return shared_->ended(id, keys.error());
    shared_->expected.emplace(id, std::move(*keys));
  }

  /// It has come.
  void arrive(stream_id id, asio::ip::tcp::socket socket) {
    auto keys = shared_->expected.extract(id);
    if (keys.empty()) return;
    run(shared_, std::move(socket), {id, session::data_path::direct, std::nullopt},
        std::move(keys.mapped()));
  }

  /// It does not come any more.
  void give_up(stream_id id) {
    if (shared_->expected.erase(id) == 0) return;
    shared_->ended(id, error{errc::timed_out, 0, "nobody came for a direct lane"});
  }

  /// Connects to the other side, by the first address that answers, for each of the lanes.
  void dial(const std::vector<session::lane_granted>& lanes, endpoints to) {
    std::vector<dialled_lane> all;
    for (const session::lane_granted& one : lanes) {
      auto keys = shared_->session->take_lane(one.lane);
      if (keys) {
        all.push_back({one, std::move(*keys)});
      } else {
        shared_->ended(one.lane, keys.error());
      }
    }
    asio::co_spawn(shared_->executor, dial_all(shared_, std::move(all), std::move(to)),
                   asio::detached);
  }

  /// Lanes that are connected and used: direct ones, or if there are none, all.
  [[nodiscard]] std::size_t count() const noexcept {
    return shared_->direct_open > 0 ? shared_->direct_open : shared_->lanes.size();
  }

  /// There may be chunks to send.
  void wake() { shared_->gate.open(); }

  /// Ends all lanes and waits for their threads. Nothing is told to the session any more.
  void stop() {
    shared_->is_stopped = true;
    shared_->gate.close();
    for (auto& [id, one] : shared_->lanes) one->socket.interrupt();
    for (auto& [id, one] : shared_->lanes) one->wait();
    shared_->lanes.clear();
    shared_->expected.clear();
  }

 private:
  static constexpr connect_times dial_times{std::chrono::milliseconds(100),
                                            std::chrono::milliseconds(2'000)};
  // For the LANE_HELLO of the other side, and for the rest of a record that has begun to come.
  static constexpr auto silence_max =
      std::chrono::duration_cast<std::chrono::seconds>(session::lane_silence_max);
  // For the LANE_HELLO of who has answered: it may be somebody else.
  static constexpr std::chrono::seconds greeting_time{5};

  struct lane_facts {
    stream_id id{};
    session::data_path path{};
    std::optional<lane_ticket> ticket;  // to be shown by us
  };

  struct lane {
    lane(int descriptor, lane_facts f, session::lane_ends k)
        : socket(descriptor), facts(f), keys(std::move(k)) {}
    // Where there was no thread to be had, nobody is waited for.
    void wait() {
      if (thread.joinable()) thread.join();
    }
    blocking_socket socket;
    lane_facts facts;
    session::lane_ends keys;
    bool is_open = false;
    std::thread thread;
  };

  struct dialled_lane {
    session::lane_granted granted;
    session::lane_ends keys;
  };

  struct shared : thread_link<Session> {
    shared(asio::any_io_executor e, Session& s, route w, std::function<void()> c)
        : thread_link<Session>(std::move(e), s, std::move(c)), way(std::move(w)) {}
    route way;
    std::map<stream_id, session::lane_ends> expected;
    std::map<stream_id, std::unique_ptr<lane>> lanes;
    std::size_t direct_open = 0;
    std::atomic<bool> is_direct{false};  // the same, for the lanes' threads

    void opened(stream_id id) {
      if (this->is_stopped) return;
      const auto found = lanes.find(id);
      if (found == lanes.end()) return;
      found->second->is_open = true;
      if (found->second->facts.path == session::data_path::direct) note_direct(direct_open + 1);
      this->session->lane_opened(id);
      this->changed();
    }

    void ended(stream_id id, const error& why) {
      if (this->is_stopped) return;
      const auto found = lanes.find(id);
      if (found != lanes.end()) {
        lane& l = *found->second;
        l.wait();
        if (l.is_open && l.facts.path == session::data_path::direct) note_direct(direct_open - 1);
        lanes.erase(found);
      }
      (void)this->session->lane_ended(id, why, std::chrono::steady_clock::now());
      this->gate.open();
      this->changed();
    }

    void note_direct(std::size_t count) {
      direct_open = count;
      is_direct = count > 0;
    }
  };
  using shared_ptr = std::shared_ptr<shared>;

  static asio::awaitable<void> start(shared_ptr all, session::lane_granted granted,
                                     session::lane_ends keys) {
    auto socket = co_await all->way.connect_again();
    if (all->is_stopped) co_return;
    if (!socket) co_return all->ended(granted.lane, socket.error());
    run(all, std::move(*socket), {granted.lane, session::data_path::relay, granted.ticket},
        std::move(keys));
  }

  // The address that answers first is that of all.
  static asio::awaitable<void> dial_all(shared_ptr all, std::vector<dialled_lane> lanes,
                                        endpoints to) {
    for (dialled_lane& one : lanes) {
      auto socket = co_await net::connect(to, dial_times);
      if (all->is_stopped) co_return;
      if (!socket) {
        all->ended(one.granted.lane, socket.error());
        to.clear();  // nor do the others get one
        continue;
      }
      asio::error_code trouble;
      const auto other_end = socket->remote_endpoint(trouble);
      if (!trouble) to = {other_end};
      run(all, std::move(*socket),
          {one.granted.lane, session::data_path::direct, one.granted.ticket}, std::move(one.keys));
    }
  }

  static void run(const shared_ptr& all, asio::ip::tcp::socket socket, const lane_facts& facts,
                  session::lane_ends keys) {
    tune(socket);
    tune_lane(socket.native_handle());
    asio::error_code trouble;
    const int descriptor = socket.release(trouble);
    if (trouble) return all->ended(facts.id, error{errc::connect_failed});
    auto& one = all->lanes[facts.id];
    one = std::make_unique<lane>(descriptor, facts, std::move(keys));
    one->socket.limit_reads(silence_max);
    using transfer_type = std::decay_t<decltype(all->session->transfer())>;
    constexpr bool sends = transfer_type::role == transfer_role::sender;
    if (facts.path == session::data_path::direct) {
      expect_peer(descriptor, sends);
      one->socket.limit_reads(greeting_time);
    } else {
      expect_relay(descriptor);
    }
    if (sends) asio::co_spawn(all->executor, watch(all, facts.id), asio::detached);
    try {
      one->thread = std::thread([all, l = one.get()] {
        const error why = carry(all, *l);
        asio::post(all->executor, [all, why, id = l->facts.id] { all->ended(id, why); });
      });
    } catch (const std::system_error& e) {  // as many as this user may have
      all->ended(facts.id,
                 error{errc::connect_failed, 0, "there is no thread for a lane", e.code()});
    }
  }

  // Ends a lane that the other end has closed, which its thread cannot see while it waits for
  // chunks or for room; and a direct one whose path has gone silent.
  static asio::awaitable<void> watch(shared_ptr all, stream_id id) {
    asio::steady_timer pause(all->executor);
    for (;;) {
      pause.expires_after(std::chrono::seconds(1));
      (void)co_await pause.async_wait(awaited);
      const auto found = all->lanes.find(id);
      if (found == all->lanes.end()) co_return;
      const lane& l = *found->second;
      const bool is_silent =
          l.facts.path == session::data_path::direct && is_unanswered(l.socket.native_handle());
      if (!is_silent && !l.socket.has_ended()) continue;
      l.socket.interrupt();
      all->gate.open();  // it may be waiting for chunks
    }
  }

  // The whole life of a lane, on its thread. Returns why it ended.
  static error carry(const shared_ptr& all, lane& l) {
    auto& transfer = all->session->transfer();
    if (l.facts.ticket) {
      byte_buffer opening;
      (void)append_message(opening, lane_open{*l.facts.ticket});
      const byte_view first = opening;
      const auto sent = l.socket.write_all(session::byte_views(&first, 1));
      if (!sent) return sent.error();
    }
    transfer::record_buffer buffer(transfer.role == transfer_role::sender ? 0
                                                                          : transfer.chunk_bytes());
    if (auto greeted = session::greet(l.keys, l.socket, buffer); !greeted) {
      // Whoever answers at an address of a neighbour is anybody until this has been heard.
      const bool is_direct = l.facts.path == session::data_path::direct;
      return is_direct ? error{errc::connection_lost, 0, "somebody else"} : greeted.error();
    }
    l.socket.limit_reads(silence_max);
    asio::post(all->executor, [all, id = l.facts.id] { all->opened(id); });
    const auto done = pump(all, l, buffer, transfer);
    return done ? error{errc::connection_lost, 0, "the transfer is over"} : done.error();
  }

  template <class Transfer>
  static result<void> pump(const shared_ptr& all, lane& l, transfer::record_buffer& buffer,
                           Transfer& transfer) {
    const auto progress = [&] { tell_progress(all); };
    const auto clock = [] { return std::chrono::steady_clock::now(); };
    if constexpr (Transfer::role != transfer_role::sender) {
      return session::receive_chunks(l.keys, l.socket, buffer, transfer, clock, progress);
    } else if (l.facts.path == session::data_path::relay) {
      standby_sender<Transfer> standby(transfer, all->is_direct);
      return session::send_chunks(l.keys, l.socket, standby, all->gate, clock, progress);
    } else {
      return session::send_chunks(l.keys, l.socket, transfer, all->gate, clock, progress);
    }
  }

  shared_ptr shared_;
};

}  // namespace tallow::net
