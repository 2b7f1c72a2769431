// How a fuzz body says that its invariant does not hold.
#pragma once

#include <exception>

namespace tallow::fuzz {

/// A broken invariant, in words. Thrown, so that a test or a tool may go on with the next input;
/// libFuzzer takes the uncaught exception for the crash it is looking for.
class violation : public std::exception {
 public:
  explicit violation(const char* what) noexcept : what_(what) {}
  [[nodiscard]] const char* what() const noexcept override { return what_; }

 private:
  const char* what_;
};

inline void require(bool holds, const char* what) {
  if (!holds) throw violation(what);
}

}  // namespace tallow::fuzz
