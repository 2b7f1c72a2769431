#pragma once
// A message as the JSON that conformance vectors hold: its fields by the names that the protocol
// gives them, so that two of one type cannot be mixed up.

#include <concepts>
#include <cstddef>
#include <string>
#include <type_traits>
#include <variant>

#include <nlohmann/json.hpp>

#include <tallow/base/bytes.hpp>
#include <tallow/wire/field.hpp>
#include <tallow/wire/peer_messages.hpp>
#include <tallow/wire/relay_messages.hpp>

namespace tallow::test {

template <class T>
nlohmann::json json_of(const T& value);

/// C++20 cannot say the names of members.
template <class M>
struct member_names;

#define TALLOW_FIELD(member) out[#member] = json_of(m.member);
#define TALLOW_FIELDS_0()
#define TALLOW_FIELDS_1(a) TALLOW_FIELD(a)
#define TALLOW_FIELDS_2(a, b) TALLOW_FIELD(a) TALLOW_FIELD(b)
#define TALLOW_FIELDS_3(a, b, c) TALLOW_FIELDS_2(a, b) TALLOW_FIELD(c)
#define TALLOW_FIELDS_4(a, b, c, d) TALLOW_FIELDS_2(a, b) TALLOW_FIELDS_2(c, d)
#define TALLOW_FIELDS_6(a, b, c, d, e, f) TALLOW_FIELDS_4(a, b, c, d) TALLOW_FIELDS_2(e, f)
#define TALLOW_FIELDS_10(a, b, c, d, e, f, g, h, i, j) \
  TALLOW_FIELDS_6(a, b, c, d, e, f) TALLOW_FIELDS_4(g, h, i, j)

#define TALLOW_MEMBERS(type, count, ...)                                                      \
  template <>                                                                                 \
  struct member_names<type> {                                                                 \
    static_assert(type::fields()([](const auto&... f) { return sizeof...(f); }) == (count));  \
    static void write([[maybe_unused]] nlohmann::json& out, [[maybe_unused]] const type& m) { \
      TALLOW_FIELDS_##count(__VA_ARGS__)                                                      \
    }                                                                                         \
  };

// clang-format off
TALLOW_MEMBERS(relay_limits, 3, room_bytes_max, waiting_seconds_max, lanes_max)
TALLOW_MEMBERS(client_hello, 2, versions, software)
TALLOW_MEMBERS(relay_hello, 4, version, software, limits_told, notice)
TALLOW_MEMBERS(create_room, 3, side, wanted, takes_more)
TALLOW_MEMBERS(room_created, 4, nameplate, room, expiry_seconds, limits_told)
TALLOW_MEMBERS(join_room, 4, room, side, wanted, takes_more)
TALLOW_MEMBERS(room_joined, 2, placed, limits_told)
TALLOW_MEMBERS(peer_joined, 1, how)
TALLOW_MEMBERS(peer_left, 1, reason)
TALLOW_MEMBERS(peer_slice, 2, stream, bytes)
TALLOW_MEMBERS(room_confirm, 0)
TALLOW_MEMBERS(lane_request, 1, count)
TALLOW_MEMBERS(lane_tickets, 1, tickets)
TALLOW_MEMBERS(lane_open, 1, right)
TALLOW_MEMBERS(quota_warning, 1, bytes_left)
TALLOW_MEMBERS(goaway, 2, retry_after_ms, deadline_ms)
TALLOW_MEMBERS(error_report, 4, code, retry_after_ms, limit, versions)
TALLOW_MEMBERS(relay_ping, 0)
TALLOW_MEMBERS(relay_pong, 0)
TALLOW_MEMBERS(close_room, 1, reason)
TALLOW_MEMBERS(manifest_entry, 6, path, kind, size, mode, mtime_ns, link_target)
TALLOW_MEMBERS(entry_failure, 2, entry, reason)
TALLOW_MEMBERS(chunk_range, 2, first, count)
TALLOW_MEMBERS(direct_address, 2, host, port)
TALLOW_MEMBERS(setup, 10, role, transfer, chunk_bytes, stream, text, verify, sign, entry_count,
               byte_count, direct)
TALLOW_MEMBERS(lanes, 3, first, count, in_band)
TALLOW_MEMBERS(direct_lanes, 3, first, count, addresses)
TALLOW_MEMBERS(lane_hello, 1, stream)
TALLOW_MEMBERS(manifest_page, 4, page, first, last, entries)
TALLOW_MEMBERS(accept, 2, page, declined)
TALLOW_MEMBERS(entries_done, 2, below, failed)
TALLOW_MEMBERS(have, 2, first, hashes)
TALLOW_MEMBERS(ack, 1, ranges)
TALLOW_MEMBERS(verified, 0)
TALLOW_MEMBERS(ident, 1, identity)
TALLOW_MEMBERS(end, 4, entry_count, byte_count, chunk_count, manifest_hash)
TALLOW_MEMBERS(end_ack, 3, entry_count, failed_count, failed)
TALLOW_MEMBERS(peer_abort, 1, reason)
TALLOW_MEMBERS(peer_ping, 0)
TALLOW_MEMBERS(peer_pong, 0)
TALLOW_MEMBERS(received, 2, count, is_new)
// clang-format on

#undef TALLOW_MEMBERS
#undef TALLOW_FIELDS_10
#undef TALLOW_FIELDS_6
#undef TALLOW_FIELDS_4
#undef TALLOW_FIELDS_3
#undef TALLOW_FIELDS_2
#undef TALLOW_FIELDS_1
#undef TALLOW_FIELDS_0
#undef TALLOW_FIELD

template <class T>
nlohmann::json json_of(const T& value) {
  if constexpr (message<T>) {
    nlohmann::json out = nlohmann::json::object();
    member_names<T>::write(out, value);
    return out;
  } else if constexpr (wire_enum<T>) {
    return static_cast<unsigned>(value);
  } else if constexpr (tallow::detail::is_strong<T>) {
    return value.value;
  } else if constexpr (tallow::detail::is_byte_array<T> || std::same_as<T, byte_buffer>) {
    return to_hex(value);
  } else if constexpr (tallow::detail::is_variant<T>) {
    return nlohmann::json::array(
        {value.index(), std::visit([](const auto& v) { return json_of(v); }, value)});
  } else if constexpr (tallow::detail::is_vector<T>) {
    nlohmann::json out = nlohmann::json::array();
    for (const auto& element : value) out.push_back(json_of(element));
    return out;
  } else {
    return value;
  }
}

}  // namespace tallow::test
