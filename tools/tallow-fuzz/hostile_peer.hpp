// The other side of a transfer, authenticated, and bound by nothing.
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <utility>
#include <variant>

#include <botan/system_rng.h>

#include <tallow/base/bytes.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/crypto/code_phrase.hpp>
#include <tallow/room/room_client.hpp>
#include <tallow/session/opening.hpp>
#include <tallow/session/secure_channel.hpp>
#include <tallow/wire/message.hpp>
#include <tallow/wire/peer_messages.hpp>

#include "tools/tallow-fuzz/relay_choice.hpp"
#include "tools/tallow-fuzz/relay_end.hpp"
#include "tools/tallow-fuzz/room_end.hpp"

namespace tallow::fuzz {

/// Meets the other side as a program would that keeps to the protocol; what is said then is up to
/// its owner.
class hostile_peer {
 public:
  /// @param patience  how long anything of the other side's is waited for
  hostile_peer(relay_end end, crypto::code_phrase code, want wanted,
               std::chrono::milliseconds patience)
      : code_(std::move(code)),
        patience_(patience),
        end_(std::move(end), {wanted, random_side(), code_.room(), "tallow-fuzz"}) {}

  /// Waits for the other side, and shakes hands.
  ///
  /// @param wait  how long the other side may take to come
  /// @shape   returns false when nobody came, or who came does not know the code
  [[nodiscard]] bool meet(std::chrono::milliseconds wait) {
    const auto done = [&] { return channel_.has_value() || is_over_; };
    return take_turns(wait, done, [this] { turn(); }) && channel_.has_value();
  }

  /// Seals a message, whoever should say it when.
  template <message M>
  void say(const M& m) {
    byte_buffer plaintext;
    append_sealed_plaintext(plaintext, m);
    say_plaintext(plaintext);
  }
  void say_plaintext(byte_view plaintext) { say_frame(control_stream, sealed(plaintext)); }
  /// A frame as it is.
  void say_frame(stream_id stream, byte_view frame) {
    (void)end_.speech().send_slice(stream, frame);
  }
  [[nodiscard]] byte_buffer sealed(byte_view plaintext) {
    return channel_->seal(plaintext).value_or(byte_buffer());
  }

  /// The next message of this type; those before it are passed over. Nothing when there comes none.
  template <message M>
  [[nodiscard]] std::optional<M> hear() {
    std::optional<M> found;
    (void)until([&] {
      while (!found && !heard_.empty()) {
        const byte_buffer plaintext = std::move(heard_.front());
        heard_.pop_front();
        if (plaintext.empty() || plaintext[0] != static_cast<std::byte>(M::type)) continue;
        auto m = decode_body<M>(byte_view(plaintext).subspan(1));
        if (m) found = std::move(*m);
      }
      return found.has_value() || is_over_;
    });
    return found;
  }

  /// Waits until the other side ends it; false when it does not.
  [[nodiscard]] bool is_ended_by_other() {
    return until([&] { return is_over_; });
  }
  /// Why it says that it ends it, if it says that.
  [[nodiscard]] std::optional<abort_reason> reason() const noexcept { return reason_; }

  [[nodiscard]] session::secure_channel& channel() noexcept { return *channel_; }

  /// Says farewell, so that the other side need not wait for more.
  void leave() {
    if (is_over_) return;
    if (channel_) say(peer_abort{abort_reason::cancelled});
    (void)end_.speech().close(close_reason::done);
    turn();
  }

 private:
  static side_id random_side() {
    side_id id{};
    Botan::system_rng().randomize(as_u8(byte_span(id)));
    return id;
  }

  template <class Done>
  bool until(Done done) {
    return take_turns(patience_, done, [this] { turn(); });
  }

  void turn() {
    const auto found = end_.turn([this](room::client_event& event) { note(event); });
    is_over_ = is_over_ || found != room_end::state::open;
  }

  void note(room::client_event& event) {
    const auto* in = std::get_if<room::joined>(&event);
    const auto* came = std::get_if<room::peer_arrived>(&event);
    if (in != nullptr && in->placed == place::second) start(in->placed);
    if (came != nullptr) start(came->placed);
    if (const auto* gone = std::get_if<room::peer_gone>(&event)) {
      opening_.abandon();
      is_over_ = is_over_ || !gone->still_waiting;
    }
    if (std::holds_alternative<room::refused>(event)) is_over_ = true;
    auto* more = std::get_if<room::slice>(&event);
    if (more == nullptr || more->stream != control_stream) return;  // lanes carry nothing to us
    byte_span bytes = more->bytes;
    if (!channel_) shake_hands(bytes);
    if (channel_ && !bytes.empty()) open(bytes);
  }

  void start(place placed) {
    is_over_ = is_over_ || !opening_.start(placed, code_);
    say_handshake();
  }

  void say_handshake() {
    for (;;) {
      const auto out = opening_.poll_transmit();
      if (!out || !*out) break;
      if ((*out)->type == frame_type::handshake_4) (void)end_.speech().confirm();
      (void)end_.speech().send_slice(control_stream, (*out)->bytes);
    }
  }

  void shake_hands(byte_span& bytes) {
    const auto is_complete = opening_.handle_bytes(bytes);
    say_handshake();
    if (!is_complete) {
      is_over_ = true;
    } else if (*is_complete) {
      if (auto made = opening_.take_channel()) channel_.emplace(std::move(*made));
    }
  }

  void open(byte_span bytes) {
    for (;;) {
      const auto plaintext = channel_->open(bytes);
      if (!plaintext) is_over_ = true;
      if (!plaintext || !*plaintext) return;
      heard_.emplace_back((*plaintext)->begin(), (*plaintext)->end());
      const byte_view said = heard_.back();
      if (said.empty() || said[0] != static_cast<std::byte>(sealed_type::abort)) continue;
      if (const auto why = decode_body<peer_abort>(said.subspan(1))) reason_ = why->reason;
      is_over_ = true;
    }
  }

  crypto::code_phrase code_;
  std::chrono::milliseconds patience_;
  room_end end_;
  session::opening opening_{Botan::system_rng()};
  std::optional<session::secure_channel> channel_;
  std::deque<byte_buffer> heard_;
  std::optional<abort_reason> reason_;
  bool is_over_ = false;
};

}  // namespace tallow::fuzz
