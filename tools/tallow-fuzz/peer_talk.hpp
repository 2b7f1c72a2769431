// What hostile peers do first, as honest ones would, and what the other side must do at last.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tallow/base/limits.hpp>
#include <tallow/wire/peer_messages.hpp>

#include "fuzz/violation.hpp"
#include "tools/tallow-fuzz/hostile_peer.hpp"

namespace tallow::fuzz {

/// What is wrong with how the other side took it.
using trouble = std::optional<std::string>;

/// The chunk size of what is offered.
inline constexpr std::uint32_t offered_chunk_bytes = limits::chunk_bytes_min;

inline setup setup_of(transfer_role role) {
  setup m{};
  m.role = role;
  if (role == transfer_role::sender) {
    m.transfer.fill(std::byte{7});
    m.chunk_bytes = offered_chunk_bytes;
  }
  return m;
}

inline manifest_entry entry_of(std::string path, std::uint64_t size = 0) {
  manifest_entry e;
  e.path = std::move(path);
  e.size = size;
  return e;
}

inline manifest_page page_of(std::vector<manifest_entry> entries) {
  return {page_index{0}, entry_index{0}, true, std::move(entries)};
}

/// Throws violation where the other side does not take even that.
inline void begin(hostile_peer& peer, transfer_role role) {
  peer.say(setup_of(role));
  require(peer.hear<setup>().has_value(), "it answers an honest SETUP with none");
}

/// One file of two chunks, which is accepted.
inline void offer_a_file(hostile_peer& peer) {
  begin(peer, transfer_role::sender);
  peer.say(page_of({entry_of("file", 2 * offered_chunk_bytes)}));
  const auto answer = peer.hear<accept>();
  require(answer && answer->declined.empty(), "it does not accept an honest offer");
}

inline trouble must_end(hostile_peer& peer) {
  if (peer.is_ended_by_other()) return std::nullopt;
  return "it goes on";
}

}  // namespace tallow::fuzz
