// What a side takes in of the lanes that the other one announces.
#include <cstdint>
#include <utility>

#include <gtest/gtest.h>

#include <tallow/base/limits.hpp>
#include <tallow/session/secure_channel.hpp>

#include "support/code_of.hpp"
#include "support/handshake_pair.hpp"

namespace tallow::session {
namespace {

using test::code_of;

// That of a side which has just recognised the other.
secure_channel a_channel() {
  test::handshake_pair pair;
  pair.start(test::a_code(), test::a_code());
  pair.run();
  return secure_channel::make(std::move(*pair.r->take_output()), frame_decoder(frames_of_handshake))
      .value();
}

lanes so_many(std::uint32_t count, std::uint32_t first = 1) {
  lanes m;
  m.first = stream_id{first};
  m.count = count;
  return m;
}

TEST(SecureChannel, RefusesLanesThatAreNoneOrTooMany) {
  secure_channel channel = a_channel();
  EXPECT_EQ(code_of(channel.announce(so_many(0))), errc::peer_message_unexpected);
  for (const std::uint32_t count : {limits::lanes_max + 1, UINT32_MAX - 1, UINT32_MAX}) {
    EXPECT_EQ(code_of(channel.announce(so_many(count))), errc::length_above_limit) << count;
  }
  // What was refused has taken no ids.
  EXPECT_EQ(code_of(channel.discard_lanes(stream_id{1}, 1)), errc::stream_id_used);
  EXPECT_EQ(code_of(channel.announce(so_many(limits::lanes_max))), errc{});
  EXPECT_EQ(code_of(channel.discard_lanes(stream_id{1}, limits::lanes_max)), errc{});
  EXPECT_EQ(code_of(channel.discard_lanes(stream_id{limits::lanes_max + 1}, 1)),
            errc::stream_id_used);
}

TEST(SecureChannel, HearsOfTheSameLaneOnce) {
  secure_channel channel = a_channel();
  EXPECT_EQ(code_of(channel.announce(so_many(1, 0))), errc::stream_id_used)
      << "the control channel";
  EXPECT_EQ(code_of(channel.announce(so_many(2, 1))), errc{});
  EXPECT_EQ(code_of(channel.announce(so_many(2, 2))), errc::stream_id_used);
  EXPECT_EQ(code_of(channel.announce(so_many(1, 3))), errc{});
}

}  // namespace
}  // namespace tallow::session
