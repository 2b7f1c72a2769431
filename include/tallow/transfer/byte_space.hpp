// All files of a transfer laid end to end: which chunk holds which bytes of which entry.
//
// @source  docs/protocol/transfer.md, Byte space
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include <tallow/base/assert.hpp>
#include <tallow/base/checked.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/units.hpp>

namespace tallow::transfer {

/// A run of bytes of one entry inside a chunk.
struct piece {
  entry_index entry{};
  std::uint64_t entry_offset = 0;  ///< bytes, from the start of the entry
  std::size_t chunk_offset = 0;    ///< bytes, from the start of the chunk
  std::size_t length = 0;          ///< bytes
};

/// Grows as pages arrive, and forgets where entries lie that are done with. Both sides keep one and
/// agree on it.
///
/// Invariant: starts_ ascends and is that of the entries from forgotten_ on, forgotten_ +
/// starts_.size() == wanted_.size(), the last start plus the last size is byte_count() <=
/// file_bytes_max; starts_ is never empty again once there was an entry.
class byte_space {
 public:
  explicit byte_space(std::size_t chunk_bytes) noexcept : chunk_bytes_(chunk_bytes) {
    TALLOW_ASSERT(chunk_bytes > 0);
  }

  /// Lays an entry behind the others.
  ///
  /// @errors  totals_wrong: the whole would be larger than any file may be (cond::peer)
  [[nodiscard]] result<void> add_entry(std::uint64_t size) {
    const auto total = checked_add(byte_count_, size);
    if (!total || *total > limits::file_bytes_max) {
      return fail(errc::totals_wrong, wanted_.size(), "the sizes add up to more than any disk");
    }
    starts_.push_back(byte_count_);
    wanted_.push_back(true);
    byte_count_ = *total;
    return {};
  }

  /// Takes an entry out of what is sent. Its bytes keep their place.
  void decline(entry_index which) noexcept { wanted_[index(which)] = false; }

  /// No entry will be added any more: the last chunk may be short.
  void complete() noexcept { complete_ = true; }

  [[nodiscard]] bool is_complete() const noexcept { return complete_; }
  [[nodiscard]] bool wanted(entry_index which) const noexcept { return wanted_[index(which)]; }
  [[nodiscard]] std::uint64_t byte_count() const noexcept { return byte_count_; }
  [[nodiscard]] std::uint64_t entry_count() const noexcept { return wanted_.size(); }
  [[nodiscard]] std::size_t chunk_bytes() const noexcept { return chunk_bytes_; }

  /// The chunks that `bytes` bytes of the space fill: whole ones, and a short last one only when
  /// `bytes` is all there will ever be.
  [[nodiscard]] std::uint64_t chunks_in(std::uint64_t bytes) const noexcept {
    const bool short_last = complete_ && bytes == byte_count_ && bytes % chunk_bytes_ != 0;
    return bytes / chunk_bytes_ + (short_last ? 1 : 0);
  }

  /// The chunks whose extent is known so far.
  [[nodiscard]] std::uint64_t chunk_count() const noexcept { return chunks_in(byte_count_); }

  /// The length of a chunk below chunk_count().
  [[nodiscard]] std::size_t chunk_length(chunk_index chunk) const noexcept {
    TALLOW_ASSERT(chunk.value < chunk_count());
    const std::uint64_t start = chunk.value * chunk_bytes_;
    return narrow<std::size_t>(std::min<std::uint64_t>(chunk_bytes_, byte_count_ - start));
  }

  /// Where the entry's bytes end in the space; of a forgotten one, where those that are known
  /// begin.
  [[nodiscard]] std::uint64_t entry_end(entry_index which) const noexcept {
    const std::size_t next = index(which) + 1;
    if (next >= wanted_.size()) return byte_count_;
    return starts_[next > forgotten_ ? next - forgotten_ : 0];
  }

  /// Nobody will ask any more for chunks that entries below this one have bytes in, unless others
  /// have too.
  ///
  /// @cost  amortized O(1) an entry
  void forget_below(entry_index which) noexcept {
    while (forgotten_ < which.value && starts_.size() > 1) {
      starts_.pop_front();
      ++forgotten_;
    }
  }

  /// True when forget_below() was told of an entry that has bytes in the chunk: which entries lie
  /// there is not known any more.
  [[nodiscard]] bool is_forgotten(chunk_index chunk) const noexcept {
    return !starts_.empty() && chunk.value * chunk_bytes_ < starts_.front();
  }

  /// Calls `visit(piece)` for each run of the chunk, in order, until it returns false.
  ///
  /// @cost  O(log entries + pieces)
  template <class Visit>
  void for_each_piece(chunk_index chunk, Visit&& visit) const {
    const std::uint64_t start = chunk.value * chunk_bytes_;
    const std::size_t length = chunk_length(chunk);
    // The last entry that starts at or before the chunk. Empty entries share a start; upper_bound
    // finds the last of them, which is the one that may hold bytes.
    auto at = std::upper_bound(starts_.begin(), starts_.end(), start) - 1;
    for (std::size_t done = 0; done < length;) {
      const entry_index which{forgotten_ + narrow<std::uint64_t>(at - starts_.begin())};
      const std::uint64_t position = start + done;
      const std::uint64_t left = entry_end(which) - position;
      const auto run = narrow<std::size_t>(std::min<std::uint64_t>(left, length - done));
      if (run > 0 && !visit(piece{which, position - *at, done, run})) return;
      done += run;
      ++at;
    }
  }

  /// True when a wanted entry has bytes in the chunk. Others are neither sent nor awaited.
  [[nodiscard]] bool chunk_wanted(chunk_index chunk) const {
    return next_wanted_chunk(chunk, chunk.value + 1) == chunk.value;
  }

  /// The lowest chunk from `from` on that a wanted entry has bytes in; `below` if there is none
  /// below that, which is above `from` and at most chunk_count().
  ///
  /// @cost  O(log entries + entries passed over), however large these are said to be
  [[nodiscard]] std::uint64_t next_wanted_chunk(chunk_index from, std::uint64_t below) const {
    TALLOW_ASSERT(from.value < below && below <= chunk_count());
    const std::uint64_t position = from.value * chunk_bytes_;
    auto at = std::upper_bound(starts_.begin(), starts_.end(), position);
    if (at != starts_.begin()) --at;  // else its first entries are forgotten, and wanted by nobody
    for (; at != starts_.end() && *at / chunk_bytes_ < below; ++at) {
      const entry_index which{forgotten_ + narrow<std::uint64_t>(at - starts_.begin())};
      const bool has_bytes = entry_end(which) > std::max(*at, position);
      if (has_bytes && wanted(which)) return std::max(from.value, *at / chunk_bytes_);
    }
    return below;
  }

 private:
  [[nodiscard]] std::size_t index(entry_index which) const noexcept {
    TALLOW_ASSERT(which.value < wanted_.size());
    return static_cast<std::size_t>(which.value);
  }

  std::size_t chunk_bytes_;
  std::deque<std::uint64_t> starts_;
  std::vector<bool> wanted_;
  std::uint64_t forgotten_ = 0;  // entries whose start is not known any more
  std::uint64_t byte_count_ = 0;
  bool complete_ = false;
};

}  // namespace tallow::transfer
