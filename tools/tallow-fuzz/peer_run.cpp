#include "tools/tallow-fuzz/peer_run.hpp"

#include <algorithm>
#include <utility>

#include "fuzz/violation.hpp"
#include "tools/tallow-fuzz/hostile_peer.hpp"
#include "tools/tallow-fuzz/peer_attacks.hpp"

namespace tallow::fuzz {

namespace {

const char* text_of(abort_reason reason) {
  switch (reason) {
    case abort_reason::cancelled: return "cancelled";
    case abort_reason::refused: return "refused";
    case abort_reason::disk_full: return "disk_full";
    case abort_reason::file_trouble: return "file_trouble";
    case abort_reason::protocol: return "protocol";
    case abort_reason::role_clash: return "role_clash";
    case abort_reason::quota: return "quota";
    case abort_reason::internal: return "internal";
    case abort_reason::no_direct: return "no_direct";
  }
  return "unknown";
}

const peer_attack* attack_of(std::string_view name) {
  const auto& all = peer_attacks();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const peer_attack& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace

std::string list_of_attacks() {
  std::string text;
  for (const peer_attack& one : peer_attacks()) {
    std::string line(one.name);
    line.resize(std::max<std::size_t>(line.size() + 1, 26), ' ');
    line += one.role == want::send ? "on receivers: " : "on senders:   ";
    text += line + std::string(one.what) + "\n";
  }
  return text;
}

bool is_attack(std::string_view name) { return attack_of(name) != nullptr; }

peer_outcome attack_peer(const relay_choice& relay, std::string_view attack,
                         crypto::code_phrase code, std::chrono::milliseconds wait) {
  const peer_attack& chosen = *attack_of(attack);
  peer_outcome outcome;
  auto end = relay_end::connect(relay.relay, relay.how, relay.patience);
  outcome.has_connected = end.has_value();
  if (!end) return outcome;
  hostile_peer peer(std::move(*end), std::move(code), chosen.role, relay.patience);
  outcome.has_met = peer.meet(wait);
  if (!outcome.has_met) return outcome;
  try {
    outcome.trouble = chosen.act(peer);
  } catch (const violation& v) {
    outcome.trouble = v.what();
  }
  if (const auto why = peer.reason()) {
    outcome.how_it_ended = std::string("it ended the session: ") + text_of(*why);
  } else {
    outcome.how_it_ended = outcome.trouble ? "the session was ended here" : "it did as it must";
  }
  peer.leave();
  return outcome;
}

}  // namespace tallow::fuzz
