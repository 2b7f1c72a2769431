#include <algorithm>
#include <cstdint>

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

// However large a file is said to be: nobody counts its chunks.
TEST(Scheduler, LeavesOutAHugeEntryAtOnce) {
  byte_space space(10);
  for (const std::uint64_t size :
       {std::uint64_t{10}, std::uint64_t{10} << 56U, std::uint64_t{10}}) {
    ASSERT_TRUE(space.add_entry(size).has_value());
  }
  space.complete();
  space.decline(entry_index{1});
  const std::uint64_t count = space.chunk_count();
  scheduler s;
  EXPECT_EQ(s.take(space, count, a), chunk_index{0});
  // The window counts from the lowest chunk that is not acknowledged, wanted or not.
  EXPECT_EQ(s.take(space, count, a), std::nullopt);
  s.lane_lost(b);
  ASSERT_TRUE(s.acknowledge(space, chunk_index{0}).has_value());
  EXPECT_EQ(s.take(space, count, a), chunk_index{count - 1});
  ASSERT_TRUE(s.acknowledge(space, chunk_index{count - 1}).has_value());
  EXPECT_EQ(s.acknowledged_prefix(), count);
  EXPECT_TRUE(s.all_taken(count));
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

TEST(Scheduler, PassesOverWhatIsClaimed) {
  const byte_space space = space_of_chunks(5);
  scheduler s;
  const auto say = [&](std::uint64_t first, std::size_t count) {
    have m{chunk_index{first}, {}};
    m.hashes.resize(count);
    EXPECT_TRUE(s.claims().handle(m, 5).has_value());
  };
  say(1, 0);
  EXPECT_EQ(s.take(space, 5, a), chunk_index{0});
  EXPECT_EQ(s.take(space, 5, a), std::nullopt);  // 1 may be claimed
  say(1, 2);
  EXPECT_EQ(s.take(space, 5, a), std::nullopt);
  say(4, 0);
  EXPECT_EQ(s.take(space, 5, a), chunk_index{3});
  say(claims_end.value, 0);
  EXPECT_EQ(s.take(space, 5, a), chunk_index{4});
  for (const std::uint64_t c : {0U, 3U, 4U}) s.read_done(chunk_index{c});
  EXPECT_EQ(s.read_below(), 1U);
  EXPECT_FALSE(s.all_taken(5));
  EXPECT_EQ(s.claims().next_to_compare()->chunk, chunk_index{1});
  EXPECT_EQ(s.claims().next_to_compare()->chunk, chunk_index{2});
  ASSERT_TRUE(s.claim_compared(space, chunk_index{1}, true).has_value());
  EXPECT_EQ(s.read_below(), 2U);
  ASSERT_TRUE(s.claim_compared(space, chunk_index{2}, false).has_value());
  // What is wrong goes out, once; also when its lane is lost.
  EXPECT_EQ(s.take(space, 5, a), chunk_index{2});
  EXPECT_EQ(s.take(space, 5, a), std::nullopt);
  EXPECT_TRUE(s.all_taken(5));
  EXPECT_EQ(s.read_below(), 2U);
  s.lane_lost(a);
  EXPECT_EQ(s.take(space, 5, b), chunk_index{0});
  EXPECT_EQ(s.take(space, 5, b), chunk_index{2});
  ASSERT_TRUE(s.acknowledge(space, chunk_index{0}).has_value());
  EXPECT_EQ(s.acknowledged_prefix(), 2U);
}

TEST(Scheduler, GoesThroughMoreClaimsThanAWindowHolds) {
  constexpr std::uint64_t count = 3 * limits::chunk_window;
  const byte_space space = space_of_chunks(count);
  scheduler s;
  std::uint64_t said = 0;
  const auto say = [&](std::uint64_t first, std::size_t hashes) {
    have m{chunk_index{first}, {}};
    m.hashes.resize(hashes);
    EXPECT_TRUE(s.claims().handle(m, count).has_value());
    said = first + hashes;
  };
  say(0, 0);
  // All but the last are there.
  while (said < count - 1) {
    say(said, static_cast<std::size_t>(std::min<std::uint64_t>(1000, count - 1 - said)));
    while (const auto next = s.claims().next_to_compare()) {
      ASSERT_TRUE(s.claim_compared(space, next->chunk, true).has_value());
    }
    if (said < count - 1) {
      EXPECT_EQ(s.take(space, count, a), std::nullopt);
    }
  }
  say(claims_end.value, 0);
  EXPECT_EQ(s.take(space, count, a), chunk_index{count - 1});
  EXPECT_EQ(s.acknowledged_prefix(), count - 1);
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
