// How fast it goes now: over the last seconds, not since the beginning.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>

namespace tallow::cli {

/// Remembers how many bytes were done when, for as long as it takes to tell a rate.
class rate_window {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// As many bytes are done by now. Times ascend.
  void add(time_point now, std::uint64_t bytes) {
    if (!moments_.empty() && bytes < moments_.back().bytes) moments_.clear();  // it began anew
    if (moments_.empty() || bytes > moments_.back().bytes) moved_at_ = now;
    last_ = {now, bytes};
    if (moments_.empty() || now - moments_.back().at >= spacing) moments_.push_back(last_);
    while (moments_.size() > 2 && now - moments_[1].at >= span) moments_.pop_front();
  }

  /// Bytes a second; 0 while nobody can know.
  [[nodiscard]] double rate() const {
    if (moments_.empty()) return 0;
    const auto time = std::chrono::duration<double>(last_.at - moments_.front().at).count();
    if (time < 0.5) return 0;
    return static_cast<double>(last_.bytes - moments_.front().bytes) / time;
  }

  /// For how long nothing has been done.
  [[nodiscard]] std::chrono::seconds still_for(time_point now) const {
    if (moments_.empty()) return {};
    return std::chrono::duration_cast<std::chrono::seconds>(now - moved_at_);
  }

 private:
  // Long enough to even out single chunks, short enough to see a link that slows down.
  static constexpr auto span = std::chrono::seconds(5);
  static constexpr auto spacing = std::chrono::milliseconds(200);

  struct moment {
    time_point at;
    std::uint64_t bytes = 0;
  };

  std::deque<moment> moments_;
  moment last_{};
  time_point moved_at_{};
};

}  // namespace tallow::cli
