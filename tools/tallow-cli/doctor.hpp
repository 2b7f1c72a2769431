// tallow-cli relays, tallow-cli doctor
#pragma once

#include "exit_code.hpp"
#include "options.hpp"

namespace tallow::cli {

/// Shows for each relay whether it could be used now. Returns the exit status: done, or that of the
/// first one that could not.
[[nodiscard]] exit_code show_relays(const relays_options& options);

/// Looks at all that a transfer needs, and says what to do about what is missing. Returns the exit
/// status: done, or that of the first thing that is wrong.
[[nodiscard]] exit_code doctor(const doctor_options& options);

}  // namespace tallow::cli
