// tallow-cli receive
#pragma once

#include "options.hpp"

namespace tallow::cli {

class reporter;

/// Receives into the folder that the options name. Returns the exit status.
[[nodiscard]] exit_code receive(receive_options options);

/// The same, told to a reporter that has begun.
[[nodiscard]] exit_code receive(receive_options options, reporter& report);

}  // namespace tallow::cli
