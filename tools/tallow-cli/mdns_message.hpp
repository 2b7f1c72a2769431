// What senders without a relay and their receivers say to the local network: messages of multicast
// DNS (RFC 6762) about services (RFC 6763) of the type `_tallow._tcp.local`, of which each is named
// by the nameplate of a code.
//
// @source docs/network.md, Without a relay
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <asio/ip/address.hpp>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/net/relay_address.hpp>

namespace tallow::cli::mdns {

/// A datagram has no more, whoever sends it: what an Ethernet carries in one piece.
inline constexpr std::size_t message_bytes_max = 1472;

/// A sender that waits, and how its relay is reached.
struct service {
  std::uint32_t nameplate = 0;
  /// A name of the sender's own, without `.local`: letters, digits and hyphens.
  std::string host{};
  std::uint16_t port = 0;
  net::key_fingerprint key{};
  std::vector<asio::ip::address> addresses{};
};

/// Who has a nameplate, or wants it.
struct claim {
  std::uint32_t nameplate = 0;
  std::string host{};
  [[nodiscard]] bool operator==(const claim&) const = default;
};

/// As much of a message as is of interest.
struct message {
  std::vector<std::uint32_t> asked{};   ///< nameplates that somebody looks for
  std::vector<std::string> asked_of{};  ///< host names whose addresses somebody looks for
  bool asks_all = false;                ///< somebody looks for all services of our type
  std::vector<claim> claimed{};  ///< of those who have, and of those who ask whether it is free
  std::vector<service> found{};  ///< those that are whole, and not about to go
};

/// Asks for one service.
[[nodiscard]] std::vector<std::byte> question_for(std::uint32_t nameplate);

/// Asks whether a nameplate is free, and says who would have it.
[[nodiscard]] std::vector<std::byte> probe_for(const service& wanted);

/// Tells of a service, all there is to know.
[[nodiscard]] std::vector<std::byte> announcement_of(const service& what);

/// Tells that it is gone.
[[nodiscard]] std::vector<std::byte> goodbye_of(const service& what);

/// Reads what somebody said. What is not of our services is left out.
///
/// @errors  message_type_unknown: no message of DNS, or one of another purpose
[[nodiscard]] result<message> read_message(byte_view datagram);

}  // namespace tallow::cli::mdns
