// The random generator that callers pass in.
// @source ARCHITECTURE.md, Sans-IO
#pragma once

#include <botan/rng.h>

namespace tallow::crypto {

/// Where randomness comes from: an argument of everything that needs any. Programs pass
/// Botan::System_RNG or Botan::AutoSeeded_RNG, tests one that is the same every time.
using random_generator = Botan::RandomNumberGenerator;

}  // namespace tallow::crypto
