// What a hostile sender or receiver may try, by name.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tallow/wire/relay_messages.hpp>

#include "tools/tallow-fuzz/hostile_peer.hpp"

namespace tallow::fuzz {

/// One of them. `act` does it, once both sides have shaken hands, and says what is wrong with how
/// the other side took it; nothing when it did what it must.
struct peer_attack {
  std::string_view name;
  std::string_view what;
  want role;  ///< what we are: want::send attacks a receiver
  std::optional<std::string> (*act)(hostile_peer& peer);
};

[[nodiscard]] const std::vector<peer_attack>& peer_attacks();

}  // namespace tallow::fuzz
