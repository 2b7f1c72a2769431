// Crowds at a relay, slow ones and greedy ones. Others go on as if nobody were there.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/base/limits.hpp>
#include <tallow/room/relay_core.hpp>

#include "support/bystanders.hpp"
#include "support/relay_world.hpp"

namespace tallow::room {
namespace {

using namespace std::chrono_literals;
using test::bystanders;
using test::bytes_of;
using test::client_end;
using test::relay_world;
using test::room_of;
using test::side;
using test::wire_end;

constexpr source_id stranger = 7;

relay_options roomy() {
  relay_options options;
  options.connections_max = 20'000;
  options.rooms.rooms_max = 20'000;
  return options;
}

bool has_place(const client_end& end) { return end.last<joined>() != nullptr; }

// Silent connections end at the deadline, which nothing they do moves.
TEST(RelayCrowd, OfSilentConnectionsIsGoneAfterTenSeconds) {
  relay_world w(roomy());
  bystanders others(w);
  for (source_id source = 100; source < 200; ++source) {
    for (int i = 0; i < 50; ++i) (void)w.connect_bare(source);
  }
  EXPECT_TRUE(has_place(w.join(room_of(1), 1, want::send, stranger))) << "somebody else";
  EXPECT_LE(w.core.connection_count(), 2 * test::bystander_pairs() + 1 + 100 * 32U);
  others.talk();
  w.advance(limits::relay_greeting_timeout);
  EXPECT_EQ(w.core.connection_count(), 2 * test::bystander_pairs() + 1);
  others.talk();
}

TEST(RelayCrowd, OfByteByByteTalkersIsGoneAfterTenSeconds) {
  relay_world w(roomy());
  bystanders others(w);
  byte_buffer hello;
  ASSERT_TRUE(append_message(hello, client_hello{{relay_protocol_version}, "slow"}));
  std::vector<wire_end*> slow;
  for (source_id source = 100; source < 150; ++source) slow.push_back(&w.connect_bare(source));
  for (std::size_t second = 0; second < 9; ++second) {
    for (wire_end* one : slow) w.send(*one, byte_view(hello).subspan(second, 1));
    w.advance(1s);
    others.talk();
  }
  for (const wire_end* one : slow) EXPECT_TRUE(one->is_open);
  w.advance(1s);
  for (const wire_end* one : slow) EXPECT_FALSE(one->is_open);
  others.expect_alone();
}

// A client that does not read costs its room a bounded amount of memory, and then its place.
TEST(RelayCrowd, OfReadersWhoDoNotReadCostsBoundedMemoryAndEnds) {
  relay_world w(roomy());
  bystanders others(w);
  std::vector<client_end*> senders;
  for (std::uint32_t i = 0; i < 20; ++i) {
    client_end& first = w.join(room_of(i), 1, want::send);
    client_end& second = w.join(room_of(i), 2, want::receive);
    ASSERT_TRUE(first.link.confirm());
    w.pump();
    second.reads = false;
    senders.push_back(&first);
  }
  std::size_t passed = 0;
  for (int round = 0; round < 100; ++round) {
    for (client_end* one : senders) {
      if (!w.core.wants_read(one->id)) continue;
      ASSERT_TRUE(one->link.send_slice(stream_id{1}, bytes_of(16'000, 1)));
      passed += 16'000;
    }
    w.pump();
  }
  EXPECT_LE(passed, senders.size() * (limits::relay_queue_bytes_max + 17'000));
  others.talk();
  w.advance(limits::relay_stall_timeout + 1s);
  for (const client_end* one : senders) {
    EXPECT_EQ(one->told<peer_gone>().reason, leave_reason::slow_consumer);
  }
  w.advance(1min);
  others.expect_alone();
}

TEST(RelayCrowd, LetsWhoReadsSlowlyRead) {
  relay_world w(roomy());
  client_end& first = w.join(room_of(1), 1, want::send);
  client_end& second = w.join(room_of(1), 2, want::receive);
  ASSERT_TRUE(first.link.confirm());
  w.pump();
  second.reads = false;
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(first.link.send_slice(stream_id{1}, bytes_of(16'000, 1)));
    w.pump();
  }
  byte_buffer ping;
  ASSERT_TRUE(append_message(ping, relay_ping{}));
  // A kilobyte a second, until all is there.
  for (int second_of = 0; second_of < 600; ++second_of) {
    const byte_view waiting = w.core.poll_transmit(second.id);
    if (!waiting.empty())
      w.core.transmitted(second.id, std::min<std::size_t>(1000, waiting.size()), w.now);
    if (second_of % 10 == 0) w.core.handle_bytes(second.id, ping, w.now);
    w.advance(1s);
    if (w.core.poll_transmit(second.id).empty()) break;
  }
  EXPECT_TRUE(w.core.poll_transmit(second.id).empty());
  EXPECT_TRUE(second.is_open);
  EXPECT_TRUE(first.is_open);
}

// Nobody's room ends because somebody else wants one.
TEST(RelayCrowd, FillsTheRelayAndMovesNobodyOut) {
  relay_options options;
  options.rooms.rooms_max = test::bystander_pairs() + 30;
  options.connections_max = 10'000;
  relay_world w(options);
  bystanders others(w);
  std::vector<client_end*> waiting;
  for (std::uint32_t i = 0; i < 10; ++i)
    waiting.push_back(&w.join(room_of(i), 1, want::send, stranger + 1 + i));
  int places = 0;
  for (std::uint32_t i = 0; i < 500; ++i) {
    client_end& one = w.join(room_of(1000 + i), 1, want::send, 1000 + i % 50);
    if (has_place(one)) {
      ++places;
    } else {
      const auto code = one.told<refused>().report.code;
      EXPECT_TRUE(code == relay_error_code::relay_full || code == relay_error_code::rate_limited);
    }
  }
  EXPECT_EQ(places, 20);
  for (const client_end* one : waiting) EXPECT_TRUE(one->is_open);
  EXPECT_TRUE(has_place(w.join(room_of(3), 2, want::receive, stranger))) << "its partner comes";
  others.talk();
}

// One source has its share, others theirs; where it is one network, that is one source.
TEST(RelayCrowd, OfOneSourceOpensAFewRoomsOnly) {
  relay_world w(roomy());
  bystanders others(w);
  int places = 0;
  for (std::uint32_t i = 0; i < 1000; ++i)
    places += has_place(w.join(room_of(i), 1, want::send, stranger)) ? 1 : 0;
  EXPECT_EQ(places, 20);
  EXPECT_TRUE(has_place(w.join(room_of(5000), 1, want::send, stranger + 1)));
  others.talk();
}

// Each refusal costs a handshake of TLS before it can be told: who keeps coming is told a few times
// and then closed at once, before a byte of it is read.
TEST(RelayCrowd, OfOneSourceIsToldSomeTimesThatItIsRefused) {
  for (const bool is_blocked : {false, true}) {
    relay_world w(roomy());
    bystanders others(w);
    const auto told = [&](std::uint64_t count) {
      std::uint64_t words = 0;
      for (std::uint64_t i = 0; i < count; ++i) {
        wire_end& one = w.connect_bare({stranger, is_blocked});
        words += one.is_finished ? 1 : 0;
        w.disconnect(one);
      }
      return words;
    };
    const admission_options granted;
    EXPECT_EQ(told(300), granted.words.burst);
    w.advance(1min);
    EXPECT_EQ(told(300), granted.words.tokens);
    EXPECT_TRUE(has_place(w.join(room_of(1), 1, want::send, stranger + 1))) << "somebody else";
    others.talk();
  }
}

// However many come at once, two are in.
TEST(RelayCrowd, RacesForOneRoomAndTwoAreIn) {
  relay_world w(roomy());
  bystanders others(w);
  for (std::uint32_t race = 0; race < 200; ++race) {
    // All have said what they want before the relay does anything for one of them.
    std::vector<wire_end*> runners;
    for (std::uint8_t i = 0; i < 50; ++i) runners.push_back(&w.connect_bare());
    byte_buffer asks;
    for (std::uint8_t i = 0; i < 50; ++i) {
      asks.clear();
      ASSERT_TRUE(append_message(asks, client_hello{{relay_protocol_version}, ""}));
      ASSERT_TRUE(append_message(asks, join_room{room_of(race), side(i), want::either}));
      w.core.handle_bytes(runners[i]->id, asks, w.now);
    }
    w.pump();
    int in = 0;
    for (const wire_end* one : runners) in += one->is_open ? 1 : 0;
    ASSERT_EQ(in, 2);
    for (wire_end* one : runners) w.disconnect(*one);
  }
  w.advance(2min);
  others.expect_alone();
}

// Rooms that come and go leave nothing behind.
TEST(RelayCrowd, ComesAndGoesAndLeavesNothing) {
  relay_world w(roomy());
  bystanders others(w);
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    const connection_id id = w.core.connected(w.now, origin(1'000'000 + i));
    byte_buffer asks;
    ASSERT_TRUE(append_message(asks, client_hello{{relay_protocol_version}, ""}));
    ASSERT_TRUE(append_message(asks, join_room{room_of(i), side(1), want::either}));
    w.core.handle_bytes(id, asks, w.now);
    w.core.disconnected(id, w.now);
    while (w.core.poll_event()) {
    }
    if (i % 1000 == 0) w.advance(10s);
  }
  w.advance(limits::room_reclaim_time + 1s);
  EXPECT_LE(w.core.source_count(), admission::sources_max);
  others.expect_alone();
}

// A clock that has run for fifty days, and one that stood still for a minute: what was due is due,
// and nothing else is.
TEST(RelayCrowd, OutlivesLongAndSuddenTimes) {
  for (const duration age : {duration(24h * 50), duration(24h * 365 * 20)}) {
    relay_world w(roomy());
    w.now += age;
    bystanders others(w, 5);
    client_end& waits = w.join(room_of(1), 1, want::send);
    w.now += 40s;  // the process was stopped
    w.core.handle_timeout(w.now);
    w.pump();
    others.talk();
    EXPECT_TRUE(waits.is_open);
    w.advance(24h + 1s);
    EXPECT_EQ(waits.told<refused>().report.code, relay_error_code::room_expired);
    others.expect_alone();
  }
}

// A live room is as old as it likes, a silent one is not.
TEST(RelayCrowd, CutsNoLiveRoomByItsAge) {
  relay_options options = roomy();
  options.rooms.each.waiting_max = 10min;
  relay_world w(options);
  bystanders others(w);
  w.advance(3h);
  others.expect_alone();
  w.silence_clients();
  w.advance(limits::silence_max + limits::relay_greeting_timeout);
  EXPECT_EQ(w.core.connection_count(), 0U);
  EXPECT_EQ(w.core.room_count(), 0U);
}

}  // namespace
}  // namespace tallow::room
