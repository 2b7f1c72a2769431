// No input is ever right: whatever runs this and does not notice is broken.
#pragma once

#include <tallow/base/bytes.hpp>

#include "fuzz/violation.hpp"

namespace tallow::fuzz {

inline void fuzz_canary(byte_view) { require(false, "the canary always fails"); }

}  // namespace tallow::fuzz
