// Sealing and opening records in place: the cost of a chunk, by its size and the cipher.
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include <benchmark/benchmark.h>

#include <tallow/base/bytes.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/crypto/record.hpp>
#include <tallow/wire/frame.hpp>

namespace {

namespace crypto = tallow::crypto;
namespace limits = tallow::limits;
using clock_type = std::chrono::steady_clock;

/// A chunk as it lies in its frame, and the two ends of a stream.
struct chunk_record {
  explicit chunk_record(const benchmark::State& state)
      : suite(static_cast<crypto::cipher_suite>(state.range(0))),
        plaintext_bytes(static_cast<std::size_t>(state.range(1)) + limits::data_prefix_bytes),
        body(plaintext_bytes + limits::record_tag_bytes),
        header(tallow::encode_frame_header(tallow::frame_type::data,
                                           static_cast<std::uint32_t>(body.size()))) {}

  // New ends: a key is good for 64 GiB, and a long run needs more.
  bool start() {
    const crypto::traffic_secret secret;
    auto new_sealer = crypto::record_sealer::make(suite, secret, tallow::stream_id{1});
    auto new_opener = crypto::record_opener::make(suite, secret, tallow::stream_id{1});
    if (!new_sealer || !new_opener) return false;
    sealer.emplace(std::move(*new_sealer));
    opener.emplace(std::move(*new_opener));
    return true;
  }

  bool seal() {
    const tallow::byte_span bytes(body);
    if (!sealer->count().admits(plaintext_bytes) && !start()) return false;
    return sealer
        ->seal(header, bytes.first(plaintext_bytes), bytes.last<limits::record_tag_bytes>())
        .has_value();
  }
  bool open() { return opener->open(header, body).has_value(); }

  crypto::cipher_suite suite;
  std::size_t plaintext_bytes;
  tallow::byte_buffer body;
  std::array<std::byte, limits::frame_header_bytes> header;
  std::optional<crypto::record_sealer> sealer;
  std::optional<crypto::record_opener> opener;
};

void describe(benchmark::State& state) {
  state.SetLabel(state.range(0) == 1 ? "aes_256_gcm" : "chacha20_poly1305");
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * state.range(1));
}

void seal(benchmark::State& state) {
  chunk_record record(state);
  bool fine = record.start();
  for (auto _ : state) fine = fine && record.seal();
  if (!fine) state.SkipWithError("a record was not sealed");
  describe(state);
}

// What is opened has to be sealed before, which is not timed.
void open(benchmark::State& state) {
  chunk_record record(state);
  bool fine = record.start();
  for (auto _ : state) {
    fine = fine && record.seal();
    const auto began = clock_type::now();
    fine = fine && record.open();
    state.SetIterationTime(std::chrono::duration<double>(clock_type::now() - began).count());
  }
  if (!fine) state.SkipWithError("a record was not opened");
  describe(state);
}

void sizes(benchmark::internal::Benchmark* which) {
  which->ArgNames({"suite", "chunk"});
  for (const std::int64_t suite : {1, 2}) {
    for (auto bytes = static_cast<std::int64_t>(limits::chunk_bytes_min);
         bytes <= static_cast<std::int64_t>(limits::chunk_bytes_max); bytes *= 4) {
      which->Args({suite, bytes});
    }
  }
}
BENCHMARK(seal)->Apply(sizes);
BENCHMARK(open)->Apply(sizes)->UseManualTime();

}  // namespace
