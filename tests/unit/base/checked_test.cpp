#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

#include <tallow/base/checked.hpp>

namespace {

using std::numeric_limits;

TEST(CheckedCast, KeepsWhatFits) {
  EXPECT_EQ(tallow::checked_cast<std::uint8_t>(255), 255);
  EXPECT_EQ(tallow::checked_cast<std::int8_t>(-128), -128);
  EXPECT_EQ(tallow::checked_cast<std::uint64_t>(numeric_limits<std::int64_t>::max()),
            (std::uint64_t{1} << 63U) - 1);
}

TEST(CheckedCast, RefusesWhatDoesNotFit) {
  EXPECT_FALSE(tallow::checked_cast<std::uint8_t>(256));
  EXPECT_FALSE(tallow::checked_cast<std::uint8_t>(-1));
  EXPECT_FALSE(tallow::checked_cast<std::uint64_t>(-1));
  EXPECT_FALSE(tallow::checked_cast<std::int64_t>(numeric_limits<std::uint64_t>::max()));
  EXPECT_FALSE(tallow::checked_cast<std::int32_t>(std::int64_t{1} << 31U));
}

TEST(Narrow, KeepsWhatFits) {
  static_assert(tallow::narrow<std::uint8_t>(255) == 255);
  EXPECT_EQ(tallow::narrow<std::int16_t>(-5L), -5);
}

TEST(NarrowDeathTest, EndsTheProgramOnWhatDoesNotFit) {
  EXPECT_DEATH((void)tallow::narrow<std::uint8_t>(256), "assertion failed");
  EXPECT_DEATH((void)tallow::narrow<std::uint32_t>(-1), "assertion failed");
}

TEST(CheckedAdd, RefusesASumThatWrapsAround) {
  constexpr std::uint64_t most = numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(tallow::checked_add(1, 2), 3U);
  EXPECT_EQ(tallow::checked_add(most, 0), most);
  EXPECT_EQ(tallow::checked_add(most - 1, 1), most);
  EXPECT_FALSE(tallow::checked_add(most, 1));
  EXPECT_FALSE(tallow::checked_add(most / 2 + 1, most / 2 + 1));
}

}  // namespace
