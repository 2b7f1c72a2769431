// The system's random generator, for a relay's tickets and nameplates.
#pragma once

#include <algorithm>
#include <cstddef>
#include <unistd.h>

#include <tallow/base/assert.hpp>
#include <tallow/base/bytes.hpp>
#include <tallow/room/random_source.hpp>

namespace tallow::net {

/// A relay has nothing to do in a system that cannot give it random bytes: then the program ends.
[[nodiscard]] inline room::random_source system_random() noexcept {
  return {[](void*, byte_span out) {
    constexpr std::size_t at_once_max = 256;  // getentropy(3) gives no more
    while (!out.empty()) {
      const byte_span part = out.first(std::min(out.size(), at_once_max));
      TALLOW_ASSERT(::getentropy(part.data(), part.size()) == 0);
      out = out.subspan(part.size());
    }
  }};
}

}  // namespace tallow::net
