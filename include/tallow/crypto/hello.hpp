// HELLO: what a side speaks, and its nonce.
// @source docs/protocol/handshake.md, HELLO
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>

namespace tallow::crypto {

/// The responder was first in the room and waits; the initiator joined it. Which of them sends
/// files is said later, inside the sealed channel.
enum class handshake_role : std::uint8_t { responder, initiator };

using handshake_nonce = std::array<std::byte, limits::handshake_nonce_bytes>;

/// Bit 0 of a HELLO's capabilities: this is a reconnect; bits 8 to 15 say which resume secret.
inline constexpr std::uint32_t caps_resume = 1;
inline constexpr std::uint32_t caps_generation_shift = 8;

/// A HELLO. The responder offers versions and suites, the initiator takes exactly one of each.
struct hello {
  handshake_role role{};
  std::vector<std::uint8_t> versions;
  std::vector<std::uint16_t> suites;
  std::uint32_t caps = 0;
  handshake_nonce nonce{};

  [[nodiscard]] bool operator==(const hello&) const = default;
};

namespace detail {

/// "TLW" and the format of what follows.
inline constexpr std::array<std::byte, 4> hello_magic = {std::byte{'T'}, std::byte{'L'},
                                                         std::byte{'W'}, std::byte{1}};

/// Reads big-endian integers off the front of a view; after the first that is missing, `ok` is
/// false and every value zero.
struct hello_reader {
  byte_view left;
  bool ok = true;

  [[nodiscard]] byte_view take(std::size_t count) noexcept {
    if (!ok || left.size() < count) {
      ok = false;
      return {};
    }
    const byte_view taken = left.first(count);
    left = left.subspan(count);
    return taken;
  }

  template <class UInt>
  [[nodiscard]] UInt integer() noexcept {
    const byte_view bytes = take(sizeof(UInt));
    return ok ? load_big_endian<UInt>(bytes.first<sizeof(UInt)>()) : UInt{0};
  }
};

template <class UInt>
void append_integer(byte_buffer& out, UInt value) {
  std::array<std::byte, sizeof(UInt)> bytes{};
  store_big_endian(value, bytes);
  append(out, bytes);
}

/// A list with a count of one byte: at least one entry, none zero, none twice.
template <class UInt>
[[nodiscard]] bool read_offers(hello_reader& in, std::size_t count_max, std::vector<UInt>& out) {
  const auto count = in.integer<std::uint8_t>();
  if (count == 0 || count > count_max) return false;
  for (unsigned i = 0; i < count; ++i) {
    const auto value = in.integer<UInt>();
    if (value == 0 || std::find(out.begin(), out.end(), value) != out.end()) return false;
    out.push_back(value);
  }
  return in.ok;
}

}  // namespace detail

/// The bytes of a HELLO, as sent and as hashed.
[[nodiscard]] inline byte_buffer encode_hello(const hello& h) {
  byte_buffer out;
  append(out, detail::hello_magic);
  out.push_back(h.role == handshake_role::responder ? std::byte{'R'} : std::byte{'I'});
  out.push_back(static_cast<std::byte>(h.versions.size()));
  for (const std::uint8_t version : h.versions) out.push_back(std::byte{version});
  out.push_back(static_cast<std::byte>(h.suites.size()));
  for (const std::uint16_t suite : h.suites) detail::append_integer(out, suite);
  detail::append_integer(out, h.caps);
  append(out, h.nonce);
  return out;
}

/// Reads a HELLO off the front of `in`, which is left behind it. Numbers that nobody knows yet
/// are fine; zero, an empty list and a number twice are not.
///
/// @errors  handshake_malformed
[[nodiscard]] inline result<hello> decode_hello(byte_view& in) {
  detail::hello_reader reader{in};
  if (!equal(reader.take(detail::hello_magic.size()), detail::hello_magic)) {
    return fail(errc::handshake_malformed, 0, "not a tallow peer");
  }
  hello h;
  const auto role = reader.integer<std::uint8_t>();
  if (role != 'R' && role != 'I') return fail(errc::handshake_malformed);
  h.role = role == 'R' ? handshake_role::responder : handshake_role::initiator;
  if (!detail::read_offers(reader, limits::hello_versions_max, h.versions) ||
      !detail::read_offers(reader, limits::hello_suites_max, h.suites)) {
    return fail(errc::handshake_malformed);
  }
  h.caps = reader.integer<std::uint32_t>();
  const byte_view nonce = reader.take(h.nonce.size());
  if (!reader.ok) return fail(errc::handshake_malformed);
  std::copy(nonce.begin(), nonce.end(), h.nonce.begin());
  in = reader.left;
  return h;
}

}  // namespace tallow::crypto
