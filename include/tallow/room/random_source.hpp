// Where a relay's random bytes come from.
//
// @source  docs/protocol/room.md, Lanes; Nameplates
#pragma once

#include <tallow/base/bytes.hpp>

namespace tallow::room {

/// A function that fills bytes with random ones, and what it is called with. It must not fail: a
/// relay without randomness would give away tickets that can be guessed.
struct random_source {
  void (*fill)(void* context, byte_span out) = nullptr;
  void* context = nullptr;

  void operator()(byte_span out) const { fill(context, out); }
};

}  // namespace tallow::room
