// Points in time. Nothing here reads a clock: machines are told what time it is.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace tallow {

/// A point on a clock that never goes backwards. Drivers pass `std::chrono::steady_clock::now()`,
/// simulations whatever they like.
using instant = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

/// A span of time.
using duration = std::chrono::nanoseconds;

/// The earlier of two deadlines, either of which may be unset.
[[nodiscard]] constexpr std::optional<instant> earlier(std::optional<instant> a,
                                                       std::optional<instant> b) noexcept {
  if (!a) return b;
  if (!b) return a;
  return *a < *b ? a : b;
}

}  // namespace tallow
