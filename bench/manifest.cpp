// Pages of the manifest: what each entry costs until it is on the wire, and until it is read.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include <tallow/base/bytes.hpp>
#include <tallow/transfer/manifest.hpp>

namespace {

namespace transfer = tallow::transfer;
using tallow::byte_buffer, tallow::manifest_page;

constexpr std::size_t entry_count = 10'000;

std::vector<transfer::entry> entries() {
  std::vector<transfer::entry> made(entry_count);
  for (std::size_t i = 0; i < made.size(); ++i) {
    made[i].path =
        "photos/2019/" + std::to_string(i / 100) + "/picture " + std::to_string(i) + ".jpg";
    made[i].size = i * 37;
    made[i].mtime_ns = 1'700'000'000'123'456'789 + static_cast<std::int64_t>(i);
  }
  return made;
}

std::vector<manifest_page> build(std::vector<transfer::entry> from) {
  std::vector<manifest_page> pages;
  transfer::page_builder builder;
  for (transfer::entry& e : from) {
    if (!builder.fits(e)) pages.push_back(builder.take(false));
    builder.add(std::move(e));
  }
  pages.push_back(builder.take(true));
  return pages;
}

std::vector<byte_buffer> encode(const std::vector<manifest_page>& pages) {
  std::vector<byte_buffer> bodies(pages.size());
  for (std::size_t i = 0; i < pages.size(); ++i) encode_body(bodies[i], pages[i]);
  return bodies;
}

void count(benchmark::State& state) {
  std::size_t bytes = 0;
  for (const byte_buffer& body : encode(build(entries()))) bytes += body.size();
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(entry_count));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

// The entries are copied into the pages too, as they come from a walk.
void build_pages(benchmark::State& state) {
  const auto from = entries();
  for (auto _ : state) {
    auto pages = build(from);
    benchmark::DoNotOptimize(pages);
  }
  count(state);
}
BENCHMARK(build_pages)->Unit(benchmark::kMicrosecond);

void encode_pages(benchmark::State& state) {
  const auto pages = build(entries());
  byte_buffer body;
  for (auto _ : state) {
    for (const manifest_page& page : pages) {
      body.clear();
      encode_body(body, page);
      benchmark::DoNotOptimize(body.data());
    }
  }
  count(state);
}
BENCHMARK(encode_pages)->Unit(benchmark::kMicrosecond);

void hash_pages(benchmark::State& state) {
  const auto pages = build(entries());
  for (auto _ : state) {
    transfer::manifest_hash hash;
    for (const manifest_page& page : pages) hash.add_page(page);
    auto digest = hash.digest();
    benchmark::DoNotOptimize(digest);
  }
  count(state);
}
BENCHMARK(hash_pages)->Unit(benchmark::kMicrosecond);

void decode_pages(benchmark::State& state) {
  const auto bodies = encode(build(entries()));
  for (auto _ : state) {
    std::size_t found = 0;
    for (const byte_buffer& body : bodies) {
      const auto page = tallow::decode_body<manifest_page>(body);
      found += page ? page->entries.size() : 0;
    }
    if (found != entry_count) return state.SkipWithError("entries are missing");
  }
  count(state);
}
BENCHMARK(decode_pages)->Unit(benchmark::kMicrosecond);

}  // namespace
