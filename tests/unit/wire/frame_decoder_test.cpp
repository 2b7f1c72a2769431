#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/base/bytes.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/wire/frame.hpp>
#include <tallow/wire/frame_decoder.hpp>
#include <tallow/wire/message.hpp>

#include "fuzz/reception.hpp"
#include "fuzz/seeded_random.hpp"

namespace {

using namespace tallow;  // NOLINT(google-build-using-namespace)
using fuzz::reception;

byte_buffer body_of(std::size_t bytes) {
  byte_buffer body(bytes);
  fuzz::seeded_random random(bytes);
  std::generate(body.begin(), body.end(), [&] { return random.byte(); });
  return body;
}

byte_buffer stream_of(frame_type type, std::initializer_list<std::size_t> body_sizes) {
  byte_buffer stream;
  for (const std::size_t bytes : body_sizes) {
    EXPECT_TRUE(append_frame(stream, type, body_of(bytes)));
  }
  return stream;
}

void expect_frames(const reception& all, frame_type type,
                   std::initializer_list<std::size_t> body_sizes) {
  EXPECT_FALSE(all.failure);
  EXPECT_TRUE(all.between_frames);
  ASSERT_EQ(all.frames.size(), body_sizes.size());
  auto frame = all.frames.begin();
  for (const std::size_t bytes : body_sizes) {
    EXPECT_EQ(frame->type, type);
    EXPECT_EQ(frame->body, body_of(bytes)) << bytes;
    ++frame;
  }
}

TEST(FrameDecoder, GivesTheSameFramesHoweverTheyAreSplit) {
  const std::initializer_list<std::size_t> sizes{0, 1, 7, 8, 9, 0, 0, 4096, 70000};
  const byte_buffer stream = stream_of(frame_type::data, sizes);
  expect_frames(fuzz::receive_three_ways(frame_decoder(frames_of_lane), stream), frame_type::data,
                sizes);
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    fuzz::seeded_random random(seed);
    const std::size_t longest = 1 + random.below(20000);
    expect_frames(fuzz::receive(frame_decoder(frames_of_lane), stream,
                                [&] { return 1 + random.below(longest); }),
                  frame_type::data, sizes);
  }
}

TEST(FrameDecoder, GivesTheSameFramesCutAtEveryPlace) {
  const std::initializer_list<std::size_t> sizes{0, 3, 20};
  const byte_buffer stream = stream_of(frame_type::sealed, sizes);
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    std::size_t next = cut == 0 ? stream.size() : cut;
    expect_frames(fuzz::receive(frame_decoder(frames_of_lane), stream,
                                [&] { return std::exchange(next, stream.size()); }),
                  frame_type::sealed, sizes);
  }
}

TEST(FrameDecoder, SaysHowMuchAFrameLacksSoThatNothingBehindItIsTaken) {
  for (const std::size_t most : {std::size_t{1}, std::size_t{3}, std::size_t{1000}}) {
    byte_buffer stream = stream_of(frame_type::data, {20, 0, 300});
    frame_decoder decoder(frames_of_lane);
    byte_span rest(stream);
    for (const std::size_t bytes : {20U, 0U, 300U}) {
      const std::size_t before = rest.size();
      std::optional<frame_view> frame;
      while (!frame) {
        ASSERT_GE(decoder.bytes_missing(), 1U);
        byte_span part = rest.first(std::min(most, decoder.bytes_missing()));
        rest = rest.subspan(part.size());
        frame = decoder.next(part).value();
      }
      EXPECT_EQ(frame->body.size(), bytes);
      EXPECT_EQ(before - rest.size(), limits::frame_header_bytes + bytes);
    }
    EXPECT_TRUE(rest.empty());
  }
  frame_decoder failed({frame_type::ping});
  byte_buffer wrong = stream_of(frame_type::data, {1});
  byte_span input(wrong);
  ASSERT_FALSE(failed.next(input));
  EXPECT_EQ(failed.bytes_missing(), 0U);
}

TEST(FrameDecoder, DoesNotCopyAFrameThatCameWhole) {
  byte_buffer stream = stream_of(frame_type::data, {100, 50});
  byte_span input(stream);
  frame_decoder decoder(frames_of_lane);
  const auto first = decoder.next(input);
  ASSERT_TRUE(first && *first);
  EXPECT_EQ((*first)->body.data(), stream.data() + 8);
  EXPECT_EQ(input.size(), 58U);
  const auto second = decoder.next(input);
  ASSERT_TRUE(second && *second);
  EXPECT_EQ((*second)->body.data(), stream.data() + 116);
  EXPECT_TRUE(input.empty());
}

TEST(FrameDecoder, LetsABodyBeChangedWhereItLies) {
  byte_buffer stream = stream_of(frame_type::data, {4});
  frame_decoder decoder(frames_of_lane);
  byte_span first = byte_span(stream).first(10);
  byte_span second = byte_span(stream).subspan(10);
  ASSERT_FALSE(*decoder.next(first));
  const auto frame = decoder.next(second);
  ASSERT_TRUE(frame && *frame);
  (*frame)->body[0] = std::byte{0x77};
  EXPECT_EQ((*frame)->body[0], std::byte{0x77});
}

TEST(FrameDecoder, TakesNothingBeyondTheFrameItIsIn) {
  byte_buffer stream = stream_of(frame_type::data, {4, 4});
  frame_decoder decoder(frames_of_lane);
  byte_span first = byte_span(stream).first(10);
  byte_span second = byte_span(stream).subspan(10);
  ASSERT_FALSE(*decoder.next(first));
  ASSERT_TRUE(*decoder.next(second));
  EXPECT_EQ(second.size(), 12U);
}

void expect_refused(std::string_view hex, errc code, std::uint64_t at, frame_set allowed,
                    std::size_t cap = limits::frame_length_limit) {
  const byte_buffer stream = *from_hex(hex);
  const reception all = fuzz::receive_three_ways(frame_decoder(allowed, cap), stream);
  ASSERT_TRUE(all.failure) << hex;
  EXPECT_EQ(all.failure->code, code) << hex;
  EXPECT_EQ(all.failure->at, at) << hex;
  EXPECT_FALSE(all.between_frames);
}

TEST(FrameDecoder, RefusesTypesThatDoNotExistOrHaveNoPlace) {
  expect_refused("00000000ff000000", errc::frame_type_unknown, 0, frames_to_relay);
  expect_refused("0000000000000000", errc::frame_type_unknown, 0, frames_to_relay);
  expect_refused("0000000002000000", errc::frame_type_unknown, 0, frames_to_relay);
  expect_refused(
      "0000000011000000"
      "0000000031000000",
      errc::frame_type_unknown, 8, frames_to_relay);
}

TEST(FrameDecoder, RefusesReservedBitsOneByOne) {
  for (std::size_t bit = 0; bit < 24; ++bit) {
    byte_buffer stream = *from_hex("0000000011000000");
    stream[5 + bit / 8] |= std::byte{1} << (bit % 8);
    expect_refused(to_hex(stream), errc::frame_reserved_set, 0, frames_to_relay);
  }
}

TEST(FrameDecoder, RefusesALengthAboveTheLimitOfItsType) {
#define TALLOW_X(name, number, bytes_max)                                                        \
  {                                                                                              \
    const auto longer = static_cast<std::uint32_t>((bytes_max) + 1);                             \
    expect_refused(to_hex(encode_frame_header(frame_type::name, longer)), errc::frame_too_large, \
                   0, frame_set{frame_type::name});                                              \
    byte_buffer longest;                                                                         \
    ASSERT_TRUE(append_frame(longest, frame_type::name, byte_buffer(bytes_max)));                \
    byte_span input(longest);                                                                    \
    const auto frame = frame_decoder(frame_set{frame_type::name}).next(input);                   \
    EXPECT_TRUE(frame&&* frame) << #name;                                                        \
  }
  TALLOW_FRAME_TYPES(TALLOW_X)
#undef TALLOW_X
  expect_refused("ffffffff31000000", errc::frame_too_large, 0, frames_of_lane);
}

TEST(FrameDecoder, RefusesALengthAboveTheCap) {
  const std::size_t cap = limits::unauthenticated_frame_bytes_max;
  expect_refused("0000100131000000", errc::frame_too_large, 0, frames_of_lane, cap);
  const byte_buffer stream = stream_of(frame_type::data, {cap});
  EXPECT_FALSE(fuzz::receive_three_ways(frame_decoder(frames_of_lane, cap), stream).failure);
}

TEST(FrameDecoder, StaysFailed) {
  byte_buffer bad = *from_hex("00000000ff000000");
  byte_buffer good = stream_of(frame_type::data, {4});
  frame_decoder decoder(frames_of_lane);
  byte_span input(bad);
  ASSERT_FALSE(decoder.next(input));
  input = good;
  const auto again = decoder.next(input);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, errc::frame_type_unknown);
  EXPECT_EQ(input.size(), good.size());
  EXPECT_FALSE(decoder.between_frames());
}

TEST(FrameDecoder, AllowsOtherFramesFromTheNextOneOn) {
  byte_buffer stream = stream_of(frame_type::handshake_0, {10});
  append(stream, stream_of(frame_type::sealed, {10}));
  for (const std::size_t piece : {std::size_t{1}, std::size_t{5}, stream.size()}) {
    frame_decoder decoder(frames_of_handshake);
    std::vector<frame_type> types;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      byte_span input = byte_span(stream).subspan(at, std::min(piece, stream.size() - at));
      for (;;) {
        const auto frame = decoder.next(input);
        ASSERT_TRUE(frame);
        if (!*frame) break;
        types.push_back((*frame)->type);
        decoder.allow(frames_of_control);
      }
    }
    EXPECT_EQ(types, (std::vector{frame_type::handshake_0, frame_type::sealed})) << piece;
  }
}

TEST(FrameDecoder, KnowsWhetherTheStreamMayEnd) {
  byte_buffer stream = stream_of(frame_type::data, {2});
  frame_decoder decoder(frames_of_lane);
  EXPECT_TRUE(decoder.between_frames());
  for (std::size_t i = 0; i < stream.size(); ++i) {
    byte_span input = byte_span(stream).subspan(i, 1);
    const auto frame = decoder.next(input);
    EXPECT_EQ(decoder.between_frames(), i + 1 == stream.size()) << i;
    EXPECT_EQ(frame->has_value(), i + 1 == stream.size()) << i;
  }
  byte_span nothing;
  EXPECT_FALSE(*decoder.next(nothing));
  EXPECT_TRUE(decoder.between_frames());
}

}  // namespace
