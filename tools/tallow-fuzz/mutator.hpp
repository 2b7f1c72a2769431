// Damages inputs the way a hostile or broken peer would. Deterministic for a seed.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include <tallow/base/bytes.hpp>

#include "fuzz/seeded_random.hpp"

namespace tallow::fuzz {

/// Inputs never grow beyond this, however often they are mutated.
inline constexpr std::size_t mutated_bytes_max = 64 * 1024;

/// One change to bytes that are not empty.
inline void mutate_once(byte_buffer& bytes, seeded_random& random) {
  constexpr std::array edges{std::byte{0x00}, std::byte{0x01}, std::byte{0x7F},
                             std::byte{0x80}, std::byte{0xFE}, std::byte{0xFF}};
  const std::size_t place = random.below(bytes.size());
  const auto at = bytes.begin() + static_cast<std::ptrdiff_t>(place);
  const std::size_t count = 1 + random.below(std::min<std::size_t>(bytes.size() - place, 16));
  const auto stop = at + static_cast<std::ptrdiff_t>(count);
  switch (random.below(9)) {
    case 0: *at ^= std::byte{1} << random.below(8); break;
    case 1: *at = edges[random.below(edges.size())]; break;
    case 2: *at = random.byte(); break;
    case 3: bytes.insert(at, count, random.byte()); break;
    case 4: bytes.erase(at, stop); break;
    case 5: {  // the same again
      const byte_buffer again(at, stop);
      bytes.insert(at, again.begin(), again.end());
      break;
    }
    case 6: bytes.resize(place); break;
    case 7:  // one more or one less: lengths and counts that are off by one
      *at = static_cast<std::byte>(std::to_integer<unsigned>(*at) +
                                   (random.below(2) == 0 ? 1U : 255U));
      break;
    case 8:  // a varint that is longer than it needs to be
      *at |= std::byte{0x80};
      bytes.insert(at + 1, std::byte{0});
      break;
  }
  if (bytes.size() > mutated_bytes_max) bytes.resize(mutated_bytes_max);
}

/// No change, one, or a few: undamaged inputs have to pass too.
inline void mutate(byte_buffer& bytes, seeded_random& random) {
  for (std::size_t rounds = random.below(4); rounds > 0 && !bytes.empty(); --rounds) {
    mutate_once(bytes, random);
  }
}

}  // namespace tallow::fuzz
