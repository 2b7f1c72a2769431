// What the receiver remembers of the chunks it has written, so that it can acknowledge them.
//
// A journal is whatever models chunk_journal. The one here lives as long as the process; one that
// survives it stores the same ranges on disk before it hands them out.
//
// @source  docs/protocol/transfer.md, Acknowledgement, and docs/journal.md
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/time.hpp>
#include <tallow/base/units.hpp>
#include <tallow/transfer/chunk_set.hpp>
#include <tallow/transfer/transfer_key.hpp>
#include <tallow/wire/peer_messages.hpp>

namespace tallow::transfer {

/// Whose journal it is.
struct journal_identity {
  std::uint32_t chunk_bytes = 0;
  transfer_key key{};
  bool operator==(const journal_identity&) const = default;
};

/// Remembers written chunks and says which may be acknowledged now. One thread, the owner's.
///
/// begin() comes once, before the sink is given its first entry, and returns what an earlier
/// session of the same transfer has written. Where that may be more than nothing, the sink models
/// readable_sink.
template <class J>
concept chunk_journal = requires(J& journal, const journal_identity& of, chunk_index chunk) {
  { journal.begin(of) } -> std::same_as<result<chunk_set>>;
  { journal.record(chunk) } -> std::same_as<result<void>>;
  { journal.has_unacknowledged() } -> std::same_as<bool>;
  { journal.take_unacknowledged() } -> std::same_as<result<std::vector<chunk_range>>>;
};

/// A journal whose records are to be synced to a disk, which takes as long as the disk likes:
/// next_sync() gives a job when it is time, whose run() waits on a thread of the owner's, and
/// sync_done() takes it back on the owner's.
template <class J>
concept syncing_journal = chunk_journal<J> && requires(J& journal, const J& same, instant now) {
  { same.next_timeout() } -> std::same_as<std::optional<instant>>;
  journal.next_sync(now)->run();
  { journal.sync_done(std::move(*journal.next_sync(now))) } -> std::same_as<result<void>>;
};

/// A journal in memory.
class memory_journal {
 public:
  /// Nothing is left of an earlier session.
  ///
  /// @errors  none here; a journal on disk may fail
  [[nodiscard]] result<chunk_set> begin(const journal_identity&) { return chunk_set{}; }

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
  ///
  /// @errors  none here; a journal on disk may fail
  [[nodiscard]] result<std::vector<chunk_range>> take_unacknowledged() {
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
