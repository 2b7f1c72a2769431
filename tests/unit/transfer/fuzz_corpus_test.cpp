// The fuzz body of the journal over its corpus and over random programs; and that a broken
// invariant is noticed.

#include <cstdint>
#include <optional>

#include <gtest/gtest.h>

#include <tallow/base/bytes.hpp>
#include <tallow/transfer/journal_format.hpp>

#include "fuzz/journal.hpp"
#include "fuzz/seeded_random.hpp"
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

}  // namespace
