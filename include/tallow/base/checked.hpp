// Conversions between integer types that cannot lose anything unnoticed.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include <tallow/base/assert.hpp>

namespace tallow {

/// `value` as a `To`, or nothing when a `To` cannot hold it.
template <class To, class From>
[[nodiscard]] constexpr std::optional<To> checked_cast(From value) noexcept {
  if (!std::in_range<To>(value)) return std::nullopt;
  return static_cast<To>(value);
}

/// `value` as a `To` where the caller has made sure that it fits.
template <class To, class From>
[[nodiscard]] constexpr To narrow(From value) noexcept {
  TALLOW_ASSERT(std::in_range<To>(value));
  return static_cast<To>(value);
}

/// The sum, or nothing when it does not fit.
[[nodiscard]] constexpr std::optional<std::uint64_t> checked_add(std::uint64_t a,
                                                                 std::uint64_t b) noexcept {
  if (a > UINT64_MAX - b) return std::nullopt;
  return a + b;
}

}  // namespace tallow
