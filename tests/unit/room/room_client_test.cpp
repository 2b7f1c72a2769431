#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/room/room_client.hpp>

#include "support/relay_world.hpp"

namespace tallow::room {
namespace {

using namespace std::chrono_literals;
using test::bytes_of;
using test::room_of;
using test::side;

template <message... M>
byte_buffer frames(const M&... m) {
  byte_buffer all;
  EXPECT_TRUE((append_message(all, m).has_value() && ...));
  return all;
}

const relay_hello hello{relay_protocol_version, "relay", {}, ""};

class ClientTest : public ::testing::Test {
 protected:
  static client_options creating() { return {want::send, side(1), std::nullopt, "test"}; }
  static client_options joining() { return {want::receive, side(2), room_of(5), "test"}; }

  // What the client says, taken out of it.
  byte_buffer said(client& c) {
    byte_buffer all;
    while (!c.poll_transmit().empty()) {
      append(all, c.poll_transmit());
      c.transmitted(c.poll_transmit().size());
    }
    return all;
  }

  // Feeds all of `bytes` and gives the events. Slices among them dangle.
  result<std::vector<client_event>> feed(client& c, byte_buffer bytes) {
    std::vector<client_event> events;
    byte_span in(bytes);
    for (;;) {
      auto event = c.next(in, now);
      if (!event) return fail(event.error());
      if (!*event) return events;
      events.push_back(**event);
    }
  }

  template <message... M>
  result<std::vector<client_event>> hear(client& c, const M&... m) {
    return feed(c, frames(m...));
  }

  // A client that is first and has a peer.
  client paired() {
    client c(creating(), now);
    EXPECT_TRUE(hear(c, hello, room_created{5, room_of(5), 10, {}}, peer_joined{}));
    (void)said(c);
    return c;
  }

  instant now{1h};
};

TEST_F(ClientTest, AsksForARoomWithoutWaiting) {
  client creates(creating(), now);
  EXPECT_EQ(said(creates), frames(client_hello{{relay_protocol_version}, "test"},
                                  create_room{side(1), want::send}));
  client joins(joining(), now);
  EXPECT_EQ(said(joins), frames(client_hello{{relay_protocol_version}, "test"},
                                join_room{room_of(5), side(2), want::receive}));
}

TEST_F(ClientTest, TellsOfItsRoomAndItsPeer) {
  client c(creating(), now);
  const auto events =
      hear(c, hello, room_created{5, room_of(5), 10, {1, 2, 3}}, peer_joined{arrival::joined});
  ASSERT_TRUE(events);
  ASSERT_EQ(events->size(), 2U);
  const auto& made = std::get<created>((*events)[0]);
  EXPECT_EQ(made.nameplate, 5U);
  EXPECT_EQ(made.room, room_of(5));
  EXPECT_EQ(made.expiry_seconds, 10U);
  EXPECT_EQ(made.limits, (relay_limits{1, 2, 3}));
  EXPECT_EQ(std::get<peer_arrived>((*events)[1]).placed, place::first);
  EXPECT_EQ(c.placed(), place::first);
}

TEST_F(ClientTest, SeesTheSameEventsHoweverTheBytesCome) {
  const byte_buffer all =
      frames(hello, room_joined{place::second, {}}, relay_ping{},
             peer_slice{stream_id{3}, bytes_of(300, 1)}, quota_warning{5}, goaway{1, 2},
             peer_left{leave_reason::finished}, error_report{relay_error_code::idle, 0, 0, {}});
  for (const std::size_t step : {all.size(), std::size_t{1}, std::size_t{13}}) {
    client c(joining(), now);
    std::vector<std::size_t> kinds;
    byte_buffer slice_bytes;
    for (std::size_t at = 0; at < all.size(); at += step) {
      byte_buffer part(all.begin() + static_cast<std::ptrdiff_t>(at),
                       all.begin() + static_cast<std::ptrdiff_t>(std::min(at + step, all.size())));
      byte_span in(part);
      while (const auto event = c.next(in, now).value()) {
        kinds.push_back(event->index());
        if (const auto* s = std::get_if<slice>(&*event)) append(slice_bytes, s->bytes);
      }
      EXPECT_TRUE(in.empty());
    }
    const auto kind = [](client_event e) { return e.index(); };
    EXPECT_EQ(kinds,
              (std::vector<std::size_t>{kind(joined{}), kind(slice{}), kind(quota_low{}),
                                        kind(draining{}), kind(peer_gone{}), kind(refused{})}));
    EXPECT_EQ(slice_bytes, bytes_of(300, 1));
  }
}

TEST_F(ClientTest, GivesASliceWhereItLies) {
  client c = paired();
  byte_buffer bytes = frames(peer_slice{stream_id{3}, bytes_of(300, 1)});
  byte_span in(bytes);
  const auto event = c.next(in, now).value();
  EXPECT_EQ(std::get<slice>(*event).bytes.data() + 300, bytes.data() + bytes.size());
}

TEST_F(ClientTest, KnowsWhenItStaysAndWhenItIsParted) {
  client c = paired();
  auto gone = std::get<peer_gone>(hear(c, peer_left{leave_reason::disconnected})->at(0));
  EXPECT_TRUE(gone.still_waiting);
  EXPECT_EQ(c.send_slice(stream_id{0}, {}).error(), error{errc::wrong_state});
  ASSERT_TRUE(hear(c, peer_joined{}));
  ASSERT_TRUE(c.confirm());
  gone = std::get<peer_gone>(hear(c, peer_left{leave_reason::finished})->at(0));
  EXPECT_FALSE(gone.still_waiting);
  EXPECT_EQ(gone.reason, leave_reason::finished);
  EXPECT_EQ(c.rejoin().error(), error{errc::wrong_state});
}

TEST_F(ClientTest, JoinsAgainOnceItIsParted) {
  client c(joining(), now);
  ASSERT_TRUE(hear(c, hello, room_joined{place::second, {}}));
  EXPECT_EQ(c.rejoin().error(), error{errc::wrong_state});
  const auto gone = std::get<peer_gone>(hear(c, peer_left{leave_reason::disconnected})->at(0));
  EXPECT_FALSE(gone.still_waiting);
  (void)said(c);
  ASSERT_TRUE(c.rejoin());
  EXPECT_EQ(said(c), frames(join_room{room_of(5), side(2), want::receive}));
  EXPECT_EQ(std::get<joined>(hear(c, room_joined{place::first, {}})->at(0)).placed, place::first);
}

// The relay may still take us for one that waits, if the other side left just as we confirmed.
TEST_F(ClientTest, IgnoresARoomThatIsOverForIt) {
  client c = paired();
  ASSERT_TRUE(c.confirm());
  const auto events = hear(c, peer_left{}, peer_joined{}, peer_slice{stream_id{0}, {}},
                           peer_left{leave_reason::handshake_timeout});
  ASSERT_TRUE(events);
  EXPECT_EQ(events->size(), 1U);
}

TEST_F(ClientTest, AnswersPingsInOrderBehindWhatItQueued) {
  client c = paired();
  byte_buffer expected;
  for (int i = 0; i < 20; ++i) {  // more than one block
    const peer_slice slice{stream_id{0}, bytes_of(16'000, static_cast<std::uint8_t>(i))};
    ASSERT_TRUE(c.send_slice(slice.stream, slice.bytes));
    append(expected, frames(slice));
  }
  ASSERT_TRUE(hear(c, relay_ping{}));
  ASSERT_TRUE(c.send_slice(stream_id{0}, bytes_of(5, 2)));
  append(expected, frames(relay_pong{}, peer_slice{stream_id{0}, bytes_of(5, 2)}));
  EXPECT_TRUE(said(c) == expected);
}

TEST_F(ClientTest, PingsAfterFifteenSecondsOfItsOwnSilence) {
  client c = paired();
  now += 15s;
  ASSERT_TRUE(c.handle_timeout(now));  // it has spoken since it was made
  EXPECT_TRUE(c.poll_transmit().empty());
  ASSERT_EQ(c.next_timeout(), now + 15s);
  now += 15s;
  ASSERT_TRUE(c.handle_timeout(now));
  EXPECT_EQ(said(c), frames(relay_ping{}));
  ASSERT_TRUE(hear(c, relay_pong{}));
  ASSERT_TRUE(c.handle_timeout(now + 15s));
  EXPECT_TRUE(c.poll_transmit().empty());
}

TEST_F(ClientTest, GivesASilentRelayUp) {
  client c = paired();
  now += 30s;
  ASSERT_TRUE(c.handle_timeout(now));
  ASSERT_TRUE(hear(c, relay_pong{}));
  now += 45s - 1ns;
  ASSERT_TRUE(c.handle_timeout(now));
  now += 1ns;
  const auto silent = c.handle_timeout(now);
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error(), error{errc::relay_silent});
  EXPECT_TRUE(c.is_over());
  EXPECT_FALSE(c.next_timeout());
  EXPECT_EQ(c.handle_timeout(now).error(), error{errc::relay_silent});
}

TEST_F(ClientTest, HearsNothingAfterARefusal) {
  client c = paired();
  const auto events = hear(c, error_report{relay_error_code::quota, 0, 77, {}}, peer_joined{});
  ASSERT_EQ(events->size(), 1U);
  EXPECT_EQ(std::get<refused>((*events)[0]).why, (error{errc::quota_exhausted, 77}));
  EXPECT_TRUE(c.is_over());
  EXPECT_EQ(c.send_slice(stream_id{0}, {}).error(), error{errc::wrong_state});
  EXPECT_EQ(c.close(close_reason::done).error(), error{errc::wrong_state});
}

TEST_F(ClientTest, HearsNothingAfterItClosed) {
  client c = paired();
  ASSERT_TRUE(c.send_slice(stream_id{0}, bytes_of(5, 1)));
  ASSERT_TRUE(c.close(close_reason::spent));
  EXPECT_TRUE(hear(c, peer_slice{stream_id{0}, {}})->empty());
  EXPECT_EQ(said(c),
            frames(peer_slice{stream_id{0}, bytes_of(5, 1)}, close_room{close_reason::spent}));
}

TEST_F(ClientTest, MapsEveryRefusalToACodeOfItsOwn) {
  std::vector<errc> seen;
  for (std::uint32_t i = 0; i <= static_cast<std::uint32_t>(enum_last(relay_error_code{})); ++i) {
    const errc code = error_of({static_cast<relay_error_code>(i), 0, 0, {}}).code;
    EXPECT_EQ(std::count(seen.begin(), seen.end(), code), 0) << i;
    seen.push_back(code);
  }
}

// Every message of a relay that has no place where the client is ends the connection.
TEST_F(ClientTest, EndsOnWhatHasNoPlace) {
  const auto expect_unexpected = [&](client c, const auto& m) {
    const auto events = hear(c, m);
    ASSERT_FALSE(events);
    EXPECT_EQ(events.error().code, errc::relay_message_unexpected);
    EXPECT_EQ(hear(c, m).error().code, errc::relay_message_unexpected);
    EXPECT_TRUE(c.poll_transmit().empty());
    EXPECT_EQ(c.send_slice(stream_id{0}, {}).has_value(), false);
  };
  const auto greeting = [&] { return client(creating(), now); };
  const auto asking = [&] {
    client c(creating(), now);
    EXPECT_TRUE(hear(c, hello));
    return c;
  };
  const auto waiting = [&] {
    client c = asking();
    EXPECT_TRUE(hear(c, room_created{5, room_of(5), 10, {}}));
    return c;
  };
  const auto second = [&] {
    client c(joining(), now);
    EXPECT_TRUE(hear(c, hello, room_joined{place::second, {}}));
    return c;
  };
  expect_unexpected(greeting(), room_created{});
  expect_unexpected(greeting(), peer_joined{});
  expect_unexpected(asking(), hello);
  expect_unexpected(asking(), room_joined{});  // it asked for a new room
  expect_unexpected(asking(), peer_left{});
  expect_unexpected(asking(), peer_slice{});
  expect_unexpected(waiting(), peer_slice{});
  expect_unexpected(waiting(), peer_left{});
  expect_unexpected(waiting(), room_created{});
  expect_unexpected(waiting(), lane_tickets{});
  expect_unexpected(paired(), peer_joined{});
  expect_unexpected(paired(), room_joined{});
  expect_unexpected(paired(), lane_tickets{});
  expect_unexpected(second(), peer_joined{});
  expect_unexpected(second(), room_created{});
}

TEST_F(ClientTest, EndsOnAVersionThatItDidNotOffer) {
  client c(creating(), now);
  EXPECT_EQ(hear(c, relay_hello{2, "", {}, ""}).error().code, errc::relay_version_unknown);
}

TEST_F(ClientTest, EndsOnFramesThatNoRelaySends) {
  client c(creating(), now);
  EXPECT_EQ(hear(c, join_room{}).error().code, errc::frame_type_unknown);
}

TEST_F(ClientTest, ChangesNothingOnIllegalCommands) {
  client waits(creating(), now);
  ASSERT_TRUE(hear(waits, hello, room_created{5, room_of(5), 10, {}}));
  (void)said(waits);
  EXPECT_EQ(waits.send_slice(stream_id{0}, {}).error(), error{errc::wrong_state});
  EXPECT_EQ(waits.confirm().error(), error{errc::wrong_state});
  EXPECT_EQ(waits.rejoin().error(), error{errc::wrong_state});
  EXPECT_TRUE(waits.poll_transmit().empty());
  client second(joining(), now);
  ASSERT_TRUE(hear(second, hello, room_joined{place::second, {}}));
  (void)said(second);
  EXPECT_EQ(second.confirm().error(), error{errc::wrong_state});
  EXPECT_EQ(
      second.send_slice(stream_id{0}, bytes_of(limits::peer_slice_bytes_max + 1, 0)).error().code,
      errc::message_too_large);
  EXPECT_TRUE(second.poll_transmit().empty());
  EXPECT_TRUE(second.send_slice(stream_id{0}, {}));
}

TEST_F(ClientTest, AsksForLanesOnceTheRoomMayBeLive) {
  client first = paired();
  EXPECT_EQ(first.request_lanes(1).error(), error{errc::wrong_state});
  EXPECT_TRUE(first.poll_transmit().empty());
  ASSERT_TRUE(first.confirm());
  ASSERT_TRUE(first.request_lanes(limits::lane_tickets_max));
  EXPECT_EQ(said(first), frames(room_confirm{}, lane_request{16}));
  client second(joining(), now);
  EXPECT_EQ(second.request_lanes(1).error(), error{errc::wrong_state});
  ASSERT_TRUE(hear(second, hello, room_joined{place::second, {}}));
  (void)said(second);
  EXPECT_EQ(second.request_lanes(0).error().code, errc::invalid_argument);
  EXPECT_EQ(second.request_lanes(17).error().code, errc::invalid_argument);
  EXPECT_TRUE(second.poll_transmit().empty());
  ASSERT_TRUE(second.request_lanes(2));
  EXPECT_EQ(said(second), frames(lane_request{2}));
}

TEST_F(ClientTest, TellsOfTicketsInTheOrderOfItsRequests) {
  client c = paired();
  ASSERT_TRUE(c.confirm());
  ASSERT_TRUE(c.request_lanes(2));
  ASSERT_TRUE(c.request_lanes(3));
  const auto ticket = [](std::uint8_t n) { return lane_ticket{static_cast<std::byte>(n)}; };
  const auto events = hear(c, lane_tickets{{ticket(1), ticket(2)}}, lane_tickets{{ticket(3)}});
  ASSERT_TRUE(events);
  ASSERT_EQ(events->size(), 2U);
  EXPECT_EQ(std::get<tickets_granted>((*events)[0]).tickets,
            (std::vector<lane_ticket>{ticket(1), ticket(2)}));
  EXPECT_EQ(std::get<tickets_granted>((*events)[1]).tickets, std::vector<lane_ticket>{ticket(3)});
  EXPECT_EQ(hear(c, lane_tickets{}).error().code, errc::relay_message_unexpected);
}

TEST_F(ClientTest, EndsOnMoreTicketsThanItAskedFor) {
  client c = paired();
  ASSERT_TRUE(c.confirm());
  ASSERT_TRUE(c.request_lanes(1));
  EXPECT_EQ(hear(c, lane_tickets{{{}, {}}}).error().code, errc::relay_message_unexpected);
}

TEST_F(ClientTest, ForgetsItsRequestsWithItsRoom) {
  client c(joining(), now);
  ASSERT_TRUE(hear(c, hello, room_joined{place::second, {}}));
  ASSERT_TRUE(c.request_lanes(1));
  ASSERT_TRUE(hear(c, peer_left{}, lane_tickets{}));
  ASSERT_TRUE(c.rejoin());
  ASSERT_TRUE(hear(c, room_joined{place::second, {}}));
  EXPECT_EQ(hear(c, lane_tickets{}).error().code, errc::relay_message_unexpected);
}

TEST_F(ClientTest, EndsOnAFloodOfPingsThatTheRelayDoesNotReadTheAnswersOf) {
  client c = paired();
  constexpr std::size_t bound = std::size_t{8} << 20U;
  const byte_buffer slice = bytes_of(limits::peer_slice_bytes_max, 0);
  while (c.queued_bytes() + slice.size() < bound) ASSERT_TRUE(c.send_slice(stream_id{1}, slice));
  byte_buffer flood;
  for (int i = 0; i < 3000; ++i) append(flood, frames(relay_ping{}));
  EXPECT_FALSE(feed(c, flood));
  EXPECT_LE(c.queued_bytes(), bound + limits::frame_header_bytes);
}

}  // namespace
}  // namespace tallow::room
