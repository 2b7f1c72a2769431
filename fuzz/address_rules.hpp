// An address or block that is taken is written out as the same, and holds what its bits say.
//
// Input: the sixteen bytes of an IPv6 address, whose last four are an IPv4 address too, and a text.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <asio/ip/address.hpp>

#include <tallow/base/bytes.hpp>
#include <tallow/net/address_rules.hpp>
#include <tallow/net/relay_address.hpp>

#include "fuzz/violation.hpp"

namespace tallow::fuzz {

/// An IPv4 address in the form that IPv6 has for it; another stays as it is.
[[nodiscard]] inline std::array<std::uint8_t, 16> as_v6(const asio::ip::address& from) {
  if (from.is_v6()) return from.to_v6().to_bytes();
  return asio::ip::make_address_v6(asio::ip::v4_mapped, from.to_v4()).to_bytes();
}

/// Whether the first `bits` of both are alike, bit by bit.
[[nodiscard]] inline bool share_prefix(const asio::ip::address& a, const asio::ip::address& b,
                                       unsigned bits) {
  const auto left = as_v6(a);
  const auto right = as_v6(b);
  for (unsigned i = 0; i < bits; ++i) {
    const unsigned differing = left[i / 8] ^ right[i / 8];
    if (((differing >> (7 - i % 8)) & 1U) != 0) return false;
  }
  return true;
}

[[nodiscard]] inline bool is_hex(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

inline void check_network(std::string_view text, const asio::ip::address& one) {
  const auto parsed = net::network::parse(text);
  if (!parsed) return;
  require(std::all_of(text.begin(), text.end(),
                      [](char c) { return c == '/' || c == '.' || c == ':' || is_hex(c); }),
          "an address has no other characters");
  const std::string written = to_string(*parsed);
  const auto again = net::network::parse(written);
  require(again.has_value() && to_string(*again) == written, "what is written can be read");
  // It is written with its length, so that can be taken from there.
  const std::size_t slash = written.find('/');
  require(slash != std::string::npos, "a block is written with its length");
  const auto start = asio::ip::make_address(written.substr(0, slash));
  const auto bits = static_cast<unsigned>(std::stoul(written.substr(slash + 1)));
  const bool belongs = net::canonical(one).is_v4() == start.is_v4() &&
                       share_prefix(start, one, bits + (start.is_v4() ? 96U : 0U));
  require(parsed->contains(one) == belongs, "a block holds what begins like it");
  require(parsed->contains(start), "a block holds itself");
}

/// Nobody is somebody else by the way his address is written.
inline void check_forms(std::string_view text, const asio::ip::address_v4& one) {
  const asio::ip::address plain = one;
  const asio::ip::address mapped = asio::ip::make_address_v6(asio::ip::v4_mapped, one);
  net::address_rules rules;
  rules.limits_loopback = true;
  if (const auto block = net::network::parse(text)) {
    rules.allowed.push_back(*block);
    rules.proxies.push_back(*block);
  }
  const auto first = rules.origin_of(plain);
  const auto second = rules.origin_of(mapped);
  require(first.source.has_value() && first.source == second.source, "both forms are one source");
  require(first.is_blocked == second.is_blocked, "both forms are let in or not");
  require(rules.trusts(plain) == rules.trusts(mapped), "both forms are trusted or not");
}

inline void check_relay_address(std::string_view text) {
  const auto parsed = net::parse_relay_address(text);
  if (!parsed) {
    require(parsed.error().at <= text.size(), "a mistake is somewhere in the text");
    return;
  }
  std::string written = to_string(parsed->at);
  if (parsed->pin) written += '#' + to_hex(*parsed->pin);
  const auto again = net::parse_relay_address(written);
  require(again.has_value() && *again == *parsed, "what is written can be read");
}

inline void fuzz_address_rules(byte_view input) {
  asio::ip::address_v6::bytes_type bytes{};
  if (input.size() < bytes.size()) return;
  std::transform(input.begin(), input.begin() + bytes.size(), bytes.begin(),
                 [](std::byte b) { return std::to_integer<std::uint8_t>(b); });
  const asio::ip::address_v4 short_one({bytes[12], bytes[13], bytes[14], bytes[15]});
  const std::string_view text = as_text(input.subspan(bytes.size()));
  check_network(text, asio::ip::address_v6(bytes));
  check_network(text, short_one);
  check_forms(text, short_one);
  check_relay_address(text);
}

}  // namespace tallow::fuzz
