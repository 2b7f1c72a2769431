#include <type_traits>

#include <gtest/gtest.h>

#include <tallow/crypto/attempt_ledger.hpp>

namespace tallow::crypto {
namespace {

static_assert(!std::is_copy_constructible_v<attempt_ledger>);
static_assert(!std::is_move_constructible_v<attempt_ledger>);
static_assert(!std::is_copy_assignable_v<attempt_ledger>);

TEST(AttemptLedger, AllowsThreeAnswersAndThenNone) {
  attempt_ledger ledger;
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(ledger.may_answer());
    ledger.add_answer();
  }
  EXPECT_FALSE(ledger.may_answer());
  EXPECT_FALSE(ledger.spent());
}

TEST(AttemptLedger, AllowsNothingOnceSpent) {
  attempt_ledger ledger;
  ledger.spend();
  EXPECT_TRUE(ledger.spent());
  EXPECT_FALSE(ledger.may_answer());
}

}  // namespace
}  // namespace tallow::crypto
