#pragma once
// What the whole transfers in memory send.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <tallow/base/bytes.hpp>
#include <tallow/transfer/memory.hpp>

#include "support/test_rng.hpp"

namespace tallow::bench {

inline constexpr std::size_t mebibyte = std::size_t{1} << 20U;

/// Files of random bytes, which do not compress. The same ones every time.
inline std::vector<transfer::memory_file> random_files(std::size_t bytes) {
  constexpr std::size_t file_bytes_max = 8 * mebibyte;
  test::fixed_rng random(3);
  std::vector<transfer::memory_file> files((bytes + file_bytes_max - 1) / file_bytes_max);
  for (std::size_t i = 0; i < files.size(); ++i) {
    files[i].about.path = "file " + std::to_string(i);
    files[i].bytes.resize(std::min(bytes - i * file_bytes_max, file_bytes_max));
    random.randomize(as_u8(byte_span(files[i].bytes)));
  }
  return files;
}

inline std::size_t bytes_in(const transfer::memory_sink& sink) {
  std::size_t bytes = 0;
  for (const transfer::memory_file& file : sink.files()) bytes += file.bytes.size();
  return bytes;
}

/// Sends the benchmark's argument in MiB, over and over; `send` returns how much arrived.
template <class Send>
void send_repeatedly(benchmark::State& state, Send send) {
  const std::size_t bytes = static_cast<std::size_t>(state.range(0)) * mebibyte;
  const auto files = random_files(bytes);
  for (auto _ : state) {
    if (send(files) != bytes) return state.SkipWithError("not everything arrived");
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

}  // namespace tallow::bench
