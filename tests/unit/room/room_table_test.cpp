#include <array>
#include <set>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include <tallow/room/room_table.hpp>

namespace tallow::room {
namespace {

// Written by hand, and not by looking at the table: what becomes of each state on each event.
// A dot: it does not happen there.
struct expectation {
  event on;
  // none, waiting, paired, live, closed
  std::array<std::string_view, 5> to;
};

constexpr auto expected = std::to_array<expectation>({
    {event::opened, {"waiting", ".", ".", ".", "."}},
    {event::reserved, {"waiting", ".", ".", ".", "."}},
    {event::joined, {".", "paired", ".", ".", "."}},
    {event::reclaimed, {".", "waiting", ".", ".", "."}},
    {event::taken_over, {".", "waiting", ".", ".", "."}},
    {event::clashed, {".", "waiting", ".", ".", "."}},
    {event::third_came, {".", ".", "paired", "live", "."}},
    {event::came_early, {".", "waiting", "paired", ".", "."}},
    {event::came_late, {".", ".", ".", ".", "closed"}},
    {event::first_lost, {".", "waiting", ".", ".", "."}},
    {event::first_left, {".", ".", "waiting", ".", "."}},
    {event::second_left, {".", ".", "waiting", ".", "."}},
    {event::stalled, {".", ".", "waiting", ".", "."}},
    {event::last_attempt_failed, {".", ".", "closed", ".", "."}},
    {event::confirmed, {".", ".", "live", ".", "."}},
    {event::spent, {".", "closed", "closed", "closed", "."}},
    {event::ended, {".", "none", "none", "none", "."}},
    {event::broken, {".", ".", ".", "none", "."}},
    {event::overdrawn, {".", ".", "none", "none", "."}},
    {event::expired, {".", "none", ".", ".", "."}},
    {event::abandoned, {".", "none", ".", ".", "."}},
    {event::stopped, {".", "closed", "closed", "closed", "."}},
    {event::forgotten, {".", ".", ".", ".", "none"}},
});

TEST(RoomTable, AnswersEveryEventInEveryStateAsExpected) {
  ASSERT_EQ(expected.size(), events.size());
  ASSERT_EQ(states.size(), 5U);
  for (const expectation& row : expected) {
    for (std::size_t i = 0; i < states.size(); ++i) {
      const auto found = find_transition(states[i], row.on);
      const std::string_view to = found ? name_of(found->to) : ".";
      EXPECT_EQ(to, row.to[i]) << name_of(row.on) << " in " << name_of(states[i]);
    }
  }
}

TEST(RoomTable, ReachesEveryStateAndLeavesEachAgain) {
  std::set<state> reached{state::none};
  for (std::size_t round = 0; round < states.size(); ++round) {
    for (const transition& row : transitions) {
      if (reached.count(row.from) != 0) reached.insert(row.to);
    }
  }
  EXPECT_EQ(reached.size(), states.size());
  for (const state value : states) {
    std::set<state> from{value};
    for (std::size_t round = 0; round < states.size(); ++round) {
      for (const transition& row : transitions) {
        if (from.count(row.from) != 0) from.insert(row.to);
      }
    }
    EXPECT_EQ(from.count(state::none), 1U) << name_of(value);
  }
}

TEST(RoomTable, LetsAThirdConnectionChangeNoState) {
  for (const transition& row : transitions) {
    if (row.on == event::third_came || row.on == event::clashed || row.on == event::came_late) {
      EXPECT_EQ(row.from, row.to);
    }
  }
}

TEST(RoomTable, LetsTimeEndOnlyWhatWaits) {
  for (const transition& row : transitions) {
    if (row.on == event::expired || row.on == event::abandoned) {
      EXPECT_EQ(row.from, state::waiting);
    }
  }
}

TEST(RoomTable, NamesEverything) {
  for (const state value : states) EXPECT_FALSE(std::string(text_of(value)).empty());
  for (const event value : events) EXPECT_FALSE(std::string(text_of(value)).empty());
  for (const transition& row : transitions) {
    EXPECT_FALSE(std::string(name_of(row.then)).empty());
    EXPECT_FALSE(std::string(text_of(row.then)).empty());
  }
}

}  // namespace
}  // namespace tallow::room
