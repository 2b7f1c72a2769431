#include <chrono>
#include <cstdint>

#include <gtest/gtest.h>

#include <tallow/session/direct_plan.hpp>

namespace tallow::session {
namespace {

using namespace std::chrono_literals;

constexpr instant start{};

direct_plan plan_of(direct_use agreed, std::uint32_t wanted = 2) {
  direct_plan plan(wanted);
  plan.begin(agreed, start);
  return plan;
}

TEST(DirectPlan, HoldsOthersUntilBothSidesHaveSaidWhatTheyWant) {
  direct_plan plan(2);
  EXPECT_TRUE(plan.holds_others(start + 1h));
  EXPECT_FALSE(plan.take_due(start + 1h));
  EXPECT_FALSE(plan.next_timeout());
  plan.begin(direct_use::never, start);
  EXPECT_FALSE(plan.holds_others(start));
  EXPECT_FALSE(plan.take_due(start));
  EXPECT_FALSE(plan.next_timeout());
}

TEST(DirectPlan, GivesDirectLanesAHeadStart) {
  direct_plan plan = plan_of(direct_use::preferred);
  EXPECT_TRUE(plan.take_due(start));
  EXPECT_FALSE(plan.take_due(start));  // once is enough
  EXPECT_EQ(plan.missing(), 2U);
  plan.announced(stream_id{1}, 2, start + 100ms);
  EXPECT_EQ(plan.missing(), 0U);
  EXPECT_TRUE(plan.holds_others(start + 399ms));
  EXPECT_EQ(plan.next_timeout(), start + 400ms);
  EXPECT_FALSE(plan.holds_others(start + 400ms));
  EXPECT_FALSE(plan.any_open());
}

TEST(DirectPlan, HoldsOthersWhileOneIsOpen) {
  direct_plan plan = plan_of(direct_use::preferred);
  plan.announced(stream_id{1}, 2, start);
  EXPECT_TRUE(plan.has(stream_id{2}));
  EXPECT_FALSE(plan.has(stream_id{3}));
  plan.opened(stream_id{2});
  EXPECT_TRUE(plan.has(stream_id{2}));
  EXPECT_TRUE(plan.holds_others(start + 1h));
  plan.ended(stream_id{1}, start + 1h);
  EXPECT_TRUE(plan.holds_others(start + 1h));
  plan.ended(stream_id{2}, start + 1h);
  EXPECT_FALSE(plan.any_open());
  EXPECT_FALSE(plan.holds_others(start + 1h));
}

TEST(DirectPlan, TellsOnceOfALaneThatIsLate) {
  direct_plan plan = plan_of(direct_use::preferred);
  plan.announced(stream_id{1}, 2, start);
  plan.opened(stream_id{1});
  EXPECT_FALSE(plan.take_late(start + 4s));
  EXPECT_EQ(plan.next_timeout(), start + limits::direct_open_wait);
  EXPECT_EQ(plan.take_late(start + 5s), stream_id{2});
  EXPECT_FALSE(plan.take_late(start + 5s));
  EXPECT_FALSE(plan.next_timeout());
  plan.opened(stream_id{2});  // somebody was about to open it
  EXPECT_EQ(plan.missing(), 0U);
}

TEST(DirectPlan, TriesAgainSoonAndThenEverLater) {
  direct_plan plan = plan_of(direct_use::preferred, 1);
  EXPECT_FALSE(plan.holds_others(start + 1s));  // so the head start is over
  instant now = start;
  duration pause{};
  for (std::uint32_t id = 1; id < 12; ++id) {
    ASSERT_TRUE(plan.take_due(now));
    plan.announced(stream_id{id}, 1, now);
    plan.ended(stream_id{id}, now);
    EXPECT_FALSE(plan.take_due(now));
    const instant next = *plan.next_timeout();
    EXPECT_GE(next - now, pause);
    pause = next - now;
    now = next;
    if (id == 1) {
      EXPECT_EQ(pause, 1s);
    }
    EXPECT_FALSE(plan.holds_others(now));
  }
  EXPECT_EQ(pause, 30s);
  ASSERT_TRUE(plan.take_due(now));
  plan.announced(stream_id{20}, 1, now);
  plan.opened(stream_id{20});
  plan.ended(stream_id{20}, now);
  EXPECT_EQ(plan.next_timeout(), now + 1s);
}

TEST(DirectPlan, CountsLanesThatAreCutTogetherOnce) {
  direct_plan plan = plan_of(direct_use::preferred);
  plan.announced(stream_id{1}, 2, start);
  plan.opened(stream_id{1});
  plan.opened(stream_id{2});
  plan.ended(stream_id{1}, start + 10s);
  plan.ended(stream_id{2}, start + 10s);
  EXPECT_EQ(plan.next_timeout(), start + 11s);
}

TEST(DirectPlan, LetsOthersGoAtOnceWhereThereIsNoAddress) {
  direct_plan plan = plan_of(direct_use::preferred);
  ASSERT_TRUE(plan.take_due(start));
  plan.cannot_listen(start);
  EXPECT_FALSE(plan.holds_others(start));
  EXPECT_FALSE(plan.take_due(start));
  EXPECT_TRUE(plan.take_due(start + 1s));
}

TEST(DirectPlan, FailsWithoutALaneForHalfAMinuteWhereOneIsRequired) {
  direct_plan plan = plan_of(direct_use::required);
  plan.announced(stream_id{1}, 2, start);
  EXPECT_TRUE(plan.holds_others(start + 10s));
  plan.opened(stream_id{1});
  EXPECT_FALSE(plan.has_failed(start + 1h));
  plan.ended(stream_id{2}, start + 1h);
  EXPECT_FALSE(plan.has_failed(start + 2h));
  plan.ended(stream_id{1}, start + 2h);
  EXPECT_FALSE(plan.has_failed(start + 2h + 29s));
  EXPECT_TRUE(plan.has_failed(start + 2h + 30s));
  EXPECT_TRUE(plan.holds_others(start + 2h + 29s));
}

TEST(DirectPlan, FailsWhereOneIsRequiredAndNoneIsWanted) {
  const direct_plan plan = plan_of(direct_use::required, 0);
  EXPECT_EQ(plan.next_timeout(), start + 30s);
  EXPECT_TRUE(plan.has_failed(start + 30s));
}

TEST(DirectPlan, FollowsFewLanesAndNotTooOften) {
  direct_plan plan(0);
  EXPECT_TRUE(plan.follow(stream_id{1}, 10, start));
  EXPECT_FALSE(plan.follow(stream_id{11}, 1, start + 499ms));
  EXPECT_FALSE(plan.follow(stream_id{11}, 7, start + 500ms));
  EXPECT_TRUE(plan.follow(stream_id{20}, 6, start + 500ms));
  EXPECT_FALSE(plan.follow(stream_id{30}, 1, start + 1s));
  plan.ended(stream_id{20}, start + 1s);
  EXPECT_TRUE(plan.follow(stream_id{40}, 1, start + 1s));
  EXPECT_FALSE(plan.next_timeout());
}

}  // namespace
}  // namespace tallow::session
