// What a process can do and what it cannot, tried out in a child.
#pragma once

#include <cerrno>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tools/shared/sandbox.hpp"

#if defined(TALLOW_SANDBOX_LEFT_OUT)
#define TALLOW_SKIP_IF_LEFT_OUT()                                                               \
  GTEST_SKIP() << "sanitizers and coverage need what the sandbox forbids, so such a build has " \
                  "none"
#else
#define TALLOW_SKIP_IF_LEFT_OUT() static_cast<void>(0)
#endif

namespace tallow::test {

inline constexpr int done = 0;
inline constexpr int not_entered = 200;

/// Returns what became of it: `done`, otherwise errno. A function without state of its own.
using attempt = int (*)();

struct named_attempt {
  const char* name;
  attempt what;
};

inline int outcome(long result) { return result >= 0 ? done : errno; }

/// How a child ended that called this: its exit status, or the signal that killed it, negative.
template <class Call>
[[nodiscard]] int status_of(Call call) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(call());
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

[[nodiscard]] inline int outside(attempt what) { return status_of(what); }

}  // namespace tallow::test
