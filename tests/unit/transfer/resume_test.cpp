// Both ends of a transfer that was interrupted, in one thread: what the receiver has is claimed,
// compared, and not sent again; what is wrong or gone comes all the same.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/transfer/memory.hpp>
#include <tallow/transfer/receiver.hpp>
#include <tallow/transfer/sender.hpp>

#include "fuzz/seeded_random.hpp"

namespace tallow::transfer {
namespace {

constexpr std::size_t chunk = limits::chunk_bytes_min;

// A sink that has all bytes of an earlier session, right or wrong, but for files that are gone.
class earlier_sink : public memory_sink {
 public:
  explicit earlier_sink(std::vector<memory_file> kept)
      : memory_sink(hash_key{1, 2}), kept_(std::move(kept)) {}

  result<void> read_back(entry_index index, std::uint64_t offset, byte_span out) {
    const byte_buffer& bytes = kept_[index.value].bytes;
    if (offset + out.size() > bytes.size()) return fail(errc::transfer_incomplete);
    const byte_view part = byte_view(bytes).subspan(static_cast<std::size_t>(offset), out.size());
    std::copy(part.begin(), part.end(), out.begin());
    (void)memory_sink::write(index, offset, out);  // it is there
    return {};
  }

 private:
  std::vector<memory_file> kept_;
};
static_assert(readable_sink<earlier_sink>);

class earlier_journal : public memory_journal {
 public:
  explicit earlier_journal(chunk_set kept) : kept_(std::move(kept)) {}
  result<chunk_set> begin(const journal_identity& of) {
    EXPECT_EQ(of.chunk_bytes, chunk);
    return kept_;
  }

 private:
  chunk_set kept_;
};

/// Carries everything between the two, in an order that the seed decides.
class both_ends {
 public:
  both_ends(const std::vector<memory_file>& files, std::vector<memory_file> kept, chunk_set journal,
            std::uint64_t seed)
      : source_(files),
        sink_(std::move(kept)),
        sender_(source_, {{}, chunk}),
        receiver_(sink_, earlier_journal(std::move(journal))),
        random_(seed) {
    sender_.use_claim_key(crypto::claim_key{});
    receiver_.use_claim_key(crypto::claim_key{});
  }

  // Until both say that all is done; false when nothing moves any more.
  bool run() {
    for (int idle = 0; idle < 50;) {
      const bool moved = step();
      idle = moved ? 0 : idle + 1;
      now_ += limits::ack_interval;
      if (sender_.done() && receiver_.done()) return true;
    }
    return false;
  }

  memory_source source_;
  earlier_sink sink_;
  sender<memory_source> sender_;
  receiver<earlier_sink, earlier_journal> receiver_;
  std::multiset<std::uint64_t> sent_;

 private:
  bool step() {
    bool moved = talk(sender_, receiver_);
    if (receiver_.offer_ready() && !std::exchange(accepted_, true)) {
      EXPECT_TRUE(receiver_.accept_offer().has_value());
    }
    moved = talk(receiver_, sender_) || moved;
    for (auto turns = random_.below(4); turns > 0; --turns) {
      switch (random_.below(3)) {
        case 0: moved = carry_chunk() || moved; break;
        case 1: moved = receiver_.work_on_claim(job_, scratch_) || moved; break;
        case 2: moved = sender_.work_on_claim(job_, scratch_) || moved; break;
      }
    }
    return moved;
  }

  template <class From, class To>
  bool talk(From& from, To& to) {
    bool moved = false;
    for (;;) {
      auto m = from.poll_message(now_);
      EXPECT_TRUE(m.has_value());
      if (!m || !*m) return moved;
      moved = true;
      const auto done = visit_sealed(
          **m, [&](auto&& what) { return to.handle(std::forward<decltype(what)>(what), now_); });
      EXPECT_TRUE(done.has_value()) << describe(done.error());
    }
  }

  bool carry_chunk() {
    if (!sender_.take_chunk(stream_id{1}, job_)) return false;
    byte_buffer bytes(job_.bytes);
    sender_.read_chunk(job_, bytes);
    sent_.insert(job_.chunk.value);
    const auto is_new = receiver_.begin_chunk(job_.chunk, job_);
    EXPECT_TRUE(is_new.has_value() && *is_new);
    EXPECT_TRUE(receiver_.write_chunk(job_, bytes).has_value());
    EXPECT_TRUE(receiver_.end_chunk(job_, now_).has_value());
    EXPECT_TRUE(receiver_.settle().has_value());
    return true;
  }

  fuzz::seeded_random random_;
  chunk_job job_;
  byte_buffer scratch_ = byte_buffer(chunk);
  instant now_{};
  bool accepted_ = false;
};

std::vector<memory_file> files_of(const std::vector<std::size_t>& sizes, std::uint64_t seed) {
  fuzz::seeded_random random(seed);
  std::vector<memory_file> files;
  for (const std::size_t size : sizes) {
    memory_file& f = files.emplace_back();
    f.about.path = "file " + std::to_string(files.size());
    f.about.size = size;
    f.bytes.resize(size);
    for (std::byte& b : f.bytes) b = static_cast<std::byte>(random.below(256));
  }
  return files;
}

void expect_same(const both_ends& ends, const std::vector<memory_file>& files) {
  ASSERT_EQ(ends.sink_.files().size(), files.size());
  for (std::size_t i = 0; i < files.size(); ++i) {
    EXPECT_TRUE(ends.sink_.files()[i].bytes == files[i].bytes) << i;
  }
}

chunk_set set_of(std::initializer_list<chunk_range> ranges) {
  chunk_set set;
  for (const chunk_range& r : ranges) set.insert(r);
  return set;
}

TEST(ResumedTransfer, SendsWhatIsMissing) {
  const auto files = files_of({3 * chunk, 5, 2 * chunk + 7}, 1);
  both_ends ends(files, files, set_of({{chunk_index{0}, 2}, {chunk_index{4}, 1}}), 1);
  ASSERT_TRUE(ends.run());
  EXPECT_EQ(ends.sent_, (std::multiset<std::uint64_t>{2, 3, 5}));
  expect_same(ends, files);
  EXPECT_EQ(ends.sender_.progress_now().bytes_done, ends.sender_.progress_now().bytes_total);
}

TEST(ResumedTransfer, SendsNothingWhenAllIsThere) {
  const auto files = files_of({3 * chunk, 0, 9}, 2);
  both_ends ends(files, files, set_of({{chunk_index{0}, 4}}), 2);
  ASSERT_TRUE(ends.run());
  EXPECT_TRUE(ends.sent_.empty());
  expect_same(ends, files);
}

TEST(ResumedTransfer, BelievesNoJournal) {
  const auto files = files_of({4 * chunk}, 3);
  auto kept = files;
  kept[0].bytes[chunk + 5] ^= std::byte{1};
  kept[0].bytes.resize(3 * chunk + 1);  // the last one cannot be read as a whole
  // The journal names chunks that no transfer of that size has, too.
  both_ends ends(files, kept, set_of({{chunk_index{0}, 9}, {chunk_index{1000}, 5}}), 3);
  ASSERT_TRUE(ends.run());
  EXPECT_EQ(ends.sent_, (std::multiset<std::uint64_t>{1, 3}));
  expect_same(ends, files);
}

TEST(ResumedTransfer, EndsForAnyJournalAndAnyOrder) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    fuzz::seeded_random random(seed);
    std::vector<std::size_t> sizes;
    for (auto count = 1 + random.below(6); count > 0; --count) {
      const auto large = static_cast<std::size_t>(random.below(5 * chunk));
      sizes.push_back(random.below(3) == 0 ? static_cast<std::size_t>(random.below(9)) : large);
    }
    const auto files = files_of(sizes, seed);
    auto kept = files;
    for (memory_file& f : kept) {
      if (f.bytes.empty()) continue;
      const auto at = static_cast<std::size_t>(random.below(f.bytes.size()));
      if (random.below(4) == 0) f.bytes[at] ^= std::byte{1};
      if (random.below(4) == 0) f.bytes.resize(at);
    }
    chunk_set journal;
    for (auto ranges = random.below(5); ranges > 0; --ranges) {
      journal.insert({chunk_index{random.below(20)}, random.below(6)});
    }
    both_ends ends(files, kept, journal, seed);
    ASSERT_TRUE(ends.run());
    expect_same(ends, files);
    for (const std::uint64_t c : ends.sent_) EXPECT_EQ(ends.sent_.count(c), 1U);
  }
}

}  // namespace
}  // namespace tallow::transfer
