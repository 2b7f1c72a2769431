#include <chrono>

#include <gtest/gtest.h>

#include <tallow/room/token_bucket.hpp>

namespace tallow::room {
namespace {

using namespace std::chrono_literals;

constexpr instant start{1h};

TEST(TokenBucket, GivesABurstAndThenAsMuchAsComesBack) {
  const token_rate rate{30, 1min, 5};
  token_bucket bucket;
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(bucket.wait(rate, 1, start), 0s);
    bucket.take(rate, 1, start);
  }
  EXPECT_EQ(bucket.wait(rate, 1, start), 2s);
  EXPECT_EQ(bucket.wait(rate, 1, start + 500ms), 1500ms);
  EXPECT_EQ(bucket.wait(rate, 1, start + 2s), 0s);
  EXPECT_EQ(bucket.wait(rate, 2, start + 2s), 2s);
  EXPECT_EQ(bucket.wait(rate, 5, start + 10s), 0s);
  EXPECT_FALSE(bucket.is_full(start + 9s));
  EXPECT_TRUE(bucket.is_full(start + 10s));
}

TEST(TokenBucket, NeverHoldsMoreThanTheBurst) {
  const token_rate rate{1, 1s, 3};
  token_bucket bucket;
  const instant later = start + 24h;
  bucket.take(rate, 3, later);
  EXPECT_EQ(bucket.wait(rate, 1, later), 1s);
}

TEST(TokenBucket, TakesBackWhatWasNotNeeded) {
  const token_rate rate{1, 1s, 1};
  token_bucket bucket;
  bucket.take(rate, 1, start);
  EXPECT_EQ(bucket.wait(rate, 1, start), 1s);
  bucket.give_back(rate, 1);
  EXPECT_EQ(bucket.wait(rate, 1, start), 0s);
}

TEST(TokenBucket, LetsMoreThanABurstPassOnceItIsFullAndMakesTheNextWait) {
  const token_rate rate{1000, 1s, 10};
  token_bucket bucket;
  EXPECT_EQ(bucket.wait(rate, 500, start), 0s);
  bucket.take(rate, 500, start);
  EXPECT_EQ(bucket.wait(rate, 1, start), 491ms);
}

TEST(TokenBucket, WithoutARateIsNoLimit) {
  token_bucket bucket;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(bucket.wait({}, UINT64_MAX, start), 0s);
    bucket.take({}, UINT64_MAX, start);
  }
  EXPECT_TRUE(bucket.is_full(start));
}

// What a limit of bandwidth is made of: the error must not add up.
TEST(TokenBucket, KeepsItsRateOverManySmallSteps) {
  for (const std::uint64_t rate_per_s : {10'000ULL, 3'333'333ULL, 400'000'000ULL}) {
    const token_rate rate{rate_per_s, 1s, rate_per_s / 100};
    token_bucket bucket;
    instant now = start;
    std::uint64_t passed = 0;
    while (now < start + 10s) {
      const std::uint64_t count = rate_per_s / 1000;
      now += bucket.wait(rate, count, now);
      bucket.take(rate, count, now);
      passed += count;
    }
    EXPECT_NEAR(static_cast<double>(passed), 10.0 * static_cast<double>(rate_per_s),
                0.02 * 10.0 * static_cast<double>(rate_per_s));
  }
}

}  // namespace
}  // namespace tallow::room
