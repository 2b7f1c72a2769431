// Any set of chunks, as few ranges: memory and time grow with its holes, not with its chunks.
//
// @source  docs/journal.md
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>

#include <tallow/base/assert.hpp>
#include <tallow/base/units.hpp>
#include <tallow/wire/peer_messages.hpp>

namespace tallow::transfer {

/// What a chunk_window is not for: chunks anywhere, and any number of them.
///
/// Invariant: ranges_ maps the first chunk of each range to the one behind its last; no range is
/// empty, and a chunk that is not in the set lies between any two.
class chunk_set {
 public:
  [[nodiscard]] bool empty() const noexcept { return ranges_.empty(); }
  [[nodiscard]] std::size_t range_count() const noexcept { return ranges_.size(); }

  /// @cost  O(ranges)
  [[nodiscard]] std::uint64_t chunk_count() const noexcept {
    std::uint64_t count = 0;
    for (const auto& [first, end] : ranges_) count += end - first;
    return count;
  }

  /// Every chunk below is in the set, this one is not.
  [[nodiscard]] std::uint64_t prefix() const noexcept {
    return !ranges_.empty() && ranges_.begin()->first == 0 ? ranges_.begin()->second : 0;
  }

  [[nodiscard]] bool contains(chunk_index chunk) const noexcept {
    return contains(chunk_range{chunk, 1});
  }
  /// True when all of the range is in the set.
  [[nodiscard]] bool contains(const chunk_range& range) const noexcept {
    if (range.count == 0) return true;
    const auto after = ranges_.upper_bound(range.first.value);
    return after != ranges_.begin() && end_of(range) <= std::prev(after)->second;
  }

  /// The lowest chunk of the set that is not below `from`.
  [[nodiscard]] std::optional<chunk_index> first_from(chunk_index from) const noexcept {
    const auto after = ranges_.upper_bound(from.value);
    if (after != ranges_.begin() && from.value < std::prev(after)->second) return from;
    if (after == ranges_.end()) return std::nullopt;
    return chunk_index{after->first};
  }
  [[nodiscard]] std::optional<chunk_index> lowest() const noexcept {
    return first_from(chunk_index{0});
  }

  /// Calls `visit(chunk_range)` for each range, in ascending order.
  template <class Visit>
  void for_each_range(Visit&& visit) const {
    for (const auto& [first, end] : ranges_) visit(chunk_range{chunk_index{first}, end - first});
  }

  void insert(chunk_index chunk) { insert(chunk_range{chunk, 1}); }
  /// Adds a range; some or all of it may be in the set already.
  void insert(const chunk_range& range) {
    if (range.count == 0) return;
    const std::uint64_t end = end_of(range);
    auto at = ranges_.upper_bound(range.first.value);
    if (at != ranges_.begin() && std::prev(at)->second >= range.first.value) {
      --at;
      at->second = std::max(at->second, end);
    } else {
      at = ranges_.emplace_hint(at, range.first.value, end);
    }
    // What it touches or covers now belongs to it.
    auto next = std::next(at);
    while (next != ranges_.end() && next->first <= at->second) {
      at->second = std::max(at->second, next->second);
      next = ranges_.erase(next);
    }
  }

  void erase(chunk_index chunk) { erase(chunk_range{chunk, 1}); }
  /// Takes a range out; some or all of it may not be in the set.
  void erase(const chunk_range& range) {
    if (range.count == 0) return;
    const std::uint64_t first = range.first.value;
    const std::uint64_t end = end_of(range);
    auto at = ranges_.upper_bound(first);
    if (at != ranges_.begin()) --at;
    while (at != ranges_.end() && at->first < end) {
      const auto [old_first, old_end] = *at;
      at = ranges_.erase(at);
      // What sticks out on either side stays.
      if (old_first < first) ranges_.emplace_hint(at, old_first, std::min(old_end, first));
      if (old_end > end) ranges_.emplace_hint(at, end, old_end);
    }
  }

  void clear() noexcept { ranges_.clear(); }

  [[nodiscard]] bool operator==(const chunk_set&) const = default;

 private:
  [[nodiscard]] static std::uint64_t end_of(const chunk_range& range) noexcept {
    TALLOW_ASSERT(range.count <= UINT64_MAX - range.first.value);
    return range.first.value + range.count;
  }

  std::map<std::uint64_t, std::uint64_t> ranges_;
};

}  // namespace tallow::transfer
