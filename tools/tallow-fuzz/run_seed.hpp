// What a run is made from.
#pragma once

#include <cstdint>

namespace tallow::fuzz {

/// The seed of one run. Multiplied, so that neighbouring seeds do not share runs.
[[nodiscard]] constexpr std::uint64_t run_seed(std::uint64_t seed, std::uint64_t run) noexcept {
  return seed * 0xD1342543DE82EF95U + run;
}

}  // namespace tallow::fuzz
