// A look at relays: whether each could be used now, and how it is known.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tallow/base/error.hpp>
#include <tallow/net/relay_address.hpp>

#include "proxy_settings.hpp"

namespace tallow::cli {

/// How we know the key that a relay shows.
enum class key_state : std::uint8_t {
  none,     ///< it has shown none
  pinned,   ///< its address names it
  vouched,  ///< an authority of the system vouches for it
  known,    ///< remembered
  fresh,    ///< never seen; it would be remembered at the first transfer
  changed,  ///< another one is remembered, or named by the address
};

[[nodiscard]] constexpr const char* name_of(key_state state) noexcept {
  switch (state) {
    case key_state::none: return "none";
    case key_state::pinned: return "named by the address";
    case key_state::vouched: return "vouched for by an authority";
    case key_state::known: return "known";
    case key_state::fresh: return "new";
    case key_state::changed: return "changed";
  }
  return "";
}

/// What a look at one relay has found.
struct probed_relay {
  std::string relay;             ///< as it was written
  std::optional<error> trouble;  ///< why it cannot be used; the code tells how far we came
  key_state state = key_state::none;
  net::key_fingerprint key{};  ///< what it shows, where it shows one
  std::string software;        ///< hostile text until escaped
  std::uint16_t version = 0;   ///< of what is spoken with it
  std::chrono::microseconds round_trip{};
  bool is_valid_now = true;  ///< its certificate, by the clock of this machine
};

/// Looks at all of them at the same time. Nothing is remembered.
///
/// @param proxies   which may be between
/// @param is_plain  no TLS, and so no keys
[[nodiscard]] std::vector<probed_relay> probe(const std::vector<std::string>& relays,
                                              const proxy_settings& proxies, bool is_plain);

}  // namespace tallow::cli
