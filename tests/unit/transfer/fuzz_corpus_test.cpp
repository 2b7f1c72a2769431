// The fuzz bodies of the journal and of compressed chunks over their corpora, that of the journal
// over random programs too; and that a broken invariant is noticed.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <gtest/gtest.h>
#include <zstd.h>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/transfer/chunk_codec.hpp>
#include <tallow/transfer/journal_format.hpp>

#include "fuzz/chunk_codec.hpp"
#include "fuzz/journal.hpp"
#include "fuzz/receiver.hpp"
#include "fuzz/seeded_random.hpp"
#include "fuzz/sender.hpp"
#include "fuzz/violation.hpp"
#include "support/corpus.hpp"

namespace {

using namespace tallow;  // NOLINT(google-build-using-namespace)

TEST(FuzzCorpus, HoldsForTheJournal) {
  EXPECT_GT(test::replay_corpus("journal", fuzz::fuzz_journal), 15U);
}

TEST(FuzzCorpus, HoldsForRandomJournals) {
  fuzz::seeded_random random(1);
  for (int run = 0; run < 3000; ++run) {
    byte_buffer input{std::byte{0}};
    for (std::size_t n = random.below(100); n > 0; --n) input.push_back(random.byte());
    EXPECT_NO_THROW(fuzz::fuzz_journal(input)) << to_hex(input);
  }
}

TEST(FuzzCorpus, HoldsForTheReceiver) {
  EXPECT_GT(test::replay_corpus("receiver", fuzz::fuzz_receiver), 15U);
}

// Else nothing that the body says of a receiver that is done would ever be looked at.
TEST(FuzzCorpus, HasAnHonestSender) {
  const auto honest = test::corpus_input("receiver", "honest");
  fuzz::sender_program<> program(honest);
  program.run();
  EXPECT_TRUE(program.is_done());
}

TEST(FuzzCorpus, HoldsForRandomSenders) {
  fuzz::seeded_random random(1);
  for (int run = 0; run < 3000; ++run) {
    byte_buffer input{std::byte{0}, std::byte{0}};
    for (std::size_t n = random.below(120); n > 0; --n) {
      input.push_back(random.below(2) == 0 ? static_cast<std::byte>(random.below(10))
                                           : random.byte());
    }
    EXPECT_NO_THROW(fuzz::fuzz_receiver(input)) << to_hex(input);
  }
}

// Wrong on purpose: shifts what is written by a byte.
class shifting_receiver : public transfer::receiver<transfer::memory_sink> {
 public:
  using transfer::receiver<transfer::memory_sink>::receiver;

  result<void> write_chunk(const transfer::chunk_job& job, byte_view bytes) {
    byte_buffer other(bytes.begin(), bytes.end());
    std::rotate(other.begin(), other.begin() + 1, other.end());
    return transfer::receiver<transfer::memory_sink>::write_chunk(job, other);
  }
};

TEST(FuzzCorpus, NoticesAReceiverThatWritesSomethingElse) {
  const auto honest = test::corpus_input("receiver", "honest");
  EXPECT_THROW(fuzz::sender_program<shifting_receiver>(honest).run(), fuzz::violation);
}

TEST(FuzzCorpus, HoldsForTheSender) {
  EXPECT_GT(test::replay_corpus("sender", fuzz::fuzz_sender), 25U);
}

TEST(FuzzCorpus, HasHonestReceivers) {
  for (const char* const name : {"honest", "many_pages", "two_lanes", "lane_lost", "all_lanes_lost",
                                 "declines", "words", "claims", "claims_wrong", "fails_one"}) {
    const auto input = test::corpus_input("sender", name);
    fuzz::receiver_program<> program(input);
    program.run();
    EXPECT_TRUE(program.is_done()) << name;
  }
  const auto claims = test::corpus_input("sender", "claims");
  fuzz::receiver_program<> program(claims);
  program.run();
  EXPECT_EQ(program.confirmed(), 3U);
}

TEST(FuzzCorpus, HoldsForRandomReceivers) {
  fuzz::seeded_random random(1);
  for (int run = 0; run < 3000; ++run) {
    byte_buffer input{random.byte(), std::byte{0}, std::byte{0}};
    for (std::size_t n = random.below(120); n > 0; --n) {
      input.push_back(random.below(2) == 0 ? static_cast<std::byte>(random.below(12))
                                           : random.byte());
    }
    EXPECT_NO_THROW(fuzz::fuzz_sender(input)) << to_hex(input);
  }
}

using memory_sender = transfer::sender<transfer::memory_source>;

// Wrong on purpose: sends what was declined.
class deaf_sender : public memory_sender {
 public:
  using memory_sender::handle;
  using memory_sender::memory_sender;

  result<void> handle(const accept& m, instant now) {
    return memory_sender::handle(accept{m.page, {}}, now);
  }
};

// Wrong on purpose: leaves the end of a chunk as it was.
class careless_sender : public memory_sender {
 public:
  using memory_sender::memory_sender;

  void read_chunk(const transfer::chunk_job& job, byte_span body) {
    const std::byte last = body.back();
    memory_sender::read_chunk(job, body);
    body.back() = last;
  }
};

TEST(FuzzCorpus, NoticesASenderThatSendsWhatWasDeclined) {
  const auto declines = test::corpus_input("sender", "declines");
  EXPECT_THROW(fuzz::receiver_program<deaf_sender>(declines).run(), fuzz::violation);
}

TEST(FuzzCorpus, NoticesASenderThatSendsSomethingElse) {
  const auto honest = test::corpus_input("sender", "honest");
  EXPECT_THROW(fuzz::receiver_program<careless_sender>(honest).run(), fuzz::violation);
}

// Wrong on purpose: takes what was written for synced.
struct hasty_journal {
  [[nodiscard]] static std::optional<transfer::journal_content> replay(byte_view file) {
    auto content = fuzz::library_journal::replay(file);
    if (content) content->synced = content->written;
    return content;
  }
};

// Wrong on purpose: believes nothing when the end is torn.
struct strict_journal {
  [[nodiscard]] static std::optional<transfer::journal_content> replay(byte_view file) {
    auto content = fuzz::library_journal::replay(file);
    if (content && content->bytes != file.size()) content.reset();
    return content;
  }
};

TEST(FuzzCorpus, FindsAJournalThatClaimsTooMuch) {
  const byte_buffer one_record = *from_hex("0000000502");
  EXPECT_NO_THROW(fuzz::check_journal<fuzz::library_journal>(one_record));
  EXPECT_THROW(fuzz::check_journal<hasty_journal>(one_record), fuzz::violation);
}

TEST(FuzzCorpus, FindsAJournalThatForgetsTooMuch) {
  const byte_buffer torn = *from_hex(
      "0000000502"
      "040040");
  EXPECT_NO_THROW(fuzz::check_journal<fuzz::library_journal>(torn));
  EXPECT_THROW(fuzz::check_journal<strict_journal>(torn), fuzz::violation);
}

TEST(FuzzCorpus, HoldsForTheChunkCodec) {
  EXPECT_GT(test::replay_corpus("chunk_codec", fuzz::fuzz_chunk_codec), 25U);
}

// Wrong on purpose: overlooks what stands behind the first frame.
struct hasty_decompressor {
  transfer::chunk_decompressor by;
  result<void> decompress(byte_view frame, byte_span out) {
    const std::size_t first = ZSTD_findFrameCompressedSize(frame.data(), frame.size());
    return by.decompress(frame.first(std::min(first, frame.size())), out);
  }
};

// Wrong on purpose: refuses small chunks.
struct strict_decompressor {
  transfer::chunk_decompressor by;
  result<void> decompress(byte_view frame, byte_span out) {
    if (out.size() < 256) return fail(errc::chunk_malformed);
    return by.decompress(frame, out);
  }
};

TEST(FuzzCorpus, FindsADecompressorThatOverlooksWhatIsBehind) {
  const byte_buffer input = *from_hex(
      "0fff"
      "28b52ffd60000f"
      "03800078"
      "00");
  EXPECT_NO_THROW(fuzz::fuzz_chunk_codec(input));
  EXPECT_THROW(fuzz::check_chunk_codec<hasty_decompressor>(input), fuzz::violation);
}

TEST(FuzzCorpus, FindsADecompressorThatRefusesWhatIsGood) {
  const byte_buffer input = *from_hex(
      "0063"
      "28b52ffd2064"
      "23030078");
  EXPECT_NO_THROW(fuzz::fuzz_chunk_codec(input));
  EXPECT_THROW(fuzz::check_chunk_codec<strict_decompressor>(input), fuzz::violation);
}

}  // namespace
