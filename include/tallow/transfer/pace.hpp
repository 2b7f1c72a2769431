// How fast a sender may send, where somebody has set a limit.
//
// @source  a token bucket, kept as a debt: the meter of ITU-T I.371
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include <tallow/base/time.hpp>

namespace tallow::transfer {

/// An allowance of bytes that grows with time. Whoever has some left may send a whole chunk, and
/// owes what was too much: over time the limit holds, whatever the size of chunks.
///
/// Not for several threads at once.
class pace {
 public:
  /// @param bytes_per_second  0: no limit
  explicit pace(std::uint64_t bytes_per_second) noexcept : rate_(bytes_per_second) {}

  /// Whether a chunk may go now. If not, next_timeout() says when to ask again.
  [[nodiscard]] bool may_send() noexcept {
    if (rate_ == 0 || allowance_ > 0) return true;
    is_awaited_ = true;
    return false;
  }

  /// So many bytes were sent.
  void sent(std::uint64_t bytes) noexcept {
    if (rate_ != 0) allowance_ -= static_cast<double>(bytes);
  }

  /// Time has passed.
  void handle_timeout(instant now) noexcept {
    if (rate_ == 0) return;
    const std::chrono::duration<double> since = now - at_.value_or(now);
    at_ = now;
    const auto rate = static_cast<double>(rate_);
    allowance_ = std::min(allowance_ + since.count() * rate, rate * burst_seconds);
    if (allowance_ > 0) is_awaited_ = false;
  }

  /// When somebody who was refused may send.
  [[nodiscard]] std::optional<instant> next_timeout() const noexcept {
    if (!is_awaited_) return std::nullopt;
    if (!at_) return instant{};
    // A little more than nothing has to be left.
    const double seconds = (1.0 - std::min(allowance_, 0.0)) / static_cast<double>(rate_);
    return *at_ + std::chrono::ceil<instant::duration>(std::chrono::duration<double>(seconds));
  }

 private:
  // What a pause may save up.
  static constexpr double burst_seconds = 0.1;

  std::uint64_t rate_;
  double allowance_ = 1;
  std::optional<instant> at_;
  bool is_awaited_ = false;
};

}  // namespace tallow::transfer
