// Addresses of this machine, in the form that peers tell each other.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ifaddrs.h>
#include <memory>
#include <net/if.h>
#include <netinet/in.h>
#include <optional>
#include <span>
#include <sys/socket.h>
#include <utility>
#include <vector>

#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>

#include <tallow/base/limits.hpp>
#include <tallow/net/address_rules.hpp>
#include <tallow/net/connect_race.hpp>
#include <tallow/net/resolve.hpp>
#include <tallow/session/direct_addresses.hpp>
#include <tallow/wire/peer_messages.hpp>

namespace tallow::net {

[[nodiscard]] inline direct_address told_as(const asio::ip::tcp::endpoint& at) {
  const auto host = canonical(at.address());
  const auto bytes_of = [](auto number) {
    std::array<std::byte, std::tuple_size_v<decltype(number)>> bytes;
    std::transform(number.begin(), number.end(), bytes.begin(),
                   [](unsigned char c) { return std::byte{c}; });
    return bytes;
  };
  if (host.is_v4()) return {bytes_of(host.to_v4().to_bytes()), at.port()};
  return {bytes_of(host.to_v6().to_bytes()), at.port()};
}

[[nodiscard]] inline asio::ip::tcp::endpoint endpoint_of(const direct_address& told) {
  const auto fill = [](auto number, const auto& bytes) {
    std::transform(bytes.begin(), bytes.end(), number.begin(),
                   [](std::byte b) { return std::to_integer<unsigned char>(b); });
    return number;
  };
  if (const auto* v4 = std::get_if<0>(&told.host)) {
    return {asio::ip::address_v4(fill(asio::ip::address_v4::bytes_type{}, *v4)), told.port};
  }
  return {
      asio::ip::address_v6(fill(asio::ip::address_v6::bytes_type{}, *std::get_if<1>(&told.host))),
      told.port};
}

namespace detail {

[[nodiscard]] inline std::optional<asio::ip::address> address_of(const ::sockaddr* from) {
  if (from == nullptr) return std::nullopt;
  // Copied, as what is there may lie anyhow.
  if (from->sa_family == AF_INET) {
    ::sockaddr_in in{};
    std::memcpy(&in, from, sizeof in);
    return asio::ip::address_v4(ntohl(in.sin_addr.s_addr));
  }
  if (from->sa_family != AF_INET6) return std::nullopt;
  ::sockaddr_in6 in{};
  std::memcpy(&in, from, sizeof in);
  asio::ip::address_v6::bytes_type bytes;
  std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
  return asio::ip::address_v6(bytes);
}

}  // namespace detail

/// A network card, or what stands for one.
struct network_interface {
  unsigned index = 0;  ///< what IPv6 calls its scope
  unsigned flags = 0;  ///< IFF_LOOPBACK, IFF_MULTICAST and so on
  std::vector<asio::ip::address> addresses{};
};

/// Those of this machine that are up, in the system's order.
[[nodiscard]] inline std::vector<network_interface> network_interfaces() {
  ::ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return {};
  const std::unique_ptr<::ifaddrs, decltype(&::freeifaddrs)> owner(list, &::freeifaddrs);
  std::vector<network_interface> found;
  for (const ::ifaddrs* one = list; one != nullptr; one = one->ifa_next) {
    const auto host = detail::address_of(one->ifa_addr);
    if (!host || (one->ifa_flags & IFF_UP) == 0U) continue;
    const unsigned index = ::if_nametoindex(one->ifa_name);
    auto at = std::find_if(found.begin(), found.end(),
                           [&](const network_interface& i) { return i.index == index; });
    if (at == found.end()) at = found.insert(at, {index, one->ifa_flags});
    at->addresses.push_back(*host);
  }
  return found;
}

/// Where this machine can be found by the other side: its interfaces that are up, as far as their
/// addresses are of those kinds; at most as many as may be told.
[[nodiscard]] inline std::vector<direct_address> interface_addresses(
    const session::address_kinds& kinds, std::uint16_t port) {
  endpoints found;
  for (const network_interface& one : network_interfaces()) {
    for (const asio::ip::address& host : one.addresses) {
      const asio::ip::tcp::endpoint at(host, port);
      if (kinds.contains(session::kind_of(told_as(at)))) found.push_back(at);
    }
  }
  std::vector<direct_address> told;
  for (const auto& at : in_connecting_order(found)) {
    if (told.size() < limits::direct_addresses_max) told.push_back(told_as(at));
  }
  return told;
}

}  // namespace tallow::net
