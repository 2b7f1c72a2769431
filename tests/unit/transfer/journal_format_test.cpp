#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/transfer/journal_format.hpp>

#include "fuzz/seeded_random.hpp"

namespace tallow::transfer {
namespace {

constexpr journal_identity ours{262144, {std::byte{0x11}, std::byte{0x22}}};
constexpr boot_id boot{std::byte{0xB0}, std::byte{0x07}};

chunk_range range(std::uint64_t first, std::uint64_t count) { return {chunk_index{first}, count}; }

chunk_set set_of(std::initializer_list<chunk_range> ranges) {
  chunk_set set;
  for (const chunk_range& r : ranges) set.insert(r);
  return set;
}

/// A journal, and what a reader of its first bytes should say after each record.
struct sample {
  struct state {
    std::size_t bytes;
    chunk_set written;
    chunk_set synced;
  };
  byte_buffer file;
  journal_encoder encoder{file, {ours, boot}};
  std::vector<state> states{{encoder.bytes(), {}, {}}};

  void add_written(std::vector<chunk_range> ranges) {
    encoder.add_written(file, ranges);
    states.push_back(states.back());
    for (const chunk_range& r : ranges) states.back().written.insert(r);
    states.back().bytes = file.size();
  }
  /// A mark for what was written when `states` had `count` elements.
  void add_synced(std::size_t count) {
    const state& covered = states[count - 1];
    encoder.add_synced(file, covered.bytes);
    const chunk_set synced = covered.written;
    states.push_back(states.back());
    states.back().synced = synced;
    states.back().bytes = file.size();
  }
  /// The state that the first `bytes` bytes bear out, none when they hold no header.
  [[nodiscard]] const state* at(std::size_t bytes) const {
    const state* found = nullptr;
    for (const state& s : states) {
      if (s.bytes <= bytes) found = &s;
    }
    return found;
  }
};

sample a_sample() {
  sample s;
  s.add_written({range(0, 3)});
  s.add_written({range(5, 1), range(3, 2), range(1000, 70000)});
  const std::size_t before = s.states.size();
  s.add_written({range(6, 1)});
  s.add_synced(before);
  s.add_written({range(7, 300), range(90000, 1), range(90002, 1)});
  s.add_synced(s.states.size());
  s.add_written({range(400, 1)});
  return s;
}

void expect_state(const std::optional<journal_content>& content, const sample::state* expected) {
  ASSERT_EQ(content.has_value(), expected != nullptr);
  if (expected == nullptr) return;
  EXPECT_EQ(content->bytes, expected->bytes);
  EXPECT_TRUE(content->written == expected->written);
  EXPECT_TRUE(content->synced == expected->synced);
  EXPECT_EQ(content->boot, boot);
}

TEST(JournalFormat, SaysWhatWasWrittenAndWhatWasSynced) {
  const sample s = a_sample();
  const auto content = replay_journal(s.file, ours);
  expect_state(content, &s.states.back());
  EXPECT_EQ(content->synced,
            set_of({range(0, 307), range(1000, 70000), range(90000, 1), range(90002, 1)}));
  EXPECT_EQ(s.encoder.bytes(), s.file.size());
}

// The bytes of docs/journal.md. Journals lie on disks: what changes here needs another version.
TEST(JournalFormat, HasTheBytesOfTheDocument) {
  byte_buffer file;
  journal_encoder encoder(file, {ours, boot});
  const std::size_t begun = file.size();
  const std::array ranges{range(0, 3), range(300, 1)};
  encoder.add_written(file, ranges);
  encoder.add_synced(file, file.size());
  EXPECT_EQ(begun, 56U);
  EXPECT_EQ(to_hex(file),
            "74616c6c6f776a0a"
            "00000001"
            "00040000"
            "11220000000000000000000000000000"
            "b0070000000000000000000000000000"
            "402c4de2f772da11"
            "01"
            "0006"
            "020003ac0201"
            "c15cb74858b81cd6"
            "02"
            "0008"
            "0000000000000049"
            "739198f8c3c08aea");
}

TEST(JournalFormat, SaysWhatItsWholeRecordsSayWhereverItIsTorn) {
  const sample s = a_sample();
  for (std::size_t bytes = 0; bytes <= s.file.size(); ++bytes) {
    SCOPED_TRACE(bytes);
    expect_state(replay_journal(byte_view(s.file).first(bytes), ours), s.at(bytes));
  }
}

TEST(JournalFormat, EndsBeforeTheRecordInWhichABitIsFlipped) {
  const sample s = a_sample();
  for (std::size_t bit = 0; bit < s.file.size() * 8; ++bit) {
    SCOPED_TRACE(bit);
    byte_buffer damaged = s.file;
    damaged[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    expect_state(replay_journal(damaged, ours), s.at(bit / 8));
  }
}

TEST(JournalFormat, IsNotTakenInByGarbage) {
  const sample s = a_sample();
  fuzz::seeded_random random(1);
  for (int run = 0; run < 2000; ++run) {
    const std::size_t from = random.below(s.file.size() + 1);
    byte_buffer file(s.file.begin(), s.file.begin() + static_cast<std::ptrdiff_t>(from));
    // Zeros are what a file system shows for blocks that never reached the disk.
    const bool zeros = random.below(2) == 0;
    for (std::size_t more = random.below(200); more > 0; --more) {
      file.push_back(zeros ? std::byte{0} : random.byte());
    }
    const std::size_t same = static_cast<std::size_t>(
        std::mismatch(file.begin(), file.end(), s.file.begin(), s.file.end()).first - file.begin());
    expect_state(replay_journal(file, ours), s.at(same));
  }
}

TEST(JournalFormat, EndsBeforeARecordThatBelongsElsewhere) {
  const sample s = a_sample();
  const auto at = [&](std::size_t i) { return static_cast<std::ptrdiff_t>(s.states[i].bytes); };
  for (std::size_t i = 0; i + 2 < s.states.size(); ++i) {
    SCOPED_TRACE(i);
    byte_buffer without(s.file.begin(), s.file.begin() + at(i));
    without.insert(without.end(), s.file.begin() + at(i + 1), s.file.end());
    expect_state(replay_journal(without, ours), &s.states[i]);
    byte_buffer twice(s.file.begin(), s.file.begin() + at(i + 1));
    twice.insert(twice.end(), s.file.begin() + at(i), s.file.end());
    expect_state(replay_journal(twice, ours), &s.states[i + 1]);
  }
  // The same records behind another header: the journal of another run.
  byte_buffer file;
  const journal_encoder other(file, {ours, boot_id{}});
  file.insert(file.end(), s.file.begin() + at(0), s.file.end());
  EXPECT_EQ(replay_journal(file, ours)->bytes, other.bytes());
}

TEST(JournalFormat, IsNoJournalOfAnotherTransferChunkSizeOrVersion) {
  const sample s = a_sample();
  EXPECT_EQ(read_journal_header(s.file), (journal_header{ours, boot}));
  journal_identity other = ours;
  other.chunk_bytes *= 2;
  EXPECT_FALSE(replay_journal(s.file, other));
  other = ours;
  other.key[15] = std::byte{1};
  EXPECT_FALSE(replay_journal(s.file, other));
  // A version that is not ours, with the right check.
  byte_buffer file = s.file;
  file[11] = std::byte{2};
  const auto check =
      detail::journal::check_of({}, byte_view(file).first(detail::journal::checked_header_bytes));
  std::copy(check.begin(), check.end(), file.begin() + detail::journal::checked_header_bytes);
  EXPECT_FALSE(read_journal_header(file));
  file[11] = std::byte{1};
  EXPECT_FALSE(replay_journal({}, ours));
}

/// A journal whose one record has the right check, whatever it says.
std::optional<journal_content> replay_record(std::uint8_t kind, std::string_view body_hex) {
  byte_buffer file;
  journal_encoder encoder(file, {ours, boot});
  const byte_buffer body = *from_hex(body_hex);
  byte_buffer record{static_cast<std::byte>(kind), std::byte{0},
                     static_cast<std::byte>(body.size())};
  append(record, body);
  detail::journal::check before;
  std::copy_n(file.begin() + detail::journal::checked_header_bytes, 8, before.begin());
  append(file, record);
  append(file, detail::journal::check_of(before, record));
  return replay_journal(file, ours);
}

TEST(JournalFormat, BelievesNoRecordThatMakesNoSense) {
  constexpr std::size_t begun = 56;
  EXPECT_GT(replay_record(1, "010001")->bytes, begun);
  EXPECT_GT(replay_record(2, "0000000000000038")->bytes, begun);
  const std::vector<std::pair<std::uint8_t, const char*>> senseless{
      {0, "010001"},                            // no kind of record
      {3, "010001"},                            //
      {1, ""},                                  // nothing at all
      {1, "00"},                                // no range
      {1, "010000"},                            // a range of nothing
      {1, "01000100"},                          // a byte too many
      {1, "01ffffffffffffffffff0101"},          // beyond every transfer
      {1, "0101ffffffffffffffffff01"},          // and past the end of all numbers
      {1, "01ffffffffffffff0380808080808002"},  // ends above the last chunk
      {2, ""},                                  //
      {2, "00000000000038"},                    // no eight bytes
      {2, "0000000000000039"},                  // a mark for what comes behind it
      {2, "ffffffffffffffff"}};
  for (const auto& [kind, body] : senseless) {
    const auto content = replay_record(kind, body);
    EXPECT_EQ(content->bytes, begun) << int{kind} << ' ' << body;
    EXPECT_TRUE(content->written.empty()) << int{kind} << ' ' << body;
  }
}

TEST(JournalFormat, WritesASetAsFewRecords) {
  fuzz::seeded_random random(5);
  chunk_set set;
  for (int i = 0; i < 5000; ++i) set.insert(range(random.below(100'000), random.below(20)));
  byte_buffer file;
  journal_encoder encoder(file, {ours, boot});
  encoder.add_written(file, set, journal_bytes_max);
  encoder.add_synced(file, encoder.bytes());
  const auto content = replay_journal(file, ours);
  EXPECT_EQ(content->written, set);
  EXPECT_EQ(content->synced, set);
  EXPECT_LT(file.size(), set.range_count() * 6);
}

TEST(JournalFormat, BearsAMillionRanges) {
  constexpr std::uint64_t count = 1'000'000;
  byte_buffer file;
  journal_encoder encoder(file, {ours, boot});
  std::vector<chunk_range> some;
  for (std::uint64_t i = 0; i < count; ++i) {
    some.push_back(range(2 * i, 1));
    if (some.size() < 500) continue;
    encoder.add_written(file, some);
    some.clear();
  }
  EXPECT_LT(file.size(), journal_bytes_max / 2);
  const auto content = replay_journal(file, ours);
  EXPECT_EQ(content->bytes, file.size());
  EXPECT_EQ(content->written.range_count(), count);
  EXPECT_EQ(content->written.chunk_count(), count);
}

TEST(JournalFormat, LeavesOutTheHighestRangesOfASetThatIsTooLarge) {
  chunk_set set;
  for (std::uint64_t i = 0; i < 100'000; ++i) set.insert(chunk_index{2 * i});
  byte_buffer file;
  journal_encoder encoder(file, {ours, boot});
  constexpr std::size_t bytes_max = 100'000;
  encoder.add_written(file, set, bytes_max);
  EXPECT_LE(file.size(), bytes_max);
  const chunk_set kept = replay_journal(file, ours)->written;
  EXPECT_GT(kept.range_count(), 10'000U);
  EXPECT_TRUE(kept.contains(chunk_index{0}));
  for (std::uint64_t i = 0; i < kept.range_count(); ++i) {
    ASSERT_TRUE(kept.contains(chunk_index{2 * i}));
  }
}

TEST(JournalFormat, GoesOnFromACopyWhenARecordWasNotKept) {
  byte_buffer file;
  journal_encoder encoder(file, {ours, boot});
  const std::array one{range(1, 1)};
  const std::array two{range(2, 1)};
  byte_buffer lost;
  journal_encoder tried = encoder;
  tried.add_written(lost, one);
  encoder.add_written(file, two);
  EXPECT_EQ(replay_journal(file, ours)->written, set_of({range(2, 1)}));
}

}  // namespace
}  // namespace tallow::transfer
