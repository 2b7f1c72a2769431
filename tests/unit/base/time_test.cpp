#include <chrono>
#include <optional>

#include <gtest/gtest.h>

#include <tallow/base/time.hpp>

namespace {

using tallow::earlier;
using tallow::instant;

TEST(Earlier, TakesTheSmallerOfTwo) {
  const instant early{std::chrono::seconds(1)};
  const instant late{std::chrono::seconds(2)};
  EXPECT_EQ(earlier(early, late), early);
  EXPECT_EQ(earlier(late, early), early);
  EXPECT_EQ(earlier(early, early), early);
}

TEST(Earlier, TakesTheOnlyOne) {
  const instant some{std::chrono::seconds(1)};
  EXPECT_EQ(earlier(std::nullopt, some), some);
  EXPECT_EQ(earlier(some, std::nullopt), some);
  EXPECT_EQ(earlier(std::nullopt, std::nullopt), std::nullopt);
}

}  // namespace
