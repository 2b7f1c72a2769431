// Attacks one tallow-cli, or whatever else speaks the protocol.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tools/tallow-fuzz/relay_choice.hpp"

namespace tallow::fuzz {

/// How an attack went.
struct peer_outcome {
  bool has_met = false;
  std::optional<std::string> trouble;  ///< what the other side should not have done
  std::string how_it_ended;            ///< for people
};

/// All attacks by name, with a line for each.
[[nodiscard]] std::string list_of_attacks();

/// @param attack  a name
/// @param code    of the transfer
/// @shape   returns nothing where there is no such attack, or that is no code
[[nodiscard]] std::optional<peer_outcome> attack_peer(const relay_choice& relay,
                                                      std::string_view attack,
                                                      std::string_view code);

}  // namespace tallow::fuzz
