// tallow-cli receive
#pragma once

#include "options.hpp"

namespace tallow::cli {

/// Receives into the folder that the options name. Returns the exit status.
[[nodiscard]] exit_code receive(receive_options options);

}  // namespace tallow::cli
