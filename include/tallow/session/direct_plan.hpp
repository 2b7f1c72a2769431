// Which lanes a session has on connections straight to the other peer, and when it tries others.
//
// @source  docs/protocol/transfer.md, Lanes
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <tallow/base/limits.hpp>
#include <tallow/base/time.hpp>
#include <tallow/base/units.hpp>
#include <tallow/wire/peer_messages.hpp>

namespace tallow::session {

/// Keeps the number of direct lanes up, as lane_plan does for the others, and says when those have
/// to wait. One for each connection of a session.
///
/// A sender calls begin() and announces; a receiver knows by it what it has followed.
class direct_plan {
 public:
  explicit direct_plan(std::uint32_t wanted) noexcept
      : wanted_(std::min(wanted, limits::lanes_max)) {}

  // ---- both sides ----

  /// Whether a lane is one of these, open or not.
  [[nodiscard]] bool has(stream_id id) const noexcept {
    return is_open(id) || find_awaited(id) != awaited_.end();
  }

  [[nodiscard]] bool any_open() const noexcept { return !open_.empty(); }

  void opened(stream_id id) {
    awaited_.erase(find_awaited(id));
    open_.push_back(id);
    backoff_ = backoff_first;
    hold_until_.reset();
    lacking_since_.reset();
  }

  /// A lane is gone, whether it was open or not.
  void ended(stream_id id, instant now) {
    if (is_open(id)) {
      std::erase(open_, id);
    } else {
      awaited_.erase(find_awaited(id));
    }
    if (open_.empty() && !lacking_since_) lacking_since_ = now;
    if (awaited_.empty() && (!try_at_ || *try_at_ < now)) put_off(now);
  }

  // ---- the side that sends the data ----

  /// Both sides have said what they want.
  void begin(direct_use agreed, instant now) noexcept {
    agreed_ = agreed;
    lacking_since_ = now;
    if (!is_wanted()) return;
    try_at_ = now;
    hold_until_ = now + limits::direct_head_start;
  }
  [[nodiscard]] bool has_begun() const noexcept { return agreed_.has_value(); }

  /// How many lanes are lacking.
  [[nodiscard]] std::uint32_t missing() const noexcept {
    const auto have = static_cast<std::uint32_t>(awaited_.size() + open_.size());
    return is_wanted() && wanted_ > have ? wanted_ - have : 0;
  }

  /// True when lanes should be announced, once for each time that they should.
  [[nodiscard]] bool take_due(instant now) noexcept {
    if (missing() == 0 || !try_at_ || now < *try_at_) return false;
    try_at_.reset();
    return true;
  }

  /// Lanes were announced.
  void announced(stream_id first, std::uint32_t count, instant now) {
    await(first, count, now + limits::direct_open_wait);
    if (hold_until_) hold_until_ = now + limits::direct_head_start;
  }

  /// There is no address that could be announced.
  void cannot_listen(instant now) noexcept {
    hold_until_.reset();
    put_off(now);
  }

  /// A lane that has not opened in time, once: ended() is due if nobody is about to open it.
  [[nodiscard]] std::optional<stream_id> take_late(instant now) noexcept {
    for (awaited& one : awaited_) {
      if (!one.until || now < *one.until) continue;
      one.until.reset();
      return one.id;
    }
    return std::nullopt;
  }

  /// True when no other lanes are wanted now.
  [[nodiscard]] bool holds_others(instant now) noexcept {
    if (hold_until_ && now >= *hold_until_) hold_until_.reset();
    return holds_others();
  }
  /// The same as it was said last.
  [[nodiscard]] bool holds_others() const noexcept {
    return !agreed_ || any_open() || hold_until_ || agreed_ == direct_use::required;
  }

  /// True when the session cannot do without one any longer.
  [[nodiscard]] bool has_failed(instant now) const noexcept {
    return fails_at() && now >= *fails_at();
  }

  [[nodiscard]] std::optional<instant> next_timeout() const noexcept {
    std::optional<instant> at = earlier(hold_until_, fails_at());
    if (missing() > 0) at = earlier(at, try_at_);
    for (const awaited& one : awaited_) at = earlier(at, one.until);
    return at;
  }

  // ---- the side that connects ----

  /// Lanes were announced by the other side. False when they are to be left alone.
  [[nodiscard]] bool follow(stream_id first, std::uint32_t count, instant now) {
    if (awaited_.size() + open_.size() + count > limits::lanes_max) return false;
    if (follow_at_ && now < *follow_at_) return false;
    follow_at_ = now + limits::direct_follow_pause;
    await(first, count, std::nullopt);
    return true;
  }

 private:
  static constexpr duration backoff_first = std::chrono::seconds(1);
  static constexpr duration backoff_max = std::chrono::seconds(30);

  struct awaited {
    stream_id id{};
    std::optional<instant> until;
  };

  [[nodiscard]] bool is_wanted() const noexcept {
    return agreed_.value_or(direct_use::never) != direct_use::never && wanted_ > 0;
  }
  [[nodiscard]] bool is_open(stream_id id) const noexcept {
    return std::find(open_.begin(), open_.end(), id) != open_.end();
  }
  [[nodiscard]] std::vector<awaited>::const_iterator find_awaited(stream_id id) const noexcept {
    return std::find_if(awaited_.begin(), awaited_.end(),
                        [id](const awaited& one) { return one.id == id; });
  }
  [[nodiscard]] std::optional<instant> fails_at() const noexcept {
    if (agreed_ != direct_use::required || !lacking_since_) return std::nullopt;
    return *lacking_since_ + limits::direct_absence_max;
  }

  void await(stream_id first, std::uint32_t count, std::optional<instant> until) {
    for (std::uint32_t i = 0; i < count; ++i) {
      awaited_.push_back({stream_id{first.value + i}, until});
    }
  }

  void put_off(instant now) noexcept {
    try_at_ = now + backoff_;
    backoff_ = std::min(backoff_ * 2, backoff_max);
  }

  std::uint32_t wanted_;
  std::optional<direct_use> agreed_;  // until then nothing is tried
  std::vector<awaited> awaited_;
  std::vector<stream_id> open_;
  std::optional<instant> try_at_;
  std::optional<instant> hold_until_;
  std::optional<instant> lacking_since_;
  std::optional<instant> follow_at_;
  duration backoff_ = backoff_first;
};

}  // namespace tallow::session
