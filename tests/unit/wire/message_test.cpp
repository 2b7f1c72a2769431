#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include <gtest/gtest.h>

#include <tallow/base/bytes.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/wire/message.hpp>

#include "fuzz/samples.hpp"

namespace {

using namespace tallow;  // NOLINT(google-build-using-namespace)

TEST(AppendFrame, PutsTheHeaderBeforeTheBody) {
  byte_buffer out{std::byte{0xEE}};
  ASSERT_TRUE(append_frame(out, frame_type::close, *from_hex("01")));
  EXPECT_EQ(to_hex(out),
            "ee"
            "0000000113000000"
            "01");
}

TEST(AppendFrame, LeavesNothingBehindOfABodyThatIsTooLong) {
  byte_buffer out{std::byte{0xEE}};
  const auto done = append_frame(out, frame_type::ping, byte_buffer(1));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, errc::message_too_large);
  EXPECT_EQ(to_hex(out), "ee");
}

TEST(AppendMessage, FramesTheBody) {
  byte_buffer out;
  ASSERT_TRUE(append_message(out, close_room{close_reason::cancelled}));
  EXPECT_EQ(to_hex(out),
            "0000000113000000"
            "02");
}

TEST(AppendMessage, LeavesNothingBehindOfAMessageThatNobodyAccepts) {
  byte_buffer out{std::byte{0xEE}};
  relay_hello hello;
  hello.notice = "\xFF";
  const auto done = append_message(out, hello);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, errc::invalid_argument);
  EXPECT_EQ(to_hex(out), "ee");
}

TEST(AppendPeerSlice, WritesWhatTheMessageWrites) {
  for (const std::uint32_t stream : {0U, 1U, 127U, 128U, 0xFFFFFFFFU}) {
    for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, std::size_t{127},
                                    std::size_t{128}, limits::peer_slice_bytes_max}) {
      const byte_buffer slice(bytes, std::byte{0x5A});
      byte_buffer quick{std::byte{0xEE}};
      byte_buffer slow{std::byte{0xEE}};
      ASSERT_TRUE(append_peer_slice(quick, stream_id{stream}, slice));
      ASSERT_TRUE(append_message(slow, peer_slice{stream_id{stream}, slice}));
      EXPECT_EQ(quick, slow) << stream << ' ' << bytes;
    }
  }
}

TEST(AppendPeerSlice, RefusesASliceThatIsTooLong) {
  byte_buffer out{std::byte{0xEE}};
  const auto done =
      append_peer_slice(out, stream_id{1}, byte_buffer(limits::peer_slice_bytes_max + 1));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, errc::message_too_large);
  EXPECT_EQ(to_hex(out), "ee");
}

TEST(DecodePeerSlice, GivesAViewThatMayBeWritten) {
  byte_buffer body = *from_hex(
      "ac02"
      "02aabb");
  const auto slice = decode_peer_slice(body);
  ASSERT_TRUE(slice);
  EXPECT_EQ(slice->stream.value, 300U);
  EXPECT_EQ(slice->bytes.data(), body.data() + 3);
  EXPECT_EQ(slice->bytes.size(), 2U);
}

TEST(DecodePeerSlice, RefusesWhatTheCodecRefuses) {
  const auto refusal = [](std::string_view hex) {
    byte_buffer body = *from_hex(hex);
    const auto slice = decode_peer_slice(body);
    return slice ? errc{} : slice.error().code;
  };
  EXPECT_EQ(refusal(""), errc::truncated);
  EXPECT_EQ(refusal("0002aa"), errc::truncated);
  EXPECT_EQ(refusal("0001aa00"), errc::trailing_bytes);
  EXPECT_EQ(refusal("8000"
                    "00"),
            errc::varint_not_shortest);
  EXPECT_EQ(refusal("00"
                    "818001"),
            errc::length_above_limit);
}

TEST(VisitSealed, HandsEachMessageToTheHandler) {
  fuzz::for_each_message<peer_messages>([]<class M>(std::type_identity<M>) {
    const M sent = fuzz::sample<M>(fuzz::fullness::random, 7);
    byte_buffer plaintext;
    append_sealed_plaintext(plaintext, sent);
    EXPECT_EQ(plaintext[0], static_cast<std::byte>(M::type));
    int handled = 0;
    const auto done = visit_sealed(plaintext, [&]<class N>(const N& received) -> result<void> {
      if constexpr (std::is_same_v<M, N>) {
        EXPECT_EQ(received, sent);
        ++handled;
      } else {
        ADD_FAILURE() << "another message came";
      }
      return {};
    });
    EXPECT_TRUE(done);
    EXPECT_EQ(handled, 1);
  });
}

TEST(VisitSealed, RefusesWithoutCallingTheHandler) {
  const auto refusal = [](std::string_view hex) {
    const auto done = visit_sealed(*from_hex(hex), [](const auto&) -> result<void> {
      ADD_FAILURE() << "nothing should have come";
      return {};
    });
    return done ? errc{} : done.error().code;
  };
  EXPECT_EQ(refusal(""), errc::truncated);
  EXPECT_EQ(refusal("00"), errc::message_type_unknown);
  EXPECT_EQ(refusal("13"), errc::message_type_unknown);
  EXPECT_EQ(refusal("08000000000000000000"), errc::message_type_unknown);
  EXPECT_EQ(refusal("0f00"), errc::trailing_bytes);
  EXPECT_EQ(refusal("0e"), errc::truncated);
}

TEST(VisitSealed, PassesTheHandlersErrorOn) {
  const auto done = visit_sealed(
      *from_hex("0f"), [](const auto&) -> result<void> { return fail(errc::wrong_state, 3); });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, errc::wrong_state);
}

}  // namespace
