#include <algorithm>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include <tallow/transfer/stream_outbox.hpp>

namespace tallow::transfer {
namespace {

constexpr std::size_t chunk = limits::chunk_bytes_min;
constexpr std::uint64_t no_limit = UINT64_MAX;
constexpr stream_id lane{1};

class StreamOutbox : public testing::Test {
 protected:
  // Puts bytes in, as a read does. Returns how many there was room for.
  std::size_t read(std::size_t count, bool pauses, char fill = 'x') {
    const byte_span room = box_.begin_read();
    if (room.empty()) return 0;
    count = std::min(count, room.size());
    std::fill_n(room.begin(), count, static_cast<std::byte>(fill));
    box_.end_read(count, pauses);
    return count;
  }

  std::string take(stream_id by = lane, std::uint64_t limit = no_limit) {
    const auto taken = box_.take(by, limit);
    if (!taken) return {};
    std::string bytes(taken->bytes, '\0');
    box_.copy(taken->number, std::as_writable_bytes(std::span(bytes)));
    box_.copied(taken->number);
    return bytes;
  }

  void end() {
    (void)box_.begin_read();
    box_.end_read(0, true);
  }

  stream_outbox box_{chunk};
};

TEST_F(StreamOutbox, GivesWhatIsThereWhenTheStreamPauses) {
  EXPECT_EQ(take(), "");
  read(3, true, 'a');
  EXPECT_EQ(take(), "aaa");
  EXPECT_EQ(take(), "");
  read(2, true, 'b');
  EXPECT_EQ(take(), "bb");
}

TEST_F(StreamOutbox, KeepsAChunkTogetherWhileTheStreamFlows) {
  read(3, false, 'a');
  EXPECT_EQ(take(), "");
  read(chunk, false, 'b');
  EXPECT_EQ(take(), "aaa" + std::string(chunk - 3, 'b'));
}

TEST_F(StreamOutbox, GathersWhileNoLaneIsFree) {
  read(1, true, 'a');
  read(1, true, 'b');
  EXPECT_EQ(take(), "ab");
}

TEST_F(StreamOutbox, LeavesAChunkAloneThatIsBeingRead) {
  read(3, true, 'a');
  const byte_span room = box_.begin_read();
  EXPECT_EQ(room.size(), chunk - 3);
  EXPECT_EQ(take(), "");
  box_.end_read(0, true);
  EXPECT_EQ(take(), "aaa");
}

TEST_F(StreamOutbox, HasRoomForAWindowAndNoMore) {
  std::uint64_t chunks = 0;
  while (read(chunk, false) != 0) ++chunks;
  EXPECT_EQ(chunks, stream_window(chunk));
  EXPECT_FALSE(box_.has_room());
  for (std::uint64_t i = 0; i < chunks; ++i) EXPECT_EQ(take().size(), chunk);
  EXPECT_EQ(take(), "");
  EXPECT_EQ(read(1, true), 0U);
  // A later one makes no room: the lowest may have to be sent again.
  EXPECT_EQ(box_.acknowledge(1).value(), chunk);
  EXPECT_EQ(read(1, true), 0U);
  EXPECT_EQ(box_.acknowledge(0).value(), chunk);
  EXPECT_EQ(read(chunk, true), chunk);
  EXPECT_EQ(read(chunk, true), chunk);
  EXPECT_EQ(read(chunk, true), 0U);
}

TEST_F(StreamOutbox, TouchesNoMoreMemoryThanIsOnItsWay) {
  for (int i = 0; i < 100; ++i) {
    read(chunk, false);
    EXPECT_EQ(take().size(), chunk);
    ASSERT_TRUE(box_.acknowledge(static_cast<std::uint64_t>(i)).has_value());
  }
  EXPECT_EQ(box_.buffer_count(), 1U);
}

TEST_F(StreamOutbox, GivesAgainWhatALostLaneHad) {
  constexpr stream_id other{2};
  read(1, true, 'a');
  EXPECT_EQ(take(lane), "a");
  read(1, true, 'b');
  EXPECT_EQ(take(other), "b");
  read(1, true, 'c');
  EXPECT_EQ(take(lane), "c");
  ASSERT_TRUE(box_.acknowledge(0).has_value());
  box_.lane_lost(lane);
  EXPECT_EQ(take(other), "c");
  EXPECT_EQ(take(other), "");
  box_.lanes_lost();
  EXPECT_EQ(take(lane), "b");
  EXPECT_EQ(take(lane), "c");
  EXPECT_EQ(take(lane), "");
}

TEST_F(StreamOutbox, KeepsAChunkThatIsBeingCopied) {
  read(1, true, 'a');
  EXPECT_EQ(take(), "a");
  box_.lanes_lost();
  const auto again = box_.take(lane, no_limit);
  ASSERT_TRUE(again.has_value());
  // The acknowledgement of the first sending comes while the second one is under way.
  ASSERT_TRUE(box_.acknowledge(0).has_value());
  read(chunk, true, 'b');
  std::byte seen{};
  box_.copy(again->number, byte_span(&seen, 1));
  EXPECT_EQ(seen, std::byte{'a'});
  box_.copied(again->number);
  EXPECT_EQ(take(), std::string(chunk, 'b'));
}

TEST_F(StreamOutbox, EndsWithAPartOfAChunkOrNone) {
  end();
  EXPECT_TRUE(box_.all_taken());
  EXPECT_EQ(box_.chunk_count(), 0U);
  EXPECT_TRUE(box_.begin_read().empty());

  stream_outbox box(chunk);
  (void)box.begin_read();
  box.end_read(5, false);
  (void)box.begin_read();
  box.end_read(0, false);
  EXPECT_FALSE(box.all_taken());
  EXPECT_EQ(box.take(lane, no_limit)->bytes, 5U);
  EXPECT_TRUE(box.all_taken());
  EXPECT_EQ(box.chunk_count(), 1U);
  EXPECT_EQ(box.byte_count(), 5U);
}

TEST_F(StreamOutbox, EndsWithAFullChunk) {
  read(chunk, false);
  end();
  EXPECT_EQ(take().size(), chunk);
  EXPECT_TRUE(box_.all_taken());
  EXPECT_EQ(box_.chunk_count(), 1U);
}

TEST_F(StreamOutbox, StaysBelowTheLimitOfWhatGoesBefore) {
  read(1, true, 'a');
  EXPECT_EQ(take(lane, 0), "");
  EXPECT_EQ(take(lane, 1), "a");
}

TEST_F(StreamOutbox, BelievesNoAcknowledgementOfWhatWasNotSent) {
  read(1, true);
  EXPECT_EQ(box_.acknowledge(0).error().code, errc::chunk_unexpected);
  (void)take();
  EXPECT_EQ(box_.acknowledge(0).value(), 1U);
  EXPECT_EQ(box_.acknowledge(0).value(), 0U);
  EXPECT_EQ(box_.acknowledge(1).error().code, errc::chunk_unexpected);
}

}  // namespace
}  // namespace tallow::transfer
