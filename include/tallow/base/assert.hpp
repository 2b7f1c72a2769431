// Assertions: a programmer's error ends the program before it can harm anything.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace tallow::detail {

[[noreturn]] inline void assertion_failed(const char* condition, const char* file,
                                          int line) noexcept {
  std::fprintf(stderr, "tallow: %s:%d: assertion failed: %s\n", file, line, condition);
  std::abort();
}

}  // namespace tallow::detail

/// Ends the program when `condition` does not hold, in every build type: it guards memory and keys.
/// Never for what a peer or a file may cause; that is a result<>.
#define TALLOW_ASSERT(condition) \
  ((condition) ? (void)0 : ::tallow::detail::assertion_failed(#condition, __FILE__, __LINE__))

/// The same, in debug and sanitizer builds only: for invariants that cost time to check.
#ifdef NDEBUG
#define TALLOW_DEBUG_ASSERT(condition) ((void)0)
#else
#define TALLOW_DEBUG_ASSERT(condition) TALLOW_ASSERT(condition)
#endif
