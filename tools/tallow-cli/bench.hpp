// tallow-cli bench
#pragma once

#include "options.hpp"

namespace tallow::cli {

/// Measures how fast chunks go on this machine. Returns the exit status.
[[nodiscard]] exit_code bench(const bench_options& options);

}  // namespace tallow::cli
