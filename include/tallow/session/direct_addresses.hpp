// Which addresses peers tell each other for direct lanes, and which of those are connected to.
//
// @source  docs/protocol/transfer.md, Lanes
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <variant>
#include <vector>

#include <tallow/base/bytes.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/wire/peer_messages.hpp>

namespace tallow::session {

/// Who can be behind an address.
enum class address_kind : std::uint8_t {
  loopback,         ///< this machine
  private_network,  ///< a neighbour
  public_network,   ///< anybody
  unusable,         ///< nobody, many, or nobody without an interface
};

namespace detail {

[[nodiscard]] constexpr address_kind kind_of_v4(std::uint32_t host) noexcept {
  const auto is_in = [host](std::uint32_t network, unsigned bits) {
    return (host ^ network) >> (32 - bits) == 0;
  };
  if (is_in(0x7F000000, 8)) return address_kind::loopback;
  if (is_in(0x0A000000, 8) || is_in(0xAC100000, 12) || is_in(0xC0A80000, 16) ||
      is_in(0xA9FE0000, 16)) {
    return address_kind::private_network;
  }
  if (is_in(0, 8) || is_in(0xE0000000, 3)) return address_kind::unusable;
  return address_kind::public_network;
}

[[nodiscard]] constexpr address_kind kind_of_v6(const std::array<std::byte, 16>& host) noexcept {
  std::array<std::byte, 16> loopback{};
  loopback.back() = std::byte{1};
  if (host == loopback) return address_kind::loopback;
  if ((host[0] & std::byte{0xFE}) == std::byte{0xFC}) return address_kind::private_network;
  if ((host[0] & std::byte{0xE0}) == std::byte{0x20}) return address_kind::public_network;
  // Link-local ones among them: they mean nothing without an interface. So does IPv4 in disguise.
  return address_kind::unusable;
}

}  // namespace detail

[[nodiscard]] constexpr address_kind kind_of(const direct_address& at) noexcept {
  if (const auto* v6 = std::get_if<1>(&at.host)) return detail::kind_of_v6(*v6);
  return detail::kind_of_v4(load_big_endian<std::uint32_t>(std::span(*std::get_if<0>(&at.host))));
}

/// Kinds that are told and connected to. Private networks always are.
struct address_kinds {
  bool loopback = false;        ///< both sides may be on one machine
  bool public_network = false;  ///< the user asked for it

  [[nodiscard]] constexpr bool contains(address_kind kind) const noexcept {
    switch (kind) {
      case address_kind::private_network: return true;
      case address_kind::loopback: return loopback;
      case address_kind::public_network: return public_network;
      case address_kind::unusable: break;
    }
    return false;
  }
};

/// What a receiver has connected to, so that a sender cannot have it look around in its network: no
/// other kinds than it would tell itself, no ports that services of a system have, and few in all.
class address_book {
 public:
  /// Those of `told` that may be connected to. They count from then on.
  [[nodiscard]] std::vector<direct_address> choose(const std::vector<direct_address>& told,
                                                   const address_kinds& kinds) {
    std::vector<direct_address> chosen;
    for (const direct_address& one : told) {
      if (one.port < port_min || !kinds.contains(kind_of(one))) continue;
      if (std::find(chosen.begin(), chosen.end(), one) != chosen.end()) continue;
      if (!seen_.contains(one) && seen_.size() == limits::direct_endpoints_max) continue;
      seen_.insert(one);
      chosen.push_back(one);
    }
    return chosen;
  }

 private:
  static constexpr std::uint16_t port_min = 1024;

  std::set<direct_address> seen_;
};

}  // namespace tallow::session
