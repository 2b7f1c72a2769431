#include <chrono>

#include <gtest/gtest.h>

#include <tallow/session/lane_plan.hpp>

namespace tallow::session {
namespace {

using namespace std::chrono_literals;

constexpr instant start{};

TEST(LanePlan, WantsNoLaneBeforeTheLinkHasSaidHowManyItCarries) {
  lane_plan plan(4);
  EXPECT_EQ(plan.missing(start), 0U);
  plan.limit(3);
  EXPECT_EQ(plan.missing(start), 3U);
  plan.limit(16);
  EXPECT_EQ(plan.missing(start), 4U);
}

TEST(LanePlan, GoesInBandAtOnceWhereThereAreNoLanes) {
  lane_plan none_wanted(0);
  none_wanted.limit(16);
  EXPECT_TRUE(none_wanted.take_in_band(start));
  lane_plan none_carried(2);
  EXPECT_TRUE(none_carried.take_in_band(start));
  EXPECT_FALSE(none_carried.next_timeout());
}

TEST(LanePlan, GoesInBandWhenNoLaneOpensInTime) {
  lane_plan plan(2);
  plan.limit(2);
  plan.announced(stream_id{1}, 2, start);
  EXPECT_EQ(plan.granted(start + 1s), stream_id{1});
  EXPECT_EQ(plan.granted(start + 1s), stream_id{2});
  EXPECT_FALSE(plan.granted(start + 1s));
  EXPECT_FALSE(plan.take_in_band(start + 5s));
  EXPECT_EQ(plan.next_timeout(), start + 1s + limits::lane_open_wait);
  EXPECT_TRUE(plan.take_in_band(start + 6s));
  EXPECT_FALSE(plan.take_in_band(start + 6s));  // once is enough
  EXPECT_FALSE(plan.next_timeout());
}

TEST(LanePlan, ReplacesALostLaneSoonAndThenEverLater) {
  lane_plan plan(1);
  plan.limit(1);
  plan.announced(stream_id{1}, 1, start);
  (void)plan.granted(start);
  plan.opened(stream_id{1});
  EXPECT_TRUE(plan.any_open());
  EXPECT_FALSE(plan.next_timeout());
  instant now = start;
  duration pause{};
  for (std::uint32_t id = 1; id < 20; ++id) {
    plan.ended(stream_id{id}, now);
    EXPECT_EQ(plan.missing(now), 0U);
    instant at = now;
    while (plan.missing(at) == 0) at += 50ms;
    EXPECT_GE(at - now, pause);
    pause = at - now;
    EXPECT_LE(pause, 30s);
    now = at;
    plan.announced(stream_id{id + 1}, 1, now);
    (void)plan.granted(now);
  }
  EXPECT_EQ(pause, 30s);
  // One that opens shows that it works again.
  plan.opened(stream_id{20});
  plan.ended(stream_id{20}, now);
  EXPECT_EQ(plan.missing(now + 100ms), 1U);
}

TEST(LanePlan, FollowsTheOtherSideToTwiceAsManyAsThereMayBe) {
  lane_plan plan(0);
  for (std::uint32_t id = 1; id <= 2 * limits::lanes_max; ++id) {
    EXPECT_TRUE(plan.may_follow(1)) << id;
    plan.announced(stream_id{id}, 1, start);
    if (id % 3 != 0) (void)plan.granted(start);
  }
  EXPECT_FALSE(plan.may_follow(1));
  plan.opened(stream_id{1});
  EXPECT_FALSE(plan.may_follow(1));
  plan.ended(stream_id{1}, start);
  EXPECT_TRUE(plan.may_follow(1));
  EXPECT_FALSE(plan.may_follow(2));
}

}  // namespace
}  // namespace tallow::session
