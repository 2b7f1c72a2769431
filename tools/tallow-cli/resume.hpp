// tallow-cli resume
#pragma once

#include "exit_code.hpp"
#include "options.hpp"

namespace tallow::cli {

/// Goes on with a session that was interrupted, as the side that it was then.
[[nodiscard]] exit_code resume(const resume_options& options);

}  // namespace tallow::cli
