// How much one stranger may ask of a relay.
//
// @source  docs/protocol/room.md, Limits
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>

#include <tallow/base/time.hpp>
#include <tallow/room/token_bucket.hpp>

namespace tallow::room {

/// Where a connection comes from: an IPv4 address, or the network of an IPv6 one, as a number.
using source_id = std::uint64_t;

/// What an operator grants to each source.
struct admission_options {
  token_rate connections{30, std::chrono::minutes(1), 60};
  /// Rooms that it may open.
  token_rate rooms{10, std::chrono::minutes(1), 20};
  /// Joins that may come to nothing: refused, or with a partner and never live. A person who
  /// mistypes a code needs a handful; who looks for rooms, or guesses codes in them, needs
  /// thousands.
  token_rate vain_joins{30, std::chrono::minutes(1), 30};
  /// Connections at once that have no place in a room or a lane; 0: any number.
  std::size_t pending_max = 32;
  /// Connections that are told why they are refused as they come. A word costs a handshake of TLS:
  /// who comes on regardless gets none.
  token_rate words{60, std::chrono::minutes(1), 60};
};

/// Counts what each source does. Sources that have done nothing for a while are forgotten.
class admission {
 public:
  /// Sources remembered at once. When there are more, those without a pending connection start
  /// afresh: the memory of a relay is worth more than that of its visitors.
  static constexpr std::size_t sources_max = 10'000;

  explicit admission(const admission_options& options) noexcept : options_(options) {}

  /// Other limits from now on. What a source has used up counts for as long as it would have.
  void change(const admission_options& options) noexcept { options_ = options; }

  /// A connection comes, and is pending until left_pending().
  ///
  /// @shape  false: its source has too many already, so that it is not worth a word
  [[nodiscard]] bool came(source_id source, instant now) {
    make_room(source, now);
    state& s = states_[source];
    ++s.pending;
    return options_.pending_max == 0 || s.pending <= options_.pending_max;
  }

  /// A pending connection has got a place, or is gone.
  void left_pending(source_id source) {
    const auto found = states_.find(source);
    if (found != states_.end() && found->second.pending > 0) --found->second.pending;
  }

  /// Whether a connection that is refused as it comes is told why. True: it was counted.
  [[nodiscard]] bool take_word(source_id source, instant now) {
    return take(states_[source].words, options_.words, now) == duration::zero();
  }

  /// How long a source has to wait for another connection, a room of its own, another join. Zero:
  /// it was counted.
  [[nodiscard]] duration take_connection(source_id source, instant now) {
    return take(states_[source].connections, options_.connections, now);
  }
  [[nodiscard]] duration take_room(source_id source, instant now) {
    return take(states_[source].rooms, options_.rooms, now);
  }
  [[nodiscard]] duration join_wait(source_id source, instant now) const {
    const auto found = states_.find(source);
    if (found == states_.end()) return duration::zero();
    return found->second.vain_joins.wait(options_.vain_joins, 1, now);
  }

  /// A connection has come to be of use: a transfer goes over it.
  void give_connection_back(source_id source) {
    const auto found = states_.find(source);
    if (found != states_.end()) found->second.connections.give_back(options_.connections, 1);
  }

  void count_join(source_id source, instant now) {
    states_[source].vain_joins.take(options_.vain_joins, 1, now);
  }

  /// A join that was counted was not in vain.
  void give_join_back(source_id source) {
    const auto found = states_.find(source);
    if (found != states_.end()) found->second.vain_joins.give_back(options_.vain_joins, 1);
  }

  [[nodiscard]] std::size_t source_count() const noexcept { return states_.size(); }

 private:
  struct state {
    token_bucket connections;
    token_bucket rooms;
    token_bucket vain_joins;
    token_bucket words;
    std::size_t pending = 0;

    [[nodiscard]] bool is_idle(instant now) const noexcept {
      return pending == 0 && connections.is_full(now) && rooms.is_full(now) &&
             vain_joins.is_full(now) && words.is_full(now);
    }
  };

  static duration take(token_bucket& from, const token_rate& rate, instant now) noexcept {
    const duration wait = from.wait(rate, 1, now);
    if (wait == duration::zero()) from.take(rate, 1, now);
    return wait;
  }

  // So seldom that it costs nothing: each time it frees at least half of the table, but for sources
  // with a connection, whose number is limited elsewhere.
  void make_room(source_id newcomer, instant now) {
    if (states_.size() < sources_max || states_.find(newcomer) != states_.end()) return;
    std::erase_if(states_, [&](const auto& one) { return one.second.is_idle(now); });
    if (states_.size() <= sources_max / 2) return;
    std::erase_if(states_, [](const auto& one) { return one.second.pending == 0; });
  }

  admission_options options_;
  std::map<source_id, state> states_;  // in order: no choice of sources makes it slow
};

}  // namespace tallow::room
