// A relay in several threads, on real sockets.

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <gtest/gtest.h>

#include <tallow/crypto/code_phrase.hpp>
#include <tallow/net/relay_group.hpp>

#include "support/net_world.hpp"

namespace tallow::net {
namespace {

using namespace std::chrono_literals;
using test::net_client;

class group_world {
 public:
  explicit group_world(std::size_t shards, relay_server_options options = {})
      : group(context, shards, std::move(options)) {}
  ~group_world() {
    if (!has_ended && is_running) {
      group.stop();
      EXPECT_TRUE(until([&] { return has_ended; }));
    }
    for (const auto& c : clients) c->disconnect();
    context.restart();
    context.run_for(5s);
  }

  void start() {
    is_running = true;
    group.start([this] { has_ended = true; });
  }

  template <class Condition>
  bool until(Condition holds) {
    const auto end = test::clock_now() + 10s;
    while (!holds()) {
      if (test::clock_now() > end) return false;
      context.restart();
      context.run_one_for(50ms);
    }
    return true;
  }

  room::relay_figures figures() {
    std::optional<room::relay_figures> seen;
    asio::co_spawn(
        context, [&]() -> asio::awaitable<void> { seen = co_await group.figures(); },
        asio::detached);
    EXPECT_TRUE(until([&] { return seen.has_value(); }));
    return seen.value_or(room::relay_figures{});
  }

  std::shared_ptr<net_client> client(std::uint8_t number, want wanted,
                                     std::optional<room_id> room = std::nullopt) {
    side_id side{};
    side[0] = static_cast<std::byte>(number);
    clients.push_back(
        net_client::start(context, group.addresses().at(0), {wanted, side, room, "test"}));
    return clients.back();
  }

  asio::io_context context;
  relay_group group;
  bool is_running = false;
  bool has_ended = false;
  std::vector<std::shared_ptr<net_client>> clients;
};

struct pair_of_clients {
  std::shared_ptr<net_client> first;
  std::shared_ptr<net_client> second;
};

// Rooms all over the shards, whose second sides come in at any of them.
std::vector<pair_of_clients> live_rooms(group_world& w, std::size_t count) {
  std::vector<pair_of_clients> all(count);
  for (auto& one : all) one.first = w.client(1, want::send);
  for (auto& one : all) {
    EXPECT_TRUE(w.until([&] { return one.first->find<room::created>() != nullptr; }));
    one.second = w.client(2, want::receive, one.first->find<room::created>()->room);
  }
  for (auto& one : all) {
    EXPECT_TRUE(w.until([&] { return one.first->find<room::peer_arrived>() != nullptr; }));
    EXPECT_TRUE(one.first->link.confirm());
    one.first->flush();
  }
  return all;
}

TEST(RelayGroup, ServesRoomsInAllShards) {
  constexpr std::size_t count = 48;
  group_world w(3);
  ASSERT_TRUE(w.group.listen({"127.0.0.1", 0}));
  w.start();
  EXPECT_EQ(w.group.addresses().size(), 1U);
  const auto rooms = live_rooms(w, count);
  std::set<std::uint32_t> homes;
  for (std::size_t i = 0; i < count; ++i) {
    homes.insert(room::shard{0, 3}.home_of(rooms[i].first->find<room::created>()->room));
    const byte_buffer bytes(10'000 + i, static_cast<std::byte>(i));
    EXPECT_TRUE(rooms[i].first->link.send_slice(stream_id{1}, bytes));
    EXPECT_TRUE(rooms[i].second->link.send_slice(stream_id{1}, bytes));
    rooms[i].first->flush();
    rooms[i].second->flush();
    ASSERT_TRUE(w.until([&] {
      return rooms[i].first->got.size() == bytes.size() &&
             rooms[i].second->got.size() == bytes.size();
    }));
    EXPECT_EQ(rooms[i].second->got, bytes);
    EXPECT_EQ(rooms[i].first->got, bytes);
  }
  EXPECT_EQ(homes.size(), 3U) << "by chance once in a hundred million runs";
  const auto seen = w.figures();
  EXPECT_EQ(seen.rooms, count);
  EXPECT_EQ(seen.connections, 2 * count);
  EXPECT_EQ(seen.counters.sessions, count);
  EXPECT_EQ(seen.counters.connections, 2 * count);
}

TEST(RelayGroup, DrainsAllShards) {
  group_world w(3);
  ASSERT_TRUE(w.group.listen({"127.0.0.1", 0}));
  w.start();
  const auto rooms = live_rooms(w, 6);
  const auto waiting = w.client(1, want::send);
  ASSERT_TRUE(w.until([&] { return waiting->find<room::created>() != nullptr; }));
  w.group.drain(100ms);
  EXPECT_TRUE(w.until([&] { return w.has_ended; }));
  for (const auto& c : w.clients) {
    EXPECT_TRUE(w.until([&] { return c->is_ended || c->failure.has_value(); }));
    EXPECT_NE(c->find<room::draining>(), nullptr);
  }
  EXPECT_EQ(w.group.figures_at_end().connections, 0U);
}

TEST(RelayGroup, SaysThatAPortIsTakenByAnotherGroup) {
  group_world w(2);
  ASSERT_TRUE(w.group.listen({"127.0.0.1", 0}));
  asio::io_context context;
  for (const std::size_t shards : {1U, 2U}) {
    relay_group other(context, shards, {});
    const auto done = other.listen(w.group.addresses().at(0));
    ASSERT_FALSE(done) << shards;
    EXPECT_TRUE(done.error().cause == std::errc::address_in_use);
  }
}

TEST(RelayGroup, SharesASocketThatSomebodyElseMadeListen) {
  group_world w(3);
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_GE(socket, 0);
  ASSERT_EQ(::listen(socket, 16), 0);  // takes a free port of all addresses
  ASSERT_TRUE(w.group.adopt(socket));
  w.start();
  (void)live_rooms(w, 6);
  EXPECT_TRUE(w.until([&] { return w.figures().counters.sessions == 6; }));
}

TEST(RelayGroup, IsOneShardWhereBandwidthIsSharedByAll) {
  asio::io_context context;
  relay_server_options options;
  options.relay.bandwidth.total_bytes_per_s = 1'000'000;
  EXPECT_EQ(relay_group(context, 4, options).shard_count(), 1U);
  EXPECT_EQ(relay_group(context, 4, {}).shard_count(), 4U);
}

}  // namespace
}  // namespace tallow::net
