// What a relay counts: totals, and no names.
//
// @source  docs/protocol/room.md
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include <tallow/wire/relay_messages.hpp>

namespace tallow::room {

/// Why a connection was closed without a word.
enum class drop_reason : std::uint8_t {
  crowd,             ///< its source has too many that have no place
  silent,            ///< it said nothing in time
  not_our_protocol,  ///< what it said is no frame of ours
  no_ticket,         ///< it showed a ticket that is none
  slow_consumer,     ///< it did not read
  tls_failed,        ///< its TLS broke, or did not begin
  not_proxied,       ///< it came for proxies, from none that is trusted or without its header
};
constexpr drop_reason enum_last(drop_reason) noexcept { return drop_reason::not_proxied; }

/// A reason's name, for logs and metrics.
[[nodiscard]] constexpr const char* name_of(drop_reason reason) noexcept {
  switch (reason) {
    case drop_reason::crowd: return "crowd";
    case drop_reason::silent: return "silent";
    case drop_reason::not_our_protocol: return "not_our_protocol";
    case drop_reason::no_ticket: return "no_ticket";
    case drop_reason::slow_consumer: return "slow_consumer";
    case drop_reason::tls_failed: return "tls_failed";
    case drop_reason::not_proxied: return "not_proxied";
  }
  return "";
}

/// How many values were how large.
template <std::size_t N>
struct histogram {
  std::array<double, N> bounds;               ///< upper ones, each included, ascending
  std::array<std::uint64_t, N + 1> counts{};  ///< the last one: above all bounds
  double sum = 0;

  void observe(double value) noexcept {
    const auto at = std::lower_bound(bounds.begin(), bounds.end(), value);
    ++counts[static_cast<std::size_t>(at - bounds.begin())];
    sum += value;
  }

  histogram& operator+=(const histogram& other) noexcept {
    for (std::size_t i = 0; i <= N; ++i) counts[i] += other.counts[i];
    sum += other.sum;
    return *this;
  }
};

/// Everything since the start of the relay. A session is a room that went live.
struct relay_counters {
  static constexpr double mib = 1024.0 * 1024.0;
  static constexpr std::size_t codes = static_cast<std::size_t>(enum_last(relay_error_code{})) + 1;
  static constexpr std::size_t reasons = static_cast<std::size_t>(enum_last(drop_reason{})) + 1;

  std::uint64_t connections = 0;
  std::array<std::uint64_t, codes> errors{};     ///< told, by code
  std::array<std::uint64_t, reasons> dropped{};  ///< by reason
  std::uint64_t sessions = 0;
  std::uint64_t sessions_ended = 0;
  std::uint64_t lanes = 0;
  std::uint64_t bytes_relayed = 0;  ///< of PEER frames and of lanes
  histogram<7> session_seconds{{1, 10, 60, 600, 3600, 21600, 86400}};
  histogram<7> session_bytes{
      {1024.0, 16 * 1024.0, mib, 16 * mib, 256 * mib, 4096 * mib, 65536 * mib}};

  relay_counters& operator+=(const relay_counters& other) noexcept {
    connections += other.connections;
    for (std::size_t i = 0; i < codes; ++i) errors[i] += other.errors[i];
    for (std::size_t i = 0; i < reasons; ++i) dropped[i] += other.dropped[i];
    sessions += other.sessions;
    sessions_ended += other.sessions_ended;
    lanes += other.lanes;
    bytes_relayed += other.bytes_relayed;
    session_seconds += other.session_seconds;
    session_bytes += other.session_bytes;
    return *this;
  }
};

/// What a relay looks like from outside at one moment: of one shard, or of several together.
struct relay_figures {
  relay_counters counters;
  std::uint64_t rooms_opened = 0;
  std::size_t connections = 0;
  std::size_t rooms = 0;
  std::size_t lane_ends = 0;  ///< connections, too
  bool is_draining = false;
  // What all shards have in common.
  std::size_t sources = 0;  ///< of connections, remembered
  std::size_t connections_max = 0;
  std::size_t rooms_max = 0;

  relay_figures& operator+=(const relay_figures& other) noexcept {
    counters += other.counters;
    rooms_opened += other.rooms_opened;
    connections += other.connections;
    rooms += other.rooms;
    lane_ends += other.lane_ends;
    is_draining = is_draining || other.is_draining;
    sources = other.sources;
    connections_max = other.connections_max;
    rooms_max = other.rooms_max;
    return *this;
  }
};

}  // namespace tallow::room
