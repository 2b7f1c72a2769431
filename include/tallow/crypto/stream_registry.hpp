// Stream ids, each for one use.
// @source docs/protocol/handshake.md, Records
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/units.hpp>

namespace tallow::crypto {

/// Ids that were announced and not yet claimed are at most so many: far more than lanes that any
/// transfer opens at once, few enough that a peer cannot fill memory with announcements.
inline constexpr std::uint32_t streams_pending_max = 256;

/// The stream ids of one session's keys: every id opens once, so no key meets a number twice.
///
/// The side that sends the data hands out ids with allocate() and announces them; the other side
/// takes the announcement in with announce(). Both then claim() an id when its lane opens, and it
/// is gone, whether the opening succeeds or not. Id 0 is the control channel and never in here.
/// Held: all of pending_ is below next_, next_ only grows.
class stream_registry {
 public:
  /// The next `count` ids, to be announced to the other side.
  ///
  /// @shape   returns the first; the others follow it
  /// @errors  invalid_argument (count is 0), length_above_limit (too many are pending),
  ///          record_limit_reached (ids are used up)
  [[nodiscard]] result<stream_id> allocate(std::uint32_t count) {
    const stream_id first{next_};
    if (count == 0) return fail(errc::invalid_argument);
    if (next_ == 0 || count > UINT32_MAX - next_) return fail(errc::record_limit_reached);
    if (const auto added = announce(first, count); !added) return fail(added.error());
    return first;
  }

  /// Takes in ids that the other side announced; they lie above all announced before.
  ///
  /// @errors  stream_id_used (an id at or below an earlier one, or id 0), length_above_limit (too
  ///          many are pending), invalid_argument (count is 0); nothing is taken in
  [[nodiscard]] result<void> announce(stream_id first, std::uint32_t count) {
    if (count == 0) return fail(errc::invalid_argument);
    if (first.value < next_ || count > UINT32_MAX - first.value) {
      return fail(errc::stream_id_used, first.value);
    }
    if (count > streams_pending_max - pending_count_) return fail(errc::length_above_limit);
    pending_.emplace(first.value, first.value + count);
    pending_count_ += count;
    next_ = first.value + count;
    return {};
  }

  /// Uses an id up.
  ///
  /// @errors  stream_id_used (never announced, or claimed before)
  [[nodiscard]] result<void> claim(stream_id id) {
    auto range = pending_.upper_bound(id.value);
    if (range == pending_.begin()) return fail(errc::stream_id_used, id.value);
    --range;
    const auto [first, end] = *range;
    if (id.value >= end) return fail(errc::stream_id_used, id.value);
    pending_.erase(range);
    if (first < id.value) pending_.emplace(first, id.value);
    if (id.value + 1 < end) pending_.emplace(id.value + 1, end);
    --pending_count_;
    return {};
  }

  /// Ids announced and not yet claimed.
  [[nodiscard]] std::uint32_t pending() const noexcept { return pending_count_; }

 private:
  /// First id and the one behind the last, of ranges that do not touch what was claimed.
  std::map<std::uint32_t, std::uint32_t> pending_;
  std::uint32_t pending_count_ = 0;
  std::uint32_t next_ = 1;
};

}  // namespace tallow::crypto
