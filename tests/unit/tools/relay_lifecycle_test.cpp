// What a relay does beside relaying ends when the relay does.

#include <chrono>
#include <cstddef>
#include <optional>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <gtest/gtest.h>

#include <tallow/net/relay_group.hpp>

#include "tools/tallow-relay/lifecycle.hpp"

namespace tallow::relay_tool {
namespace {

using namespace std::chrono_literals;

struct ending {
  asio::io_context context{1};
  net::relay_group relay{context, 2, net::relay_server_options{}};
  asio::steady_timer timer{context};
};

// Does something again and again, and ends the relay on the way.
asio::awaitable<void> repeat(asio::steady_timer& timer, net::relay_group& relay,
                             std::chrono::milliseconds pause, std::size_t& turns) {
  for (;;) {
    const bool goes_on = co_await pause_for(timer, pause, relay);
    if (!goes_on) co_return;
    const auto figures = co_await relay.figures();
    EXPECT_EQ(figures.rooms, 0U);
    // From here on it is cancelled while it is not waited for, or has expired already.
    if (++turns == 3) relay.stop();
  }
}

TEST(RelayLifecycle, NothingKeepsAProcessWhoseRelayHasEnded) {
  for (const auto pause : {0ms, 1ms}) {
    ending world;
    std::size_t turns = 0;
    world.relay.start([&] { world.timer.cancel(); });
    asio::co_spawn(world.context, repeat(world.timer, world.relay, pause, turns), asio::detached);
    world.context.run_for(20s);
    EXPECT_TRUE(world.context.stopped());
    EXPECT_TRUE(world.relay.has_ended());
    EXPECT_GE(turns, 3U);
  }
}

TEST(RelayLifecycle, NobodyWaitsWhereItHasEndedBefore) {
  ending world;
  world.relay.start([] {});
  world.relay.stop();
  const auto end = std::chrono::steady_clock::now() + 20s;
  while (!world.relay.has_ended() && std::chrono::steady_clock::now() < end) {
    world.context.restart();
    world.context.run_one_for(10ms);
  }
  ASSERT_TRUE(world.relay.has_ended());
  std::optional<bool> goes_on;
  world.context.restart();
  asio::co_spawn(
      world.context,
      [&]() -> asio::awaitable<void> {
        goes_on = co_await pause_for(world.timer, 1h, world.relay);
      },
      asio::detached);
  world.context.run_for(20s);
  EXPECT_EQ(goes_on, false);
}

}  // namespace
}  // namespace tallow::relay_tool
