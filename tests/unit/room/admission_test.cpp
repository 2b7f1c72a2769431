#include <chrono>

#include <gtest/gtest.h>

#include <tallow/room/admission.hpp>

namespace tallow::room {
namespace {

using namespace std::chrono_literals;

constexpr instant start{1h};

TEST(Admission, CountsEachSourceAndEachThingByItself) {
  admission a({{1, 1s, 2}, {1, 1s, 1}, {1, 1s, 1}, 0});
  EXPECT_EQ(a.take_connection(1, start), 0s);
  EXPECT_EQ(a.take_connection(1, start), 0s);
  EXPECT_EQ(a.take_connection(1, start), 1s);
  EXPECT_EQ(a.take_connection(2, start), 0s);
  EXPECT_EQ(a.take_room(1, start), 0s);
  EXPECT_EQ(a.take_room(1, start), 1s);
  EXPECT_EQ(a.join_wait(1, start), 0s);
  a.count_join(1, start);
  EXPECT_EQ(a.join_wait(1, start), 1s);
  EXPECT_EQ(a.join_wait(2, start), 0s);
  a.give_join_back(1);
  EXPECT_EQ(a.join_wait(1, start), 0s);
  a.give_connection_back(1);
  EXPECT_EQ(a.take_connection(1, start), 0s);
}

TEST(Admission, WhoIsRefusedIsNotCountedOn) {
  admission a({{1, 1s, 1}, {}, {}, 0});
  EXPECT_EQ(a.take_connection(1, start), 0s);
  for (int i = 0; i < 100; ++i) EXPECT_GT(a.take_connection(1, start), 0s);
  EXPECT_EQ(a.take_connection(1, start + 1s), 0s);
}

TEST(Admission, CountsPendingConnections) {
  admission a({{}, {}, {}, 2});
  EXPECT_TRUE(a.came(1, start));
  EXPECT_TRUE(a.came(1, start));
  EXPECT_FALSE(a.came(1, start));
  EXPECT_TRUE(a.came(2, start));
  a.left_pending(1);
  EXPECT_FALSE(a.came(1, start)) << "the refused one counts until it has gone";
  a.left_pending(1);
  a.left_pending(1);
  EXPECT_TRUE(a.came(1, start));
}

TEST(Admission, RemembersABoundedNumberOfSources) {
  admission a({{1, 1h, 1}, {}, {}, 0});
  (void)a.came(0, start);  // it stays
  for (source_id s = 0; s < 3 * admission::sources_max; ++s) {
    if (s != 0) {
      (void)a.came(s, start);
      a.left_pending(s);
    }
    EXPECT_EQ(a.take_connection(s, start), 0s);
  }
  EXPECT_LE(a.source_count(), admission::sources_max);
  EXPECT_GT(a.take_connection(0, start), 0s) << "with a connection it is not forgotten";
}

TEST(Admission, ForgetsThoseFirstThatHaveDoneNothingForAWhile) {
  admission a({{1, 1min, 1}, {}, {}, 0});
  for (source_id s = 0; s < admission::sources_max; ++s) {
    const instant when = s < admission::sources_max / 2 ? start : start + 2min;
    (void)a.came(s, when);
    a.left_pending(s);
    EXPECT_EQ(a.take_connection(s, when), 0s);
  }
  (void)a.came(admission::sources_max, start + 2min);
  EXPECT_GT(a.take_connection(admission::sources_max - 1, start + 2min), 0s);
  EXPECT_EQ(a.source_count(), admission::sources_max / 2 + 1);
}

}  // namespace
}  // namespace tallow::room
