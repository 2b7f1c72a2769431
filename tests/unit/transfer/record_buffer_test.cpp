#include <algorithm>
#include <cstring>

#include <gtest/gtest.h>

#include <tallow/transfer/record_buffer.hpp>
#include <tallow/wire/message.hpp>

namespace tallow::transfer {
namespace {

constexpr std::size_t chunk = limits::chunk_bytes_min;

byte_buffer frame_of(std::size_t body, char fill) {
  byte_buffer frame;
  EXPECT_TRUE(append_frame(frame, frame_type::data, byte_buffer(body, std::byte(fill))));
  return frame;
}

TEST(RecordBuffer, HandsOutWholeFramesHoweverTheyArrive) {
  const std::size_t full = limits::data_prefix_bytes + chunk + limits::record_tag_bytes;
  byte_buffer stream;
  std::vector<byte_buffer> frames;
  for (const std::size_t body : {full, full, std::size_t{0}, std::size_t{100}, std::size_t{7}, full,
                                 full - 1, std::size_t{1}, full}) {
    frames.push_back(frame_of(body, static_cast<char>('a' + frames.size())));
    append(stream, frames.back());
  }
  for (const std::size_t step :
       {std::size_t{1}, std::size_t{7}, std::size_t{1000}, std::size_t{1'000'000}}) {
    record_buffer buffer(chunk);
    byte_view rest = stream;
    std::size_t got = 0;
    while (!rest.empty()) {
      const byte_span space = buffer.space();
      ASSERT_FALSE(space.empty());
      const std::size_t count = std::min({step, space.size(), rest.size()});
      std::copy_n(rest.begin(), count, space.begin());
      buffer.filled(count);
      rest = rest.subspan(count);
      for (byte_span frame = buffer.frame(); !frame.empty(); frame = buffer.frame()) {
        ASSERT_LT(got, frames.size());
        EXPECT_TRUE(equal(frame, frames[got])) << got << " with steps of " << step;
        ++got;
      }
    }
    EXPECT_EQ(got, frames.size());
  }
}

TEST(RecordBuffer, PutsTheBytesOfAFullChunkAtTheBeginningOfAPage) {
  const byte_buffer frame =
      frame_of(limits::data_prefix_bytes + chunk + limits::record_tag_bytes, 'x');
  record_buffer buffer(chunk);
  for (int i = 0; i < 3; ++i) {
    byte_view rest = frame;
    while (!rest.empty()) {
      const byte_span space = buffer.space();
      const std::size_t count = std::min(space.size(), rest.size());
      std::copy_n(rest.begin(), count, space.begin());
      buffer.filled(count);
      rest = rest.subspan(count);
    }
    const byte_span got = buffer.frame();
    ASSERT_EQ(got.size(), frame.size());
    const auto* bytes = got.data() + limits::frame_header_bytes + limits::data_prefix_bytes;
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(bytes) % page_buffer::page_bytes, 0U);
  }
}

TEST(RecordBuffer, HandsOutAFrameThatIsTooLargeForWhoeverRefusesIt) {
  record_buffer buffer(chunk);
  const auto header = encode_frame_header(frame_type::data, limits::frame_length_limit - 1);
  std::copy(header.begin(), header.end(), buffer.space().begin());
  buffer.filled(header.size());
  EXPECT_EQ(buffer.frame().size(), header.size());
}

}  // namespace
}  // namespace tallow::transfer
