#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/room/bandwidth.hpp>

namespace tallow::room {
namespace {

using namespace std::chrono_literals;

constexpr instant start{1h};

room_id room_number(std::size_t number) {
  room_id id{};
  id[0] = static_cast<std::byte>(number % 256);
  id[1] = static_cast<std::byte>(number / 256);
  return id;
}

// Lanes that always have bytes: each asks again with its grant. The clock goes from one deadline to
// the next, and is late each time.
class greedy_lanes {
 public:
  explicit greedy_lanes(bandwidth_options options) : share_(options) {}

  void add(std::size_t room, std::uint64_t fraction = 1) {
    const connection_id id{rooms_.size()};
    rooms_.push_back(room);
    fractions_.push_back(fraction);
    share_.ask(room_number(room), id, share_.portion(), now_);
  }

  void run(duration time, duration late = 1ms) {
    const instant end = now_ + time;
    while (now_ < end) {
      while (const auto grant = share_.poll_grant(now_)) {
        const auto lane = static_cast<std::size_t>(grant->to.value);
        const std::uint64_t used = grant->bytes / fractions_[lane];
        by_room_[rooms_[lane]] += used;
        total_ += used;
        if (used < grant->bytes) share_.give_back(grant->room, grant->bytes - used);
        share_.ask(grant->room, grant->to, share_.portion(), now_);
      }
      const auto next = share_.next_timeout();
      ASSERT_TRUE(next.has_value());
      now_ = std::max(now_, *next) + late;
    }
  }

  [[nodiscard]] double total() const { return static_cast<double>(total_); }
  [[nodiscard]] double of(std::size_t room) { return static_cast<double>(by_room_[room]); }

  // Jain's index: 1 when all have the same, 1/n when one has everything.
  [[nodiscard]] double fairness() const {
    double sum = 0;
    double squares = 0;
    for (const auto& [room, bytes] : by_room_) {
      const auto value = static_cast<double>(bytes);
      sum += value;
      squares += value * value;
    }
    return sum * sum / (static_cast<double>(by_room_.size()) * squares);
  }

 private:
  bandwidth share_;
  instant now_ = start;
  std::vector<std::size_t> rooms_;
  std::vector<std::uint64_t> fractions_;
  std::map<std::size_t, std::uint64_t> by_room_;
  std::uint64_t total_ = 0;
};

TEST(Bandwidth, KeepsTheRateOfOneRoom) {
  for (const std::uint64_t rate : {10'000ULL, 1'000'000ULL, 400'000'000ULL}) {
    greedy_lanes lanes({rate, 0});
    for (int i = 0; i < 4; ++i) lanes.add(0);
    lanes.run(10s);
    EXPECT_NEAR(lanes.total(), 10.0 * static_cast<double>(rate), 0.5 * static_cast<double>(rate))
        << rate;
  }
}

TEST(Bandwidth, KeepsTheRateOfAllAndSharesItByRoom) {
  for (const std::uint64_t rate : {1'000'000ULL, 400'000'000ULL}) {
    greedy_lanes lanes({0, rate});
    // One room has 16 lanes, another 1,000 rooms one each.
    for (int i = 0; i < 16; ++i) lanes.add(0);
    for (std::size_t room = 1; room <= 1000; ++room) lanes.add(room);
    lanes.run(20s);
    EXPECT_NEAR(lanes.total(), 20.0 * static_cast<double>(rate), static_cast<double>(rate)) << rate;
    EXPECT_GT(lanes.fairness(), 0.95) << rate;
  }
}

TEST(Bandwidth, LetsOthersHaveWhatARoomOfItsOwnRateLeaves) {
  greedy_lanes lanes({1'000'000, 3'000'000});
  for (std::size_t room = 0; room < 2; ++room) lanes.add(room);
  lanes.run(10s);
  EXPECT_NEAR(lanes.of(0), 10e6, 0.5e6);
  EXPECT_NEAR(lanes.of(1), 10e6, 0.5e6);
  for (std::size_t room = 2; room < 6; ++room) lanes.add(room);
  const double before = lanes.total();
  lanes.run(10s);
  EXPECT_NEAR(lanes.total() - before, 30e6, 1.5e6);
}

TEST(Bandwidth, DoesNotChargeWhatWasGivenBack) {
  greedy_lanes lanes({0, 1'000'000});
  lanes.add(0, 8);  // it never has more than an eighth of what it is granted
  lanes.add(1);
  lanes.run(10s);
  EXPECT_NEAR(lanes.total(), 10e6, 0.5e6);
  EXPECT_NEAR(lanes.of(0), 10e6 / 9, 0.3e6);
}

TEST(Bandwidth, MakesUpForWhatHasPassedAlready) {
  bandwidth share({1000, 0});
  share.ask(room_number(0), connection_id{1}, 5000, start);
  EXPECT_EQ(share.poll_grant(start)->bytes, 5000U);
  share.ask(room_number(0), connection_id{1}, 1, start);
  EXPECT_FALSE(share.poll_grant(start + 4900ms).has_value());
  EXPECT_EQ(share.next_timeout(), start + 4951ms);
  EXPECT_TRUE(share.poll_grant(start + 4951ms).has_value());
  EXPECT_FALSE(share.next_timeout().has_value());
}

TEST(Bandwidth, WithoutLimitsGrantsEverything) {
  bandwidth share({});
  EXPECT_FALSE(share.is_limited());
  share.ask(room_number(0), connection_id{1}, 5000, start);
  EXPECT_EQ(share.poll_grant(start)->bytes, 5000U);
}

TEST(Bandwidth, ChangesItsRatesWhileOthersWait) {
  bandwidth share({1000, 0});
  const auto ask_much = [&](std::size_t room) {
    share.ask(room_number(room), connection_id{room}, 100'000, start);
    share.ask(room_number(room), connection_id{room + 10}, 1000, start);
  };
  ask_much(1);
  ASSERT_TRUE(share.poll_grant(start));
  ASSERT_FALSE(share.poll_grant(start + 90s));
  // What took a hundred seconds at the old rate is no debt at the new one.
  share.change({100'000, 0});
  EXPECT_TRUE(share.poll_grant(start + 90s));
  // Without a limit nobody waits, and with one again somebody does.
  share.change({1000, 0});
  share.ask(room_number(2), connection_id{2}, 100'000, start + 90s);
  share.ask(room_number(2), connection_id{12}, 1000, start + 90s);
  EXPECT_TRUE(share.poll_grant(start + 90s));
  EXPECT_FALSE(share.poll_grant(start + 90s));
  share.change({});
  EXPECT_TRUE(share.poll_grant(start + 90s));
  EXPECT_FALSE(share.is_limited());
}

TEST(Bandwidth, ForgetsRoomsThatHaveNothingToWaitFor) {
  bandwidth share({1'000'000, 0});
  instant now = start;
  for (std::size_t room = 0; room < 5000; ++room) {
    share.ask(room_number(room), connection_id{1}, 1000, now);
    EXPECT_TRUE(share.poll_grant(now).has_value());
    now += 10ms;
  }
  EXPECT_LT(share.flow_count(), 200U);
}

}  // namespace
}  // namespace tallow::room
