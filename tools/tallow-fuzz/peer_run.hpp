// Attacks one tallow-cli, or whatever else speaks the protocol.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <tallow/crypto/code_phrase.hpp>

#include "tools/tallow-fuzz/relay_choice.hpp"

namespace tallow::fuzz {

/// How an attack went.
struct peer_outcome {
  bool has_connected = false;
  bool has_met = false;
  std::optional<std::string> trouble;  ///< what the other side should not have done
  std::string how_it_ended;            ///< for people
};

/// All attacks by name, with a line for each.
[[nodiscard]] std::string list_of_attacks();

[[nodiscard]] bool is_attack(std::string_view name);

/// @param attack  a name for which is_attack() holds
/// @param wait    how long the other side may take to come
[[nodiscard]] peer_outcome attack_peer(const relay_choice& relay, std::string_view attack,
                                       crypto::code_phrase code, std::chrono::milliseconds wait);

}  // namespace tallow::fuzz
