#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include <tallow/base/bytes.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/wire/frame.hpp>

namespace {

using namespace tallow;  // NOLINT(google-build-using-namespace)

constexpr std::array all_types{
#define TALLOW_X(name, number, bytes_max) frame_type::name,
    TALLOW_FRAME_TYPES(TALLOW_X)
#undef TALLOW_X
};

TEST(Frame, WritesLengthTypeAndZeros) {
  EXPECT_EQ(to_hex(encode_frame_header(frame_type::ping, 0)), "0000000011000000");
  EXPECT_EQ(to_hex(encode_frame_header(frame_type::data, 0x40001A)), "0040001a31000000");
}

TEST(Frame, StartsWithAZeroByteWhateverItsType) {
  for (const frame_type type : all_types) {
    const std::size_t most = *frame_bytes_max(static_cast<std::uint8_t>(type));
    EXPECT_EQ(encode_frame_header(type, static_cast<std::uint32_t>(most))[0], std::byte{0})
        << frame_name(type);
  }
}

TEST(FrameDeathTest, HasNoHeaderForALengthOfMoreThanThreeBytes) {
  EXPECT_DEATH((void)encode_frame_header(frame_type::data, 1U << 24U), "assertion failed");
}

TEST(Frame, KnowsItsTypesAndNoOthers) {
  std::set<unsigned> numbers;
  for (const frame_type type : all_types) numbers.insert(static_cast<unsigned>(type));
  EXPECT_EQ(numbers.size(), all_types.size());
  for (unsigned number = 0; number < 256; ++number) {
    EXPECT_EQ(frame_bytes_max(static_cast<std::uint8_t>(number)).has_value(),
              numbers.contains(number))
        << number;
  }
}

TEST(Frame, NamesItsTypes) {
  EXPECT_STREQ(frame_name(frame_type::lane_tickets), "lane_tickets");
  EXPECT_STREQ(frame_name(frame_type{0xFF}), "unknown");
}

TEST(Frame, LetsAStrangerPinFourKibibytesAtMost) {
  for (const frame_type type : all_types) {
    // Only slices and records come after an introduction.
    const bool later = type == frame_type::peer || frames_of_lane.contains(type);
    const std::size_t most = *frame_bytes_max(static_cast<std::uint8_t>(type));
    EXPECT_TRUE(later || most <= limits::unauthenticated_frame_bytes_max) << frame_name(type);
  }
}

TEST(FrameSet, ContainsWhatItWasGiven) {
  constexpr frame_set none{};
  constexpr frame_set two{frame_type::client_hello, frame_type::data};
  for (const frame_type type : all_types) {
    EXPECT_FALSE(none.contains(type));
    EXPECT_EQ(two.contains(type), type == frame_type::client_hello || type == frame_type::data);
  }
}

TEST(FrameSet, KeepsTheDirectionsOfARelayApart) {
  const std::set<frame_type> both_ways{frame_type::peer, frame_type::ping, frame_type::pong,
                                       frame_type::close};
  for (const frame_type type : all_types) {
    if (frames_to_relay.contains(type) && frames_from_relay.contains(type)) {
      EXPECT_TRUE(both_ways.contains(type)) << frame_name(type);
    }
    const int sets = (frames_to_relay.contains(type) || frames_from_relay.contains(type) ? 1 : 0) +
                     (frames_of_handshake.contains(type) ? 1 : 0) +
                     (frames_of_lane.contains(type) ? 1 : 0);
    EXPECT_EQ(sets, 1) << frame_name(type);
  }
}

}  // namespace
