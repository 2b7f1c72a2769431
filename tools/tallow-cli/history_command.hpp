// `tallow-cli history`.
#pragma once

#include "exit_code.hpp"
#include "options.hpp"

namespace tallow::cli {

/// Shows the last transfers, or forgets all of them.
[[nodiscard]] exit_code show_history(const history_options& options);

}  // namespace tallow::cli
