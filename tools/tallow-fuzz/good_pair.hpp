// Two clients who keep to the protocol, and notice when a relay no longer serves them.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <utility>
#include <variant>

#include <tallow/base/bytes.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/room/room_client.hpp>

#include "fuzz/seeded_random.hpp"
#include "fuzz/violation.hpp"
#include "tools/tallow-fuzz/relay_choice.hpp"
#include "tools/tallow-fuzz/relay_end.hpp"
#include "tools/tallow-fuzz/room_end.hpp"

namespace tallow::fuzz {

/// Why nothing can be found out about a relay that did nothing wrong.
class hindered : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

namespace detail {

/// One of them.
class good_client {
 public:
  good_client(relay_end end, const room_id& room, std::byte side)
      : end_(std::move(end), {want::either, side_of(side), room, "tallow-fuzz"}) {}

  /// @errors  throws violation when the relay ends it, hindered when it cannot serve us
  void turn() {
    using enum room_end::state;
    const auto found = end_.turn([this](const room::client_event& event) { note(event); });
    require(found != nonsense, "the relay says what no client understands");
    require(found != ended, "the relay ends a connection that did nothing wrong");
    require(found != silent, "the relay is silent");
  }

  [[nodiscard]] room::client& speech() noexcept { return end_.speech(); }
  [[nodiscard]] bool has_company() const noexcept { return has_company_; }
  /// Bytes that have come from the other, and were not taken.
  byte_buffer heard;

 private:
  static side_id side_of(std::byte side) {
    side_id id{};
    id.fill(side);
    return id;
  }

  void note(const room::client_event& event) {
    if (const auto* more = std::get_if<room::slice>(&event)) append(heard, more->bytes);
    const auto* in = std::get_if<room::joined>(&event);
    const bool is_second = in != nullptr && in->placed == place::second;
    if (is_second || std::holds_alternative<room::peer_arrived>(event)) has_company_ = true;
    if (const auto* no = std::get_if<room::refused>(&event)) {
      if (no->report.code == relay_error_code::relay_full) {
        throw hindered(
            "the relay is full: so many runs need one with more rooms, or the rooms of earlier "
            "ones "
            "are still there");
      }
      if (no->report.code == relay_error_code::tls_required) {
        throw hindered("the relay takes TLS alone: leave out --plain");
      }
      throw violation("the relay refuses a client that did nothing wrong");
    }
    require(!std::holds_alternative<room::peer_gone>(event), "the relay parts a pair");
  }

  room_end end_;
  bool has_company_ = false;
};

}  // namespace detail

/// A pair in a room of its own.
class good_pair {
 public:
  /// Connects both, and waits until they have met.
  ///
  /// @errors  throws violation
  good_pair(const relay_choice& choice, seeded_random& random)
      : patience_(choice.patience),
        room_(room_of(random)),
        a_(arrive(choice, 1)),
        b_(arrive(choice, 2)) {
    until([&] { return a_.has_company() && b_.has_company(); }, "a pair does not meet in time");
    detail::good_client& first = a_.speech().placed() == place::first ? a_ : b_;
    require(first.speech().confirm().has_value(), "a pair cannot become live");
    talk(first, &first == &a_ ? b_ : a_, random);
  }

  /// Each does what a client has to while it has nothing to say.
  ///
  /// @errors  throws violation
  void keep_up() {
    a_.turn();
    b_.turn();
  }

  /// Each sends something, and gets what the other has sent.
  ///
  /// @errors  throws violation
  void talk(seeded_random& random) {
    talk(a_, b_, random);
    talk(b_, a_, random);
  }

 private:
  static constexpr std::size_t talk_bytes = std::size_t{128} * 1024;

  static room_id room_of(seeded_random& random) {
    room_id room{};
    for (std::byte& b : room) b = random.byte();
    return room;
  }

  detail::good_client arrive(const relay_choice& choice, unsigned side) {
    auto end = relay_end::connect(choice.relay, choice.how, choice.patience);
    require(end.has_value(), "the relay takes no connection");
    return {std::move(*end), room_, static_cast<std::byte>(side)};
  }

  void talk(detail::good_client& from, detail::good_client& to, seeded_random& random) {
    byte_buffer said(talk_bytes);
    std::generate(said.begin(), said.end(), [&] { return random.byte(); });
    byte_view rest = said;
    while (!rest.empty()) {
      const byte_view slice = rest.first(std::min(rest.size(), limits::peer_slice_bytes_max));
      require(from.speech().send_slice(stream_id{1}, slice).has_value(), "a pair cannot talk");
      rest = rest.subspan(slice.size());
    }
    until([&] { return to.heard.size() >= said.size(); }, "a pair does not get its bytes in time");
    require(to.heard == said, "a pair gets other bytes than were sent");
    to.heard.clear();
  }

  template <class Done>
  void until(Done done, const char* otherwise) {
    require(take_turns(patience_, done, [this] { keep_up(); }), otherwise);
  }

  std::chrono::milliseconds patience_;
  room_id room_;
  detail::good_client a_;
  detail::good_client b_;
};

}  // namespace tallow::fuzz
