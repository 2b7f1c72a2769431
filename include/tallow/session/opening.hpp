// The handshake of a session, as frames on stream 0.
//
// @source  docs/protocol/handshake.md
#pragma once

#include <optional>
#include <utility>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/crypto/code_phrase.hpp>
#include <tallow/crypto/handshake.hpp>
#include <tallow/crypto/resume_keys.hpp>
#include <tallow/crypto/rng.hpp>
#include <tallow/session/secure_channel.hpp>
#include <tallow/wire/frame_decoder.hpp>
#include <tallow/wire/message.hpp>

namespace tallow::session {

/// Runs handshakes with one code, one at a time, until one of them succeeds or the code is spent.
class opening {
 public:
  explicit opening(crypto::random_generator& rng) noexcept
      : rng_(&rng), decoder_(frames_of_handshake, limits::unauthenticated_frame_bytes_max) {}

  /// Begins a handshake; the first in the room answers, the second initiates.
  ///
  /// @errors  those of handshake::start_initial
  [[nodiscard]] result<void> start(place placed, const crypto::code_phrase& code) {
    const auto role = placed == place::first ? crypto::handshake_role::responder
                                             : crypto::handshake_role::initiator;
    auto started = crypto::handshake::start_initial(role, code, ledger_, {}, *rng_);
    if (!started) return fail(started.error());
    run_.emplace(std::move(*started));
    decoder_ = frame_decoder(frames_of_handshake, limits::unauthenticated_frame_bytes_max);
    return {};
  }

  /// Begins a reconnect within a session family.
  ///
  /// @errors  those of handshake::start_resume
  [[nodiscard]] result<void> start_resume(place placed, const crypto::resume_keys& keys) {
    const auto role = placed == place::first ? crypto::handshake_role::responder
                                             : crypto::handshake_role::initiator;
    auto started = crypto::handshake::start_resume(role, keys, {}, *rng_);
    if (!started) return fail(started.error());
    run_.emplace(std::move(*started));
    decoder_ = frame_decoder(frames_of_handshake, limits::unauthenticated_frame_bytes_max);
    return {};
  }

  /// Takes frames out of `bytes` up to the one that completes the handshake; what follows it stays.
  ///
  /// @shape   returns whether it is complete
  /// @errors  those of frame_decoder, handshake::handle_message and handle_abort (all final);
  ///          poll_transmit() may still have an ABORT to send
  [[nodiscard]] result<bool> handle_bytes(byte_span& bytes) {
    while (!run_->finished()) {
      const auto frame = decoder_.next(bytes);
      if (!frame) return fail(frame.error());
      if (!*frame) return false;
      if (auto done = handle(**frame); !done) return fail(done.error());
    }
    return true;
  }

  /// A frame to be sent.
  struct outgoing {
    frame_type type{};
    byte_buffer bytes;
  };

  /// The next frame to be sent, if there is one. A handshake_4 is only sent to a peer that has
  /// proved to know the code.
  ///
  /// @errors  message_too_large: never for what a handshake says
  [[nodiscard]] result<std::optional<outgoing>> poll_transmit() {
    auto message = run_ ? run_->poll_transmit() : std::nullopt;
    if (!message) return std::nullopt;
    outgoing out{frame_of(message->index), {}};
    if (auto done = append_frame(out.bytes, out.type, message->body); !done) {
      return fail(done.error());
    }
    return out;
  }

  /// The keys of a complete handshake, and stream 0 as far as it was decoded.
  ///
  /// @errors  wrong_state, crypto_failed
  [[nodiscard]] result<secure_channel> take_channel() {
    auto keys = run_->take_output();
    run_.reset();
    if (!keys) return fail(keys.error());
    return secure_channel::make(std::move(*keys), std::move(decoder_));
  }

  /// Forgets the handshake under way and its secrets; the attempts stay counted.
  void abandon() noexcept { run_.reset(); }

  /// True when no other handshake may run with the code.
  [[nodiscard]] bool code_spent() const noexcept { return ledger_.spent(); }

 private:
  [[nodiscard]] result<void> handle(const frame_view& frame) {
    if (frame.type == frame_type::abort) return run_->handle_abort(frame.body);
    const auto index =
        static_cast<unsigned>(frame.type) - static_cast<unsigned>(frame_type::handshake_0);
    return run_->handle_message(index, frame.body, *rng_);
  }

  static frame_type frame_of(unsigned index) noexcept {
    if (index == crypto::handshake::abort_index) return frame_type::abort;
    return static_cast<frame_type>(static_cast<unsigned>(frame_type::handshake_0) + index);
  }

  crypto::random_generator* rng_;
  crypto::attempt_ledger ledger_;
  frame_decoder decoder_;
  std::optional<crypto::handshake> run_;
};

}  // namespace tallow::session
