// What one source may try at a relay, and what a room may carry, however it is gone about.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
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

// ---- guesses ----

// Joins rooms in which somebody waits, on one connection as long as it lasts. He who waits finds
// the code wrong and gives it up.
class guesser {
 public:
  explicit guesser(relay_world& w) : world_(&w) {}

  // False: the relay did not let it join.
  bool guess() {
    client_end& victim = world_->join(room_of(room_), 1, want::send);
    if (own_ == nullptr || !own_->is_open) {
      own_ = &world_->connect_bare(stranger);
      world_->send(*own_, client_hello{{relay_protocol_version}, ""});
    }
    world_->send(*own_, join_room{room_of(room_), side(2), want::receive});
    ++room_;
    const bool has_met = victim.last<peer_arrived>() != nullptr;
    EXPECT_TRUE(victim.link.close(close_reason::spent));
    world_->pump();
    return has_met;
  }

 private:
  relay_world* world_;
  wire_end* own_ = nullptr;
  std::uint32_t room_ = 0;
};

// What follows from these numbers for a code is in docs/attacks.md.
TEST(RelayGuesses, AreThirtyAMinuteFromOneSource) {
  relay_world w;
  bystanders others(w, 5);
  guesser stranger_with_time(w);
  int guesses = 0;
  while (guesses < 1000 && stranger_with_time.guess()) ++guesses;
  EXPECT_EQ(guesses, 30);
  for (int i = 0; i < 30 * 60; ++i) {
    w.advance(2s);
    guesses += stranger_with_time.guess() ? 1 : 0;
  }
  EXPECT_LE(guesses, 30 + 30 * 60);
  EXPECT_GE(guesses, 30 * 59) << "this is not all that he could do";
  others.talk();
}

// A second that stays gets one attempt for each time that the room pairs it, and a room pairs a few
// times only.
TEST(RelayGuesses, AreFourInOneRoom) {
  relay_world w;
  bystanders others(w, 5);
  client_end& victim = w.join(room_of(1), 1, want::send);
  int met = 0;
  for (std::uint8_t i = 0; i < 100; ++i) {
    client_end& one =
        w.join(room_of(1), static_cast<std::uint8_t>(i + 2), want::receive, 1000 + source_id{i});
    if (one.last<joined>() != nullptr && victim.is_open) ++met;
    w.disconnect(one);
  }
  EXPECT_EQ(met, 1 + static_cast<int>(limits::room_returns_max));
  EXPECT_EQ(victim.told<refused>().report.code, relay_error_code::attempts_used);
  others.talk();
}

// Who comes with the right code has guessed nothing, as often as he comes.
TEST(RelayGuesses, AreNotWhatEndsInATransfer) {
  relay_options options;
  options.admission.connections = {};
  relay_world w(options);
  for (std::uint32_t i = 0; i < 200; ++i) {
    client_end& first = w.join(room_of(i), 1, want::send);
    client_end& second = w.join(room_of(i), 2, want::receive, stranger);
    ASSERT_NE(second.last<joined>(), nullptr) << i;
    ASSERT_TRUE(first.link.confirm());
    w.pump();
    w.disconnect(first);
    w.disconnect(second);
  }
}

// ---- the quota of a room ----

// Both sides and both ways of two lanes take from one quota at once, in pieces of any size.
TEST(RelayQuota, EndsAtItsLastByteHoweverItIsUsed) {
  constexpr std::uint64_t quota = 100'000;
  for (std::uint32_t seed = 1; seed <= 100; ++seed) {
    relay_options options;
    options.rooms.each.bytes_max = quota;
    test::paired_world w(options);
    bystanders others(w, 3);
    w.go_live();
    const auto of_first = w.tickets(w.first, 2);
    const auto of_second = w.tickets(w.second, 2);
    std::vector<connection_id> lanes;
    for (std::size_t i = 0; i < 2; ++i) {
      lanes.push_back(w.open_lane(of_first.at(i)).id);
      lanes.push_back(w.open_lane(of_second.at(i)).id);
    }
    std::mt19937 random(seed);
    std::uint64_t passed = 0;
    std::uint64_t refused_bytes = 0;
    while (refused_bytes == 0) {
      const std::size_t count = 1 + random() % 3000;
      const std::uint64_t before = w.core.counters().bytes_relayed;
      std::uint64_t wanted = count;
      if (const auto way = random() % 6; way < 4) {
        (void)w.core.lane_carried(lanes[way], count, w.now);
        w.pump();
      } else {
        client_end& from = way == 4 ? w.first : w.second;
        ASSERT_TRUE(from.link.send_slice(stream_id{1}, bytes_of(count, 1)));
        w.pump();
        wanted += 1 + (count < 128 ? 1U : 2U);  // the number of the stream, and the length
      }
      const std::uint64_t went = w.core.counters().bytes_relayed - before;
      ASSERT_TRUE(went == wanted || went == 0) << seed;
      passed += went;
      if (went == 0) refused_bytes = wanted;
    }
    EXPECT_LE(passed, quota) << seed;
    EXPECT_GT(passed + refused_bytes, quota) << seed;
    for (const client_end* end : {&w.first, &w.second}) {
      EXPECT_EQ(end->told<refused>().report.code, relay_error_code::quota);
      EXPECT_EQ(end->count<quota_low>(), 1);
    }
    for (const auto lane : lanes) EXPECT_FALSE(w.core.lane_carried(lane, 1, w.now));
    EXPECT_EQ(w.core.lane_end_count(), 0U);
    others.talk();
  }
}

}  // namespace
}  // namespace tallow::room
