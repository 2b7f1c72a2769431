// How tallow-relay says that it cannot go on.
#pragma once

#include <cstdio>
#include <string>

namespace tallow::relay_tool {

inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;

inline void complain(const std::string& what) {
  std::fprintf(stderr, "tallow-relay: %s\n", what.c_str());
}

}  // namespace tallow::relay_tool
