#include <gtest/gtest.h>

#include <tallow/transfer/scheduler.hpp>

namespace tallow::transfer {
namespace {

constexpr stream_id a{1};
constexpr stream_id b{2};

byte_space space_of_chunks(std::uint64_t count) {
  byte_space space(10);
  for (std::uint64_t i = 0; i < count; ++i) EXPECT_TRUE(space.add_entry(10).has_value());
  space.complete();
  return space;
}

TEST(Scheduler, HandsOutEachChunkOnceInOrder) {
  const byte_space space = space_of_chunks(3);
  scheduler s;
  EXPECT_EQ(s.take(space, 3, a), chunk_index{0});
  EXPECT_EQ(s.take(space, 3, a), chunk_index{1});
  EXPECT_EQ(s.take(space, 3, a), chunk_index{2});
  EXPECT_EQ(s.take(space, 3, a), std::nullopt);
  EXPECT_TRUE(s.all_taken(3));
}

TEST(Scheduler, StopsAtWhatWasAccepted) {
  const byte_space space = space_of_chunks(3);
  scheduler s;
  EXPECT_EQ(s.take(space, 0, a), std::nullopt);
  EXPECT_EQ(s.take(space, 1, a), chunk_index{0});
  EXPECT_EQ(s.take(space, 1, a), std::nullopt);
  EXPECT_FALSE(s.all_taken(3));
}

TEST(Scheduler, StopsAtTheWindow) {
  const byte_space space = space_of_chunks(limits::chunk_window + 2);
  scheduler s;
  for (std::uint64_t i = 0; i < limits::chunk_window; ++i) {
    ASSERT_TRUE(s.take(space, limits::chunk_window + 2, a).has_value());
  }
  EXPECT_EQ(s.take(space, limits::chunk_window + 2, a), std::nullopt);
  // An acknowledgement in the middle does not open the window, the lowest one does.
  ASSERT_TRUE(s.acknowledge(space, chunk_index{5}).has_value());
  EXPECT_EQ(s.take(space, limits::chunk_window + 2, a), std::nullopt);
  ASSERT_TRUE(s.acknowledge(space, chunk_index{0}).has_value());
  EXPECT_EQ(s.take(space, limits::chunk_window + 2, a), chunk_index{limits::chunk_window});
}

TEST(Scheduler, LeavesOutWhatNobodyWants) {
  byte_space space = space_of_chunks(4);
  space.decline(entry_index{0});
  space.decline(entry_index{2});
  scheduler s;
  EXPECT_EQ(s.take(space, 4, a), chunk_index{1});
  EXPECT_EQ(s.take(space, 4, a), chunk_index{3});
  EXPECT_EQ(s.take(space, 4, a), std::nullopt);
  EXPECT_TRUE(s.all_taken(4));
  ASSERT_TRUE(s.acknowledge(space, chunk_index{1}).has_value());
  EXPECT_EQ(s.acknowledged_prefix(), 3U);
}

TEST(Scheduler, GivesALostLanesChunksToOthersFirst) {
  const byte_space space = space_of_chunks(4);
  scheduler s;
  EXPECT_EQ(s.take(space, 4, a), chunk_index{0});
  EXPECT_EQ(s.take(space, 4, a), chunk_index{1});
  ASSERT_TRUE(s.acknowledge(space, chunk_index{1}).has_value());
  s.lane_lost(a);  // chunk 1 was acknowledged: not again
  EXPECT_FALSE(s.all_taken(2));
  EXPECT_EQ(s.take(space, 4, a), chunk_index{0});
  EXPECT_EQ(s.take(space, 4, a), chunk_index{2});
}

TEST(Scheduler, RefusesLiesAboutWhatArrived) {
  const byte_space space = space_of_chunks(4);
  scheduler s;
  EXPECT_EQ(s.acknowledge(space, chunk_index{0}).error().code, errc::chunk_unexpected);
  ASSERT_TRUE(s.take(space, 4, a).has_value());
  ASSERT_TRUE(s.acknowledge(space, chunk_index{0}).has_value());
  EXPECT_FALSE(s.acknowledge(space, chunk_index{0}).value());  // said twice: nothing new
}

TEST(Scheduler, ReturnsOnlyWhatTheLostLaneHad) {
  const byte_space space = space_of_chunks(4);
  scheduler s;
  ASSERT_EQ(s.take(space, 4, a), chunk_index{0});
  ASSERT_EQ(s.take(space, 4, b), chunk_index{1});
  ASSERT_EQ(s.take(space, 4, a), chunk_index{2});
  s.lane_lost(a);
  EXPECT_EQ(s.take(space, 4, b), chunk_index{0});
  EXPECT_EQ(s.take(space, 4, b), chunk_index{2});
  EXPECT_EQ(s.take(space, 4, b), chunk_index{3});
  s.lane_lost(a);  // twice: it has nothing any more
  EXPECT_EQ(s.take(space, 4, b), std::nullopt);
  s.lane_lost(b);
  for (std::uint64_t i = 0; i < 4; ++i) EXPECT_EQ(s.take(space, 4, a), chunk_index{i});
}

TEST(Scheduler, KnowsWhatWasRead) {
  const byte_space space = space_of_chunks(3);
  scheduler s;
  ASSERT_EQ(s.take(space, 3, a), chunk_index{0});
  ASSERT_EQ(s.take(space, 3, b), chunk_index{1});
  EXPECT_EQ(s.read_below(), 0U);
  s.read_done(chunk_index{1});
  EXPECT_EQ(s.read_below(), 0U);
  s.read_done(chunk_index{0});
  EXPECT_EQ(s.read_below(), 2U);
}

}  // namespace
}  // namespace tallow::transfer
