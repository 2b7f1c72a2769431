#include <chrono>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/room/room.hpp>

#include "support/relay_world.hpp"

namespace tallow::room {
namespace {

using namespace std::chrono_literals;
using test::side;

constexpr connection_id a{1};
constexpr connection_id b{2};
constexpr connection_id stranger{99};

guest who(connection_id c, std::uint8_t number, want wanted = want::either) {
  return {c, side(number), wanted};
}

std::string describe_notice(const notice& n) {
  struct visitor {
    std::string operator()(const seated& s) const {
      return s.placed == place::first ? "seated first" : "seated second";
    }
    std::string operator()(const told_arrival& t) const {
      return t.how == arrival::joined ? "peer joined" : "turned away";
    }
    std::string operator()(const told_leave& t) const {
      return "peer left " + std::to_string(static_cast<int>(t.reason)) + (t.stays ? " stays" : "");
    }
    std::string operator()(const told_error& t) const { return name_of(t.code); }
    std::string operator()(const told_live&) const { return "live"; }
    std::string operator()(const told_quota& t) const {
      return "quota " + std::to_string(t.bytes_left);
    }
  };
  return std::to_string(n.to.value) + ": " + std::visit(visitor{}, n.what);
}

class RoomTest : public ::testing::Test {
 protected:
  std::vector<std::string> said() {
    std::vector<std::string> told;
    for (const notice& n : out) told.push_back(describe_notice(n));
    out.clear();
    return told;
  }
  void pair() {
    r.arrive(who(a, 1), now, out);
    r.arrive(who(b, 2), now, out);
    out.clear();
  }
  void go_live() {
    pair();
    ASSERT_TRUE(r.confirm(a, now, out));
    out.clear();
  }
  // Brings a fresh room into `wanted`.
  void bring_to(state wanted) {
    r = room(options);
    switch (wanted) {
      case state::none: break;
      case state::waiting: r.arrive(who(a, 1), now, out); break;
      case state::paired: pair(); break;
      case state::live: go_live(); break;
      case state::closed:
        r.arrive(who(a, 1), now, out);
        r.close(a, close_reason::spent, now, out);
        break;
    }
    out.clear();
    ASSERT_EQ(r.current(), wanted);
  }

  using lines = std::vector<std::string>;
  room_options options{0, 24h};
  instant now{1h};
  room r{options};
  notices out;
};

TEST_F(RoomTest, SeatsTheFirstAndThenTheSecond) {
  r.arrive(who(a, 1), now, out);
  EXPECT_EQ(said(), lines{"1: seated first"});
  r.arrive(who(b, 2), now, out);
  EXPECT_EQ(said(), (lines{"1: peer joined", "2: seated second"}));
  EXPECT_EQ(r.partner_of(a), b);
  EXPECT_EQ(r.partner_of(b), a);
}

TEST_F(RoomTest, IsNotMovedByWhoIsNotInIt) {
  for (const state s : states) {
    bring_to(s);
    const auto due = r.next_timeout();
    r.leave(stranger, leave_reason::disconnected, now, out);
    for (const auto reason : {close_reason::done, close_reason::spent, close_reason::cancelled}) {
      r.close(stranger, reason, now, out);
    }
    EXPECT_TRUE(r.confirm(stranger, now, out));
    EXPECT_EQ(r.carry(stranger, 10, now, out), carriage::discard);
    EXPECT_EQ(r.current(), s);
    EXPECT_EQ(r.next_timeout(), due);
    EXPECT_TRUE(out.empty());
  }
}

TEST_F(RoomTest, IsNotMovedByTimeBeforeItIsDue) {
  for (const state s : states) {
    bring_to(s);
    const auto due = r.next_timeout();
    r.handle_timeout(due ? *due - 1ns : now + std::chrono::hours(1'000'000), out);
    EXPECT_EQ(r.current(), s);
    EXPECT_TRUE(out.empty());
  }
}

guest taker(connection_id c, std::uint8_t number) { return {c, side(number), want::either, true}; }

TEST_F(RoomTest, HasOthersWaitForTheirTurnWhileOneThatTakesMoreHasSomebody) {
  for (const bool is_first : {true, false}) {
    r = room(options);
    r.arrive(is_first ? taker(a, 1) : who(a, 1), now, out);
    r.arrive(is_first ? who(b, 2) : taker(b, 2), now, out);
    out.clear();
    r.arrive(who(stranger, 3), now, out);
    EXPECT_EQ(said(), lines{"99: room_busy"});
    // The taker itself, before the relay has seen the confirmation.
    r.arrive(taker(stranger, is_first ? 1 : 2), now, out);
    EXPECT_EQ(said(), lines{"99: room_busy"});
    EXPECT_EQ(r.current(), state::paired);
    ASSERT_TRUE(r.confirm(a, now, out));
    EXPECT_EQ(r.taker_of_more()->side, side(is_first ? 1 : 2));
    out.clear();
  }
}

TEST_F(RoomTest, KeepsAPlaceForOneThatTakesMoreAndForNobodyElse) {
  r.reserve(taker(a, 1), now - 1h, now, out);
  EXPECT_EQ(r.current(), state::waiting);
  EXPECT_EQ(r.opened_at(), now - 1h);
  r.arrive(who(b, 2), now, out);
  EXPECT_EQ(said(), lines{"2: room_busy"});
  EXPECT_EQ(r.next_timeout(), now + limits::room_reclaim_time);
  r.arrive(who(stranger, 1), now, out);
  EXPECT_EQ(said(), lines{"99: seated first"});
  r.arrive(who(b, 2), now, out);
  EXPECT_EQ(said(), (lines{"99: peer joined", "2: seated second"}));
  // It takes no more than this one, so the next is a third as in every room.
  r.arrive(who(connection_id{4}, 4), now, out);
  EXPECT_EQ(said(), (lines{"4: room_full", "99: turned away"}));
}

TEST_F(RoomTest, ForgetsAPlaceThatNobodyTookAgain) {
  r.reserve(taker(a, 1), now, now, out);
  r.handle_timeout(now + limits::room_reclaim_time, out);
  EXPECT_EQ(r.current(), state::none);
  EXPECT_TRUE(out.empty());
}

TEST_F(RoomTest, LetsOnlyTheFirstConfirm) {
  pair();
  EXPECT_FALSE(r.confirm(b, now, out));
  EXPECT_EQ(r.current(), state::paired);
  EXPECT_TRUE(r.confirm(a, now, out));
  EXPECT_EQ(r.current(), state::live);
  EXPECT_EQ(said(), (lines{"1: live", "2: live"}));
}

TEST_F(RoomTest, ConfirmsNothingWhileItWaits) {
  r.arrive(who(a, 1), now, out);
  out.clear();
  EXPECT_TRUE(r.confirm(a, now, out));
  EXPECT_EQ(r.current(), state::waiting);
  EXPECT_TRUE(out.empty());
}

TEST_F(RoomTest, KeepsTwoSendersApart) {
  r.arrive(who(a, 1, want::send), now, out);
  out.clear();
  r.arrive(who(b, 2, want::send), now, out);
  EXPECT_EQ(said(), (lines{"2: wants_clash", "1: turned away"}));
  EXPECT_EQ(r.current(), state::waiting);
}

TEST_F(RoomTest, FitsWantsTogether) {
  for (const want first : {want::send, want::receive, want::either}) {
    for (const want second : {want::send, want::receive, want::either}) {
      r = room(options);
      r.arrive(who(a, 1, first), now, out);
      r.arrive(who(b, 2, second), now, out);
      const bool fits = first != second || first == want::either;
      EXPECT_EQ(r.current() == state::paired, fits);
    }
  }
}

TEST_F(RoomTest, RefusesAThirdAndChangesNothing) {
  for (const state s : {state::paired, state::live}) {
    bring_to(s);
    const auto due = r.next_timeout();
    r.arrive(who(connection_id{3}, 3), now + 5s, out);
    EXPECT_EQ(said(), (lines{"3: room_full", "1: turned away"}));
    EXPECT_EQ(r.current(), s);
    EXPECT_EQ(r.next_timeout(), due);
    EXPECT_EQ(r.partner_of(a), b);
    EXPECT_EQ(r.partner_of(b), a);
  }
}

TEST_F(RoomTest, TellsOfRefusalsAtMostOnceASecond) {
  pair();
  for (int i = 0; i < 100; ++i) r.arrive(who(connection_id{10}, 3), now, out);
  EXPECT_EQ(said().size(), 101U);
  r.arrive(who(connection_id{10}, 3), now + 1s, out);
  EXPECT_EQ(said().size(), 2U);
}

TEST_F(RoomTest, GoesBackToWaitingWhenTheSecondLeaves) {
  pair();
  r.leave(b, leave_reason::disconnected, now, out);
  EXPECT_EQ(said(), lines{"1: peer left 0 stays"});
  EXPECT_EQ(r.current(), state::waiting);
  r.arrive(who(connection_id{3}, 3), now, out);
  EXPECT_EQ(said(), (lines{"1: peer joined", "3: seated second"}));
}

TEST_F(RoomTest, GoesBackToWaitingAfterThirtySecondsWithoutConfirmation) {
  pair();
  EXPECT_EQ(r.next_timeout(), now + 30s);
  r.handle_timeout(now + 30s, out);
  EXPECT_EQ(said(), (lines{"2: handshake_timeout", "1: peer left 4 stays"}));
  EXPECT_EQ(r.current(), state::waiting);
}

TEST_F(RoomTest, GoesBackToWaitingThreeTimesAndNoMore) {
  pair();
  for (std::uint64_t i = 0; i < limits::room_returns_max; ++i) {
    r.leave(connection_id{2 + i}, leave_reason::disconnected, now, out);
    EXPECT_EQ(said(), lines{"1: peer left 0 stays"});
    r.arrive(who(connection_id{3 + i}, static_cast<std::uint8_t>(3 + i)), now, out);
    EXPECT_EQ(r.current(), state::paired);
    out.clear();
  }
  r.leave(connection_id{5}, leave_reason::disconnected, now, out);
  EXPECT_EQ(said(), lines{"1: attempts_used"});
  EXPECT_EQ(r.current(), state::closed);
  r.arrive(who(connection_id{9}, 9), now, out);
  EXPECT_EQ(said(), lines{"9: code_spent"});
}

TEST_F(RoomTest, CountsEveryKindOfFailedAttempt) {
  pair();
  r.handle_timeout(now + 30s, out);  // stalled
  r.arrive(who(b, 2), now + 30s, out);
  r.close(b, close_reason::cancelled, now + 30s, out);
  r.arrive(who(b, 2), now + 30s, out);
  r.leave(a, leave_reason::disconnected, now + 30s, out);
  r.arrive(who(a, 1), now + 30s, out);
  r.arrive(who(b, 2), now + 30s, out);
  ASSERT_EQ(r.current(), state::paired);
  out.clear();
  r.handle_timeout(now + 60s, out);
  EXPECT_EQ(said(), (lines{"1: attempts_used", "2: attempts_used"}));
  EXPECT_EQ(r.current(), state::closed);
}

TEST_F(RoomTest, KeepsThePlaceOfALostFirstForItsSide) {
  r.arrive(who(a, 1), now, out);
  r.leave(a, leave_reason::disconnected, now, out);
  EXPECT_EQ(r.next_timeout(), now + 60s);
  r.arrive(who(connection_id{3}, 1), now + 59s, out);
  EXPECT_EQ(said(), (lines{"1: seated first", "3: seated first"}));
  EXPECT_EQ(r.next_timeout(), now + 24h);
}

TEST_F(RoomTest, ForgetsAPlaceThatNobodyReclaims) {
  r.arrive(who(a, 1), now, out);
  r.leave(a, leave_reason::disconnected, now, out);
  out.clear();
  r.handle_timeout(now + 60s, out);
  EXPECT_EQ(r.current(), state::none);
  EXPECT_TRUE(out.empty());
}

TEST_F(RoomTest, GivesAKeptPlaceToWhoeverComesFirst) {
  r.arrive(who(a, 1, want::send), now, out);
  r.leave(a, leave_reason::disconnected, now, out);
  out.clear();
  r.arrive(who(b, 2, want::receive), now, out);
  EXPECT_EQ(said(), lines{"2: seated first"});
  r.arrive(who(connection_id{3}, 1, want::send), now, out);
  EXPECT_EQ(said(), (lines{"2: peer joined", "3: seated second"}));
}

TEST_F(RoomTest, ReplacesAnOlderConnectionOfTheSameSide) {
  r.arrive(who(a, 1), now, out);
  out.clear();
  r.arrive(who(b, 1), now, out);
  EXPECT_EQ(said(), (lines{"1: replaced", "2: seated first"}));
  EXPECT_EQ(r.current(), state::waiting);
  r.leave(a, leave_reason::disconnected, now, out);  // the old one's end is nobody's business
  EXPECT_EQ(r.next_timeout(), now + 24h);
}

TEST_F(RoomTest, ReplacesTheSecondOnANewConnectionOfItsSide) {
  pair();
  r.arrive(who(connection_id{3}, 2), now, out);
  EXPECT_EQ(said(),
            (lines{"2: replaced", "1: peer left 0 stays", "1: peer joined", "3: seated second"}));
}

TEST_F(RoomTest, ReplacesTheFirstOnANewConnectionOfItsSide) {
  pair();
  r.arrive(who(connection_id{3}, 1), now, out);
  EXPECT_EQ(said(), (lines{"1: replaced", "2: peer left 0", "3: seated first"}));
  EXPECT_EQ(r.current(), state::waiting);
}

TEST_F(RoomTest, NeverPairsASideWithItself) {
  r.arrive(who(a, 1, want::send), now, out);
  r.arrive(who(b, 1, want::receive), now, out);
  EXPECT_EQ(r.current(), state::waiting);
}

TEST_F(RoomTest, ExpiresWhileItWaits) {
  r.arrive(who(a, 1), now, out);
  out.clear();
  r.handle_timeout(now + 24h, out);
  EXPECT_EQ(said(), lines{"1: room_expired"});
  EXPECT_EQ(r.current(), state::none);
}

TEST_F(RoomTest, NeverExpiresOnceItIsLive) {
  go_live();
  EXPECT_FALSE(r.next_timeout());
  r.handle_timeout(now + std::chrono::hours(24 * 365), out);
  EXPECT_EQ(r.current(), state::live);
  EXPECT_TRUE(out.empty());
}

TEST_F(RoomTest, RemembersASpentCodeForTenMinutes) {
  for (const state s : {state::waiting, state::paired, state::live}) {
    bring_to(s);
    r.close(a, close_reason::spent, now, out);
    EXPECT_EQ(r.current(), state::closed);
    EXPECT_EQ(said().size(), s == state::waiting ? 0U : 1U);
    r.arrive(who(connection_id{3}, 3), now + 10min - 1ns, out);
    EXPECT_EQ(said(), lines{"3: code_spent"});
    r.arrive(who(connection_id{4}, 1), now + 10min - 1ns, out);  // its own side too
    EXPECT_EQ(said(), lines{"4: code_spent"});
    EXPECT_EQ(r.next_timeout(), now + 10min);
    r.handle_timeout(now + 10min, out);
    EXPECT_EQ(r.current(), state::none);
  }
}

TEST_F(RoomTest, LetsTheSecondSpendNothing) {
  pair();
  r.close(b, close_reason::spent, now, out);
  EXPECT_EQ(said(), lines{"1: peer left 2 stays"});
  EXPECT_EQ(r.current(), state::waiting);
}

TEST_F(RoomTest, RemembersNothingOfATransferThatIsDone) {
  for (const connection_id closer : {a, b}) {
    bring_to(state::live);
    r.close(closer, close_reason::done, now, out);
    EXPECT_EQ(said(), lines{(closer == a ? "2" : "1") + std::string(": peer left 1")});
    EXPECT_EQ(r.current(), state::none);
  }
}

TEST_F(RoomTest, EndsWhenASideOfALiveRoomIsLost) {
  for (const connection_id lost : {a, b}) {
    bring_to(state::live);
    r.leave(lost, leave_reason::slow_consumer, now, out);
    EXPECT_EQ(said(), lines{(lost == a ? "2" : "1") + std::string(": peer left 5")});
    EXPECT_EQ(r.current(), state::none);
  }
}

TEST_F(RoomTest, OpensAfreshForASideThatComesBackToALiveRoom) {
  go_live();
  r.arrive(who(connection_id{3}, 1), now, out);
  EXPECT_EQ(said(), (lines{"1: replaced", "2: peer left 0", "3: seated first"}));
  EXPECT_EQ(r.current(), state::waiting);
}

TEST_F(RoomTest, CarriesExactlyItsQuota) {
  options.bytes_max = 1000;
  bring_to(state::live);
  EXPECT_EQ(r.carry(a, 899, now, out), carriage::forward);
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(r.carry(b, 1, now, out), carriage::forward);
  EXPECT_EQ(said(), (lines{"1: quota 100", "2: quota 100"}));
  EXPECT_EQ(r.carry(b, 100, now, out), carriage::forward);
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(r.bytes(), 1000U);
  EXPECT_EQ(r.carry(a, 1, now, out), carriage::overdrawn);
  EXPECT_EQ(said(), (lines{"1: quota", "2: quota"}));
  EXPECT_EQ(r.current(), state::none);
}

TEST_F(RoomTest, CarriesNoHugeCountPastItsQuota) {
  options.bytes_max = UINT64_MAX;
  bring_to(state::live);
  EXPECT_EQ(r.carry(a, UINT64_MAX - 1, now, out), carriage::forward);
  EXPECT_EQ(r.carry(a, UINT64_MAX - 1, now, out), carriage::overdrawn);
}

TEST_F(RoomTest, CarriesAHandshakeAndNotMoreBeforeItIsLive) {
  pair();
  EXPECT_EQ(r.carry(a, limits::handshake_bytes_max - 1, now, out), carriage::forward);
  EXPECT_EQ(r.carry(b, 1, now, out), carriage::forward);
  EXPECT_EQ(r.carry(b, 1, now, out), carriage::violation);
  r.leave(b, leave_reason::disconnected, now, out);
  r.arrive(who(connection_id{3}, 3), now, out);
  EXPECT_EQ(r.carry(connection_id{3}, limits::handshake_bytes_max, now, out), carriage::forward);
  EXPECT_TRUE(r.confirm(a, now, out));
  EXPECT_EQ(r.carry(a, 1'000'000, now, out), carriage::forward);
}

}  // namespace
}  // namespace tallow::room
