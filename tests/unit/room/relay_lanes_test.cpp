// Lanes as relay_core lets them in, counts and ends them.

#include <chrono>
#include <cstddef>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/room/relay_core.hpp>

#include "support/relay_world.hpp"

namespace tallow::room {
namespace {

using namespace std::chrono_literals;
using test::bytes_of;
using test::client_end;
using test::paired_world;
using test::wire_end;

relay_error_code refusal_of(const client_end& end) { return end.told<refused>().report.code; }

// A live room with one joined lane.
struct lane_world : paired_world {
  explicit lane_world(relay_options options = {}) : paired_world(std::move(options)) {
    go_live();
    const auto of_first = tickets(first, 1);
    const auto of_second = tickets(second, 1);
    first_lane = &open_lane(of_first.at(0));
    second_lane = &open_lane(of_second.at(0));
    EXPECT_EQ(lanes.size(), 1U);
  }
  bool carried(const wire_end& from, std::uint64_t bytes) {
    const bool may_pass = core.lane_carried(from.id, bytes, now);
    pump();
    return may_pass;
  }
  wire_end* first_lane = nullptr;
  wire_end* second_lane = nullptr;
};

TEST(RelayLanes, JoinsTheEndsOfMatchingTickets) {
  paired_world w;
  w.go_live();
  const auto a = w.tickets(w.first, 2);
  const auto b = w.tickets(w.second, 2);
  ASSERT_EQ(a.size(), 2U);
  ASSERT_EQ(b.size(), 2U);
  auto& a1 = w.open_lane(a[1]);
  auto& b0 = w.open_lane(b[0]);
  EXPECT_TRUE(w.lanes.empty());
  auto& a0 = w.open_lane(a[0]);
  ASSERT_EQ(w.lanes.size(), 1U);
  EXPECT_EQ(w.lanes[0].a, b0.id);
  EXPECT_EQ(w.lanes[0].b, a0.id);
  auto& b1 = w.open_lane(b[1]);
  ASSERT_EQ(w.lanes.size(), 2U);
  EXPECT_EQ(w.lanes[1].a, a1.id);
  EXPECT_EQ(w.lanes[1].b, b1.id);
  EXPECT_EQ(w.core.lane_end_count(), 4U);
  EXPECT_EQ(w.core.connection_count(), 6U);
}

TEST(RelayLanes, TellsHowManyLanesThereMayBe) {
  relay_options options;
  options.lanes_max = 3;
  paired_world w(options);
  EXPECT_EQ(w.made().limits.lanes_max, 3U);
  w.go_live();
  EXPECT_EQ(w.tickets(w.first, 16).size(), 6U);
  EXPECT_TRUE(w.tickets(w.first, 1).empty());
  relay_options none;
  none.lanes_max = 0;
  paired_world without(none);
  without.go_live();
  EXPECT_TRUE(without.tickets(without.second, 16).empty());
}

TEST(RelayLanes, ReadsNothingBehindTheOpening) {
  paired_world w;
  w.go_live();
  byte_buffer opening;
  ASSERT_TRUE(append_message(opening, lane_open{w.tickets(w.first, 1).at(0)}));
  auto& end = w.connect_bare();
  byte_buffer all = opening;
  append(all, bytes_of(1000, 7));
  w.send(end, byte_view(all).first(3));
  EXPECT_EQ(w.core.read_bytes_wanted(end.id), 5U);
  w.send(end, byte_view(all).subspan(3, 6));
  EXPECT_EQ(w.core.read_bytes_wanted(end.id), opening.size() - 9);
  w.send(end, byte_view(all).subspan(9));
  EXPECT_EQ(end.unread, bytes_of(1000, 7));
  EXPECT_EQ(w.core.read_bytes_wanted(end.id), 0U);
  EXPECT_FALSE(w.core.wants_read(end.id));
  // What follows a greeting is read as it comes.
  auto& client = w.connect_bare();
  EXPECT_EQ(w.core.read_bytes_wanted(client.id), limits::frame_header_bytes);
  w.send(client, client_hello{{relay_protocol_version}, ""});
  EXPECT_GT(w.core.read_bytes_wanted(client.id), std::size_t{1} << 30U);
}

TEST(RelayLanes, DropsALaneWhoseOwnerReadTooFar) {
  paired_world w;
  w.go_live();
  byte_buffer bytes;
  ASSERT_TRUE(append_message(bytes, lane_open{w.tickets(w.first, 1).at(0)}));
  bytes.push_back(std::byte{1});
  auto& end = w.connect_bare();
  w.core.handle_bytes(end.id, bytes, w.now);
  w.pump();
  EXPECT_FALSE(end.is_open);
  EXPECT_EQ(w.core.lane_end_count(), 0U);
}

TEST(RelayLanes, ClosesWhoeverShowsNoTicketWithoutAWord) {
  lane_world w;
  auto spare = w.tickets(w.first, 1).at(0);
  lane_ticket wrong = spare;
  wrong.back() ^= std::byte{1};
  std::vector<wire_end*> ends{&w.open_lane(wrong), &w.open_lane({})};
  ends.push_back(&w.connect_bare());
  w.send(*ends.back(), lane_open{stream_id{1}});  // nobody takes that
  ends.push_back(&w.connect_bare());
  byte_buffer broken;
  ASSERT_TRUE(append_frame(broken, frame_type::lane_open, bytes_of(5, 9)));
  w.send(*ends.back(), broken);
  for (const wire_end* end : ends) {
    EXPECT_FALSE(end->is_open);
    EXPECT_TRUE(end->got.empty());
  }
  EXPECT_TRUE(w.noted("no_ticket"));
  EXPECT_TRUE(w.first_lane->is_open && w.second_lane->is_open);
  EXPECT_TRUE(w.first.is_open && w.second.is_open);
  EXPECT_TRUE(w.open_lane(spare).is_open) << "the wrong ticket used the right one up";
}

// Who steals a ticket of one side cannot become its other side, and the owner notices: its own
// connection is refused.
TEST(RelayLanes, TakesAStolenTicketOnceAndForItsOwnersSideOnly) {
  paired_world w;
  w.go_live();
  const auto a = w.tickets(w.first, 2);
  auto& thief = w.open_lane(a[0]);
  auto& again = w.open_lane(a[0]);
  EXPECT_FALSE(again.is_open);
  (void)w.open_lane(a[1]);
  EXPECT_TRUE(w.lanes.empty());
  EXPECT_TRUE(thief.is_open);
}

TEST(RelayLanes, DropsAnEndWhoseOtherDoesNotCome) {
  paired_world w;
  w.go_live();
  auto& end = w.open_lane(w.tickets(w.first, 1).at(0));
  w.advance(59s);
  EXPECT_TRUE(end.is_open);
  w.advance(1s);
  EXPECT_FALSE(end.is_open);
  EXPECT_TRUE(w.first.is_open && w.second.is_open);
  EXPECT_EQ(w.core.connection_count(), 2U);
}

TEST(RelayLanes, DropsTheOtherEndWhenOneIsGone) {
  lane_world w;
  w.disconnect(*w.first_lane);
  EXPECT_FALSE(w.second_lane->is_open);
  EXPECT_EQ(w.core.lane_end_count(), 0U);
  EXPECT_TRUE(w.first.is_open && w.second.is_open);
}

TEST(RelayLanes, EndWithTheirRoomHoweverItEnds) {
  const auto expect_dropped = [](const char* how, auto end_room) {
    lane_world w;
    auto& waits = w.open_lane(w.tickets(w.second, 1).at(0));
    const auto ticket = w.tickets(w.first, 2).at(1);
    end_room(w);
    EXPECT_FALSE(w.first_lane->is_open || w.second_lane->is_open || waits.is_open) << how;
    EXPECT_FALSE(w.open_lane(ticket).is_open) << how;
    EXPECT_EQ(w.core.lane_end_count(), 0U) << how;
    EXPECT_FALSE(w.core.lane_carried(w.first_lane->id, 1, w.now)) << how;
  };
  expect_dropped("first lost", [](auto& w) { w.disconnect(w.first); });
  expect_dropped("second lost", [](auto& w) { w.disconnect(w.second); });
  expect_dropped("closed", [](auto& w) {
    ASSERT_TRUE(w.second.link.close(close_reason::done));
    w.pump();
  });
  expect_dropped("spent", [](auto& w) {
    ASSERT_TRUE(w.first.link.close(close_reason::spent));
    w.pump();
  });
  expect_dropped("replaced", [](auto& w) { w.join(w.room, 1, want::send); });
  expect_dropped("offended", [](auto& w) {
    byte_buffer wrong = bytes_of(8, 0xFF);
    w.core.handle_bytes(w.second.id, wrong, w.now);
    w.pump();
  });
  expect_dropped("drained", [](auto& w) {
    w.core.drain(w.now, 5s);
    w.pump();
    w.advance(5s);
  });
  expect_dropped("silent", [](auto& w) {
    w.silence_clients();
    w.advance(46s);
  });
}

TEST(RelayLanes, CountTowardsTheRoomsQuotaToTheByte) {
  relay_options options;
  options.rooms.each.bytes_max = 10'000;
  lane_world w(options);
  EXPECT_TRUE(w.carried(*w.first_lane, 8'999));
  EXPECT_EQ(w.first.count<quota_low>(), 0);
  EXPECT_TRUE(w.carried(*w.second_lane, 1));
  EXPECT_EQ(w.first.told<quota_low>().bytes_left, 1'000U);
  EXPECT_EQ(w.second.told<quota_low>().bytes_left, 1'000U);
  ASSERT_TRUE(w.first.link.send_slice(stream_id{1}, bytes_of(98, 1)));
  w.pump();
  EXPECT_TRUE(w.carried(*w.first_lane, 900));
  EXPECT_EQ(w.core.counters().bytes_relayed, 10'000U);
  EXPECT_FALSE(w.carried(*w.second_lane, 1));
  EXPECT_EQ(refusal_of(w.first), relay_error_code::quota);
  EXPECT_EQ(refusal_of(w.second), relay_error_code::quota);
  EXPECT_FALSE(w.first_lane->is_open || w.second_lane->is_open);
  EXPECT_EQ(w.core.counters().bytes_relayed, 10'000U);
}

TEST(RelayLanes, HaveTheBandwidthOfTheirRoomInTurns) {
  relay_options options;
  options.bandwidth.room_bytes_per_s = 50'000;
  lane_world w(options);
  ASSERT_TRUE(w.core.limits_bandwidth());
  const std::uint64_t portion = 1024;
  std::uint64_t first_got = 0;
  std::uint64_t second_got = 0;
  const instant begun = w.now;
  w.core.lane_asks(w.first_lane->id, w.now);
  w.core.lane_asks(w.second_lane->id, w.now);
  w.pump();
  while (w.now < begun + 2s) {
    w.advance(1ms);
    for (const auto& g : std::exchange(w.grants, {})) {
      EXPECT_EQ(g.bytes, portion);
      (g.id == w.first_lane->id ? first_got : second_got) += g.bytes;
      w.core.lane_asks(g.id, w.now);
    }
  }
  EXPECT_NEAR(static_cast<double>(first_got), 50'000, 3'000);
  EXPECT_NEAR(static_cast<double>(second_got), 50'000, 3'000);
}

TEST(RelayLanes, LeaveTheirGrantsToOthersWhenTheyEnd) {
  relay_options options;
  options.bandwidth.total_bytes_per_s = 10'000;
  lane_world w(options);
  for (int i = 0; i < 5; ++i) w.core.lane_asks(w.first_lane->id, w.now);
  w.disconnect(*w.first_lane);
  ASSERT_TRUE(w.first.link.send_slice(stream_id{1}, bytes_of(100, 1)));
  w.pump();
  EXPECT_EQ(w.second.slices.size(), 1U);
  w.advance(500ms);
  EXPECT_TRUE(w.core.wants_read(w.first.id));
}

TEST(RelayLanes, CarryNothingBeforeTheyAreJoined) {
  paired_world w;
  w.go_live();
  auto& waits = w.open_lane(w.tickets(w.first, 1).at(0));
  EXPECT_FALSE(w.core.lane_carried(waits.id, 1, w.now));
  EXPECT_FALSE(w.core.lane_carried(w.first.id, 1, w.now));
  EXPECT_FALSE(w.core.lane_carried(connection_id{999}, 1, w.now));
  EXPECT_EQ(w.core.counters().bytes_relayed, 0U);
}

TEST(RelayLanes, KeepTheirRoomAliveWhileBytesMove) {
  lane_world w;
  w.silence_clients();
  for (int i = 0; i < 20; ++i) {
    w.advance(44s);
    EXPECT_TRUE(w.carried(i % 2 == 0 ? *w.first_lane : *w.second_lane, 1)) << i;
  }
  EXPECT_TRUE(w.first.is_open && w.second.is_open);
  w.advance(46s);
  EXPECT_FALSE(w.first.is_open || w.second.is_open);
  EXPECT_FALSE(w.first_lane->is_open || w.second_lane->is_open);
}

TEST(RelayLanes, AreNotCutForTheirOwnSilence) {
  lane_world w;
  w.advance(24h);
  EXPECT_TRUE(w.first_lane->is_open && w.second_lane->is_open);
  EXPECT_TRUE(w.first_lane->got.empty()) << "a ping in the middle of somebody's bytes";
}

TEST(RelayLanes, HaveAsLongAsAnyToSayWhatTheyAre) {
  paired_world w;
  w.go_live();
  byte_buffer opening;
  ASSERT_TRUE(append_message(opening, lane_open{w.tickets(w.first, 1).at(0)}));
  auto& slow = w.connect_bare();
  w.send(slow, byte_view(opening).first(opening.size() - 1));
  w.advance(9s);
  EXPECT_TRUE(slow.is_open);
  w.advance(1s);
  EXPECT_FALSE(slow.is_open);
}

TEST(RelayLanes, CountAsConnections) {
  relay_options options;
  options.connections_max = 3;
  paired_world w(options);
  w.go_live();
  const auto a = w.tickets(w.first, 2);
  EXPECT_TRUE(w.open_lane(a[0]).is_open);
  auto& one_too_many = w.connect_bare();
  EXPECT_FALSE(one_too_many.is_open);
  EXPECT_FALSE(one_too_many.got.empty()) << "it is told why";
}

TEST(RelayLanes, LiveOnInARelayThatDrains) {
  lane_world w;
  w.core.drain(w.now, 10s);
  w.pump();
  EXPECT_TRUE(w.first_lane->is_open && w.second_lane->is_open);
  EXPECT_TRUE(w.carried(*w.first_lane, 100));
  EXPECT_TRUE(w.tickets(w.first, 4).empty()) << "nobody could use them";
}

TEST(RelayLanes, AreForLiveRoomsOnly) {
  {
    paired_world w;
    ASSERT_TRUE(w.second.link.request_lanes(1));  // it cannot know
    w.pump();
    EXPECT_EQ(refusal_of(w.second), relay_error_code::protocol);
    EXPECT_TRUE(w.first.told<peer_gone>().still_waiting);
  }
  for (const std::uint32_t count : {0U, 17U, UINT32_MAX}) {
    paired_world w;
    w.go_live();
    byte_buffer frame;
    ASSERT_TRUE(append_message(frame, lane_request{count}));
    w.core.handle_bytes(w.first.id, frame, w.now);
    w.pump();
    EXPECT_EQ(refusal_of(w.first), relay_error_code::protocol) << count;
  }
}

TEST(RelayLanes, AreNotGrantedInARoomThatIsOver) {
  paired_world w;
  w.go_live();
  w.first.sends = false;
  ASSERT_TRUE(w.first.link.request_lanes(1));
  w.disconnect(w.second);
  w.first.sends = true;
  w.pump();
  EXPECT_TRUE(w.first.is_open) << "what was on its way is no offence";
  EXPECT_EQ(w.first.count<tickets_granted>(), 0);
}

// The second left as the first confirmed: for the relay the room waits.
TEST(RelayLanes, AreNotGrantedToAFirstThatWaitsAgain) {
  paired_world w;
  w.first.sends = false;
  ASSERT_TRUE(w.first.link.confirm());
  ASSERT_TRUE(w.first.link.request_lanes(1));
  w.disconnect(w.second);
  w.join(w.room, 3);
  w.first.sends = true;
  w.pump();
  EXPECT_TRUE(w.first.is_open);
  EXPECT_FALSE(w.first.failure);
  EXPECT_EQ(w.first.count<tickets_granted>(), 0);
}

TEST(RelayLanes, PinNoMemoryForOneThatAsksWithoutReading) {
  paired_world w;
  w.go_live();
  w.second.reads = false;
  byte_buffer flood;
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(append_message(flood, lane_request{1}));
  std::size_t most = 0;
  for (int i = 0; i < 1000 && !w.noted("protocol"); ++i) {
    byte_buffer copy = flood;
    w.core.handle_bytes(w.second.id, copy, w.now);
    w.pump();
    most += copy.size();
  }
  EXPECT_TRUE(w.noted("protocol"));
  EXPECT_LE(most, 4 * limits::relay_queue_bytes_max);
}

}  // namespace
}  // namespace tallow::room
