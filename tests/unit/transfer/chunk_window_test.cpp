#include <algorithm>
#include <cstdint>

#include <gtest/gtest.h>

#include <tallow/transfer/chunk_window.hpp>

namespace tallow::transfer {
namespace {

constexpr auto skip_none = [](chunk_index c) { return c.value; };

TEST(ChunkWindow, MovesItsPrefixOverWhatIsThere) {
  chunk_window window;
  ASSERT_TRUE(window.insert(chunk_index{1}).has_value());
  window.advance(skip_none);
  EXPECT_EQ(window.prefix(), 0U);
  ASSERT_TRUE(window.insert(chunk_index{0}).has_value());
  window.advance(skip_none);
  EXPECT_EQ(window.prefix(), 2U);
}

TEST(ChunkWindow, RefusesAChunkTwice) {
  chunk_window window;
  ASSERT_TRUE(window.insert(chunk_index{0}).has_value());
  EXPECT_EQ(window.insert(chunk_index{0}).error().code, errc::chunk_repeated);
  window.advance(skip_none);
  EXPECT_EQ(window.insert(chunk_index{0}).error().code, errc::chunk_repeated);
}

TEST(ChunkWindow, RefusesAChunkAboveTheWindow) {
  chunk_window window;
  ASSERT_TRUE(window.insert(chunk_index{limits::chunk_window - 1}).has_value());
  EXPECT_EQ(window.insert(chunk_index{limits::chunk_window}).error().code, errc::chunk_unexpected);
  EXPECT_EQ(window.insert(chunk_index{UINT64_MAX}).error().code, errc::chunk_unexpected);
  ASSERT_TRUE(window.insert(chunk_index{0}).has_value());
  window.advance(skip_none);
  EXPECT_TRUE(window.insert(chunk_index{limits::chunk_window}).has_value());
}

TEST(ChunkWindow, SkipsWhatNobodyWaitsFor) {
  chunk_window window;
  ASSERT_TRUE(window.insert(chunk_index{2}).has_value());
  window.advance([](chunk_index c) { return std::max<std::uint64_t>(c.value, 2); });
  EXPECT_EQ(window.prefix(), 3U);
  EXPECT_TRUE(window.contains(chunk_index{1}));
}

TEST(ChunkWindow, SkipsAnyNumberAtOnceAndForgetsThem) {
  constexpr std::uint64_t far = std::uint64_t{1} << 50U;
  chunk_window window;
  ASSERT_TRUE(window.insert(chunk_index{7}).has_value());
  window.advance([&](chunk_index c) { return std::max(c.value, far); });
  EXPECT_EQ(window.prefix(), far);
  for (std::uint64_t i = 0; i < limits::chunk_window; ++i) {
    ASSERT_FALSE(window.contains(chunk_index{far + i}));
  }
}

// The bitmap is used again and again: what was set for one chunk never shows for a later one.
TEST(ChunkWindow, ForgetsWhatLiesBelowThePrefix) {
  chunk_window window;
  for (std::uint64_t i = 0; i < 3 * limits::chunk_window; ++i) {
    ASSERT_FALSE(window.contains(chunk_index{i}));
    ASSERT_TRUE(window.insert(chunk_index{i}).has_value());
    window.advance(skip_none);
    ASSERT_EQ(window.prefix(), i + 1);
  }
}

}  // namespace
}  // namespace tallow::transfer
