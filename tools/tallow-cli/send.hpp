// tallow-cli send
#pragma once

#include "options.hpp"

namespace tallow::cli {

/// Sends what the options name. Returns the exit status.
[[nodiscard]] exit_code send(const send_options& options);

}  // namespace tallow::cli
