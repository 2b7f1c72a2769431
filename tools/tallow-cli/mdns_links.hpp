// The sockets of multicast DNS: one for each network that this machine is in, and each of IPv4 and
// IPv6.
#pragma once

#include <memory>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/udp.hpp>

#include <tallow/base/bytes.hpp>
#include <tallow/session/direct_addresses.hpp>

namespace tallow::cli::mdns {

/// A way to one network. What is said there is heard by all who are in it, and by this machine.
struct link {
  asio::ip::udp::socket socket;
  asio::ip::udp::endpoint group;               ///< to whom everything is said
  std::vector<asio::ip::address> addresses{};  ///< of this machine there
};

/// Shared with what still waits on them.
using links = std::vector<std::shared_ptr<link>>;

/// Opens those where this machine has addresses of these kinds. None: there is no such network, or
/// the system does not let us.
[[nodiscard]] links open_links(const asio::any_io_executor& executor,
                               const session::address_kinds& kinds);

/// Says something, once. What a network does not take is lost, as it may be anyhow.
void say(link& to, byte_view message);

/// The next that anybody says; empty when the link is closed, or cut.
[[nodiscard]] asio::awaitable<byte_view> hear(link& from, byte_span into);

}  // namespace tallow::cli::mdns
