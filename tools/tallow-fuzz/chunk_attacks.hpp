// What a hostile sender may try with chunks, and with the END that counts them.
#pragma once

#include <vector>

#include "tools/tallow-fuzz/peer_attacks.hpp"

namespace tallow::fuzz {

/// A part of peer_attacks().
[[nodiscard]] std::vector<peer_attack> chunk_attacks();

}  // namespace tallow::fuzz
