#include <chrono>
#include <set>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/room/directory.hpp>

#include "support/relay_world.hpp"

namespace tallow::room {
namespace {

using namespace std::chrono_literals;
using test::room_of;
using test::side;

class DirectoryTest : public ::testing::Test {
 protected:
  guest newcomer(want wanted = want::either) {
    const auto number = ++last_;
    side_id id{};
    store_big_endian(number, std::span(id).last<8>());
    return {connection_id{number}, id, wanted};
  }
  std::optional<made_room> create(std::uint64_t random) {
    const auto made = rooms.create(newcomer(), random, now, out);
    out.clear();
    const auto* room = std::get_if<made_room>(&made);
    return room == nullptr ? std::nullopt : std::optional(*room);
  }
  void spend(const room_id& id) {
    const guest g = newcomer();
    rooms.join(id, g, now, out);
    rooms.close(id, g.connection, close_reason::spent, now, out);
    out.clear();
  }

  instant now{1h};
  directory rooms{directory_options{{0, 24h}, 1000}, &room_of};
  notices out;
  std::uint64_t last_ = 0;
};

TEST_F(DirectoryTest, GivesTheFirstFreeNameplateOfTheWindow) {
  EXPECT_EQ(create(3)->nameplate, 4U);
  EXPECT_EQ(create(3)->nameplate, 5U);
  rooms.join(room_of(1), newcomer(), now, out);
  EXPECT_EQ(create(0)->nameplate, 2U);
  EXPECT_EQ(create(8)->nameplate, 9U);
}

TEST_F(DirectoryTest, LetsALiveRoomOfATakerGiveUpItsId) {
  const room_id fresh = room_of(1000);
  guest taker = newcomer();
  taker.takes_more = true;
  const guest other = newcomer();
  rooms.join(room_of(7), taker, now, out);
  rooms.join(room_of(7), other, now, out);
  EXPECT_FALSE(rooms.takes_more(room_of(7)));  // not live yet
  ASSERT_TRUE(rooms.confirm(room_of(7), taker.connection, now, out));
  ASSERT_TRUE(rooms.takes_more(room_of(7)));
  const auto moved = rooms.move_on(room_of(7), fresh, now, out);
  EXPECT_EQ(moved, (std::vector{taker.connection, other.connection}));
  EXPECT_EQ(rooms.live_partner_of(fresh, taker.connection), other.connection);
  EXPECT_FALSE(rooms.partner_of(room_of(7), taker.connection));
  EXPECT_EQ(rooms.room_count(), 2U);
  // The place that is kept is given up in time; the live room is not.
  rooms.handle_timeout(now + limits::room_reclaim_time, out);
  EXPECT_FALSE(rooms.contains(room_of(7)));
  EXPECT_TRUE(rooms.contains(fresh));
  rooms.leave(fresh, other.connection, leave_reason::disconnected, now, out);
  EXPECT_EQ(rooms.room_count(), 0U);
}

TEST_F(DirectoryTest, KeepsNoPlaceWhereThereIsNoneForAnotherRoom) {
  shared_count open;
  directory full(directory_options{{0, 24h}, 1}, &room_of, {}, &open);
  guest taker = newcomer();
  taker.takes_more = true;
  const guest other = newcomer();
  full.join(room_of(7), taker, now, out);
  full.join(room_of(7), other, now, out);
  ASSERT_TRUE(full.confirm(room_of(7), taker.connection, now, out));
  EXPECT_EQ(full.move_on(room_of(7), room_of(1000), now, out).size(), 2U);
  EXPECT_FALSE(full.contains(room_of(7)));
  EXPECT_EQ(open.now(), 1U);
  full.leave(room_of(1000), other.connection, leave_reason::disconnected, now, out);
  EXPECT_EQ(open.now(), 0U);
}

TEST_F(DirectoryTest, UsesMoreDigitsOnlyAsRoomsFillUp) {
  std::set<std::uint32_t> seen;
  std::uint64_t random = 1;
  int longer = 0;
  for (int i = 0; i < 600; ++i) {
    const auto made = create(next_random(random));
    ASSERT_TRUE(made);
    EXPECT_TRUE(seen.insert(made->nameplate).second);
    EXPECT_EQ(made->id, room_of(made->nameplate));
    // At most half of the numbers of a length are used; now and then a window is full before.
    const std::uint32_t usual = i < 5 ? 9 : i < 49 ? 99 : i < 499 ? 999 : 9999;
    EXPECT_LE(made->nameplate, usual * 10 + 9);
    longer += made->nameplate > usual ? 1 : 0;
  }
  EXPECT_LE(longer, 60);
}

TEST_F(DirectoryTest, GivesNoNameplateWhoseCodeIsSpent) {
  spend(room_of(1));
  EXPECT_EQ(create(0)->nameplate, 2U);
}

TEST_F(DirectoryTest, RefusesWhenItIsFullAndEvictsNobody) {
  rooms = directory(directory_options{{0, 24h}, 2}, &room_of);
  const auto first = create(0);
  ASSERT_TRUE(create(0));
  EXPECT_FALSE(create(0));
  rooms.join(room_of(77), newcomer(), now, out);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(std::get<told_error>(out[0].what).code, relay_error_code::relay_full);
  EXPECT_EQ(std::get<told_error>(out[0].what).limit, 2U);
  out.clear();
  rooms.join(first->id, newcomer(), now, out);  // a room that is there takes its second
  EXPECT_EQ(std::get<seated>(out[1].what).placed, place::second);
}

TEST_F(DirectoryTest, CountsRoomsAndNotTheirMemory) {
  spend(room_of(1));
  EXPECT_EQ(rooms.room_count(), 0U);
  EXPECT_EQ(rooms.closed_count(), 1U);
  now += 10min;
  rooms.handle_timeout(now, out);
  EXPECT_EQ(rooms.closed_count(), 0U);
  EXPECT_FALSE(rooms.next_timeout());
}

TEST_F(DirectoryTest, BoundsWhatItRemembersAndForgetsTheOldestFirst) {
  rooms = directory(directory_options{{0, 24h}, 1}, &room_of);
  for (std::uint32_t plate = 1; plate <= 100; ++plate) {
    spend(room_of(plate));
    now += 1ms;
  }
  EXPECT_EQ(rooms.closed_count(), 8U);
  rooms.join(room_of(93), newcomer(), now, out);
  EXPECT_EQ(std::get<told_error>(out.back().what).code, relay_error_code::code_spent);
  rooms.join(room_of(92), newcomer(), now, out);
  EXPECT_TRUE(std::holds_alternative<seated>(out.back().what));
}

TEST_F(DirectoryTest, ForgetsEverythingAfterManyRooms) {
  std::uint64_t random = 1;
  for (int i = 0; i < 20'000; ++i) {
    const guest g = newcomer();
    const auto made = rooms.create(g, next_random(random), now, out);
    ASSERT_TRUE(std::holds_alternative<made_room>(made));
    const auto reason = i % 2 == 0 ? close_reason::spent : close_reason::cancelled;
    rooms.close(std::get<made_room>(made).id, g.connection, reason, now, out);
    out.clear();
    now += 1s;
    rooms.handle_timeout(now, out);
  }
  EXPECT_LE(rooms.closed_count(), 301U);
  now += 10min;
  rooms.handle_timeout(now, out);
  EXPECT_EQ(rooms.room_count(), 0U);
  EXPECT_EQ(rooms.closed_count(), 0U);
  EXPECT_FALSE(rooms.next_timeout());
}

TEST_F(DirectoryTest, SweepsOnlyWhatIsDue) {
  const auto early = create(0);
  now += 1h;
  const auto late = create(0);
  EXPECT_EQ(rooms.next_timeout(), now + 23h);
  now += 23h;
  rooms.handle_timeout(now, out);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].to, connection_id{1});
  EXPECT_EQ(rooms.room_count(), 1U);
  EXPECT_EQ(rooms.next_timeout(), now + 1h);
  EXPECT_NE(early->id, late->id);
}

TEST_F(DirectoryTest, IgnoresRoomsThatAreNotThere) {
  rooms.leave(room_of(1), connection_id{1}, leave_reason::disconnected, now, out);
  rooms.close(room_of(1), connection_id{1}, close_reason::spent, now, out);
  EXPECT_TRUE(rooms.confirm(room_of(1), connection_id{1}, now, out));
  EXPECT_EQ(rooms.carry(room_of(1), connection_id{1}, 5, now, out).first, carriage::discard);
  EXPECT_FALSE(rooms.partner_of(room_of(1), connection_id{1}));
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(rooms.room_count() + rooms.closed_count(), 0U);
}

}  // namespace
}  // namespace tallow::room
