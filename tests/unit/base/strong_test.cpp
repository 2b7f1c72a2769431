#include <concepts>
#include <cstdint>
#include <type_traits>
#include <unordered_set>

#include <gtest/gtest.h>

#include <tallow/base/strong.hpp>
#include <tallow/base/units.hpp>

namespace {

using apples = tallow::strong<struct apples_tag, std::uint32_t>;
using pears = tallow::strong<struct pears_tag, std::uint32_t>;

template <class A, class B>
concept comparable = requires(A a, B b) {
  a == b;
};

TEST(Strong, DoesNotMix) {
  static_assert(!std::is_convertible_v<std::uint32_t, apples>);
  static_assert(!std::is_convertible_v<apples, std::uint32_t>);
  static_assert(!std::is_convertible_v<apples, pears>);
  static_assert(!std::constructible_from<apples, pears>);
  static_assert(!comparable<apples, pears>);
  static_assert(!comparable<apples, std::uint32_t>);
  static_assert(comparable<apples, apples>);
  static_assert(!comparable<tallow::chunk_index, tallow::entry_index>);
}

TEST(Strong, CostsNothing) {
  static_assert(sizeof(apples) == sizeof(std::uint32_t));
  static_assert(std::is_trivially_copyable_v<apples>);
}

TEST(Strong, StartsAtZeroAndCounts) {
  apples a;
  EXPECT_EQ(a.value, 0U);
  EXPECT_EQ((++a).value, 1U);
  EXPECT_EQ(a, apples{1});
}

TEST(Strong, IsOrderedByItsValue) {
  EXPECT_LT(apples{1}, apples{2});
  EXPECT_GE(apples{2}, apples{2});
  EXPECT_NE(apples{1}, apples{2});
}

TEST(Strong, CanBeAKey) {
  const std::unordered_set<apples> seen{apples{1}, apples{2}, apples{1}};
  EXPECT_EQ(seen.size(), 2U);
  EXPECT_TRUE(seen.contains(apples{2}));
}

}  // namespace
