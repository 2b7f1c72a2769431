// Records, lane tickets and the hashes of claims, against tests/vectors/tallow/records.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/crypto/claim_hash.hpp>
#include <tallow/crypto/key_schedule.hpp>
#include <tallow/crypto/record.hpp>
#include <tallow/crypto/suite.hpp>

#include "conformance/vector_file.hpp"

namespace tallow::crypto {

/// Sets the counters, as after so many records.
struct record_position_for_tests {
  template <class Side>
  static void set(Side& side, std::uint64_t records) {
    side.cipher_.count.records = records;
  }
};

namespace {

using test::vector_file;

struct stream_keys {
  cipher_suite suite;
  traffic_secret traffic;
  stream_id stream;

  explicit stream_keys(const vector_file& v)
      : suite(suite_from_number(static_cast<std::uint16_t>(v.number("suite"))).value()),
        traffic(v.array<64>("traffic_secret")),
        stream{static_cast<std::uint32_t>(v.number("stream"))} {}

  template <class Side>
  Side make(const vector_file& v) const {
    Side side = std::move(Side::make(suite, traffic, stream).value());
    record_position_for_tests::set(side, v.number("sequence"));
    return side;
  }
};

/// A record as it lies on the wire.
struct wire_record {
  std::array<std::byte, 8> header{};
  byte_buffer body;
};

std::vector<wire_record> records_in(byte_view wire) {
  std::vector<wire_record> records;
  while (!wire.empty()) {
    wire_record r;
    std::copy_n(wire.begin(), r.header.size(), r.header.begin());
    const std::size_t length = load_big_endian<std::uint32_t>(wire.first<4>());
    const byte_view body = wire.subspan(r.header.size(), length);
    r.body.assign(body.begin(), body.end());
    wire = wire.subspan(r.header.size() + length);
    records.push_back(std::move(r));
  }
  return records;
}

std::string open_all(const vector_file& v, std::vector<std::string>& plaintexts) {
  auto opener = stream_keys(v).make<record_opener>(v);
  std::string outcome = "success";
  for (wire_record& r : records_in(v.body)) {
    const auto opened = opener.open(r.header, r.body);
    if (outcome != "success") {
      EXPECT_FALSE(opened) << "a record opens behind one that did not";
    } else if (opened) {
      plaintexts.push_back(to_hex(*opened));
    } else {
      outcome = test::outcome_of(opened);
      EXPECT_TRUE(std::all_of(r.body.begin(), r.body.end(), [](std::byte b) {
        return b == std::byte{0};
      })) << "the bytes are still there";
    }
  }
  return outcome;
}

void check_sealing(const vector_file& v) {
  auto sealer = stream_keys(v).make<record_sealer>(v);
  byte_buffer wire;
  const auto plaintexts = v.all("plaintext");
  auto plaintext = plaintexts.begin();
  for (wire_record& r : records_in(v.body)) {
    byte_buffer body = test::hexadecimal(*plaintext++);
    const std::size_t bytes = body.size();
    body.resize(bytes + limits::record_tag_bytes);
    const byte_span span(body);
    EXPECT_TRUE(sealer.seal(r.header, span.first(bytes), span.last<limits::record_tag_bytes>()));
    append(wire, r.header);
    append(wire, body);
  }
  EXPECT_EQ(wire, v.body);
}

void check_records(const vector_file& v) {
  std::vector<std::string> plaintexts;
  EXPECT_EQ(open_all(v, plaintexts), v.expect());
  EXPECT_EQ(plaintexts, v.all("plaintext"));
  if (v.succeeds() && plaintexts.size() == v.all("plaintext").size()) check_sealing(v);
}

void check_keys(const vector_file& v) {
  const traffic_secret traffic(v.array<64>("traffic_secret"));
  const stream_id stream{static_cast<std::uint32_t>(v.number("stream"))};
  const record_keys keys = record_keys_of(traffic, stream);
  EXPECT_EQ(to_hex(keys.key.view()), v.text("key"));
  EXPECT_EQ(to_hex(keys.iv.view()), v.text("iv"));
  EXPECT_EQ(to_hex(lane_ticket_of(traffic, stream).view()), v.text("ticket"));
}

void check(const vector_file& v) {
  if (v.text("kind") == "records") return check_records(v);
  if (v.text("kind") == "keys") return check_keys(v);
  EXPECT_EQ(v.text("kind"), "claim");
  const claim_key key(v.array<32>("key"));
  EXPECT_EQ(to_hex(claim_hash(key, chunk_index{v.number("chunk")}, v.body)), v.text("hash"));
}

TEST(ConformanceOfRecords, HoldsForEachVector) { test::for_each_vector("records", check); }

}  // namespace
}  // namespace tallow::crypto
