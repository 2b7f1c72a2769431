// Where a relay's random bytes come from.
//
// @source  docs/protocol/room.md, Lanes; Nameplates
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <tallow/base/bytes.hpp>

namespace tallow::room {

/// A function that fills bytes with random ones, and what it is called with. It must not fail: a
/// relay without randomness would give away tickets that can be guessed.
struct random_source {
  void (*fill)(void* context, byte_span out) = nullptr;
  void* context = nullptr;

  void operator()(byte_span out) const { fill(context, out); }

  [[nodiscard]] std::uint64_t number() const {
    std::array<std::byte, 8> bytes{};
    fill(context, bytes);
    return load_big_endian<std::uint64_t>(bytes);
  }
};

}  // namespace tallow::room
