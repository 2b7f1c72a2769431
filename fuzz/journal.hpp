// A journal says what its records before the first damaged byte say, and nothing else.
//
// Input: one byte that chooses between the two, then
//   even  steps that write a journal, then steps that damage it (journal_program)
//   odd   a whole file; identity and version are those of sample_identity
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <tallow/base/bytes.hpp>
#include <tallow/transfer/chunk_set.hpp>
#include <tallow/transfer/journal_format.hpp>

#include "fuzz/violation.hpp"

namespace tallow::fuzz {

inline constexpr transfer::journal_identity sample_identity{262144, {std::byte{0x11}}};
inline constexpr transfer::boot_id sample_boot{std::byte{0xB0}};

/// The library's own reader. A body takes it as a parameter, so that a test can plant a bug.
struct library_journal {
  [[nodiscard]] static std::optional<transfer::journal_content> replay(byte_view file) {
    return transfer::replay_journal(file, sample_identity);
  }
};

/// A journal as it was written, as it was damaged, and what is known after each of its records.
class journal_program {
 public:
  struct state {
    std::size_t bytes = 0;
    transfer::chunk_set written;
    transfer::chunk_set synced;
  };

  /// Each step is a byte and its arguments: 0 to 3 write, 4 to 7 damage. A step that writes after
  /// one that damages is none.
  explicit journal_program(byte_view steps) : left_(steps) {
    transfer::journal_encoder encoder(file_, {sample_identity, sample_boot});
    states_.push_back({encoder.bytes(), {}, {}});
    while (!left_.empty() && states_.size() < states_max) {
      const unsigned step = take() % 8;
      if (step >= 4) {
        damage(step);
      } else if (damaged_) {
        continue;
      } else if (step == 3) {
        add_mark(encoder);
      } else {
        add_record(encoder, step + 1);
      }
    }
    if (!damaged_) damaged_ = file_;
  }

  [[nodiscard]] byte_view file() const noexcept { return *damaged_; }

  /// What the records before the first damaged byte say; none when that is in the header.
  [[nodiscard]] const state* expected() const {
    const auto same = static_cast<std::size_t>(
        std::mismatch(file_.begin(), file_.end(), damaged_->begin(), damaged_->end()).first -
        file_.begin());
    const state* found = nullptr;
    for (const state& s : states_) {
      if (s.bytes <= same) found = &s;
    }
    return found;
  }

 private:
  static constexpr std::size_t states_max = 64;

  [[nodiscard]] unsigned take() noexcept {
    if (left_.empty()) return 0;
    const auto value = std::to_integer<unsigned>(left_.front());
    left_ = left_.subspan(1);
    return value;
  }
  [[nodiscard]] std::size_t take_below(std::size_t count) noexcept {
    const std::size_t high = take();
    return (high * 256 + take()) % count;
  }

  void add_record(transfer::journal_encoder& encoder, unsigned count) {
    std::vector<chunk_range> ranges;
    for (; count > 0; --count) {
      const std::uint64_t first = take_below(65536);
      ranges.push_back({chunk_index{first}, take() + 1});
    }
    encoder.add_written(file_, ranges);
    state after = states_.back();
    for (const chunk_range& r : ranges) after.written.insert(r);
    after.bytes = file_.size();
    states_.push_back(std::move(after));
  }

  void add_mark(transfer::journal_encoder& encoder) {
    const state& covered = states_[take() % states_.size()];
    encoder.add_synced(file_, covered.bytes);
    state after = states_.back();
    // A mark for less than the one before takes nothing back.
    covered_bytes_ = std::max(covered_bytes_, covered.bytes);
    for (const state& s : states_) {
      if (s.bytes == covered_bytes_) after.synced = s.written;
    }
    after.bytes = file_.size();
    states_.push_back(std::move(after));
  }

  void damage(unsigned step) {
    if (!damaged_) damaged_ = file_;
    byte_buffer& file = *damaged_;
    const std::size_t at = take_below(file.size() + 1);
    const auto here = file.begin() + static_cast<std::ptrdiff_t>(at);
    switch (step) {
      case 4: file.erase(here, file.end()); break;
      case 5:
        if (here != file.end()) *here ^= static_cast<std::byte>(1U << take() % 8);
        break;
      case 6: {  // other bytes in between
        const std::size_t count = take() % 64;
        file.insert(here, count, static_cast<std::byte>(take()));
        break;
      }
      default: {  // a part of the file once more, at its end
        const byte_buffer part(here, file.end());
        if (file.size() < 65536) append(file, part);
        break;
      }
    }
  }

  byte_view left_;
  byte_buffer file_;
  std::optional<byte_buffer> damaged_;
  std::vector<state> states_;
  std::size_t covered_bytes_ = 0;
};

/// What holds for any file that is a journal.
template <class Journal>
void check_journal_content(byte_view file, const transfer::journal_content& content) {
  require(content.bytes <= file.size(), "no more is believed than is there");
  content.synced.for_each_range([&](const chunk_range& r) {
    require(content.written.contains(r), "what was synced was written");
  });
  const auto again = Journal::replay(file.first(content.bytes));
  require(again && again->bytes == content.bytes && again->written == content.written &&
              again->synced == content.synced,
          "what stands behind the last good record changes nothing");
  byte_buffer anew;
  transfer::journal_encoder encoder(anew, {sample_identity, content.boot});
  encoder.add_written(anew, content.synced, transfer::journal_bytes_max);
  encoder.add_synced(anew, encoder.bytes());
  encoder.add_written(anew, content.written, transfer::journal_bytes_max);
  const auto rewritten = Journal::replay(anew);
  require(rewritten && rewritten->bytes == anew.size() && rewritten->boot == content.boot &&
              rewritten->written == content.written && rewritten->synced == content.synced,
          "a journal that is written anew says the same");
}

/// The invariant for any reader with the face of library_journal.
template <class Journal>
void check_journal(byte_view input) {
  if (input.empty()) return;
  const bool is_file = (std::to_integer<unsigned>(input[0]) & 1U) != 0;
  if (is_file) {
    const auto content = Journal::replay(input.subspan(1));
    if (content) check_journal_content<Journal>(input.subspan(1), *content);
    return;
  }
  const journal_program program(input.subspan(1));
  const auto content = Journal::replay(program.file());
  const auto* const expected = program.expected();
  require(content.has_value() == (expected != nullptr), "a journal is known by its header");
  if (expected == nullptr) return;
  require(content->bytes == expected->bytes, "every good record is read, and no other");
  require(content->boot == sample_boot, "the run is the header's");
  require(content->written == expected->written, "chunks are those of the good records");
  require(content->synced == expected->synced, "synced are those that the last mark covers");
  check_journal_content<Journal>(program.file(), *content);
}

inline void fuzz_journal(byte_view input) { check_journal<library_journal>(input); }

}  // namespace tallow::fuzz
