#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include <tallow/transfer/stream_inbox.hpp>

namespace tallow::transfer {
namespace {

constexpr std::size_t chunk = limits::chunk_bytes_min;

bool put(stream_inbox& box, std::uint64_t number, std::string_view bytes) {
  box.reserve(chunk_index{number});
  box.fill(chunk_index{number}, as_bytes(bytes));
  return box.filled(chunk_index{number});
}

TEST(StreamInbox, GivesChunksInTheirOrder) {
  stream_inbox box(chunk, chunk_index{5});
  EXPECT_FALSE(box.takes(chunk_index{4}));
  EXPECT_TRUE(box.takes(chunk_index{5}));
  EXPECT_FALSE(put(box, 6, "b"));
  EXPECT_FALSE(box.front().has_value());
  EXPECT_TRUE(put(box, 5, "a"));
  EXPECT_EQ(as_text(box.front()->bytes), "a");
  EXPECT_EQ(box.front()->chunk, chunk_index{5});
  box.pop();
  EXPECT_EQ(as_text(box.front()->bytes), "b");
  box.pop();
  EXPECT_FALSE(box.front().has_value());
  EXPECT_EQ(box.next(), 7U);
  EXPECT_EQ(box.end(), 7U);
}

TEST(StreamInbox, HasWhatIsWrittenThereOrOnItsWay) {
  stream_inbox box(chunk, chunk_index{0});
  EXPECT_FALSE(box.has(chunk_index{0}));
  box.reserve(chunk_index{0});
  EXPECT_TRUE(box.has(chunk_index{0}));
  EXPECT_FALSE(box.front().has_value());
  box.forget(chunk_index{0});
  EXPECT_FALSE(box.has(chunk_index{0}));
  EXPECT_TRUE(put(box, 0, "a"));
  box.pop();
  EXPECT_TRUE(box.has(chunk_index{0}));
}

TEST(StreamInbox, TakesAWindow) {
  stream_inbox box(chunk, chunk_index{3});
  const std::uint64_t end = 3 + stream_window(chunk);
  EXPECT_TRUE(box.may_hold(chunk_index{end - 1}));
  EXPECT_FALSE(box.may_hold(chunk_index{end}));
  put(box, 3, "a");
  EXPECT_FALSE(box.may_hold(chunk_index{end}));
  box.pop();
  EXPECT_TRUE(box.may_hold(chunk_index{end}));
  EXPECT_FALSE(box.has(chunk_index{end}));
}

TEST(StreamInbox, PassesOverWhatNobodyWants) {
  stream_inbox box(chunk, chunk_index{0});
  put(box, 1, "b");
  box.skip_to(1);
  EXPECT_EQ(as_text(box.front()->bytes), "b");
}

TEST(StreamWindow, IsBoundedInBytesAndInChunks) {
  EXPECT_EQ(stream_window(limits::chunk_bytes_min), limits::stream_window_chunks_max);
  EXPECT_EQ(stream_window(limits::chunk_bytes_default), 32U);
  EXPECT_EQ(stream_window(std::size_t{1} << 20U), 8U);
  EXPECT_EQ(stream_window(limits::chunk_bytes_max), 2U);
}

}  // namespace
}  // namespace tallow::transfer
