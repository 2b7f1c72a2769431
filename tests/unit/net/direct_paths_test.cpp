// Whole transfers on real sockets that may go straight from one side to the other.

#include <chrono>
#include <cstdint>

#include <gtest/gtest.h>

#include "support/driven_pair.hpp"

namespace tallow::test {
namespace {

using enum direct_use;

// A manifest, acknowledgements and the like.
constexpr std::uint64_t control_bytes_max = 100'000;

TEST(DirectPaths, CarryAllDataWhereBothSidesWantThem) {
  for (const auto sender : {preferred, required}) {
    driven_pair pair(sender, preferred);
    pair.expect_done();
    EXPECT_LT(pair.relayed(), control_bytes_max);
    for (const auto& changes : {pair.sending.all_of<session::path_changed>(),
                                pair.receiving.all_of<session::path_changed>()}) {
      ASSERT_FALSE(changes.empty());
      EXPECT_EQ(changes[0].path, session::data_path::direct);
    }
  }
}

TEST(DirectPaths, CarryNothingWhereOneSideDoesNot) {
  driven_pair pair(preferred, never);
  pair.expect_done();
  EXPECT_GT(pair.relayed(), pair.files[0].bytes.size());
  EXPECT_TRUE(pair.sending.all_of<session::path_changed>().empty());
}

TEST(DirectPaths, AreDoneWithoutWhereNobodyCanCome) {
  driven_pair pair(preferred, preferred);
  pair.sending.has_lanes = false;
  pair.sending.on_event = [&](const session::event& e) {
    if (!std::holds_alternative<session::addresses_wanted>(e)) return;
    (void)pair.sending.inside().listens_at({}, clock_now());
  };
  pair.expect_done();
  EXPECT_GT(pair.relayed(), pair.files[0].bytes.size());
}

}  // namespace
}  // namespace tallow::test
