// What a relay gives up once it runs: whoever takes it over can do little more than relay.
//
// Of the file system there is only what the caller names, there is no TCP port to bind or connect
// to, and no system call that relaying does not need.
#pragma once

#include <vector>

#include "../shared/sandbox.hpp"

namespace tallow::relay_tool {

using tools::allow_reading_again;
using tools::allowed_path;
using tools::sandbox_report;

// Gives up all but relaying and `allowed`. To be called in the only thread of the process, once all
// sockets, files and libraries that it needs are open.
[[nodiscard]] inline sandbox_report enter_sandbox(const std::vector<allowed_path>& allowed) {
  namespace fences = tools::sandbox_detail;
  return tools::enter_sandbox(allowed, fences::beside::no_tcp, [&](fences::filter& calls) {
    fences::allow_basic(calls);
    if (!allowed.empty()) calls.allow_all(fences::file_calls);
  });
}

}  // namespace tallow::relay_tool
