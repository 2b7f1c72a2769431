// The journal's format, against the vectors in tests/vectors/tallow/journal.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <tallow/transfer/chunk_set.hpp>
#include <tallow/transfer/journal_format.hpp>

#include "conformance/vector_file.hpp"

namespace tallow::transfer {
namespace {

using nlohmann::json;
using test::vector_file;

json json_of(const chunk_set& chunks) {
  json ranges = json::array();
  chunks.for_each_range([&](const chunk_range& r) {
    ranges.push_back(json::array({r.first.value, r.count}));
  });
  return ranges;
}

byte_buffer encoded(const vector_file& v, const journal_header& header) {
  byte_buffer file;
  journal_encoder encoder(file, header);
  for (const std::string& line : v.all("record")) {
    const json record = json::parse(line);
    if (record.at(0) == 2) {
      encoder.add_synced(file, record.at(1).get<std::size_t>());
      continue;
    }
    std::vector<chunk_range> ranges;
    for (const json& r : record.at(1)) {
      ranges.push_back({chunk_index{r.at(0).get<std::uint64_t>()}, r.at(1).get<std::uint64_t>()});
    }
    encoder.add_written(file, ranges);
  }
  return file;
}

void check(const vector_file& v) {
  const journal_identity of{static_cast<std::uint32_t>(v.number("chunk_bytes")),
                            v.array<16>("transfer_key")};
  const auto content = replay_journal(v.body, of);
  EXPECT_EQ(content ? "success" : "no_journal", v.expect());
  if (!content || !v.succeeds()) return;
  EXPECT_EQ(to_hex(content->boot), v.text("boot_id"));
  EXPECT_EQ(content->bytes, v.number("bytes"));
  EXPECT_EQ(json_of(content->written), json::parse(v.text("written")));
  EXPECT_EQ(json_of(content->synced), json::parse(v.text("synced")));
  const byte_buffer good(v.body.begin(),
                         v.body.begin() + static_cast<std::ptrdiff_t>(v.number("bytes")));
  EXPECT_EQ(encoded(v, {of, content->boot}), good);
  const auto again = replay_journal(good, of);
  ASSERT_TRUE(again);
  EXPECT_EQ(json_of(again->written), json_of(content->written));
}

TEST(ConformanceOfJournal, HoldsForEachVector) { test::for_each_vector("journal", check); }

}  // namespace
}  // namespace tallow::transfer
