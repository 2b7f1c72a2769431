// What the receiver remembers of the chunks it has written, so that it can acknowledge them.
//
// A journal is whatever models chunk_journal. The one here lives as long as the process; one that
// survives it stores the same ranges on disk before it hands them out.
//
// @source  docs/protocol/transfer.md, Acknowledgement
#pragma once

#include <concepts>
#include <cstddef>
#include <utility>
#include <vector>

#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/units.hpp>
#include <tallow/wire/peer_messages.hpp>

namespace tallow::transfer {

/// Remembers written chunks and says which may be acknowledged now.
template <class J>
concept chunk_journal = requires(J& journal, chunk_index chunk) {
  { journal.record(chunk) } -> std::same_as<result<void>>;
  { journal.has_unacknowledged() } -> std::same_as<bool>;
  { journal.take_unacknowledged() } -> std::same_as<std::vector<chunk_range>>;
};

/// A journal in memory.
class memory_journal {
 public:
  /// Notes a chunk whose bytes were handed to the sink.
  ///
  /// @errors  none here; a journal on disk may fail
  [[nodiscard]] result<void> record(chunk_index chunk) {
    if (!ranges_.empty() && ranges_.back().first.value + ranges_.back().count == chunk.value) {
      ++ranges_.back().count;
    } else {
      ranges_.push_back({chunk, 1});
    }
    return {};
  }

  [[nodiscard]] bool has_unacknowledged() const noexcept { return !ranges_.empty(); }

  /// The ranges to acknowledge, as many as one message holds; they are forgotten here.
  [[nodiscard]] std::vector<chunk_range> take_unacknowledged() {
    if (ranges_.size() <= limits::ack_ranges_max) return std::exchange(ranges_, {});
    const auto middle = ranges_.begin() + static_cast<std::ptrdiff_t>(limits::ack_ranges_max);
    std::vector<chunk_range> taken(ranges_.begin(), middle);
    ranges_.erase(ranges_.begin(), middle);
    return taken;
  }

 private:
  std::vector<chunk_range> ranges_;
};

static_assert(chunk_journal<memory_journal>);

}  // namespace tallow::transfer
