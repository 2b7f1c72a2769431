#include <gtest/gtest.h>

#include <tallow/crypto/resume_keys.hpp>

namespace tallow::crypto {
namespace {

resume_secret a_secret(unsigned char fill) {
  std::array<std::byte, 64> bytes;
  bytes.fill(std::byte{fill});
  return resume_secret(bytes);
}

TEST(ResumeKeys, KeepTheRoomThroughAllGenerations) {
  resume_keys keys(a_secret(1));
  const room_id room = keys.room();
  EXPECT_EQ(keys.generation(), 0U);
  EXPECT_FALSE(keys.older().has_value());
  keys.advance(1, a_secret(2));
  EXPECT_EQ(keys.room(), room);
  EXPECT_EQ(keys.newest(), a_secret(2));
  EXPECT_EQ(*keys.older(), a_secret(1));
}

TEST(ResumeKeys, ReplaceTheNewestWhenTheOlderWasUsed) {
  resume_keys keys(a_secret(1));
  keys.advance(1, a_secret(2));
  keys.advance(1, a_secret(3));  // the other side never got message 4
  EXPECT_EQ(keys.generation(), 1U);
  EXPECT_EQ(keys.newest(), a_secret(3));
  EXPECT_EQ(*keys.older(), a_secret(1));
}

TEST(ResumeKeys, DropTheOlderOnceTheNewestIsConfirmed) {
  resume_keys keys(a_secret(1));
  keys.advance(1, a_secret(2));
  keys.confirm();
  EXPECT_FALSE(keys.older().has_value());
  EXPECT_EQ(keys.newest(), a_secret(2));
}

TEST(ResumeKeys, CloneWhatTheyHold) {
  resume_keys keys(a_secret(1));
  keys.advance(1, a_secret(2));
  const auto copy = keys.clone();
  EXPECT_EQ(copy.room(), keys.room());
  EXPECT_EQ(copy.generation(), 1U);
  EXPECT_EQ(*copy.older(), a_secret(1));
}

}  // namespace
}  // namespace tallow::crypto
