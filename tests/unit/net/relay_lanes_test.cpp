// Lanes through a relay on real sockets.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <asio/executor_work_guard.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>
#include <gtest/gtest.h>

#include <tallow/net/relay_server.hpp>
#include <tallow/wire/message.hpp>

#include "support/net_world.hpp"

namespace tallow::net {
namespace {

using namespace std::chrono_literals;
using test::bare_socket;
using test::net_client;
using test::net_world;

byte_buffer random_bytes(std::size_t count) {
  std::mt19937_64 generator(7);
  byte_buffer bytes(count);
  for (std::byte& b : bytes) b = static_cast<std::byte>(generator());
  return bytes;
}

byte_buffer opening(const lane_ticket& ticket) {
  byte_buffer frame;
  EXPECT_TRUE(append_message(frame, lane_open{ticket}));
  return frame;
}

class RelayServerLanes : public ::testing::TestWithParam<lane_moving> {
 protected:
  void start(std::uint64_t room_bytes_max = 0) {
    relay_server_options options;
    options.relay.rooms.each.bytes_max = room_bytes_max;
    options.lanes.how = GetParam();
    first_.reset();  // what runs in a world may not outlive it
    second_.reset();
    world_ = std::make_unique<net_world>("127.0.0.1", std::move(options));
    first_ = world_->client(1, want::send);
    ASSERT_TRUE(world_->until([&] { return first_->find<room::created>() != nullptr; }));
    second_ = world_->client(2, want::receive, first_->find<room::created>()->room);
    ASSERT_TRUE(world_->until([&] { return first_->find<room::peer_arrived>() != nullptr; }));
    ASSERT_TRUE(first_->link.confirm());
    first_->flush();
  }

  std::vector<lane_ticket> tickets(const std::shared_ptr<net_client>& of, std::uint32_t count) {
    EXPECT_TRUE(of->link.request_lanes(count));
    of->flush();
    EXPECT_TRUE(world_->until([&] { return of->find<room::tickets_granted>() != nullptr; }));
    return of->find<room::tickets_granted>()->tickets;
  }

  std::unique_ptr<bare_socket> open(const lane_ticket& ticket) {
    auto end = std::make_unique<bare_socket>(*world_);
    EXPECT_TRUE(end->send(opening(ticket)));
    return end;
  }

  // So many lanes, both ends of each.
  void open_lanes(std::uint32_t count) {
    const auto of_first = tickets(first_, count);
    const auto of_second = tickets(second_, count);
    ASSERT_EQ(of_first.size(), count);
    ASSERT_EQ(of_second.size(), count);
    for (std::uint32_t i = 0; i < count; ++i) {
      first_ends_.push_back(open(of_first[i]));
      second_ends_.push_back(open(of_second[i]));
    }
    ASSERT_TRUE(
        world_->until([&] { return world_->server.core().lane_end_count() == 2U * count; }));
  }

  std::unique_ptr<net_world> world_;
  std::shared_ptr<net_client> first_;
  std::shared_ptr<net_client> second_;
  std::vector<std::unique_ptr<bare_socket>> first_ends_;
  std::vector<std::unique_ptr<bare_socket>> second_ends_;
};

// The first end sends at once, long before the other has come: the relay must take nothing of it
// for itself, however the bytes are cut.
TEST_P(RelayServerLanes, CarryAllThatFollowsTheOpening) {
  for (const std::size_t cut : {0U, 1U, 8U, 20U, 42U}) {
    start();
    const byte_buffer bytes = random_bytes(100'000);
    byte_buffer all = opening(tickets(first_, 1).at(0));
    const std::size_t opening_bytes = all.size();
    append(all, bytes);
    bare_socket one(*world_);
    ASSERT_TRUE(one.send(byte_view(all).first(cut)));
    ASSERT_TRUE(one.send(byte_view(all).subspan(cut, opening_bytes - cut + 100)));
    ASSERT_TRUE(world_->until([&] { return world_->server.core().lane_end_count() == 1; }));
    ASSERT_TRUE(one.send(byte_view(all).subspan(opening_bytes + 100)));
    const auto other = open(tickets(second_, 1).at(0));
    ASSERT_TRUE(other->send(byte_view(bytes).first(5'000)));
    ASSERT_TRUE(other->read(bytes.size()));
    EXPECT_TRUE(other->got == bytes) << cut;
    ASSERT_TRUE(one.read(5'000));
    EXPECT_TRUE(equal(one.got, byte_view(bytes).first(5'000)));
    EXPECT_EQ(world_->server.core().counters().bytes_relayed, 105'000U);
  }
}

TEST_P(RelayServerLanes, EndWhenBothSidesHaveEnded) {
  start();
  open_lanes(1);
  ASSERT_TRUE(first_ends_[0]->send(random_bytes(10)));
  first_ends_[0]->close_sending();
  ASSERT_TRUE(second_ends_[0]->read_to_end());
  EXPECT_TRUE(second_ends_[0]->ended_in_order());
  EXPECT_EQ(second_ends_[0]->got, random_bytes(10));
  EXPECT_EQ(world_->server.core().lane_end_count(), 2U);
  ASSERT_TRUE(second_ends_[0]->send(random_bytes(20)));
  second_ends_[0]->close_sending();
  ASSERT_TRUE(first_ends_[0]->read_to_end());
  EXPECT_TRUE(first_ends_[0]->ended_in_order());
  EXPECT_EQ(first_ends_[0]->got, random_bytes(20));
  EXPECT_TRUE(world_->until([&] { return world_->server.core().connection_count() == 2; }));
  EXPECT_EQ(world_->server.core().lane_end_count(), 0U);
}

TEST_P(RelayServerLanes, EndWithTheirRoom) {
  start();
  open_lanes(3);
  ASSERT_TRUE(second_->link.close(close_reason::done));
  second_->flush();
  for (auto* ends : {&first_ends_, &second_ends_}) {
    for (auto& end : *ends) EXPECT_TRUE(end->read_to_end());
  }
  EXPECT_TRUE(world_->until([&] { return world_->server.core().lane_end_count() == 0; }));
}

TEST_P(RelayServerLanes, EndAloneWhenOneOfTheirConnectionsFails) {
  start();
  open_lanes(2);
  first_ends_[0]->reset();
  EXPECT_TRUE(second_ends_[0]->read_to_end());
  ASSERT_TRUE(world_->until([&] { return world_->server.core().lane_end_count() == 2; }));
  ASSERT_TRUE(first_ends_[1]->send(random_bytes(1'000)));
  EXPECT_TRUE(second_ends_[1]->read(1'000));
  EXPECT_EQ(second_->find<room::peer_gone>(), nullptr);
}

TEST_P(RelayServerLanes, AreClosedToWhoHasNoTicket) {
  start();
  const auto ticket = tickets(first_, 1).at(0);
  lane_ticket wrong = ticket;
  wrong.back() ^= std::byte{1};
  for (const auto& t : {wrong, lane_ticket{}}) {
    const auto end = open(t);
    ASSERT_TRUE(end->read_to_end());
    EXPECT_TRUE(end->got.empty());
  }
  const auto end = open(ticket);
  ASSERT_TRUE(world_->until([&] { return world_->server.core().lane_end_count() == 1; }));
  const auto again = open(ticket);
  EXPECT_TRUE(again->read_to_end());
  EXPECT_EQ(world_->server.core().lane_end_count(), 1U);
}

TEST_P(RelayServerLanes, CarryNoMoreThanTheRoomsQuota) {
  constexpr std::size_t quota = 3'000'000;
  start(quota);
  open_lanes(1);
  (void)first_ends_[0]->send(random_bytes(quota + 1'000'000));
  ASSERT_TRUE(second_ends_[0]->read_to_end());
  EXPECT_LE(second_ends_[0]->got.size(), quota);
  for (const auto& client : {first_, second_}) {
    ASSERT_TRUE(world_->until([&] { return client->find<room::refused>() != nullptr; }));
    EXPECT_EQ(client->find<room::refused>()->why.code, errc::quota_exhausted);
  }
}

TEST_P(RelayServerLanes, AreMovedUntilTheRelayHasDrained) {
  start();
  open_lanes(1);
  world_->server.drain(200ms);
  ASSERT_TRUE(first_ends_[0]->send(random_bytes(100'000)));
  EXPECT_TRUE(second_ends_[0]->read(100'000));
  EXPECT_TRUE(second_ends_[0]->read_to_end());
  EXPECT_TRUE(world_->until([&] { return world_->server.core().lane_end_count() == 0; }));
}

TEST_P(RelayServerLanes, EndAtOnceWithTheServer) {
  start();
  open_lanes(2);
  bool is_ended = false;
  world_->server.on_end([&] { is_ended = true; });
  world_->server.stop();
  EXPECT_TRUE(world_->until([&] { return is_ended; }));
  EXPECT_EQ(world_->server.core().connection_count(), 0U);
}

// Threads keep every lane full both ways, as fast as the relay lets them.
TEST_P(RelayServerLanes, LeaveRoomForAnAnswerWhileTheyAreFull) {
  start();
  open_lanes(4);
  bare_socket control(*world_);
  ASSERT_TRUE(control.send(client_hello{{relay_protocol_version}, ""}));
  ASSERT_TRUE(control.read(limits::frame_header_bytes));
  byte_buffer ping;
  ASSERT_TRUE(append_message(ping, relay_ping{}));

  std::atomic<std::uint64_t> arrived{0};
  std::vector<std::thread> threads;
  for (auto* ends : {&first_ends_, &second_ends_}) {
    for (auto& end : *ends) {
      asio::ip::tcp::socket& socket = end->blocking();
      threads.emplace_back([&socket] {
        const byte_buffer block(256 * 1024);
        for (asio::error_code trouble; !trouble;) {
          asio::write(socket, asio::buffer(block.data(), block.size()), trouble);
        }
      });
      threads.emplace_back([&socket, &arrived] {
        byte_buffer block(256 * 1024);
        for (asio::error_code trouble; !trouble;) {
          arrived += socket.read_some(asio::buffer(block.data(), block.size()), trouble);
        }
      });
    }
  }
  auto work = asio::make_work_guard(world_->context);
  world_->context.restart();
  std::thread relay([&] { world_->context.run(); });

  asio::ip::tcp::socket& socket = control.blocking();
  byte_buffer answer(ping.size());
  std::vector<std::chrono::nanoseconds> waits;
  while (waits.size() < 31 || arrived < 10'000'000) {
    const auto since = test::clock_now();
    asio::write(socket, asio::buffer(ping.data(), ping.size()));
    asio::read(socket, asio::buffer(answer.data(), answer.size()));
    waits.push_back(test::clock_now() - since);
  }
  asio::post(world_->context, [&] { world_->server.stop(); });
  work.reset();
  relay.join();
  for (std::thread& t : threads) t.join();
  EXPECT_GT(world_->server.core().counters().bytes_relayed, 10'000'000U);
  // Not the slowest: the machine that runs the tests may have other things to do now and then.
  std::sort(waits.begin(), waits.end());
  EXPECT_LT(waits[waits.size() / 2], 100ms);
}

std::string name_of(const ::testing::TestParamInfo<lane_moving>& of) {
  return of.param == lane_moving::spliced ? "Spliced" : "Copied";
}
INSTANTIATE_TEST_SUITE_P(Both, RelayServerLanes,
                         ::testing::Values(lane_moving::spliced, lane_moving::copied), name_of);

}  // namespace
}  // namespace tallow::net
