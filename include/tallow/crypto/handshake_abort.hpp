// ABORT: how a side says that a handshake ended, and what it may say before keys.
// @source docs/protocol/handshake.md, ABORT
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/crypto/hello.hpp>

namespace tallow::crypto {

/// The first byte of an ABORT. Only `failed` exists once a key is on the way: a wrong code and
/// tampering must look alike.
enum class abort_kind : std::uint8_t { failed = 0, versions = 1, suites = 2 };

/// The one byte of every failure that says nothing.
[[nodiscard]] inline byte_buffer encode_abort() {
  return {static_cast<std::byte>(abort_kind::failed)};
}

/// No version in common: names those that we speak.
[[nodiscard]] inline byte_buffer encode_abort_versions(std::span<const std::uint8_t> versions) {
  byte_buffer body{static_cast<std::byte>(abort_kind::versions),
                   static_cast<std::byte>(versions.size())};
  for (const std::uint8_t version : versions) body.push_back(std::byte{version});
  return body;
}

/// No suite in common: names those that we speak.
[[nodiscard]] inline byte_buffer encode_abort_suites(std::span<const std::uint16_t> suites) {
  byte_buffer body{static_cast<std::byte>(abort_kind::suites),
                   static_cast<std::byte>(suites.size())};
  for (const std::uint16_t suite : suites) detail::append_integer(body, suite);
  return body;
}

/// What an ABORT means that came before any key: versions_do_not_meet or suites_do_not_meet, with
/// the highest number that the other side speaks in `at`; else handshake_aborted.
[[nodiscard]] inline error error_of_abort(byte_view body) {
  const auto highest = [&]<class UInt>(std::size_t count_max) -> std::uint64_t {
    detail::hello_reader in{body.subspan(1)};
    std::vector<UInt> values;
    if (!detail::read_offers(in, count_max, values) || !in.left.empty()) return 0;
    return *std::max_element(values.begin(), values.end());
  };
  if (!body.empty() && body[0] == std::byte{1}) {
    const auto at = highest.template operator()<std::uint8_t>(limits::hello_versions_max);
    if (at != 0) return {errc::versions_do_not_meet, at};
  }
  if (!body.empty() && body[0] == std::byte{2}) {
    const auto at = highest.template operator()<std::uint16_t>(limits::hello_suites_max);
    if (at != 0) return {errc::suites_do_not_meet, at};
  }
  return {errc::handshake_aborted};
}

}  // namespace tallow::crypto
