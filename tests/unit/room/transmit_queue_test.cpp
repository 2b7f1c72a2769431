#include <cstddef>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/room/transmit_queue.hpp>
#include <tallow/wire/frame_decoder.hpp>
#include <tallow/wire/relay_messages.hpp>

namespace tallow::room {
namespace {

byte_buffer slice_of(std::size_t count, int value) {
  return byte_buffer(count, static_cast<std::byte>(value));
}

byte_buffer drain(transmit_queue& queue, std::size_t step) {
  byte_buffer all;
  while (!queue.empty()) {
    const byte_view next = queue.front().first(std::min(step, queue.front().size()));
    append(all, next);
    queue.pop(next.size());
  }
  return all;
}

std::vector<frame_type> types_of(byte_buffer bytes) {
  std::vector<frame_type> types;
  frame_decoder decoder(frames_to_relay);
  byte_span in(bytes);
  while (const auto frame = decoder.next(in).value()) types.push_back(frame->type);
  EXPECT_TRUE(decoder.between_frames());
  return types;
}

TEST(TransmitQueue, GivesWhatWasPutInInOrderWhateverTheSteps) {
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{1} << 20U}) {
    transmit_queue queue;
    byte_buffer expected;
    for (int i = 0; i < 40; ++i) {
      const byte_buffer slice = slice_of(static_cast<std::size_t>(i) * 401, i);
      ASSERT_TRUE(queue.push_slice(stream_id{1}, slice));
      ASSERT_TRUE(append_peer_slice(expected, stream_id{1}, slice));
    }
    EXPECT_EQ(queue.size(), expected.size());
    EXPECT_EQ(drain(queue, step), expected);
    EXPECT_EQ(queue.size(), 0U);
  }
}

TEST(TransmitQueue, KeepsViewsValidWhileFramesAreAppended) {
  transmit_queue queue;
  ASSERT_TRUE(queue.push_slice(stream_id{1}, slice_of(100, 1)));
  const byte_view view = queue.front();
  const byte_buffer copy(view.begin(), view.end());
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(queue.push_slice(stream_id{1}, slice_of(16'000, 2)));
    queue.push_urgent(frame_type::ping);
  }
  EXPECT_EQ(view.data(), queue.front().data());
  EXPECT_TRUE(equal(view, copy));
}

TEST(TransmitQueue, LetsAPingPassAllButTheBlockThatIsBeingSent) {
  transmit_queue queue;
  for (int i = 0; i < 64; ++i) ASSERT_TRUE(queue.push_slice(stream_id{1}, slice_of(16'000, i)));
  queue.pop(10);
  EXPECT_TRUE(queue.push_urgent(frame_type::ping));
  const std::size_t whole = queue.size();
  queue.pop(queue.front().size());
  EXPECT_GE(whole - queue.size(), 0U);
  EXPECT_EQ(static_cast<frame_type>(queue.front()[4]), frame_type::ping);
}

TEST(TransmitQueue, NeverCutsAFrameWithAnUrgentOne) {
  for (const std::size_t sent : {std::size_t{0}, std::size_t{1}, std::size_t{100}}) {
    transmit_queue queue;
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(queue.push_slice(stream_id{1}, slice_of(9'000, i)));
    byte_buffer all(queue.front().begin(), queue.front().begin() + static_cast<int>(sent));
    queue.pop(sent);
    EXPECT_TRUE(queue.push_urgent(frame_type::pong));
    EXPECT_TRUE(queue.push_urgent(frame_type::ping));
    append(all, drain(queue, 1000));
    const auto types = types_of(all);
    EXPECT_EQ(std::count(types.begin(), types.end(), frame_type::peer), 20);
    EXPECT_EQ(std::count(types.begin(), types.end(), frame_type::ping), 1);
    EXPECT_EQ(std::count(types.begin(), types.end(), frame_type::pong), 1);
  }
}

TEST(TransmitQueue, HoldsOneUrgentFrameOfATypeHoweverManyAreAsked) {
  for (const int before : {0, 1, 40}) {
    transmit_queue queue;
    for (int i = 0; i < before; ++i) {
      ASSERT_TRUE(queue.push_slice(stream_id{1}, slice_of(16'000, i)));
    }
    const std::size_t size = queue.size();
    EXPECT_TRUE(queue.push_urgent(frame_type::pong));
    for (int i = 0; i < 1000; ++i) EXPECT_FALSE(queue.push_urgent(frame_type::pong));
    EXPECT_EQ(queue.size(), size + limits::frame_header_bytes);
  }
}

TEST(TransmitQueue, RefusesWhatFitsNoFrame) {
  transmit_queue queue;
  EXPECT_EQ(queue.push_slice(stream_id{1}, slice_of(limits::peer_slice_bytes_max + 1, 0)).error(),
            error{errc::message_too_large});
  EXPECT_TRUE(queue.empty());
  ASSERT_TRUE(queue.push_slice(stream_id{UINT32_MAX}, slice_of(limits::peer_slice_bytes_max, 0)));
}

}  // namespace
}  // namespace tallow::room
