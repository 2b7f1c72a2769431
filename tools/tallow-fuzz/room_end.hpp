// A client of a room, over a connection to the relay under test.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <tallow/base/bytes.hpp>
#include <tallow/base/time.hpp>
#include <tallow/room/room_client.hpp>

#include "tools/tallow-fuzz/relay_end.hpp"

namespace tallow::fuzz {

class room_end {
 public:
  /// How it is after a turn.
  enum class state : std::uint8_t {
    open,
    silent,    ///< nothing has come for longer than relays are silent
    nonsense,  ///< something came that no client understands
    ended,     ///< by the relay
  };

  room_end(relay_end end, room::client_options options)
      : end_(std::move(end)), speech_(std::move(options), now()) {}

  /// Sends and reads what can be now; waits a moment where there is nothing.
  ///
  /// @param on_event  called with each event
  template <class OnEvent>
  [[nodiscard]] state turn(OnEvent on_event) {
    while (!speech_.poll_transmit().empty()) {
      const std::size_t sent = end_.send(speech_.poll_transmit());
      if (sent == 0) break;
      speech_.transmitted(sent);
    }
    if (end_.wait(std::chrono::milliseconds(1))) {
      byte_buffer bytes = end_.read();
      byte_span input = bytes;
      for (;;) {
        auto event = speech_.next(input, now());
        if (!event) return state::nonsense;
        if (!*event) break;
        on_event(**event);
      }
    }
    if (end_.is_ended()) return state::ended;
    return speech_.handle_timeout(now()) ? state::open : state::silent;
  }

  [[nodiscard]] room::client& speech() noexcept { return speech_; }

  static instant now() { return std::chrono::steady_clock::now(); }

 private:
  relay_end end_;
  room::client speech_;
};

/// Takes turns until `done`; false when that is not so before time is over.
template <class Done, class Turn>
[[nodiscard]] bool take_turns(std::chrono::milliseconds most, Done done, Turn turn) {
  const instant end = room_end::now() + most;
  while (!done()) {
    if (room_end::now() > end) return false;
    turn();
  }
  return true;
}

}  // namespace tallow::fuzz
