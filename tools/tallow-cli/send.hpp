// tallow-cli send
#pragma once

#include "options.hpp"

namespace tallow::cli {

class reporter;

/// Sends what the options name. Returns the exit status.
[[nodiscard]] exit_code send(send_options options);

/// The same, told to a reporter that has begun.
[[nodiscard]] exit_code send(send_options options, reporter& report);

}  // namespace tallow::cli
