// What goes wrong in a seeded network, and when.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

#include "fuzz/seeded_random.hpp"

namespace tallow::sim {

using fuzz::seeded_random;
using std::chrono::milliseconds;

/// How bad it is.
struct weather {
  milliseconds latency_max{40};
  std::size_t piece_max = 32 * 1024;  ///< what arrives at once
  unsigned cuts = 0;                  ///< connections that break
  unsigned partitions = 0;            ///< a time in which nobody reaches the relay
  unsigned relay_restarts = 0;
  unsigned flipped_bits = 0;  ///< on the way from the relay
  /// Of so many arrivals each trouble falls upon one.
  std::size_t arrivals = 400;

  unsigned lane_cuts = 0;          ///< lanes that break, and nothing else with them
  unsigned lane_flipped_bits = 0;  ///< on lanes alone
  /// Of so many arrivals on lanes each trouble of lanes falls upon one.
  std::size_t lane_arrivals = 60;
};

enum class trouble : std::uint8_t { cut, partition, restart, flip };

/// Troubles, each of which falls upon the arrival of some bytes.
class planned_troubles {
 public:
  void add(trouble what, unsigned times, std::size_t arrivals, seeded_random& random) {
    for (unsigned i = 0; i < times; ++i) plan_.emplace_back(random.below(arrivals), what);
    std::sort(plan_.begin(), plan_.end());
  }

  void count_arrival() noexcept { ++arrivals_; }
  [[nodiscard]] std::size_t arrivals() const noexcept { return arrivals_; }

  /// What befalls the arrival that was counted last.
  [[nodiscard]] std::optional<trouble> take_due() {
    if (plan_.empty() || plan_.front().first >= arrivals_) return std::nullopt;
    const trouble what = plan_.front().second;
    plan_.pop_front();
    return what;
  }

 private:
  std::deque<std::pair<std::size_t, trouble>> plan_;  // by number of arrivals, ascending
  std::size_t arrivals_ = 0;
};

}  // namespace tallow::sim
