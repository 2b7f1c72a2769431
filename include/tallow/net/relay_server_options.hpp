// What the owner of a relay on real sockets sets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <tallow/net/address_rules.hpp>
#include <tallow/net/lane_splice.hpp>
#include <tallow/net/system_random.hpp>
#include <tallow/net/tls_identity.hpp>
#include <tallow/room/random_source.hpp>
#include <tallow/room/relay_event.hpp>

namespace tallow::net {

/// What the owner of a relay_server sets.
struct relay_server_options {
  room::relay_options relay;
  /// For lane tickets and nameplates.
  room::random_source random = system_random();
  address_rules addresses;
  /// What control connections are in; nothing: they are plain.
  std::optional<tls_server_context> tls;
  /// Plain control connections are served beside those in TLS. For tests.
  bool takes_plaintext = false;
  /// Connections beyond relay.connections_max that are told why they cannot stay. Whoever comes
  /// beyond both is closed without a word.
  std::size_t refusals_max = 128;
  /// How lanes are moved.
  lane_options lanes;
  /// Called with what is worth a line in a log: static words, never an address or a name.
  std::function<void(const room::noted&)> on_note;
  /// What to answer to a request of HTTP that came instead of our protocol: nothing while its head
  /// is not whole. Without it such connections are dropped.
  std::function<std::optional<std::string>(std::string_view request)> on_http;
};

/// What connections to an address of a relay begin with.
enum class greeting : std::uint8_t {
  ours,          ///< the protocol itself
  proxy_header,  ///< a PROXY header of a proxy that address_rules trust, then the protocol
};

}  // namespace tallow::net
