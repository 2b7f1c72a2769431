#include <cstdint>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/transfer/chunk_set.hpp>

#include "fuzz/seeded_random.hpp"

namespace tallow::transfer {
namespace {

chunk_range range(std::uint64_t first, std::uint64_t count) { return {chunk_index{first}, count}; }

std::vector<chunk_range> ranges_of(const chunk_set& set) {
  std::vector<chunk_range> all;
  set.for_each_range([&](const chunk_range& r) { all.push_back(r); });
  return all;
}

TEST(ChunkSet, IsEmptyAtFirst) {
  const chunk_set set;
  EXPECT_TRUE(set.empty());
  EXPECT_EQ(set.prefix(), 0U);
  EXPECT_EQ(set.chunk_count(), 0U);
  EXPECT_FALSE(set.contains(chunk_index{0}));
  EXPECT_FALSE(set.lowest());
}

TEST(ChunkSet, JoinsRangesThatTouchOrOverlap) {
  chunk_set set;
  set.insert(range(10, 5));
  set.insert(range(20, 5));
  set.insert(range(0, 2));
  EXPECT_EQ(set.range_count(), 3U);
  EXPECT_EQ(set.prefix(), 2U);
  set.insert(range(15, 5));
  EXPECT_EQ(ranges_of(set), (std::vector{range(0, 2), range(10, 15)}));
  set.insert(range(1, 30));
  EXPECT_EQ(ranges_of(set), (std::vector{range(0, 31)}));
  EXPECT_EQ(set.prefix(), 31U);
  set.insert(range(5, 0));
  EXPECT_EQ(set.chunk_count(), 31U);
}

TEST(ChunkSet, IsCutWhereSomethingIsTakenOut) {
  chunk_set set;
  set.insert(range(0, 100));
  set.erase(range(10, 10));
  set.erase(chunk_index{50});
  EXPECT_EQ(ranges_of(set), (std::vector{range(0, 10), range(20, 30), range(51, 49)}));
  set.erase(range(5, 50));
  EXPECT_EQ(ranges_of(set), (std::vector{range(0, 5), range(55, 45)}));
  set.erase(range(0, 1000));
  EXPECT_TRUE(set.empty());
}

TEST(ChunkSet, FindsWhatComesNext) {
  chunk_set set;
  set.insert(range(5, 2));
  set.insert(range(9, 1));
  EXPECT_EQ(set.lowest(), chunk_index{5});
  EXPECT_EQ(set.first_from(chunk_index{6}), chunk_index{6});
  EXPECT_EQ(set.first_from(chunk_index{7}), chunk_index{9});
  EXPECT_EQ(set.first_from(chunk_index{10}), std::nullopt);
  EXPECT_TRUE(set.contains(range(5, 2)));
  EXPECT_FALSE(set.contains(range(5, 3)));
  EXPECT_TRUE(set.contains(range(7, 0)));
}

TEST(ChunkSet, HoldsTheHighestNumbers) {
  chunk_set set;
  set.insert(range(UINT64_MAX - 1, 1));
  EXPECT_TRUE(set.contains(chunk_index{UINT64_MAX - 1}));
  EXPECT_EQ(set.first_from(chunk_index{3}), chunk_index{UINT64_MAX - 1});
  EXPECT_DEATH(set.insert(range(UINT64_MAX, 1)), "assertion");
}

TEST(ChunkSet, IsTheSetThatAModelIs) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    fuzz::seeded_random random(seed);
    chunk_set set;
    std::set<std::uint64_t> model;
    for (int step = 0; step < 100; ++step) {
      const std::uint64_t first = random.below(64);
      const std::uint64_t count = random.below(8);
      const bool adds = random.below(3) != 0;
      if (adds) {
        set.insert(range(first, count));
      } else {
        set.erase(range(first, count));
      }
      for (std::uint64_t c = first; c < first + count; ++c) {
        if (adds) {
          model.insert(c);
        } else {
          model.erase(c);
        }
      }
      ASSERT_EQ(set.chunk_count(), model.size()) << "seed " << seed << " step " << step;
      for (std::uint64_t c = 0; c < 80; ++c) {
        ASSERT_EQ(set.contains(chunk_index{c}), model.contains(c)) << "seed " << seed;
        const auto next = model.lower_bound(c);
        const auto found = set.first_from(chunk_index{c});
        ASSERT_EQ(found.has_value(), next != model.end());
        ASSERT_TRUE(!found || found->value == *next);
      }
      std::uint64_t end = 0;  // ranges neither touch nor are empty
      for (const chunk_range& r : ranges_of(set)) {
        ASSERT_GT(r.count, 0U);
        ASSERT_TRUE(end == 0 || r.first.value > end);
        end = r.first.value + r.count;
      }
    }
  }
}

TEST(ChunkSet, StaysFastWithManyRanges) {
  chunk_set set;
  for (std::uint64_t i = 0; i < 200'000; ++i) set.insert(chunk_index{2 * i});
  EXPECT_EQ(set.range_count(), 200'000U);
  for (std::uint64_t i = 0; i < 200'000; ++i) set.insert(chunk_index{2 * i + 1});
  EXPECT_EQ(set.range_count(), 1U);
  EXPECT_EQ(set.prefix(), 400'000U);
}

}  // namespace
}  // namespace tallow::transfer
