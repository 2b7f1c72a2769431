// Which addresses a relay serves, and which of them count as one source.
//
// Every address has one form here, so that nobody is somebody else by the way he is written: an
// IPv4-mapped IPv6 address is the IPv4 address.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <asio/error_code.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/network_v4.hpp>
#include <asio/ip/network_v6.hpp>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/room/relay_event.hpp>

namespace tallow::net {

/// The one form of an address.
[[nodiscard]] inline asio::ip::address canonical(const asio::ip::address& from) {
  if (!from.is_v6() || !from.to_v6().is_v4_mapped()) return from;
  return asio::ip::make_address_v4(asio::ip::v4_mapped, from.to_v6());
}

/// An address or a block of them.
class network {
 public:
  /// No address at all.
  network() noexcept : network(asio::ip::address_v4(), 32) {}

  /// @param text  an address (`192.0.2.7`, `2001:db8::1`) or a block (`192.0.2.0/24`,
  ///              `2001:db8::/32`)
  /// @errors  invalid_argument
  [[nodiscard]] static result<network> parse(std::string_view text) {
    const std::size_t slash = text.find('/');
    asio::error_code trouble;
    const auto written = asio::ip::make_address(text.substr(0, slash), trouble);
    // Asio reads past an interface that it cannot use, and takes a NUL for the end.
    if (trouble || text.find_first_of({"%\0", 2}) != std::string_view::npos) {
      return fail(errc::invalid_argument, 0, "no address");
    }
    unsigned bits = written.is_v4() ? 32 : 128;
    if (slash != std::string_view::npos) {
      const auto given = parse_bits(text.substr(slash + 1), bits);
      if (!given) return fail(errc::invalid_argument, slash + 1, "no prefix length");
      bits = *given;
    }
    const asio::ip::address address = canonical(written);
    if (written.is_v6() && address.is_v4()) {
      // The block that is all mapped addresses and more has no IPv4 form.
      if (bits < mapped_bits) return fail(errc::invalid_argument, slash + 1, "prefix too short");
      bits -= mapped_bits;
    }
    return network(address, static_cast<unsigned short>(bits));
  }

  /// What parse() takes.
  [[nodiscard]] friend std::string to_string(const network& n) {
    return n.address_.to_string() + "/" + std::to_string(n.bits_);
  }

  [[nodiscard]] bool contains(const asio::ip::address& which) const {
    const auto form = canonical(which);
    if (form.is_v4() != address_.is_v4()) return false;
    return form.is_v4() ? start_of(form.to_v4()) == start_of(address_.to_v4())
                        : start_of(form.to_v6()) == start_of(address_.to_v6());
  }

 private:
  static constexpr unsigned mapped_bits = 96;

  network(asio::ip::address address, unsigned short bits) : address_(address), bits_(bits) {}

  [[nodiscard]] static std::optional<unsigned> parse_bits(std::string_view text, unsigned most) {
    unsigned bits = 0;
    if (text.empty() || text.size() > 3) return std::nullopt;
    for (const char c : text) {
      if (c < '0' || c > '9') return std::nullopt;
      bits = bits * 10 + static_cast<unsigned>(c - '0');
    }
    return bits <= most ? std::optional(bits) : std::nullopt;
  }

  [[nodiscard]] asio::ip::address_v4 start_of(const asio::ip::address_v4& one) const {
    return asio::ip::network_v4(one, bits_).network();
  }
  [[nodiscard]] asio::ip::address_v6 start_of(const asio::ip::address_v6& one) const {
    // Asio takes a scope for a part of the address.
    return asio::ip::network_v6(asio::ip::address_v6(one.to_bytes()), bits_).network();
  }

  asio::ip::address address_;
  unsigned short bits_;
};

/// Whom a relay serves.
struct address_rules {
  std::vector<network> allowed;  ///< empty: everybody
  std::vector<network> blocked;  ///< even if allowed
  std::vector<network> proxies;  ///< who may say by a PROXY header where a connection comes from
  bool limits_loopback = false;  ///< also this machine itself is one that is limited

  [[nodiscard]] bool trusts(const asio::ip::address& proxy) const {
    return is_in(proxies, canonical(proxy));
  }

  /// What a relay_core is to know of an address. This machine itself is allowed unless it is
  /// blocked, and counts as no source.
  [[nodiscard]] room::origin origin_of(const asio::ip::address& from) const {
    const auto form = canonical(from);
    room::origin origin;
    if (!form.is_loopback() || limits_loopback) origin.source = source_of(form);
    origin.is_blocked =
        is_in(blocked, form) || (!allowed.empty() && !form.is_loopback() && !is_in(allowed, form));
    return origin;
  }

 private:
  [[nodiscard]] static bool is_in(const std::vector<network>& list, const asio::ip::address& form) {
    return std::any_of(list.begin(), list.end(),
                       [&](const network& one) { return one.contains(form); });
  }

  // An IPv4 address, or the half of an IPv6 one that a network is given.
  [[nodiscard]] static room::source_id source_of(const asio::ip::address& form) {
    if (form.is_v4()) return form.to_v4().to_uint();
    const auto bytes = form.to_v6().to_bytes();
    return load_big_endian<std::uint64_t>(std::as_bytes(std::span(bytes)).first<8>());
  }
};

}  // namespace tallow::net
