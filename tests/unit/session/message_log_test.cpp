#include <gtest/gtest.h>

#include <tallow/session/message_log.hpp>

namespace tallow::session {
namespace {

byte_buffer message(int n) { return byte_buffer(1, static_cast<std::byte>(n)); }

TEST(MessageLog, KeepsWhatTheOtherSideDoesNotHave) {
  message_log log;
  for (int i = 0; i < 5; ++i) log.add(message(i));
  ASSERT_TRUE(log.confirm(0).has_value());
  EXPECT_EQ(log.unconfirmed().size(), 5U);
  ASSERT_TRUE(log.confirm(3).has_value());
  ASSERT_EQ(log.unconfirmed().size(), 2U);
  EXPECT_EQ(log.unconfirmed().front(), message(3));
  ASSERT_TRUE(log.confirm(3).has_value());
  log.add(message(5));
  ASSERT_TRUE(log.confirm(6).has_value());
  EXPECT_TRUE(log.unconfirmed().empty());
}

TEST(MessageLog, BelievesNoCountThatCannotBe) {
  message_log log;
  log.add(message(0));
  log.add(message(1));
  EXPECT_EQ(log.confirm(3).error().code, errc::peer_message_unexpected);
  ASSERT_TRUE(log.confirm(2).has_value());
  EXPECT_EQ(log.confirm(1).error().code, errc::peer_message_unexpected);
  EXPECT_EQ(log.confirm(UINT64_MAX).error().code, errc::peer_message_unexpected);
}

TEST(MessageLog, WantsToTellAfterManyMessagesOrLargeOnes) {
  message_log small;
  for (int i = 0; i < 31; ++i) EXPECT_FALSE(small.count(10));
  EXPECT_TRUE(small.count(10));
  EXPECT_EQ(small.tell(), 32U);
  EXPECT_FALSE(small.count(10));
  message_log large;
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(large.count(65536));
  EXPECT_TRUE(large.count(65536));
  EXPECT_EQ(large.tell(), 4U);
}

}  // namespace
}  // namespace tallow::session
