#include <chrono>

#include <gtest/gtest.h>

#include <tallow/room/deadlines.hpp>

namespace tallow::room {
namespace {

using namespace std::chrono_literals;

TEST(Deadlines, GivesKeysInTheOrderOfTheirTimes) {
  deadlines<int> due;
  EXPECT_FALSE(due.next());
  due.set(1, instant(3s));
  due.set(2, instant(1s));
  due.set(3, instant(2s));
  EXPECT_EQ(due.next(), instant(1s));
  EXPECT_FALSE(due.pop_due(instant(999ms)));
  EXPECT_EQ(due.pop_due(instant(2s)), 2);
  EXPECT_EQ(due.pop_due(instant(2s)), 3);
  EXPECT_FALSE(due.pop_due(instant(2s)));
  EXPECT_EQ(due.next(), instant(3s));
}

TEST(Deadlines, MovesAndRemovesADeadline) {
  deadlines<int> due;
  due.set(1, instant(3s));
  due.set(2, instant(4s));
  due.set(1, instant(5s));
  EXPECT_EQ(due.next(), instant(4s));
  due.set(2, std::nullopt);
  due.set(2, std::nullopt);
  EXPECT_EQ(due.next(), instant(5s));
  due.set(1, std::nullopt);
  EXPECT_FALSE(due.next());
}

TEST(Deadlines, KeepsKeysThatAreDueTogetherApart) {
  deadlines<int> due;
  due.set(1, instant(1s));
  due.set(2, instant(1s));
  EXPECT_TRUE(due.pop_due(instant(1s)));
  EXPECT_TRUE(due.pop_due(instant(1s)));
  EXPECT_FALSE(due.pop_due(instant(1s)));
}

}  // namespace
}  // namespace tallow::room
