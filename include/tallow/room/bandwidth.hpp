// Who may pass bytes on, when a relay limits how many a second go through a room or through all.
//
// Each room has a bucket of its own, and all share one. Whoever has bytes asks, and is granted some
// at once or in his turn; the turns go round by room, so that a room with many lanes has no more of
// what all share than a room with one.
//
// @source  docs/protocol/room.md, Limits
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>

#include <tallow/base/time.hpp>
#include <tallow/base/units.hpp>
#include <tallow/room/deadlines.hpp>
#include <tallow/room/notice.hpp>
#include <tallow/room/token_bucket.hpp>

namespace tallow::room {

/// Bytes a second; 0: no limit.
struct bandwidth_options {
  std::uint64_t room_bytes_per_s = 0;   ///< of a room, both ways together
  std::uint64_t total_bytes_per_s = 0;  ///< of all rooms

  [[nodiscard]] constexpr bool is_limit() const noexcept {
    return room_bytes_per_s != 0 || total_bytes_per_s != 0;
  }
  bool operator==(const bandwidth_options&) const = default;
};

/// That a connection may go on: with so many bytes.
struct bandwidth_grant {
  room_id room{};
  connection_id to{};
  std::uint64_t bytes = 0;
};

/// Grants bytes. The owner calls poll_grant() until it is empty, after ask() and when
/// next_timeout() has come.
///
/// Invariant: a room is in turns_ or has a deadline in resting_, not both, while somebody waits in
/// it; else in neither.
class bandwidth {
 public:
  explicit bandwidth(const bandwidth_options& options) noexcept : options_(options) {}

  [[nodiscard]] bool is_limited() const noexcept { return options_.is_limit(); }

  /// Other rates from now on: who waits has his turn as if he had just come. The owner goes on with
  /// poll_grant().
  void change(const bandwidth_options& options) {
    if (options == options_) return;
    options_ = options;
    // A debt is kept as the time that it takes at the old rate.
    total_ = {};
    for (auto& [room, f] : flows_) f.own = {};
    while (const auto rested = resting_.pop_due(instant::max())) turns_.push_back(*rested);
  }

  /// What one grant is at most: a fiftieth of a second's bytes, so that many rooms get theirs in
  /// small portions, but not so few that the turns themselves cost more than the bytes.
  [[nodiscard]] std::uint64_t portion() const noexcept {
    const std::uint64_t least =
        std::min(rate_or_all(options_.room_bytes_per_s), rate_or_all(options_.total_bytes_per_s));
    return std::clamp<std::uint64_t>(least / 50, portion_min, portion_max);
  }

  /// A connection of the room wants to pass on `bytes`: a portion at most, or what has passed
  /// already and is paid for afterwards. It asks once, and waits for its grant.
  void ask(const room_id& room, connection_id who, std::uint64_t bytes, instant now) {
    forget_idle(now);
    flow& f = flows_[room];
    const bool is_first = f.waiting.empty();
    f.waiting.push_back({room, who, bytes});
    if (is_first) turns_.push_back(room);
  }

  /// What is granted next, if it is time.
  [[nodiscard]] std::optional<bandwidth_grant> poll_grant(instant now) {
    while (const auto rested = resting_.pop_due(now)) turns_.push_back(*rested);
    while (!turns_.empty()) {
      const room_id room = turns_.front();
      flow& f = flows_.at(room);
      const bandwidth_grant next = f.waiting.front();
      if (total_.wait(total_rate(), next.bytes, now) != duration::zero()) return std::nullopt;
      turns_.pop_front();
      if (const duration wait = f.own.wait(room_rate(), next.bytes, now);
          wait != duration::zero()) {
        resting_.set(room, now + wait);
        continue;
      }
      total_.take(total_rate(), next.bytes, now);
      f.own.take(room_rate(), next.bytes, now);
      f.waiting.pop_front();
      if (!f.waiting.empty()) turns_.push_back(room);
      return next;
    }
    return std::nullopt;
  }

  /// So many bytes of a grant were not needed.
  void give_back(const room_id& room, std::uint64_t bytes) {
    total_.give_back(total_rate(), bytes);
    const auto found = flows_.find(room);
    if (found != flows_.end()) found->second.own.give_back(room_rate(), bytes);
  }

  [[nodiscard]] std::optional<instant> next_timeout() const {
    const auto rested = resting_.next();
    if (turns_.empty()) return rested;
    const auto& next = flows_.at(turns_.front()).waiting.front();
    return earlier(rested, total_.ready_at(total_rate(), next.bytes));
  }

  /// Rooms that are remembered.
  [[nodiscard]] std::size_t flow_count() const noexcept { return flows_.size(); }

 private:
  static constexpr std::uint64_t portion_min = 1024;
  static constexpr std::uint64_t portion_max = std::uint64_t{256} * 1024;
  // Timers are late; what was missed meanwhile is made up for as far as this reaches back.
  static constexpr std::uint64_t bursts_per_s = 20;

  struct flow {
    token_bucket own;
    std::deque<bandwidth_grant> waiting;
  };

  // So seldom that it costs nothing. A room whose bucket is full is as good as a new one.
  void forget_idle(instant now) {
    if (flows_.size() < look_at_) return;
    std::erase_if(flows_, [&](const auto& one) {
      return one.second.waiting.empty() && one.second.own.is_full(now);
    });
    look_at_ = std::max(flows_min, 2 * flows_.size());
  }

  [[nodiscard]] static constexpr std::uint64_t rate_or_all(std::uint64_t rate) noexcept {
    return rate == 0 ? UINT64_MAX : rate;
  }
  [[nodiscard]] static token_rate rate_of(std::uint64_t bytes_per_s) noexcept {
    return {bytes_per_s, std::chrono::seconds(1), bytes_per_s / bursts_per_s};
  }
  [[nodiscard]] token_rate room_rate() const noexcept { return rate_of(options_.room_bytes_per_s); }
  [[nodiscard]] token_rate total_rate() const noexcept {
    return rate_of(options_.total_bytes_per_s);
  }

  static constexpr std::size_t flows_min = 64;

  bandwidth_options options_;
  std::size_t look_at_ = flows_min;
  token_bucket total_;
  std::map<room_id, flow> flows_;
  std::deque<room_id> turns_;   // rooms that could pass something on but for what all share
  deadlines<room_id> resting_;  // rooms that have had their own share for now
};

}  // namespace tallow::room
