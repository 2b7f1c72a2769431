#pragma once
// A sender and a receiver on real sockets, with a relay on the loopback, all but the lanes on one
// thread.

#include <chrono>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <gtest/gtest.h>

#include <tallow/net/connect.hpp>
#include <tallow/net/session_driver.hpp>
#include <tallow/net/tcp_transport.hpp>
#include <tallow/room/room_client.hpp>
#include <tallow/session/session.hpp>
#include <tallow/transfer/memory.hpp>
#include <tallow/transfer/receiver.hpp>
#include <tallow/transfer/sender.hpp>

#include "support/net_world.hpp"
#include "support/relayed_pair.hpp"

namespace tallow::test {

/// One side: runs until its session is over.
template <class Transfer>
class driven_side {
 public:
  using session_type = session::session<Transfer>;

  driven_side(Transfer& transfer, want wanted, std::uint8_t number)
      : transfer_(&transfer), wanted_(wanted), number_(number), rng_(number) {}

  void start(net_world& world) {
    asio::co_spawn(world.context, work(world.relay),
                   [this](const std::exception_ptr& thrown, result<void> done) {
                     if (thrown) std::rethrow_exception(thrown);
                     outcome = std::move(done);
                   });
  }

  [[nodiscard]] session_type& inside() { return *session_; }

  template <class Event>
  [[nodiscard]] std::vector<Event> all_of() const {
    std::vector<Event> found;
    for (const auto& e : events_) {
      if (const auto* one = std::get_if<Event>(&e)) found.push_back(*one);
    }
    return found;
  }

  std::optional<result<void>> outcome;
  /// Called for every event that the driver leaves to others.
  std::function<void(const session::event&)> on_event;
  bool has_lanes = true;  ///< before start()

 private:
  asio::awaitable<result<void>> work(net::address relay) {
    const auto executor = co_await asio::this_coro::executor;
    auto socket = co_await net::connect(relay);
    if (!socket) co_return fail(socket.error());
    auto code = crypto::code_phrase::parse("7-crossover-clockwork").value();
    room::client_options room;
    room.wanted = wanted_;
    room.side[0] = std::byte{number_};
    room.room = code.room();
    session::session_options options;
    options.lanes = 2;
    options.code = std::move(code);
    session_.emplace(room::client(std::move(room), clock_now()), *transfer_, std::move(options),
                     rng_);
    std::optional<net::route> way;
    if (has_lanes) way.emplace(relay);
    driver_.emplace(*session_, net::tcp_transport(std::move(*socket)), executor,
                    typename driver_type::connector(), way);
    co_return co_await driver_->run([this](const session::event& e) {
      events_.push_back(e);
      if (on_event) on_event(e);
      if constexpr (Transfer::role == transfer_role::receiver) {
        if (!std::holds_alternative<session::offered>(e)) return;
        (void)session_->accept_offer(clock_now());
        driver_->wake();
      }
    });
  }

  using driver_type = net::session_driver<session_type, net::tcp_transport>;

  Transfer* transfer_;
  want wanted_;
  std::uint8_t number_;
  fixed_rng rng_;
  std::optional<session_type> session_;
  std::optional<driver_type> driver_;
  std::vector<session::event> events_;
};

struct driven_pair {
  driven_pair(direct_use sender_wants, direct_use receiver_wants,
              std::size_t bytes = std::size_t{8} << 20U)
      : files{numbered_file("a", bytes)},
        from(source, to_send(sender_wants)),
        into(sink, {}, to_receive(receiver_wants)) {}

  /// False when the two have not come to their ends in time.
  bool run() {
    sending.start(world);
    receiving.start(world);
    return world.until([&] { return sending.outcome && receiving.outcome; },
                       std::chrono::seconds(60));
  }

  void expect_done() {
    ASSERT_TRUE(run());
    ASSERT_TRUE(*sending.outcome) << errc_name(sending.outcome->error().code);
    ASSERT_TRUE(*receiving.outcome) << errc_name(receiving.outcome->error().code);
    ASSERT_EQ(sink.files().size(), 1U);
    EXPECT_TRUE(sink.files()[0].bytes == files[0].bytes);
  }

  /// What the relay has passed on, lanes and control connections together.
  [[nodiscard]] std::uint64_t relayed() const {
    return world.server.core().counters().bytes_relayed;
  }

  using sender_type = transfer::sender<transfer::memory_source, std::mutex>;
  using receiver_type =
      transfer::receiver<transfer::memory_sink, transfer::memory_journal, std::mutex>;

  std::vector<transfer::memory_file> files;
  transfer::memory_source source{files};
  transfer::memory_sink sink{{3, 4}};
  sender_type from;
  receiver_type into;
  net_world world;
  driven_side<sender_type> sending{from, want::send, 1};
  driven_side<receiver_type> receiving{into, want::receive, 2};

 private:
  static transfer::sender_options to_send(direct_use wanted) {
    transfer::sender_options options;
    options.direct = wanted;
    return options;
  }
  static transfer::receiver_options to_receive(direct_use wanted) {
    transfer::receiver_options options;
    options.direct = wanted;
    return options;
  }
};

}  // namespace tallow::test
