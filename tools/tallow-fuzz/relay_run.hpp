// Speaks to a relay as nobody should, and looks whether others notice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "tools/tallow-fuzz/relay_choice.hpp"
#include "tools/tallow-fuzz/relay_figures.hpp"

namespace tallow::fuzz {

/// What came of it. Each run depends on the seed and its number alone; what a relay does may depend
/// on all that came before.
struct relay_outcome {
  std::string what;             ///< empty: nothing found
  std::string hindrance;        ///< not empty: why nothing can be said of it
  std::uint64_t last = 0;       ///< the run that was under way, or had just ended
  std::uint64_t since = 0;      ///< all was well before this one
  std::size_t connections = 0;  ///< that were made
  std::optional<relay_figures> before;
  std::optional<relay_figures> after;
};

/// Runs bad_company again and again. A good_pair that stays, and others that come and go, have to
/// be served all the time, and in the end the relay has to be what it was.
[[nodiscard]] relay_outcome run_against_relay(const relay_choice& choice);

}  // namespace tallow::fuzz
