// Which lanes a session has, and when it opens others.
//
// @source  docs/protocol/transfer.md, Lanes
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include <tallow/base/limits.hpp>
#include <tallow/base/time.hpp>
#include <tallow/base/units.hpp>

namespace tallow::session {

/// Keeps the number of lanes up: a lost one is replaced by a new id, soon at first and then ever
/// later, and when none is open for a while the transfer goes in band.
///
/// A receiver uses it to match tickets with what was announced, and wants none itself.
class lane_plan {
 public:
  explicit lane_plan(std::uint32_t wanted) noexcept
      : wanted_(std::min(wanted, limits::lanes_max)) {}

  /// The link carries at most so many lanes. 0 until it has said so.
  void limit(std::uint32_t lanes_max) noexcept { lanes_max_ = lanes_max; }

  /// How many lanes should be announced now.
  [[nodiscard]] std::uint32_t missing(instant now) const noexcept {
    if (open_at_ && now < *open_at_) return 0;
    const auto have = static_cast<std::uint32_t>(awaited_.size() + granted_ + open_.size());
    const std::uint32_t target = std::min(wanted_, lanes_max_);
    return target > have ? target - have : 0;
  }

  /// Whether the other side may announce so many more. It may have twice as many as a session
  /// uses, since it may know before us that others are gone.
  [[nodiscard]] bool may_follow(std::uint32_t count) const noexcept {
    return awaited_.size() + granted_ + open_.size() + count <= std::size_t{2} * limits::lanes_max;
  }

  /// Lanes were announced, and tickets asked for them.
  void announced(stream_id first, std::uint32_t count, instant now) {
    for (std::uint32_t i = 0; i < count; ++i) awaited_.push_back(stream_id{first.value + i});
    start_waiting(now);
  }

  /// A ticket came: it is for the lane announced first of those that have none.
  ///
  /// @shape  returns nothing when no ticket was asked for
  [[nodiscard]] std::optional<stream_id> granted(instant now) {
    if (awaited_.empty()) return std::nullopt;
    const stream_id id = awaited_.front();
    awaited_.pop_front();
    ++granted_;
    start_waiting(now);
    return id;
  }

  void opened(stream_id id) {
    --granted_;
    open_.push_back(id);
    in_band_at_.reset();
    backoff_ = backoff_first;
  }

  /// A lane that was granted is gone, whether it was open or not.
  void ended(stream_id id, instant now) {
    const auto found = std::find(open_.begin(), open_.end(), id);
    if (found == open_.end()) {
      --granted_;
    } else {
      open_.erase(found);
    }
    open_at_ = now + backoff_;
    backoff_ = std::min(backoff_ * 2, backoff_max);
    if (open_.empty()) start_waiting(now);
  }

  [[nodiscard]] bool any_open() const noexcept { return !open_.empty(); }

  /// True when no lane is open, and none can be hoped for soon: a lane in band should be there.
  [[nodiscard]] bool take_in_band(instant now) noexcept {
    if (any_open()) return false;
    if (std::min(wanted_, lanes_max_) == 0) return true;
    if (!in_band_at_ || now < *in_band_at_) return false;
    in_band_at_.reset();
    return true;
  }

  [[nodiscard]] std::optional<instant> next_timeout() const noexcept {
    if (std::min(wanted_, lanes_max_) == 0) return std::nullopt;
    return earlier(in_band_at_, missing(instant::max()) > 0 ? open_at_ : std::nullopt);
  }

 private:
  static constexpr duration backoff_first = std::chrono::milliseconds(100);
  static constexpr duration backoff_max = std::chrono::seconds(30);

  void start_waiting(instant now) {
    if (!any_open()) in_band_at_ = now + limits::lane_open_wait;
  }

  std::uint32_t wanted_;
  std::uint32_t lanes_max_ = 0;
  std::deque<stream_id> awaited_;  // announced, no ticket yet
  std::size_t granted_ = 0;        // have a ticket, and are not open yet
  std::vector<stream_id> open_;
  std::optional<instant> open_at_;     // when a lost one may be replaced
  std::optional<instant> in_band_at_;  // when waiting for lanes ends
  duration backoff_ = backoff_first;
};

}  // namespace tallow::session
