// Which chunk goes next: the work that all lanes of a transfer do under one mutex.
#include <cstddef>
#include <cstdint>
#include <optional>

#include <benchmark/benchmark.h>

#include <tallow/base/limits.hpp>
#include <tallow/transfer/byte_space.hpp>
#include <tallow/transfer/scheduler.hpp>

namespace {

namespace limits = tallow::limits;
namespace transfer = tallow::transfer;
using tallow::chunk_index, tallow::stream_id;

constexpr std::uint64_t chunk_count = 16 * limits::chunk_window;

// So many chunks of so many files each.
transfer::byte_space space_of(std::uint64_t files_per_chunk) {
  transfer::byte_space space(limits::chunk_bytes_default);
  for (std::uint64_t i = 0; i < chunk_count * files_per_chunk; ++i) {
    (void)space.add_entry(limits::chunk_bytes_default / files_per_chunk);
  }
  space.complete();
  return space;
}

// Chunks are taken in turn by a few lanes and acknowledged while `in_flight` others are under way;
// the arguments are that number and how many files a chunk holds.
void take_and_acknowledge(benchmark::State& state) {
  const auto in_flight = static_cast<std::uint64_t>(state.range(0));
  const transfer::byte_space space = space_of(static_cast<std::uint64_t>(state.range(1)));
  for (auto _ : state) {
    transfer::scheduler scheduler;
    for (std::uint64_t i = 0; i < chunk_count + in_flight; ++i) {
      const stream_id lane{1 + static_cast<std::uint32_t>(i % 4)};
      if (const auto chunk = scheduler.take(space, chunk_count, lane)) scheduler.read_done(*chunk);
      if (i < in_flight) continue;
      if (!scheduler.acknowledge(space, chunk_index{i - in_flight})) {
        return state.SkipWithError("a chunk was not acknowledged");
      }
    }
    if (scheduler.acknowledged_prefix() != chunk_count) {
      return state.SkipWithError("not every chunk was sent");
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(chunk_count));
}
BENCHMARK(take_and_acknowledge)
    ->ArgNames({"in_flight", "files"})
    ->ArgsProduct({{8, static_cast<std::int64_t>(limits::chunk_window) - 1}, {1, 64}})
    ->Unit(benchmark::kMillisecond);

// A window full of chunks whose lane is lost, and which go out again on another.
void lose_a_lane(benchmark::State& state) {
  const transfer::byte_space space = space_of(1);
  transfer::scheduler scheduler;
  stream_id lane{1};
  const auto take_all = [&] {
    std::uint64_t taken = 0;
    while (const auto chunk = scheduler.take(space, chunk_count, lane)) {
      scheduler.read_done(*chunk);
      ++taken;
    }
    return taken;
  };
  if (take_all() != limits::chunk_window) return state.SkipWithError("the window is not full");
  for (auto _ : state) {
    scheduler.lane_lost(lane);
    ++lane.value;
    if (take_all() != limits::chunk_window) return state.SkipWithError("chunks did not return");
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(limits::chunk_window));
}
BENCHMARK(lose_a_lane)->Unit(benchmark::kMicrosecond);

}  // namespace
