#include <chrono>
#include <cstddef>
#include <variant>
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
using test::relay_world;
using test::room_of;
using test::side;

relay_options with_quota(std::uint64_t bytes) {
  relay_options options;
  options.rooms.each.bytes_max = bytes;
  return options;
}

relay_error_code refusal_of(const client_end& end) { return end.told<refused>().report.code; }

TEST(RelayCore, BringsTwoTogetherAndPassesTheirSlicesOn) {
  paired_world w;
  EXPECT_EQ(w.made().room, room_of(w.made().nameplate));
  ASSERT_NE(w.first.last<peer_arrived>(), nullptr);
  EXPECT_EQ(w.first.told<peer_arrived>().placed, place::first);
  EXPECT_EQ(w.second.told<joined>().placed, place::second);
  ASSERT_TRUE(w.first.link.send_slice(stream_id{0}, bytes_of(100, 1)));
  ASSERT_TRUE(w.second.link.send_slice(stream_id{7}, bytes_of(200, 2)));
  w.pump();
  ASSERT_EQ(w.second.slices.size(), 1U);
  EXPECT_EQ(w.second.slices[0], std::pair(stream_id{0}, bytes_of(100, 1)));
  ASSERT_EQ(w.first.slices.size(), 1U);
  EXPECT_EQ(w.first.slices[0], std::pair(stream_id{7}, bytes_of(200, 2)));
}

TEST(RelayCore, LetsEitherSideComeFirst) {
  relay_world w;
  client_end& receiver = w.join(room_of(77), 2, want::receive);
  EXPECT_EQ(receiver.told<joined>().placed, place::first);
  client_end& sender = w.join(room_of(77), 1, want::send);
  EXPECT_EQ(sender.told<joined>().placed, place::second);
  EXPECT_NE(receiver.last<peer_arrived>(), nullptr);
}

// A sender and three receivers with one code.
TEST(RelayCore, BringsOneTogetherWithSeveralOneAfterTheOther) {
  relay_world w;
  const room_id number = room_of(77);
  std::vector<client_end*> senders;
  std::vector<client_end*> receivers;
  for (std::uint8_t i = 0; i < 3; ++i) {
    senders.push_back(&w.connect({want::send, side(1), number, "test", i < 2}));
    receivers.push_back(&w.join(number, static_cast<std::uint8_t>(10 + i)));
    EXPECT_EQ(receivers.back()->told<joined>().placed, place::second);
    EXPECT_EQ(refusal_of(w.join(number, 20)),
              i < 2 ? relay_error_code::room_busy : relay_error_code::room_full);
    ASSERT_TRUE(senders.back()->link.confirm());
    w.pump();
    if (i == 2) break;
    client_end& early = w.join(number, 21);
    EXPECT_EQ(refusal_of(early), relay_error_code::room_busy);
    EXPECT_GT(early.told<refused>().report.retry_after_ms, 0U);
  }
  // All three go on side by side.
  for (std::uint8_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(senders[i]->link.send_slice(stream_id{0}, bytes_of(10'000, i)));
    ASSERT_TRUE(receivers[i]->link.send_slice(stream_id{0}, bytes_of(30, i)));
  }
  w.pump();
  for (std::uint8_t i = 0; i < 3; ++i) {
    ASSERT_EQ(receivers[i]->slices.size(), 1U);
    EXPECT_EQ(receivers[i]->slices[0].second, bytes_of(10'000, i));
    EXPECT_EQ(senders[i]->slices.back().second, bytes_of(30, i));
    ASSERT_TRUE(senders[i]->link.request_lanes(1));
    w.pump();
    EXPECT_EQ(senders[i]->told<tickets_granted>().tickets.size(), 1U);
  }
  w.disconnect(*senders[0]);
  EXPECT_EQ(receivers[0]->told<peer_gone>().reason, leave_reason::disconnected);
  EXPECT_EQ(w.core.room_count(), 2U);
}

TEST(RelayCore, PassesOnWithALimitWhatWasSentBeforeTheRoomGaveUpItsId) {
  relay_options options;
  options.bandwidth.room_bytes_per_s = 10'000;
  relay_world w(options);
  client_end& first = w.connect({want::send, side(1), room_of(7), "test", true});
  client_end& second = w.join(room_of(7), 2);
  ASSERT_TRUE(second.link.send_slice(stream_id{0}, bytes_of(3000, 1)));
  ASSERT_TRUE(second.link.send_slice(stream_id{0}, bytes_of(3000, 2)));
  w.pump();
  ASSERT_TRUE(first.link.confirm());
  w.pump();
  ASSERT_TRUE(second.link.send_slice(stream_id{0}, bytes_of(3000, 3)));
  w.pump();
  w.advance(10s);
  ASSERT_EQ(first.slices.size(), 3U);
  EXPECT_EQ(first.slices[2].second, bytes_of(3000, 3));
}

TEST(RelayCore, ForwardsFramesByteForByte) {
  relay_world w;
  auto& first = w.connect_bare();
  auto& second = w.connect_bare();
  for (auto* end : {&first, &second}) {
    w.send(*end, client_hello{{relay_protocol_version}, ""});
    w.send(*end, join_room{room_of(5), side(end == &first ? 1 : 2), want::either});
  }
  w.send(first, room_confirm{});
  second.got.clear();
  // What is in the body is nobody's business but the other side's: not even its stream id.
  byte_buffer frame;
  ASSERT_TRUE(append_frame(frame, frame_type::peer, bytes_of(1000, 0xFF)));
  ASSERT_TRUE(append_frame(frame, frame_type::peer, {}));
  w.send(first, frame);
  EXPECT_EQ(second.got, frame);
}

TEST(RelayCore, AdmitsExactlyTwoOfMany) {
  relay_world w;
  std::vector<client_end*> ends;
  for (std::uint8_t i = 1; i <= 50; ++i) ends.push_back(&w.join(room_of(5), i, want::either));
  EXPECT_NE(ends[0]->last<peer_turned_away>(), nullptr);
  EXPECT_EQ(ends[1]->told<joined>().placed, place::second);
  for (std::size_t i = 2; i < ends.size(); ++i) {
    EXPECT_EQ(refusal_of(*ends[i]), relay_error_code::room_full);
  }
  EXPECT_EQ(w.core.connection_count(), 2U);
}

TEST(RelayCore, DisturbsALivePairByNoThird) {
  paired_world w;
  w.go_live();
  byte_buffer sent;
  for (int i = 0; i < 50; ++i) {
    const byte_buffer slice = bytes_of(3000, static_cast<std::uint8_t>(i));
    append(sent, slice);
    ASSERT_TRUE(w.first.link.send_slice(stream_id{1}, slice));
    w.join(w.room, static_cast<std::uint8_t>(10 + i));
    w.advance(1100ms);
  }
  byte_buffer got;
  for (const auto& [stream, bytes] : w.second.slices) append(got, bytes);
  EXPECT_EQ(got, sent);
  EXPECT_EQ(w.second.events.size(), 1U);  // that it has joined
  EXPECT_EQ(w.first.count<peer_turned_away>(), 50);
  EXPECT_EQ(w.first.events.size(), 52U);  // made, arrived
}

TEST(RelayCore, TurnsLateComersAwayFromASpentCode) {
  paired_world w;
  ASSERT_TRUE(w.first.link.close(close_reason::spent));
  w.pump();
  EXPECT_EQ(w.second.told<peer_gone>().reason, leave_reason::spent);
  EXPECT_EQ(refusal_of(w.join(w.room, 3)), relay_error_code::code_spent);
  EXPECT_EQ(w.join(w.room, 4).told<refused>().why.code, errc::code_spent);
  w.advance(10min);
  EXPECT_NE(w.join(w.room, 5).last<joined>(), nullptr);
}

TEST(RelayCore, TellsTheOtherOfALiveRoomThatOneIsGone) {
  paired_world w;
  w.go_live();
  ASSERT_TRUE(w.first.link.send_slice(stream_id{1}, bytes_of(16'000, 9)));
  w.pump();
  w.disconnect(w.first);
  EXPECT_EQ(w.second.slices.size(), 1U);
  ASSERT_NE(w.second.last<peer_gone>(), nullptr);
  EXPECT_FALSE(w.second.told<peer_gone>().still_waiting);
  EXPECT_EQ(w.core.room_count(), 0U);
  // What was on its way to the one that is gone is no offence.
  EXPECT_TRUE(w.second.is_open);
}

TEST(RelayCore, DeliversAllBeforeItTellsOfTheEnd) {
  paired_world w;
  w.go_live();
  w.second.reads = false;
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(w.first.link.send_slice(stream_id{1}, bytes_of(16'000, 1)));
  }
  ASSERT_TRUE(w.first.link.close(close_reason::done));
  w.pump();
  EXPECT_FALSE(w.first.is_open);
  w.second.reads = true;
  w.pump();
  EXPECT_EQ(w.second.slices.size(), 10U);
  EXPECT_EQ(w.second.told<peer_gone>().reason, leave_reason::finished);
}

TEST(RelayCore, IgnoresWhatWasOnItsWayToOneThatLeft) {
  paired_world w;
  w.go_live();
  w.first.sends = false;
  ASSERT_TRUE(w.first.link.send_slice(stream_id{1}, bytes_of(16'000, 1)));
  w.disconnect(w.second);
  w.first.sends = true;
  w.pump();
  EXPECT_TRUE(w.first.is_open);
  EXPECT_FALSE(w.first.failure);
}

// R's answer to one joiner must not reach the next: it would look like a broken handshake, and a
// confirmation would make a room live for somebody who proved nothing.
TEST(RelayCore, KeepsWhatWasMeantForOneJoinerFromTheNext) {
  paired_world w;
  w.first.sends = false;
  ASSERT_TRUE(w.first.link.send_slice(stream_id{0}, bytes_of(50, 1)));
  ASSERT_TRUE(w.first.link.confirm());
  w.disconnect(w.second);
  client_end& next = w.join(w.room, 3);
  EXPECT_EQ(next.told<joined>().placed, place::second);
  w.first.sends = true;
  w.pump();
  EXPECT_TRUE(next.slices.empty());
  byte_buffer frame;
  ASSERT_TRUE(append_peer_slice(frame, stream_id{0}, bytes_of(5000, 2)));
  w.core.handle_bytes(w.first.id, frame, w.now);
  w.pump();
  EXPECT_EQ(refusal_of(w.first), relay_error_code::protocol) << "the room became live";
}

TEST(RelayCore, PassesOnWhatIsSentAfterTheNextJoinerCame) {
  paired_world w;
  w.disconnect(w.second);
  client_end& next = w.join(w.room, 3);
  ASSERT_TRUE(w.first.link.send_slice(stream_id{0}, bytes_of(50, 2)));
  w.pump();
  ASSERT_EQ(next.slices.size(), 1U);
  EXPECT_EQ(next.slices[0].second, bytes_of(50, 2));
}

TEST(RelayCore, TakesALostFirstBackIntoItsRoom) {
  relay_world w;
  client_end& lost = w.create(1);
  const room_id id = std::get<created>(lost.events[0]).room;
  w.disconnect(lost);
  w.advance(59s);
  client_end& back = w.join(id, 1, want::send);
  EXPECT_EQ(back.told<joined>().placed, place::first);
  client_end& other = w.join(id, 2);
  EXPECT_EQ(other.told<joined>().placed, place::second);
  EXPECT_EQ(w.core.room_count(), 1U);
}

TEST(RelayCore, ForgetsTheRoomOfALostFirstAfterAMinute) {
  relay_world w;
  client_end& lost = w.create(1);
  w.disconnect(lost);
  w.advance(59s);
  EXPECT_EQ(w.core.room_count(), 1U);
  w.advance(1s);
  EXPECT_EQ(w.core.room_count(), 0U);
}

TEST(RelayCore, EndsTheOlderConnectionOfASide) {
  relay_world w;
  client_end& older = w.join(room_of(5), 1, want::send);
  client_end& newer = w.join(room_of(5), 1, want::send);
  EXPECT_EQ(refusal_of(older), relay_error_code::replaced);
  EXPECT_EQ(newer.told<joined>().placed, place::first);
  w.disconnect(older);
  EXPECT_EQ(w.join(room_of(5), 2).told<joined>().placed, place::second);
}

TEST(RelayCore, LetsOneThatWasPartedJoinAgain) {
  paired_world w;
  w.disconnect(w.first);
  ASSERT_NE(w.second.last<peer_gone>(), nullptr);
  EXPECT_FALSE(w.second.told<peer_gone>().still_waiting);
  ASSERT_TRUE(w.second.link.rejoin());
  w.pump();
  EXPECT_EQ(w.second.told<joined>().placed, place::first);
  client_end& back = w.join(w.room, 1, want::send);
  EXPECT_EQ(back.told<joined>().placed, place::second);
  EXPECT_NE(w.second.last<peer_arrived>(), nullptr);
}

TEST(RelayCore, EndsOneThatWasPartedAndStaysForNothing) {
  paired_world w;
  w.go_live();
  w.disconnect(w.first);
  w.advance(29s);
  EXPECT_TRUE(w.second.is_open);
  w.advance(1s);
  EXPECT_EQ(refusal_of(w.second), relay_error_code::idle);
}

TEST(RelayCore, TellsTheWaitingWhenTheHandshakeTakesTooLong) {
  paired_world w;
  w.advance(30s);
  EXPECT_EQ(refusal_of(w.second), relay_error_code::handshake_timeout);
  EXPECT_EQ(w.first.told<peer_gone>().reason, leave_reason::handshake_timeout);
  EXPECT_TRUE(w.first.told<peer_gone>().still_waiting);
  EXPECT_NE(w.join(w.room, 3).last<joined>(), nullptr);
}

TEST(RelayCore, EndsARoomThatSawTooManyAttempts) {
  paired_world w;
  w.disconnect(w.second);
  for (std::uint8_t i = 0; i < limits::room_returns_max; ++i) {
    EXPECT_TRUE(w.first.told<peer_gone>().still_waiting);
    w.disconnect(w.join(w.room, static_cast<std::uint8_t>(10 + i)));
  }
  EXPECT_EQ(refusal_of(w.first), relay_error_code::attempts_used);
  EXPECT_EQ(refusal_of(w.join(w.room, 50)), relay_error_code::code_spent);
}

TEST(RelayCore, ExpiresWaitingRoomsAndLetsLiveOnesBe) {
  relay_options options;
  options.rooms.each.waiting_max = 60s;
  paired_world w(options);
  w.go_live();
  client_end& waits = w.create(9);
  w.advance(60s);
  EXPECT_EQ(refusal_of(waits), relay_error_code::room_expired);
  EXPECT_EQ(waits.told<refused>().report.limit, 60U);
  w.advance(48h);
  ASSERT_TRUE(w.first.link.send_slice(stream_id{1}, bytes_of(10, 1)));
  w.pump();
  EXPECT_EQ(w.second.slices.size(), 1U);
}

TEST(RelayCore, EndsAConnectionThatFellSilent) {
  paired_world w;
  w.go_live();
  w.silence_clients();
  w.advance(44s);
  EXPECT_TRUE(w.first.is_open);
  w.advance(2s);
  EXPECT_FALSE(w.first.is_open);
  EXPECT_EQ(w.core.room_count(), 0U);
  w.advance(60s);
  EXPECT_EQ(w.core.connection_count(), 0U);
}

TEST(RelayCore, CarriesTheQuotaToTheByteAndTellsBoth) {
  // A body of 100 bytes: one of stream id, one of count, 98 of slice.
  paired_world w(with_quota(300));
  w.go_live();
  ASSERT_TRUE(w.first.link.send_slice(stream_id{1}, bytes_of(98, 1)));
  ASSERT_TRUE(w.first.link.send_slice(stream_id{1}, bytes_of(98, 1)));
  ASSERT_TRUE(w.second.link.send_slice(stream_id{1}, bytes_of(98, 1)));
  w.pump();
  EXPECT_EQ(w.second.slices.size() + w.first.slices.size(), 3U);
  EXPECT_EQ(w.first.told<quota_low>().bytes_left, 0U);
  EXPECT_EQ(w.core.counters().bytes_relayed, 300U);
  ASSERT_TRUE(w.second.link.send_slice(stream_id{1}, {}));
  w.pump();
  EXPECT_EQ(refusal_of(w.first), relay_error_code::quota);
  EXPECT_EQ(refusal_of(w.second), relay_error_code::quota);
  EXPECT_EQ(w.second.told<refused>().report.limit, 300U);
  EXPECT_EQ(w.core.counters().bytes_relayed, 300U);
}

// What comes in band has come already: it goes on at once, and nothing more is read until it is
// paid for.
TEST(RelayCore, ReadsNoMoreInBandThanTheRoomsBandwidth) {
  relay_options options;
  options.bandwidth.room_bytes_per_s = 100'000;
  paired_world w(options);
  w.go_live();
  w.advance(1s);
  std::size_t sent = 0;
  const instant begun = w.now;
  while (w.now < begun + 2s) {
    if (w.core.wants_read(w.first.id)) {
      ASSERT_TRUE(w.first.link.send_slice(stream_id{1}, bytes_of(4'000, 1)));
      w.pump();
      sent += 4'000;
      EXPECT_EQ(w.second.slices.size() * 4'000, sent);
    }
    w.advance(1ms);
  }
  EXPECT_NEAR(static_cast<double>(sent), 200'000, 15'000);
  EXPECT_TRUE(w.core.wants_read(w.second.id)) << "the other direction waits for itself alone";
}

TEST(RelayCore, AllowsSmallSlicesOnlyBeforeTheRoomIsLive) {
  {
    paired_world w;
    ASSERT_TRUE(
        w.second.link.send_slice(stream_id{0}, bytes_of(limits::handshake_slice_bytes_max, 1)));
    w.pump();
    EXPECT_EQ(w.first.slices.size(), 1U);
    ASSERT_TRUE(w.second.link.send_slice(stream_id{0}, bytes_of(4096, 1)));
    w.pump();
    EXPECT_EQ(refusal_of(w.second), relay_error_code::protocol);
    EXPECT_TRUE(w.first.told<peer_gone>().still_waiting);
  }
  paired_world w;
  w.go_live();
  ASSERT_TRUE(w.second.link.send_slice(stream_id{0}, bytes_of(limits::peer_slice_bytes_max, 1)));
  w.pump();
  EXPECT_EQ(w.first.slices.size(), 1U);
}

TEST(RelayCore, EndsAJoinerThatSendsMoreThanAHandshake) {
  paired_world w;
  for (int i = 0; i < 20; ++i) {
    (void)w.second.link.send_slice(stream_id{0}, bytes_of(4000, 1));
    w.pump();
  }
  EXPECT_EQ(refusal_of(w.second), relay_error_code::protocol);
  EXPECT_EQ(w.first.slices.size(), 16U);  // 64 KiB
  EXPECT_TRUE(w.first.told<peer_gone>().still_waiting);
}

TEST(RelayCore, StopsReadingWhileThePartnerDoesNot) {
  paired_world w;
  w.go_live();
  w.second.reads = false;
  std::size_t sent = 0;
  while (w.core.wants_read(w.first.id) && sent < 100) {
    ASSERT_TRUE(w.first.link.send_slice(stream_id{1}, bytes_of(16'000, 1)));
    w.pump();
    ++sent;
  }
  EXPECT_LT(sent, 20U);
  EXPECT_GT(sent, 15U);
  // The other direction still flows.
  ASSERT_TRUE(w.second.link.send_slice(stream_id{1}, bytes_of(10, 2)));
  w.pump();
  EXPECT_EQ(w.first.slices.size(), 1U);
  w.second.reads = true;
  w.pump();
  EXPECT_TRUE(w.core.wants_read(w.first.id));
  EXPECT_EQ(w.second.slices.size(), sent);
}

TEST(RelayCore, SaysWhenReadingMayGoOn) {
  paired_world w;
  w.go_live();
  w.second.reads = false;
  for (int i = 0; i < 18; ++i) {
    ASSERT_TRUE(w.first.link.send_slice(stream_id{1}, bytes_of(16'000, 1)));
    w.pump();
  }
  ASSERT_FALSE(w.core.wants_read(w.first.id));
  bool is_told = false;
  while (!w.core.wants_read(w.first.id)) {
    w.core.transmitted(w.second.id, w.core.poll_transmit(w.second.id).size(), w.now);
    while (const auto e = w.core.poll_event()) {
      const auto* told = std::get_if<can_read>(&*e);
      is_told = is_told || (told != nullptr && told->id == w.first.id);
    }
  }
  EXPECT_TRUE(is_told);
}

TEST(RelayCore, ClosesASlowConsumerAndSaysSo) {
  paired_world w;
  w.go_live();
  w.second.reads = false;
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(w.first.link.send_slice(stream_id{1}, bytes_of(16'000, 1)));
  }
  w.pump();
  w.advance(29s);
  EXPECT_TRUE(w.second.is_open);
  w.advance(2s);
  EXPECT_FALSE(w.second.is_open);
  EXPECT_EQ(w.first.told<peer_gone>().reason, leave_reason::slow_consumer);
  EXPECT_TRUE(w.noted("slow_consumer"));
}

TEST(RelayCore, LetsAReaderBeSlowAsLongAsItReads) {
  relay_world w;
  client_end& first = w.join(room_of(5), 1, want::send);
  auto& second = w.connect_bare();
  w.send(second, client_hello{{relay_protocol_version}, ""});
  w.send(second, join_room{room_of(5), side(2), want::receive});
  ASSERT_TRUE(first.link.confirm());
  w.pump();
  second.reads = false;
  for (int i = 0; i < 15; ++i) {
    ASSERT_TRUE(first.link.send_slice(stream_id{1}, bytes_of(16'000, 1)));
  }
  w.pump();
  for (int i = 0; i < 20; ++i) {
    w.core.transmitted(second.id, 100, w.now);
    w.advance(20s);
    w.send(second, relay_ping{});
  }
  EXPECT_TRUE(second.is_open);
  w.advance(30s);
  EXPECT_FALSE(second.is_open);
}

TEST(RelayCore, RefusesTwoOfTheSameWant) {
  relay_world w;
  client_end& first = w.join(room_of(5), 1, want::receive);
  EXPECT_EQ(refusal_of(w.join(room_of(5), 2, want::receive)), relay_error_code::wants_clash);
  EXPECT_NE(first.last<peer_turned_away>(), nullptr);
  EXPECT_EQ(w.join(room_of(5), 3, want::send).told<joined>().placed, place::second);
}

TEST(RelayCore, RefusesConnectionsBeyondItsLimit) {
  relay_options options;
  options.connections_max = 2;
  relay_world w(options);
  w.create(1);
  w.create(2);
  EXPECT_EQ(refusal_of(w.create(3)), relay_error_code::relay_full);
  EXPECT_EQ(w.core.connection_count(), 2U);
}

TEST(RelayCore, TellsItsLimitsAndItsNotice) {
  relay_options options;
  options.rooms.each = {12'345, 90s};
  options.notice = "closed on Sunday";
  options.software = "relay";
  relay_world w(options);
  client_end& first = w.create(1);
  const relay_limits told{12'345, 90, limits::lanes_max};
  ASSERT_TRUE(first.link.relay());
  EXPECT_EQ(*first.link.relay(),
            (relay_hello{relay_protocol_version, "relay", told, "closed on Sunday"}));
  EXPECT_EQ(first.told<created>().limits, told);
  EXPECT_EQ(first.told<created>().expiry_seconds, 90U);
}

TEST(RelayCore, AnswersAVersionThatItDoesNotSpeakWithItsOwn) {
  relay_world w;
  auto& end = w.connect_bare();
  w.send(end, client_hello{{2, 3}, ""});
  byte_buffer expected;
  ASSERT_TRUE(append_message(
      expected, error_report{relay_error_code::version, 0, 0, {relay_protocol_version}}));
  EXPECT_EQ(end.got, expected);
  EXPECT_FALSE(end.is_open);
}

TEST(RelayCore, DrainsByRefusingTellingAndWaiting) {
  paired_world w;
  w.go_live();
  client_end& waits = w.create(9);
  auto& early = w.connect_bare();  // it has not said anything yet
  w.core.drain(w.now, 10s);
  w.pump();
  EXPECT_TRUE(early.is_open);
  w.send(early, client_hello{{relay_protocol_version}, ""});
  w.send(early, join_room{w.room, side(2), want::receive});
  EXPECT_FALSE(early.is_open) << "it was let in";
  EXPECT_EQ(waits.count<draining>(), 1);
  EXPECT_EQ(refusal_of(waits), relay_error_code::draining);
  ASSERT_NE(w.first.last<draining>(), nullptr);
  EXPECT_EQ(w.first.told<draining>().deadline_ms, 10'000U);
  EXPECT_EQ(refusal_of(w.create(10)), relay_error_code::draining);
  EXPECT_FALSE(w.connect_bare().got.empty()) << "who comes is told before it asks";
  ASSERT_TRUE(w.first.link.send_slice(stream_id{1}, bytes_of(10, 1)));
  w.pump();
  EXPECT_EQ(w.second.slices.size(), 1U);
  w.advance(10s);
  EXPECT_EQ(refusal_of(w.first), relay_error_code::draining);
  EXPECT_EQ(w.core.connection_count(), 0U);
}

TEST(RelayCore, DrainsAtOnceWhenNobodyIsThere) {
  relay_world w;
  w.core.drain(w.now, 10s);
  EXPECT_EQ(w.core.connection_count(), 0U);
}

// Everything granted to a source without end but one thing.
relay_options limited(void (*limit)(admission_options&)) {
  relay_options options;
  options.admission = {{}, {}, {}, 0};
  limit(options.admission);
  return options;
}

TEST(RelayCore, LimitsRefusedJoinsBySource) {
  paired_world w(limited([](admission_options& o) { o.vain_joins = {30, 1min, 30}; }));
  w.go_live();
  for (unsigned i = 0; i < 30; ++i) {
    EXPECT_EQ(refusal_of(w.join(w.room, 50, want::receive, 1)), relay_error_code::room_full);
  }
  client_end& waits = w.join(w.room, 50, want::receive, 1);
  EXPECT_EQ(refusal_of(waits), relay_error_code::rate_limited);
  EXPECT_EQ(waits.told<refused>().report.retry_after_ms, 2001U);
  EXPECT_EQ(refusal_of(w.join(w.room, 50, want::receive, 2)), relay_error_code::room_full);
  w.advance(2s);
  EXPECT_EQ(refusal_of(w.join(w.room, 50, want::receive, 1)), relay_error_code::room_full);
  EXPECT_EQ(refusal_of(w.join(w.room, 50, want::receive, 1)), relay_error_code::rate_limited);
}

TEST(RelayCore, LimitsConnectionsBySourceAndTellsBeforeTheyAsk) {
  relay_world w(limited([](admission_options& o) { o.connections = {30, 1min, 3}; }));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(w.connect_bare(1).got.empty());
  const test::wire_end& fourth = w.connect_bare(1);
  EXPECT_FALSE(fourth.got.empty());
  EXPECT_TRUE(fourth.is_finished);
  EXPECT_TRUE(w.connect_bare(2).got.empty()) << "another source";
  EXPECT_TRUE(w.connect_bare().got.empty()) << "the own machine";
  w.advance(2s);
  EXPECT_TRUE(w.connect_bare(1).got.empty());
}

TEST(RelayCore, GivesAConnectionBackForATransferAndForEachLane) {
  relay_world w(limited([](admission_options& o) { o.connections = {1, 1h, 4}; }));
  for (std::uint8_t i = 0; i < 10; ++i) {
    client_end& first = w.join(room_of(i), 1, want::send, 1);
    client_end& second = w.join(room_of(i), 2, want::receive, 1);
    ASSERT_TRUE(second.last<joined>()) << int{i};
    ASSERT_TRUE(first.link.confirm());
    w.pump();
    w.disconnect(first);
    w.disconnect(second);
  }
}

TEST(RelayCore, LimitsRoomsOpenedBySourceHoweverTheyAreOpened) {
  relay_world w(limited([](admission_options& o) { o.rooms = {10, 1min, 2}; }));
  const auto create = [&] { return &w.connect({want::send, side(1), std::nullopt, "test"}, 1); };
  EXPECT_TRUE(create()->last<created>());
  EXPECT_TRUE(w.join(room_of(77), 2, want::send, 1).last<joined>());
  EXPECT_EQ(refusal_of(*create()), relay_error_code::rate_limited);
  EXPECT_EQ(refusal_of(w.join(room_of(78), 3, want::send, 1)), relay_error_code::rate_limited);
  EXPECT_TRUE(w.join(room_of(77), 4, want::receive, 1).last<joined>()) << "it is there already";
  EXPECT_EQ(w.core.rooms_opened(), 2U);
}

TEST(RelayCore, ClosesWithoutAWordWhatIsTooManyOfOneSourceAtOnce) {
  relay_world w(limited([](admission_options& o) { o.pending_max = 3; }));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(w.connect_bare(1).is_open);
  const test::wire_end& fourth = w.connect_bare(1);
  EXPECT_FALSE(fourth.is_open);
  EXPECT_TRUE(fourth.got.empty());
  EXPECT_TRUE(w.connect_bare(2).is_open);
  w.advance(10s);
  EXPECT_EQ(w.core.connection_count(), 0U);
  // With a place they do not count any more.
  for (std::uint8_t i = 0; i < 10; ++i) {
    EXPECT_TRUE(w.join(room_of(i), i, want::send, 1).last<joined>()) << int{i};
  }
}

TEST(RelayCore, CountsWhatItDoesWithoutNames) {
  paired_world w;
  w.go_live();
  const auto& counters = w.core.counters();
  EXPECT_EQ(counters.connections, 2U);
  EXPECT_EQ(counters.sessions, 1U);
  ASSERT_TRUE(w.first.link.send_slice(stream_id{1}, bytes_of(5000, 1)));
  w.pump();
  const auto carried = counters.bytes_relayed;
  EXPECT_GE(carried, 5000U);
  EXPECT_EQ(refusal_of(w.join(w.room, 50)), relay_error_code::room_full);
  EXPECT_EQ(counters.errors[static_cast<std::size_t>(relay_error_code::room_full)], 1U);
  EXPECT_EQ(counters.sessions_ended, 0U);
  w.advance(20s);
  w.disconnect(w.second);
  EXPECT_EQ(counters.sessions_ended, 1U);
  EXPECT_EQ(counters.session_seconds.counts, (std::array<std::uint64_t, 8>{0, 0, 1}));
  EXPECT_DOUBLE_EQ(counters.session_seconds.sum, 20.0);
  EXPECT_EQ(counters.session_bytes.counts, (std::array<std::uint64_t, 8>{0, 1}));
  EXPECT_DOUBLE_EQ(counters.session_bytes.sum, static_cast<double>(carried));
  (void)w.connect_bare();
  w.advance(10s);
  EXPECT_EQ(counters.dropped[static_cast<std::size_t>(drop_reason::silent)], 1U);
}

TEST(RelayCore, TellsThoseThatAreBlocked) {
  relay_world w;
  EXPECT_EQ(refusal_of(w.connect({want::send, side(1), std::nullopt, "test"}, {1, true})),
            relay_error_code::blocked);
  EXPECT_EQ(w.core.rooms_opened(), 0U);
}

TEST(RelayCore, ListsRoomsByHandlesThatTellNothing) {
  paired_world w;
  w.advance(5s);
  client_end& waits = w.create(7);
  w.go_live();
  ASSERT_TRUE(w.first.link.send_slice(stream_id{1}, bytes_of(5000, 1)));
  w.pump();
  const auto rooms = w.core.list_rooms(w.now);
  ASSERT_EQ(rooms.size(), 2U);
  const std::size_t at = rooms[0].is == state::live ? 0 : 1;
  EXPECT_EQ(rooms[at].is, state::live);
  EXPECT_EQ(rooms[at].age, 5s);
  EXPECT_GE(rooms[at].bytes, 5000U);
  EXPECT_EQ(rooms[at].connections, 2U);
  EXPECT_EQ(rooms[at].lane_ends, 0U);
  EXPECT_EQ(rooms[1 - at].is, state::waiting);
  EXPECT_EQ(rooms[1 - at].connections, 1U);
  for (std::size_t i : {0U, 1U}) {
    for (const room_id& id : {w.room, std::get<created>(waits.events.front()).room}) {
      EXPECT_NE(rooms[i].handle, load_big_endian<std::uint64_t>(std::span(id).first<8>()));
      EXPECT_NE(rooms[i].handle, load_big_endian<std::uint64_t>(std::span(id).last<8>()));
    }
  }
  const auto shown = w.tickets(w.first, 1);
  const auto met = w.tickets(w.second, 1);
  (void)w.open_lane(shown[0]);
  (void)w.open_lane(met[0]);
  EXPECT_EQ(w.core.list_rooms(w.now)[at].lane_ends, 2U);
}

TEST(RelayCore, EndsARoomForItsOperatorAndNoOther) {
  for (const bool goes_live : {false, true}) {
    paired_world w;
    if (goes_live) w.go_live();
    const std::uint64_t handle = w.core.list_rooms(w.now).front().handle;
    client_end& bystander = w.create(7);
    EXPECT_FALSE(w.core.end_room(handle + 1, w.now));
    EXPECT_TRUE(w.core.end_room(handle, w.now));
    w.pump();
    for (client_end* end : {&w.first, &w.second}) {
      EXPECT_EQ(refusal_of(*end), relay_error_code::blocked);
      EXPECT_FALSE(end->is_open);
      // Nothing else that could send them off to try again.
      EXPECT_EQ(end->count<peer_gone>(), 0);
    }
    EXPECT_TRUE(bystander.is_open);
    EXPECT_EQ(w.core.room_count(), 1U);
    EXPECT_FALSE(w.core.end_room(handle, w.now));
    // Who comes later need not wait for nobody.
    EXPECT_EQ(refusal_of(w.join(w.room, 3)), relay_error_code::code_spent);
  }
}

TEST(RelayCore, EndsARoomWhoseFirstIsLost) {
  relay_world w;
  client_end& lost = w.create(1);
  w.disconnect(lost);
  const auto rooms = w.core.list_rooms(w.now);
  ASSERT_EQ(rooms.size(), 1U);
  EXPECT_EQ(rooms[0].connections, 0U);
  EXPECT_TRUE(w.core.end_room(rooms[0].handle, w.now));
  EXPECT_EQ(w.core.room_count(), 0U);
}

TEST(RelayCore, AppliesOtherLimitsWithoutEndingAnything) {
  paired_world w(with_quota(1'000'000));
  w.go_live();
  w.core.apply({{2'000'000, 1h}, {{1, 1min, 1}, {}, {}, 32}, {}}, w.now);
  w.pump();
  // The room keeps what it was made with, and whoever comes to it later is told so.
  EXPECT_TRUE(w.first.is_open && w.second.is_open);
  client_end& fresh = w.create(3);
  EXPECT_EQ(std::get<created>(fresh.events.front()).limits.room_bytes_max, 2'000'000U);
  EXPECT_EQ(std::get<created>(fresh.events.front()).limits.waiting_seconds_max, 3600U);
  w.core.apply({{0, 24h}, {{1, 1min, 1}, {}, {}, 32}, {}}, w.now);
  client_end& late = w.join(std::get<created>(fresh.events.front()).room, 4);
  EXPECT_EQ(late.told<joined>().limits.room_bytes_max, 2'000'000U);
  // Sources are asked more from now on.
  EXPECT_TRUE(w.join(room_of(9), 5, want::send, 1).last<joined>());
  EXPECT_EQ(refusal_of(w.join(room_of(9), 6, want::receive, 1)), relay_error_code::rate_limited);
}

TEST(RelayCore, NotesNothingThatNamesAnybody) {
  paired_world w;
  w.go_live();
  w.join(w.room, 3);
  w.disconnect(w.first);
  w.advance(60s);
  ASSERT_FALSE(w.notes.empty());
  for (const auto& note : w.notes) {
    EXPECT_EQ(note.find_first_of("0123456789"), std::string::npos) << note;
  }
}

}  // namespace
}  // namespace tallow::room
