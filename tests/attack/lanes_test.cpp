// Sides that want more lanes of the other than there may be.
#include <chrono>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/base/limits.hpp>
#include <tallow/wire/message.hpp>
#include <tallow/wire/relay_messages.hpp>

#include "support/direct_pair.hpp"

namespace tallow::test {
namespace {

using enum direct_use;

// What a relay would say that gives all tickets that are asked for, however many there are.
std::vector<byte_buffer> generous(byte_buffer frame) {
  if (frame[4] != static_cast<std::byte>(frame_type::lane_tickets)) return {std::move(frame)};
  lane_tickets given;
  given.tickets.resize(2);  // as many as the sender of a direct_pair wants
  byte_buffer instead;
  EXPECT_TRUE(append_message(instead, given));
  return {instead};
}

// Each lane costs the receiver a connection, a thread and a buffer.
TEST(HostileSender, AnnouncesNoMoreLanesThanThereMayBe) {
  direct_pair pair(never, never);
  pair.sending.tap = generous;
  pair.receiving.tap = generous;
  pair.receiving.on_offer = [](auto&, instant) {};  // its person takes a while
  // Says of each lane at once that it is gone, and announces another.
  pair.sending.on_event = [&](const session::event& e) {
    const auto* granted = std::get_if<session::lane_granted>(&e);
    if (granted == nullptr) return;
    pair.sending.inside().lane_opened(granted->lane);
    (void)pair.sending.inside().lane_ended(granted->lane, error{errc::connection_lost},
                                           pair.relay.now);
  };
  pair.relay.run(std::chrono::minutes(1),
                 [&] { return pair.receiving.count<session::connection_lost>() > 0; });
  EXPECT_EQ(pair.receiving.count<session::lane_granted>(), 2 * limits::lanes_max);
  EXPECT_EQ(pair.receiving.count<session::connection_lost>(), 1U);
}

}  // namespace
}  // namespace tallow::test
