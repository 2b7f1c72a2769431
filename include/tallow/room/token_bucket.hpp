// How often something may happen: so many at once, and so many in a time on average.
//
// @source  docs/protocol/room.md, Limits; ITU-T I.371 Annex A (generic cell rate algorithm)
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include <tallow/base/time.hpp>

namespace tallow::room {

/// `tokens` come back in each `per`, until there are `burst`. No tokens: there is no limit.
struct token_rate {
  std::uint64_t tokens = 0;
  duration per = std::chrono::seconds(1);
  std::uint64_t burst = 0;

  [[nodiscard]] constexpr bool is_limit() const noexcept { return tokens != 0; }

  /// How long `count` tokens take to come back.
  [[nodiscard]] constexpr duration time_of(std::uint64_t count) const noexcept {
    const auto per_count = static_cast<double>(per.count()) / static_cast<double>(tokens);
    return duration(static_cast<duration::rep>(per_count * static_cast<double>(count)));
  }
};

/// What is left of one rate. A bucket begins full, and needs no care while nobody takes from it.
class token_bucket {
 public:
  /// How long to wait for `count` tokens; zero: they are there now.
  [[nodiscard]] duration wait(const token_rate& rate, std::uint64_t count,
                              instant now) const noexcept {
    if (!rate.is_limit()) return duration::zero();
    const instant full_at = std::max(full_at_, now) + rate.time_of(count);
    const instant allowed = now + rate.time_of(std::max(rate.burst, count));
    return full_at > allowed ? full_at - allowed : duration::zero();
  }

  /// When `count` tokens are there; in the past when they are.
  [[nodiscard]] instant ready_at(const token_rate& rate, std::uint64_t count) const noexcept {
    if (!rate.is_limit()) return {};
    return full_at_ + rate.time_of(count) - rate.time_of(std::max(rate.burst, count));
  }

  /// Takes `count` tokens, and more than there are if need be: the next has to wait for them.
  void take(const token_rate& rate, std::uint64_t count, instant now) noexcept {
    if (rate.is_limit()) full_at_ = std::max(full_at_, now) + rate.time_of(count);
  }

  void give_back(const token_rate& rate, std::uint64_t count) noexcept {
    if (rate.is_limit()) full_at_ -= rate.time_of(count);
  }

  /// True when it may be forgotten.
  [[nodiscard]] bool is_full(instant now) const noexcept { return full_at_ <= now; }

 private:
  instant full_at_{};
};

}  // namespace tallow::room
