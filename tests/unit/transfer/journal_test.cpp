#include <gtest/gtest.h>

#include <tallow/transfer/journal.hpp>

namespace tallow::transfer {
namespace {

TEST(MemoryJournal, JoinsChunksThatFollowEachOther) {
  memory_journal journal;
  EXPECT_FALSE(journal.has_unacknowledged());
  for (const std::uint64_t chunk : {3U, 4U, 5U, 1U, 2U}) {
    ASSERT_TRUE(journal.record(chunk_index{chunk}).has_value());
  }
  const auto ranges = journal.take_unacknowledged().value();
  ASSERT_EQ(ranges.size(), 2U);
  EXPECT_EQ(ranges[0], (chunk_range{chunk_index{3}, 3}));
  EXPECT_EQ(ranges[1], (chunk_range{chunk_index{1}, 2}));
  EXPECT_FALSE(journal.has_unacknowledged());
}

TEST(MemoryJournal, HandsOutNoMoreThanAMessageHolds) {
  memory_journal journal;
  for (std::uint64_t i = 0; i < limits::ack_ranges_max + 3; ++i) {
    ASSERT_TRUE(journal.record(chunk_index{2 * i}).has_value());
  }
  EXPECT_EQ(journal.take_unacknowledged()->size(), limits::ack_ranges_max);
  EXPECT_TRUE(journal.has_unacknowledged());
  EXPECT_EQ(journal.take_unacknowledged()->size(), 3U);
}

}  // namespace
}  // namespace tallow::transfer
