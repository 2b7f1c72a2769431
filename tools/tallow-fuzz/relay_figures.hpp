// What a relay tells its operators of itself.
#pragma once

#include <chrono>

#include <tallow/base/error.hpp>

#include "tools/tallow-fuzz/tcp_end.hpp"

namespace tallow::fuzz {

struct relay_figures {
  double connections = 0;
  double rooms = 0;
  double lane_ends = 0;
  double descriptors = 0;
  double resident_bytes = 0;
};

/// Asks for /metrics.
///
/// @errors  connect_failed, timed_out, not_found (a figure is not there)
[[nodiscard]] result<relay_figures> read_figures(const place_to_go& page,
                                                 std::chrono::milliseconds patience);

}  // namespace tallow::fuzz
