#include <gtest/gtest.h>

#include <tallow/crypto/stream_registry.hpp>

namespace tallow::crypto {
namespace {

TEST(StreamRegistry, HandsOutIdsUpward) {
  stream_registry ids;
  EXPECT_EQ(ids.allocate(3), stream_id{1});
  EXPECT_EQ(ids.allocate(1), stream_id{4});
  EXPECT_EQ(ids.pending(), 4U);
}

TEST(StreamRegistry, LetsEachAnnouncedIdBeClaimedOnceInAnyOrder) {
  stream_registry ids;
  ASSERT_TRUE(ids.announce(stream_id{5}, 4));
  for (const std::uint32_t id : {6U, 8U, 5U, 7U}) {
    EXPECT_TRUE(ids.claim(stream_id{id})) << id;
    EXPECT_EQ(ids.claim(stream_id{id}).error().code, errc::stream_id_used);
  }
  EXPECT_EQ(ids.pending(), 0U);
}

TEST(StreamRegistry, RefusesIdsThatWereNotAnnounced) {
  stream_registry ids;
  ASSERT_TRUE(ids.announce(stream_id{5}, 2));
  for (const std::uint32_t id : {0U, 1U, 4U, 7U, 0xffffffffU}) {
    EXPECT_EQ(ids.claim(stream_id{id}).error().code, errc::stream_id_used) << id;
  }
}

TEST(StreamRegistry, RefusesAnnouncementsThatAreNotAboveAllEarlierOnes) {
  stream_registry ids;
  EXPECT_EQ(ids.announce(stream_id{0}, 1).error().code, errc::stream_id_used);
  ASSERT_TRUE(ids.announce(stream_id{5}, 2));
  for (const std::uint32_t first : {1U, 4U, 5U, 6U}) {
    EXPECT_EQ(ids.announce(stream_id{first}, 3).error().code, errc::stream_id_used) << first;
  }
  ASSERT_TRUE(ids.claim(stream_id{5}));
  EXPECT_EQ(ids.announce(stream_id{5}, 1).error().code, errc::stream_id_used);
  EXPECT_TRUE(ids.announce(stream_id{7}, 1));
}

TEST(StreamRegistry, BoundsWhatAPeerCanAnnounce) {
  stream_registry ids;
  EXPECT_EQ(ids.announce(stream_id{1}, streams_pending_max + 1).error().code,
            errc::length_above_limit);
  ASSERT_TRUE(ids.announce(stream_id{1}, streams_pending_max));
  EXPECT_EQ(ids.announce(stream_id{1000}, 1).error().code, errc::length_above_limit);
  ASSERT_TRUE(ids.claim(stream_id{9}));
  EXPECT_TRUE(ids.announce(stream_id{1000}, 1));
}

TEST(StreamRegistry, EndsBeforeIdsWrap) {
  stream_registry ids;
  ASSERT_TRUE(ids.announce(stream_id{0xfffffff0}, 5));
  EXPECT_EQ(ids.announce(stream_id{0xfffffffe}, 5).error().code, errc::stream_id_used);
  EXPECT_EQ(ids.allocate(100).error().code, errc::record_limit_reached);
  EXPECT_EQ(ids.allocate(0).error().code, errc::invalid_argument);
  EXPECT_EQ(ids.allocate(2), stream_id{0xfffffff5});
}

}  // namespace
}  // namespace tallow::crypto
