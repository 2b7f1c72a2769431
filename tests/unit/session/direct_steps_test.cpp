// What sessions say and do for lanes straight between the two sides.
#include <chrono>

#include <gtest/gtest.h>

#include "support/direct_pair.hpp"

namespace tallow::test {
namespace {

using namespace std::chrono_literals;
using enum direct_use;

TEST(DirectSteps, TellBothSidesTheSameLanesAndTickets) {
  direct_pair pair(preferred, preferred);
  pair.run_for(100ms);
  const auto expected = pair.sending.all_of<session::direct_expected>();
  const auto offered = pair.receiving.all_of<session::direct_offered>();
  ASSERT_EQ(expected.size(), 1U);
  ASSERT_EQ(offered.size(), 1U);
  EXPECT_EQ(offered[0].addresses, pair.where());
  ASSERT_EQ(expected[0].lanes.size(), 2U);
  ASSERT_EQ(offered[0].lanes.size(), 2U);
  for (const std::size_t i : {0U, 1U}) {
    EXPECT_EQ(expected[0].lanes[i].lane, offered[0].lanes[i].lane);
    EXPECT_EQ(expected[0].lanes[i].ticket, offered[0].lanes[i].ticket);
  }
  EXPECT_NE(expected[0].lanes[0].ticket, expected[0].lanes[1].ticket);
  EXPECT_EQ(pair.sending.count<session::lane_granted>(), 0U) << "the relay has to wait";
  pair.run_for(300ms);
  EXPECT_EQ(pair.sending.count<session::lane_granted>(), 2U);
  pair.expect_done();
}

TEST(DirectSteps, HaveTicketsOfTheSession) {
  direct_pair one(preferred, preferred);
  direct_pair other(preferred, preferred);
  other.relay.now += 1s;  // the same random bytes: only what was said may differ
  one.run_for(100ms);
  other.run_for(100ms);
  const auto ticket = [](const direct_pair& pair) {
    return pair.sending.all_of<session::direct_expected>().at(0).lanes.at(0).ticket;
  };
  EXPECT_EQ(ticket(one), ticket(other));
  one.relay.disconnect(one.sending);
  one.run_for(1min);
  ASSERT_GE(one.sending.count<session::direct_expected>(), 2U);
  const auto again = one.sending.all_of<session::direct_expected>();
  EXPECT_EQ(again.back().lanes[0].lane, again.front().lanes[0].lane);
  EXPECT_NE(again.back().lanes[0].ticket, again.front().lanes[0].ticket) << "other keys";
}

TEST(DirectSteps, AskNobodyWhereOneSideWantsNone) {
  for (const auto& [sender, receiver] : {std::pair{preferred, never}, {never, preferred}}) {
    direct_pair pair(sender, receiver);
    pair.run_for(100ms);
    EXPECT_EQ(pair.sending.count<session::lane_granted>(), 2U) << "nothing is waited for";
    pair.expect_done();
    EXPECT_EQ(pair.sending.count<session::addresses_wanted>(), 0U);
    EXPECT_EQ(pair.receiving.count<session::direct_offered>(), 0U);
  }
}

TEST(DirectSteps, EndWhereOneSideWantsNoneAndTheOtherNothingElse) {
  for (const auto& [sender, receiver] : {std::pair{required, never}, {never, required}}) {
    direct_pair pair(sender, receiver);
    pair.expect_failure(errc::direct_unavailable);
  }
}

TEST(DirectSteps, GiveUpAfterHalfAMinuteWhereNothingElseIsWanted) {
  for (const auto& [sender, receiver] : {std::pair{required, preferred}, {preferred, required}}) {
    direct_pair pair(sender, receiver);
    pair.run_for(29s);
    EXPECT_FALSE(pair.sending.over() || pair.receiving.over());
    EXPECT_EQ(pair.sending.count<session::lane_granted>(), 0U);
    pair.expect_failure(errc::direct_unavailable);
    EXPECT_GE(pair.sending.count<session::direct_expected>(), 3U);
  }
}

TEST(DirectSteps, GoOnWithoutAnAddress) {
  for (const bool answers : {true, false}) {
    direct_pair pair(preferred, preferred);
    pair.where = nullptr;
    if (answers) pair.where = [] { return std::vector<direct_address>(); };
    pair.run_for(400ms);
    EXPECT_EQ(pair.sending.count<session::lane_granted>(), 2U);
    pair.expect_done();
    EXPECT_EQ(pair.receiving.count<session::direct_offered>(), 0U);
  }
}

TEST(DirectSteps, SendNothingElsewhereWhileADirectLaneIsOpen) {
  direct_pair pair(preferred, preferred);
  pair.run_for(100ms);
  pair.open_first();
  pair.run_for(1min);
  EXPECT_EQ(pair.sending.count<session::lane_granted>(), 0U);
  EXPECT_EQ(pair.sender.progress_now().bytes_done, 0U) << "in band";
  ASSERT_EQ(pair.sending.count<session::path_changed>(), 1U);
  EXPECT_EQ(pair.sending.all_of<session::path_changed>()[0].path, session::data_path::direct);
  pair.end_first();
  EXPECT_EQ(pair.sending.all_of<session::path_changed>().at(1).path, session::data_path::relay);
  EXPECT_EQ(pair.receiving.all_of<session::path_changed>().at(1).path, session::data_path::relay);
  pair.run_for(100ms);
  EXPECT_EQ(pair.sending.count<session::lane_granted>(), 2U) << "at once";
  pair.expect_done();
}

TEST(DirectSteps, BeginAnewWithTheConnection) {
  direct_pair pair(preferred, preferred);
  pair.run_for(100ms);
  pair.open_first();
  pair.run_for(1s);
  pair.relay.disconnect(pair.sending);
  EXPECT_EQ(pair.sending.all_of<session::path_changed>().back().path, session::data_path::relay);
  const auto before = pair.receiving.count<session::direct_offered>();
  pair.run_for(10s);
  EXPECT_GT(pair.receiving.count<session::direct_offered>(), before);
  pair.expect_done();
}

TEST(DirectSteps, TellNoAddressBeforeTheWordsWereCompared) {
  direct_pair pair(preferred, preferred, {}, true);
  pair.run_for(1min);
  ASSERT_EQ(pair.sending.count<session::words_due>(), 1U);
  EXPECT_EQ(pair.sending.count<session::addresses_wanted>(), 0U);
  (void)pair.receiving.inside().confirm_words(pair.relay.now);
  (void)pair.sending.inside().confirm_words(pair.relay.now);
  pair.run_for(100ms);
  EXPECT_EQ(pair.sending.count<session::addresses_wanted>(), 1U);
  pair.expect_done();
}

// Who is asked where it listens begins to listen.
TEST(DirectSteps, OpenNoPortForSomebodyWithAWrongCode) {
  for (const auto wanted : {preferred, required}) {
    direct_pair pair(wanted, wanted, {}, false, "7-crossover-zebra");
    pair.expect_failure(errc::authentication_failed);
    EXPECT_EQ(pair.sending.count<session::addresses_wanted>(), 0U);
    EXPECT_EQ(pair.sending.count<session::direct_expected>(), 0U);
    EXPECT_EQ(pair.receiving.count<session::direct_offered>(), 0U);
  }
}

TEST(DirectSteps, NeedNoRelayThatCarriesAllOfIt) {
  room::relay_options small;
  small.rooms.each.bytes_max = 50'000;
  for (const auto how : {preferred, required}) {
    direct_pair pair(how, preferred, small);
    pair.run_for(1s);
    EXPECT_EQ(pair.sending.failure() == errc::quota_too_small, how == preferred);
  }
}

}  // namespace
}  // namespace tallow::test
