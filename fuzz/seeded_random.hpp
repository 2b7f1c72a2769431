// Random numbers that are the same everywhere for the same seed; those of <random> are not.
//
// The generator is splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators,
// OOPSLA 2014).
#pragma once

#include <cstddef>
#include <cstdint>

#include <tallow/base/bytes.hpp>

namespace tallow::fuzz {

class seeded_random {
 public:
  explicit seeded_random(std::uint64_t seed) noexcept : state_(seed) {}

  [[nodiscard]] std::uint64_t next() noexcept {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
  }

  /// A number from 0 to `count` - 1. The bias of the remainder does not matter here.
  [[nodiscard]] std::size_t below(std::size_t count) noexcept {
    return static_cast<std::size_t>(next() % count);
  }

  [[nodiscard]] std::byte byte() noexcept { return static_cast<std::byte>(next() >> 56U); }

 private:
  std::uint64_t state_;
};

/// A seed that is taken from an input (FNV-1a), so that the input alone tells how it is split.
[[nodiscard]] inline std::uint64_t seed_of(byte_view input) noexcept {
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (const std::byte b : input) {
    hash = (hash ^ std::to_integer<std::uint64_t>(b)) * 0x100000001B3U;
  }
  return hash;
}

}  // namespace tallow::fuzz
