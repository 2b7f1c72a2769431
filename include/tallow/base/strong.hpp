// Integers that cannot be mixed up: an index is no count, a stream no chunk.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace tallow {

/// An unsigned integer with a meaning. Two of different meaning neither convert nor compare.
///
/// @shape  `using chunk_index = strong<struct chunk_index_tag, std::uint64_t>;`
template <class Tag, class UInt>
struct strong {
  using value_type = UInt;

  UInt value{};

  constexpr strong() noexcept = default;
  explicit constexpr strong(UInt v) noexcept : value(v) {}

  friend constexpr auto operator<=>(const strong&, const strong&) noexcept = default;

  constexpr strong& operator++() noexcept {
    ++value;
    return *this;
  }
};

}  // namespace tallow

template <class Tag, class UInt>
struct std::hash<tallow::strong<Tag, UInt>> {
  std::size_t operator()(const tallow::strong<Tag, UInt>& s) const noexcept {
    return std::hash<UInt>{}(s.value);
  }
};
