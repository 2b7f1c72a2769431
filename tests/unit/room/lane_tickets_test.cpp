#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/room/lane_tickets.hpp>

#include "support/seeded_random.hpp"

namespace tallow::room {
namespace {

using namespace std::chrono_literals;
using verdict = lane_admission::verdict;
using tickets = std::vector<lane_ticket>;

constexpr connection_id first{1};
constexpr connection_id second{2};

class LaneBookTest : public ::testing::Test {
 protected:
  tickets of_first(std::size_t count) { return book.issue(first, second, count, now); }
  tickets of_second(std::size_t count) { return book.issue(second, first, count, now); }
  // The connections of a test are numbered from 10.
  lane_admission show(const lane_ticket& ticket, std::uint64_t connection) {
    return book.admit(ticket, connection_id{connection}, now);
  }
  std::vector<std::uint64_t> taken() {
    std::vector<std::uint64_t> all;
    for (const connection_id id : dropped) all.push_back(id.value);
    dropped.clear();
    return all;
  }
  void wait(duration time) {
    now += time;
    book.handle_timeout(now, dropped);
  }

  test::seeded_random random;
  instant now{1h};
  lane_book book{random.source()};
  lane_book::connections dropped;
};

TEST_F(LaneBookTest, MatchesTheTicketsOfBothSidesByTheirOrder) {
  const tickets a = of_first(3);
  tickets b = of_second(1);
  const tickets more = of_second(2);
  b.insert(b.end(), more.begin(), more.end());
  EXPECT_EQ(show(a[2], 12).what, verdict::waits);
  EXPECT_EQ(show(b[0], 20).what, verdict::waits);
  EXPECT_EQ(show(b[1], 21).what, verdict::waits);
  EXPECT_EQ(show(b[2], 22).other, connection_id{12});
  EXPECT_EQ(show(a[1], 11).other, connection_id{21});
  const auto joined = show(a[0], 10);
  EXPECT_EQ(joined.what, verdict::joined);
  EXPECT_EQ(joined.other, connection_id{20});
}

TEST_F(LaneBookTest, LetsAnEndWaitForATicketThatIsNotIssuedYet) {
  EXPECT_EQ(show(of_first(1)[0], 10).what, verdict::waits);
  EXPECT_EQ(show(of_second(1)[0], 20).other, connection_id{10});
}

TEST_F(LaneBookTest, GivesTicketsThatAreAllDifferent) {
  std::set<lane_ticket> seen;
  for (const auto& t : of_first(16)) seen.insert(t);
  for (const auto& t : of_second(16)) seen.insert(t);
  EXPECT_EQ(seen.size(), 32U);
}

TEST_F(LaneBookTest, DrawsAgainWhenTheFirstBytesOfATicketAreTaken) {
  struct repeating {
    int calls = 0;
    static void fill(void* self, byte_span out) {
      // Every draw comes twice.
      const int call = static_cast<repeating*>(self)->calls++;
      for (std::byte& b : out) b = static_cast<std::byte>(call / 2);
    }
  } source;
  lane_book of_few({&repeating::fill, &source});
  const tickets all = of_few.issue(first, second, 3, now);
  EXPECT_EQ(std::set<lane_ticket>(all.begin(), all.end()).size(), 3U);
}

TEST_F(LaneBookTest, TakesATicketOnce) {
  const auto ticket = of_first(1)[0];
  EXPECT_EQ(show(ticket, 10).what, verdict::waits);
  EXPECT_EQ(show(ticket, 11).what, verdict::refused);
  EXPECT_EQ(show(of_second(1)[0], 20).other, connection_id{10});
  EXPECT_EQ(show(ticket, 12).what, verdict::refused);
  book.closed(connection_id{10}, dropped);
  EXPECT_EQ(show(ticket, 13).what, verdict::refused);
}

// The secret part of a used ticket is wiped. Who saw the ticket on its way knows the rest.
TEST_F(LaneBookTest, TakesNoZerosForAWipedSecret) {
  lane_ticket ticket = of_first(1)[0];
  EXPECT_EQ(show(ticket, 10).what, verdict::waits);
  std::fill(ticket.begin() + 8, ticket.end(), std::byte{0});
  EXPECT_EQ(show(ticket, 11).what, verdict::refused);
  (void)show(of_second(1)[0], 20);
  EXPECT_EQ(show(ticket, 12).what, verdict::refused);
}

TEST_F(LaneBookTest, TakesATicketOfNoSideForTheOther) {
  const tickets a = of_first(2);
  EXPECT_EQ(show(a[0], 10).what, verdict::waits);
  EXPECT_EQ(show(a[1], 11).what, verdict::waits) << "two ends of one side are no lane";
}

TEST_F(LaneBookTest, RefusesATicketThatIsWrongInAnyByte) {
  const auto ticket = of_first(1)[0];
  for (std::size_t i = 0; i < ticket.size(); ++i) {
    for (const unsigned bit : {0U, 7U}) {
      lane_ticket wrong = ticket;
      wrong[i] ^= static_cast<std::byte>(1U << bit);
      EXPECT_EQ(show(wrong, 10).what, verdict::refused) << i;
    }
  }
  EXPECT_EQ(show({}, 10).what, verdict::refused);
  EXPECT_EQ(book.lane_end_count(), 0U);
  EXPECT_EQ(show(ticket, 11).what, verdict::waits) << "wrong tickets changed something";
}

TEST_F(LaneBookTest, ForgetsTicketsWhenTheirTimeEnds) {
  const tickets a = of_first(2);
  EXPECT_EQ(book.next_timeout(), now + 60s);
  wait(60s - 1ns);
  EXPECT_EQ(show(a[0], 10).what, verdict::waits);
  now += 1ns;
  EXPECT_EQ(show(a[1], 11).what, verdict::refused) << "before anybody looked at the clock";
  wait(0s);
  EXPECT_EQ(show(a[1], 11).what, verdict::refused);
  EXPECT_FALSE(book.next_timeout());
}

TEST_F(LaneBookTest, DropsAnEndWhoseOtherDoesNotComeInTime) {
  (void)show(of_first(1)[0], 10);
  wait(30s);
  const auto late = of_second(1)[0];
  wait(30s);
  EXPECT_EQ(taken(), std::vector<std::uint64_t>{10});
  EXPECT_EQ(book.lane_end_count(), 0U);
  EXPECT_EQ(show(late, 20).what, verdict::refused) << "nobody will ever meet it";
}

TEST_F(LaneBookTest, KeepsAJoinedLaneBeyondTheTimeOfItsTickets) {
  (void)show(of_first(1)[0], 10);
  (void)show(of_second(1)[0], 20);
  wait(24h);
  EXPECT_TRUE(taken().empty());
  EXPECT_EQ(book.lane_end_count(), 2U);
}

// Both sides count their tickets, and must agree for ever, whatever became of some of them.
TEST_F(LaneBookTest, KeepsTheOrderWhenTicketsExpireOnOneSideOnly) {
  (void)of_first(3);
  wait(60s);
  const tickets late = of_second(3);
  ASSERT_EQ(late.size(), 3U);
  for (const auto& t : late) EXPECT_EQ(show(t, 20).what, verdict::refused);
  (void)show(of_first(1)[0], 10);
  EXPECT_EQ(show(of_second(1)[0], 24).other, connection_id{10});
}

TEST_F(LaneBookTest, DropsTheOtherEndOfAJoinedLane) {
  (void)show(of_first(1)[0], 10);
  (void)show(of_second(1)[0], 20);
  book.closed(connection_id{20}, dropped);
  EXPECT_EQ(taken(), std::vector<std::uint64_t>{10});
  book.closed(connection_id{10}, dropped);
  EXPECT_TRUE(taken().empty());
}

TEST_F(LaneBookTest, FreesTheNumberOfAnEndThatWaitedAndLeft) {
  const auto a = of_first(1)[0];
  const auto b = of_second(1)[0];
  (void)show(a, 10);
  book.closed(connection_id{10}, dropped);
  EXPECT_TRUE(taken().empty());
  EXPECT_EQ(show(b, 20).what, verdict::refused);
  (void)show(of_second(1)[0], 21);
  EXPECT_EQ(show(of_first(1)[0], 11).other, connection_id{21});
}

TEST_F(LaneBookTest, BoundsTicketsAndLanesOfASide) {
  const tickets a = of_first(100);
  EXPECT_EQ(a.size(), limits::room_lanes_max);
  EXPECT_TRUE(of_first(1).empty());
  const tickets b = of_second(100);
  EXPECT_EQ(b.size(), limits::room_lanes_max) << "each side has its own";
  for (std::size_t i = 0; i < a.size(); ++i) {
    (void)show(a[i], 100 + i);
    (void)show(b[i], 200 + i);
  }
  EXPECT_EQ(book.lane_end_count(), 2 * limits::room_lanes_max);
  EXPECT_TRUE(of_first(1).empty()) << "open lanes count too";
  book.closed(connection_id{100}, dropped);
  EXPECT_EQ(of_first(100).size(), 1U);
  EXPECT_EQ(of_second(100).size(), 1U);
}

TEST_F(LaneBookTest, EndsEverythingOfARoomWithEitherSide) {
  for (const connection_id leaving : {first, second}) {
    const tickets a = of_first(3);
    const tickets b = of_second(2);
    (void)show(a[0], 10);
    (void)show(b[0], 20);
    (void)show(a[1], 11);
    const auto other_room = book.issue(connection_id{3}, connection_id{4}, 1, now).at(0);
    book.end_room(leaving, dropped);
    auto gone = taken();
    EXPECT_EQ(std::set<std::uint64_t>(gone.begin(), gone.end()),
              (std::set<std::uint64_t>{10, 11, 20}));
    EXPECT_EQ(show(a[2], 12).what, verdict::refused);
    EXPECT_EQ(show(b[1], 21).what, verdict::refused);
    EXPECT_EQ(show(other_room, 30).what, verdict::waits);
    book.end_room(connection_id{3}, dropped);
    dropped.clear();
    EXPECT_EQ(book.lane_end_count(), 0U);
    EXPECT_FALSE(book.next_timeout());
  }
}

TEST_F(LaneBookTest, KnowsTheOwnersOfJoinedLanesOnly) {
  (void)show(of_first(1)[0], 10);
  EXPECT_FALSE(book.owners_of(connection_id{10}));
  (void)show(of_second(1)[0], 20);
  const auto owners = book.owners_of(connection_id{20});
  ASSERT_TRUE(owners);
  EXPECT_EQ(owners->own, second);
  EXPECT_EQ(owners->other, first);
  EXPECT_EQ(book.owners_of(connection_id{10})->own, first);
  EXPECT_FALSE(book.owners_of(first));
}

}  // namespace
}  // namespace tallow::room
