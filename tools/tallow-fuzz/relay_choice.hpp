// Which relay is spoken to, how, and how often.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "tools/tallow-fuzz/tcp_end.hpp"

namespace tallow::fuzz {

/// What is around the frames.
enum class wrapping : std::uint8_t { tls, plain };

struct relay_choice {
  place_to_go relay;
  std::optional<place_to_go> pages;  ///< of its operators, where leaks can be seen
  wrapping how = wrapping::tls;      ///< what it takes control connections in
  std::uint64_t seed = 1;
  std::uint64_t first = 0;  ///< number of the first run
  std::uint64_t runs = 1000;
  std::chrono::milliseconds patience{10'000};  ///< how long a good client waits for anything
  /// How long a relay may take to forget who is gone: a room keeps its places for a while.
  std::chrono::milliseconds settling{90'000};
};

}  // namespace tallow::fuzz
