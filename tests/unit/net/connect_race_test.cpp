#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <asio/ip/tcp.hpp>
#include <gtest/gtest.h>

#include <tallow/net/connect_race.hpp>

namespace tallow::net {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;

constexpr connect_times times{250ms, 10s};
const instant start{};

std::vector<std::string> order_of(const std::vector<std::string>& hosts) {
  std::vector<tcp::endpoint> found;
  for (const auto& host : hosts) found.emplace_back(asio::ip::make_address(host), 9009);
  std::vector<std::string> order;
  for (const auto& one : in_connecting_order(found)) order.push_back(one.address().to_string());
  return order;
}

TEST(ConnectingOrder, BeginsWithIPv6AndTakesTheFamiliesInTurn) {
  using list = std::vector<std::string>;
  EXPECT_EQ(order_of({"192.0.2.1", "192.0.2.2", "2001:db8::1", "192.0.2.3", "2001:db8::2"}),
            (list{"2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2", "192.0.2.3"}));
  EXPECT_EQ(order_of({"192.0.2.1"}), list{"192.0.2.1"});
  EXPECT_EQ(order_of({"2001:db8::1", "2001:db8::1"}), list{"2001:db8::1"});
  EXPECT_EQ(order_of({}), list{});
}

TEST(ConnectingOrder, IsBoundedAndLeavesNoFamilyOut) {
  std::vector<std::string> many;
  for (int i = 0; i < 200; ++i) many.push_back("2001:db8::" + std::to_string(i + 1));
  many.emplace_back("192.0.2.1");
  const auto order = order_of(many);
  EXPECT_EQ(order.size(), addresses_max);
  EXPECT_EQ(order.at(1), "192.0.2.1");
}

TEST(ConnectRace, TriesTheNextBesideOneThatSaysNothing) {
  connect_race race(3, times);
  EXPECT_EQ(race.poll_start(start), 0U);
  EXPECT_EQ(race.poll_start(start), std::nullopt);
  EXPECT_EQ(race.next_timeout(), start + 250ms);
  EXPECT_EQ(race.poll_start(start + 249ms), std::nullopt);
  EXPECT_EQ(race.poll_start(start + 250ms), 1U);
  EXPECT_EQ(race.next_timeout(), start + 500ms);
  EXPECT_TRUE(race.connected(1));
  EXPECT_EQ(race.winner(), 1U);
  // Nobody else starts, and who arrives later is too late.
  EXPECT_EQ(race.poll_start(start + 10s), std::nullopt);
  EXPECT_EQ(race.next_timeout(), std::nullopt);
  EXPECT_FALSE(race.connected(0));
  EXPECT_EQ(race.winner(), 1U);
}

TEST(ConnectRace, DoesNotWaitBehindOneThatFails) {
  connect_race race(2, times);
  ASSERT_EQ(race.poll_start(start), 0U);
  race.failed(0, start + 1ms);
  EXPECT_EQ(race.poll_start(start + 1ms), 1U);
  EXPECT_FALSE(race.is_lost());
  race.failed(1, start + 2ms);
  EXPECT_TRUE(race.is_lost());
  EXPECT_EQ(race.next_timeout(), std::nullopt);
}

TEST(ConnectRace, GivesAnAddressUpThatSaysNothing) {
  connect_race race(2, times);
  ASSERT_EQ(race.poll_start(start), 0U);
  ASSERT_EQ(race.poll_start(start + 250ms), 1U);
  EXPECT_EQ(race.next_timeout(), start + 10s);
  EXPECT_EQ(race.poll_expired(start + 10s - 1ns), std::nullopt);
  EXPECT_EQ(race.poll_expired(start + 10s), 0U);
  EXPECT_EQ(race.poll_expired(start + 10s), std::nullopt);
  // What was given up does not win any more.
  EXPECT_FALSE(race.connected(0));
  EXPECT_FALSE(race.is_lost());
  EXPECT_EQ(race.poll_expired(start + 11s), 1U);
  EXPECT_TRUE(race.is_lost());
}

TEST(ConnectRace, IsLostWithoutAnAddress) {
  connect_race race(0, times);
  EXPECT_EQ(race.poll_start(start), std::nullopt);
  EXPECT_TRUE(race.is_lost());
}

}  // namespace
}  // namespace tallow::net
