// Pages, declined entries, totals and hashes, against tests/vectors/tallow/manifest.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/transfer/memory.hpp>
#include <tallow/transfer/receiver.hpp>
#include <tallow/transfer/transfer_key.hpp>
#include <tallow/wire/message.hpp>

#include "conformance/vector_file.hpp"

namespace tallow::transfer {
namespace {

using test::vector_file;

/// Keeps names and no bytes: sizes may be as large as the protocol allows.
class names_sink {
 public:
  result<void> add_entry(entry_index, const entry& e) {
    if (auto added = paths_.add(e.path, e.kind); !added) return fail(added.error());
    return {};
  }
  result<void> write(entry_index, std::uint64_t, byte_view) { return {}; }
  result<void> resize_entry(entry_index, std::uint64_t) { return {}; }
  void interrupt_stream() noexcept {}
  result<void> finish_entry(entry_index) { return {}; }
  result<void> discard_entry(entry_index) { return {}; }
  result<void> commit() { return {}; }
  std::string path(entry_index) const { return ""; }

 private:
  path_set paths_{{1, 2}};
};

/// The bodies of the pages: each stands behind its length, as it is hashed.
std::vector<byte_view> pages_in(byte_view all) {
  std::vector<byte_view> pages;
  while (!all.empty()) {
    const std::size_t length = load_big_endian<std::uint32_t>(all.first<4>());
    pages.push_back(all.subspan(4, length));
    all = all.subspan(4 + length);
  }
  return pages;
}

class played_receiver {
 public:
  explicit played_receiver(const vector_file& v)
      : receiver_(sink_, {}, {.streams = true, .text = v.number("text") != 0}) {
    setup m;
    m.chunk_bytes = static_cast<std::uint32_t>(v.number("chunk_bytes"));
    m.stream = v.number("stream") != 0;
    m.text = v.number("text") != 0;
    EXPECT_TRUE(receiver_.handle(m, instant{}));
  }

  template <class Message>
  result<void> handle(Message m) {
    return receiver_.handle(std::move(m), instant{});
  }
  result<void> accept() { return receiver_.accept_offer(); }

  /// The entries that ACCEPT declines for their paths.
  std::vector<std::string> declined() {
    std::vector<std::string> entries;
    for (;;) {
      const auto plaintext = receiver_.poll_message(instant{});
      if (!plaintext || !*plaintext) return entries;
      EXPECT_TRUE(visit_sealed(**plaintext, [&]<class M>(const M& m) -> result<void> {
        if constexpr (std::same_as<M, tallow::accept>) {
          for (const entry_failure& f : m.declined) {
            EXPECT_EQ(f.reason, failure_reason::bad_path);
            entries.push_back(std::to_string(f.entry.value));
          }
        }
        return {};
      }));
    }
  }

 private:
  names_sink sink_;
  receiver<names_sink> receiver_;
};

void check_hashes(const vector_file& v, const std::vector<manifest_page>& pages) {
  manifest_hash hash;
  for (const manifest_page& page : pages) hash.add_page(page);
  EXPECT_EQ(to_hex(hash.digest()), v.text("manifest_hash"));
  const auto chunk_bytes = static_cast<std::uint32_t>(v.number("chunk_bytes"));
  EXPECT_EQ(to_hex(transfer_key_of(chunk_bytes, pages.at(0))), v.text("transfer_key"));
}

/// END is refused with other totals, and taken with those of the vector.
void check_end(const vector_file& v, played_receiver& receiver) {
  const end right{v.number("entry_count"), v.number("byte_count"), v.number("chunk_count"),
                  v.array<64>("manifest_hash")};
  if (right.entry_count > 0) {
    EXPECT_TRUE(receiver.handle(entries_done{entry_index{right.entry_count}, {}}));
  }
  const auto refuses = [&](auto change) {
    end wrong = right;
    change(wrong);
    EXPECT_EQ(test::outcome_of(receiver.handle(wrong)), "totals_wrong");
  };
  refuses([](end& m) { ++m.entry_count; });
  refuses([](end& m) { m.manifest_hash[63] ^= std::byte{1}; });
  if (v.number("stream") == 0) {
    refuses([](end& m) { ++m.byte_count; });
    refuses([](end& m) { ++m.chunk_count; });
  }
  EXPECT_EQ(test::outcome_of(receiver.handle(right)), "success");
}

void check(const vector_file& v) {
  played_receiver receiver(v);
  std::vector<manifest_page> pages;
  std::string outcome = "success";
  std::size_t taken = 0;
  for (const byte_view body : pages_in(v.body)) {
    const auto page = decode_body<manifest_page>(body);
    ASSERT_TRUE(page) << describe(page.error());
    pages.push_back(*page);
    const auto done = receiver.handle(*page);
    outcome = test::outcome_of(done);
    if (!done) break;
    ++taken;
  }
  EXPECT_EQ(outcome, v.expect());
  EXPECT_EQ(taken, v.number("pages_taken"));
  if (outcome != "success" || !v.succeeds()) return;
  check_hashes(v, pages);
  EXPECT_TRUE(receiver.accept());
  EXPECT_EQ(receiver.declined(), v.all("declined"));
  check_end(v, receiver);
}

TEST(ConformanceOfManifest, HoldsForEachVector) { test::for_each_vector("manifest", check); }

}  // namespace
}  // namespace tallow::transfer
