// `tallow-cli identity`.
#pragma once

#include "exit_code.hpp"
#include "options.hpp"

namespace tallow::cli {

/// Makes an identity, or shows what others know it by.
[[nodiscard]] exit_code show_identity(const identity_options& options);

}  // namespace tallow::cli
