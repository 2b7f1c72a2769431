// Where a relay is, and perhaps which one it has to be: HOST:PORT#FINGERPRINT.
//
// @source  docs/protocol/tls.md, Trust
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/net/address.hpp>

namespace tallow::net {

/// SHA-256 of a certificate's SubjectPublicKeyInfo: a renewed certificate with the same key keeps
/// it.
using key_fingerprint = std::array<std::byte, 32>;

struct relay_address {
  address at;
  std::optional<key_fingerprint> pin;

  [[nodiscard]] bool operator==(const relay_address&) const = default;
};

/// Reads a fingerprint, 64 hexadecimal digits of either case; nothing on any other text.
[[nodiscard]] inline std::optional<key_fingerprint> parse_fingerprint(std::string_view text) {
  key_fingerprint parsed;
  const auto bytes = from_hex(text);
  if (!bytes || bytes->size() != parsed.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), parsed.begin());
  return parsed;
}

/// Reads what parse_address() reads, and behind a '#' a fingerprint.
///
/// @errors  address_invalid (cond::local): error::at is the offset in `text`, error::note says why
[[nodiscard]] inline result<relay_address> parse_relay_address(std::string_view text) {
  const std::size_t mark = text.find('#');
  const auto at = parse_address(text.substr(0, mark));
  if (!at) return fail(at.error());
  if (mark == std::string_view::npos) return relay_address{*at, std::nullopt};
  const auto pin = parse_fingerprint(text.substr(mark + 1));
  if (!pin) {
    return fail(errc::address_invalid, mark + 1,
                "behind the # stand the 64 hexadecimal digits of the relay's key");
  }
  return relay_address{*at, pin};
}

}  // namespace tallow::net
