#include <gtest/gtest.h>

#include <tallow/base/assert.hpp>

namespace {

TEST(Assert, EvaluatesItsConditionOnce) {
  int evaluated = 0;
  TALLOW_ASSERT(++evaluated == 1);
  EXPECT_EQ(evaluated, 1);
}

TEST(AssertDeathTest, EndsTheProgramInEveryBuildAndSaysWhy) {
  EXPECT_DEATH(TALLOW_ASSERT(1 > 2), "assert_test.cpp:[0-9]+: assertion failed: 1 > 2");
}

#ifndef NDEBUG
TEST(AssertDeathTest, EndsDebugBuildsOnCostlyInvariants) {
  EXPECT_DEATH(TALLOW_DEBUG_ASSERT(1 > 2), "assertion failed: 1 > 2");
}
#endif

}  // namespace
