// Whole transfers through a seeded network: whatever happens, no wrong byte arrives, nobody waits
// for ever, and where what happens can be borne, all arrives.
//
// TALLOW_SIM_SEED=N runs one seed; TALLOW_SIM_SEEDS=N so many of each test.

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "sim/simulation.hpp"

namespace tallow::sim {
namespace {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// All transfers of a test.
struct all_seeds {
  lane_tally lanes;
  std::uint64_t count = 0;
  std::uint64_t with_lanes = 0;  // in which data went over lanes

  // What most transfers have, a few need not have.
  [[nodiscard]] bool are_many() const noexcept { return count >= 50; }
};

all_seeds run_seeds(const scenario& what) {
  const char* const test = testing::UnitTest::GetInstance()->current_test_info()->name();
  all_seeds all;
  const auto check = [&](std::uint64_t seed) {
    simulation one(seed, what);
    const std::string wrong = one.run();
    EXPECT_EQ(wrong, "") << "again: TALLOW_SIM_SEED=" << seed
                         << " test_sim --gtest_filter=Simulation." << test;
    ++all.count;
    if (one.lanes().chunks > 0) ++all.with_lanes;
    all.lanes += one.lanes();
    return wrong.empty();
  };
  if (std::getenv("TALLOW_SIM_SEED") != nullptr) {
    check(number_from("TALLOW_SIM_SEED", 0));
    return all;
  }
  unsigned failures = 0;
  const std::uint64_t seeds = number_from("TALLOW_SIM_SEEDS", 1200);
  for (std::uint64_t seed = 1; seed <= seeds && failures < 5; ++seed) {
    if (!check(seed)) ++failures;
  }
  return all;
}

// Every lane that cannot be had is made up for in band, so nothing else would show that none can.
all_seeds run_seeds_with_lanes(scenario what) {
  what.path = chunk_path::lanes;
  const all_seeds all = run_seeds(what);
  const lane_tally& lanes = all.lanes;
  testing::Test::RecordProperty("chunks_over_lanes", std::to_string(lanes.chunks));
  testing::Test::RecordProperty("lanes_broken", std::to_string(lanes.broken));
  testing::Test::RecordProperty("lanes_forged", std::to_string(lanes.forged));
  if (!all.are_many()) return all;
  EXPECT_GT(all.with_lanes, all.count / 2);
  EXPECT_GT(lanes.packed_chunks, 0U);
  return all;
}

TEST(Simulation, OfASlowNetworkThatCutsNothing) { run_seeds({{1500ms, 700}}); }

TEST(Simulation, OfConnectionsThatBreak) {
  weather how;
  how.cuts = 4;
  how.partitions = 1;
  how.relay_restarts = 1;
  how.arrivals = 150;
  run_seeds({how});
}

TEST(Simulation, OfProgramsThatAreKilled) {
  weather how;
  how.cuts = 1;
  how.arrivals = 150;
  run_seeds({how, 3});
}

TEST(Simulation, OfBitsThatFlip) {
  weather how;
  how.flipped_bits = 3;
  how.cuts = 1;
  how.arrivals = 100;
  scenario what{how};
  what.may_fail = true;
  run_seeds(what);
}

TEST(Simulation, OfADiskThatFails) {
  weather how;
  how.cuts = 1;
  how.arrivals = 150;
  scenario what{how};
  what.disk_fails = true;
  what.may_fail = true;
  run_seeds(what);
}

TEST(Simulation, OfLanesOnASlowNetwork) {
  EXPECT_EQ(run_seeds_with_lanes({{1500ms, 700}}).lanes.broken, 0U);
}

TEST(Simulation, OfLanesThatBreak) {
  weather how;
  how.lane_cuts = 4;
  how.cuts = 1;
  how.partitions = 1;
  how.relay_restarts = 1;
  how.arrivals = 250;
  const all_seeds all = run_seeds_with_lanes({how});
  if (all.are_many()) {
    EXPECT_GT(all.lanes.broken, all.count);
  }
}

TEST(Simulation, OfProgramsThatAreKilledWithLanes) {
  weather how;
  how.cuts = 1;
  how.arrivals = 200;
  run_seeds_with_lanes({how, 3});
}

// They cost the lanes that they fall upon, and nothing else.
TEST(Simulation, OfBitsThatFlipInLanes) {
  weather how;
  how.lane_flipped_bits = 3;
  how.lane_cuts = 1;
  const all_seeds all = run_seeds_with_lanes({how});
  if (all.are_many()) {
    EXPECT_GT(all.lanes.forged, all.count / 2);
  }
}

}  // namespace
}  // namespace tallow::sim
