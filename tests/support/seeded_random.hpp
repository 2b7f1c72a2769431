#pragma once
// Random bytes that are the same every time, for what needs no Botan generator.

#include <cstdint>

#include <tallow/base/bytes.hpp>
#include <tallow/room/directory.hpp>
#include <tallow/room/random_source.hpp>

namespace tallow::test {

/// Has to outlive what draws from its source().
class seeded_random {
 public:
  explicit seeded_random(std::uint64_t seed = 1) noexcept : state_(seed) {}

  [[nodiscard]] room::random_source source() noexcept {
    return {[](void* self, byte_span out) { static_cast<seeded_random*>(self)->fill(out); }, this};
  }

  void fill(byte_span out) noexcept {
    for (std::byte& b : out) b = static_cast<std::byte>(room::next_random(state_));
  }

 private:
  std::uint64_t state_;
};

}  // namespace tallow::test
