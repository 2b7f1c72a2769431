#include <chrono>

#include <gtest/gtest.h>

#include <tallow/room/failed_joins.hpp>

namespace tallow::room {
namespace {

using namespace std::chrono_literals;

TEST(FailedJoins, MakesASourceWaitAfterTooMany) {
  failed_joins joins;
  const instant now(1h);
  for (unsigned i = 1; i < failed_joins::per_minute_max; ++i) joins.count(1, now);
  EXPECT_EQ(joins.wait(1, now), duration::zero());
  joins.count(1, now + 20s);
  EXPECT_EQ(joins.wait(1, now + 20s), 40s);
  EXPECT_EQ(joins.wait(2, now + 20s), duration::zero());
  EXPECT_EQ(joins.wait(1, now + 60s), duration::zero());
  joins.count(1, now + 60s);
  EXPECT_EQ(joins.wait(1, now + 60s), duration::zero());
}

TEST(FailedJoins, RemembersABoundedNumberOfSources) {
  failed_joins joins;
  const instant now(1h);
  for (unsigned i = 0; i < failed_joins::per_minute_max; ++i) joins.count(0, now);
  for (source_id s = 1; s < failed_joins::sources_max; ++s) joins.count(s, now);
  EXPECT_GT(joins.wait(0, now), duration::zero());
  joins.count(failed_joins::sources_max, now);
  EXPECT_EQ(joins.wait(0, now), duration::zero());
}

}  // namespace
}  // namespace tallow::room
