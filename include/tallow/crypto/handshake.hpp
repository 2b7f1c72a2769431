// The handshake: five messages from a shared code, or a shared secret, to the keys of a session.
// @source docs/protocol/handshake.md, Handshake
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include <tallow/base/assert.hpp>
#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/secret.hpp>
#include <tallow/base/units.hpp>
#include <tallow/crypto/attempt_ledger.hpp>
#include <tallow/crypto/code_phrase.hpp>
#include <tallow/crypto/handshake_abort.hpp>
#include <tallow/crypto/handshake_types.hpp>
#include <tallow/crypto/hello.hpp>
#include <tallow/crypto/key_exchange.hpp>
#include <tallow/crypto/resume_keys.hpp>
#include <tallow/crypto/rng.hpp>

namespace tallow::crypto {

/// One run of the handshake, for one side.
///
/// Rules for the owner: after every call, poll_transmit() until it is empty; one thread; no call
/// takes a time, so whoever owns it gives up after limits::handshake_timeout. Each state is a type
/// of its own that its transition consumes, so a secret lives only as long as the state that needs
/// it. A machine that failed stays failed and repeats its first error; a call that is wrong here
/// returns wrong_state or invalid_argument and changes nothing.
///
/// What is drawn from the generator, in this order, before anything that merely blinds with it:
///   both at the start (R) or at message 0 (I): nonce 32; I: CPace scalar 32
///   R at message 1: CPace scalar 32, ML-KEM seed 64, mask 96, X25519 32
///   I at message 2: ML-KEM message 32, X25519 32
/// (no CPace scalar in a reconnect), so that a fixed generator gives a fixed run.
class handshake {
 public:
  /// A first handshake. The ledger belongs to the code and outlives this object.
  ///
  /// @errors  code_already_spent, invalid_argument (no suites, too many, or one twice),
  ///          random_failed, crypto_failed
  [[nodiscard]] static result<handshake> start_initial(handshake_role role, const code_phrase& code,
                                                       attempt_ledger& ledger,
                                                       const handshake_options& options,
                                                       random_generator& rng);

  /// A reconnect within a session family. It spends nothing, and its failure wipes nothing.
  ///
  /// @errors  invalid_argument (no suites, too many, or one twice), random_failed, crypto_failed
  [[nodiscard]] static result<handshake> start_resume(handshake_role role, const resume_keys& keys,
                                                      const handshake_options& options,
                                                      random_generator& rng);

  /// Takes in message `index` (0 to 4) of the other side.
  ///
  /// @errors  before message 2: handshake_malformed, handshake_unexpected, versions_do_not_meet
  ///          and suites_do_not_meet (`at` is the highest number that the other side speaks),
  ///          code_already_spent (a fourth initiator), authentication_failed (a bad CPace share);
  ///          from message 2 on: authentication_failed for whatever is wrong; at any time
  ///          random_failed, crypto_failed; all of these are final. wrong_state and
  ///          invalid_argument change nothing
  [[nodiscard]] result<void> handle_message(unsigned index, byte_view body, random_generator& rng);

  /// Takes in an ABORT, which nobody has authenticated: the handshake has failed. Once the other
  /// side's tag has verified it is ignored, since then only a sealed ABORT counts.
  ///
  /// @errors  handshake_aborted, versions_do_not_meet, suites_do_not_meet; from message 2 on
  ///          authentication_failed; all final
  [[nodiscard]] result<void> handle_abort(byte_view body);

  /// A message to be sent: `index` 0 to 4, or abort_index.
  struct outgoing {
    unsigned index;
    byte_buffer body;
  };
  static constexpr unsigned abort_index = 5;

  /// The next message to be sent, if there is one.
  [[nodiscard]] std::optional<outgoing> poll_transmit() {
    return std::exchange(outgoing_, std::nullopt);
  }

  /// True when the keys are there. The responder's last message may still have to be polled.
  [[nodiscard]] bool finished() const noexcept {
    return std::holds_alternative<finished_state>(state_);
  }

  /// True when the other side has proven that it knows the secret. Nothing of the session may be
  /// acted upon before.
  [[nodiscard]] bool peer_authenticated() const noexcept { return finished(); }

  /// The keys, once.
  ///
  /// @errors  wrong_state (not finished, or taken before), or the error that the machine failed
  ///          with
  [[nodiscard]] result<handshake_output> take_output();

 private:
  // Where the key before the encapsulation comes from.
  struct code_source {
    secret_buffer password;
    room_id room;
    attempt_ledger* ledger;
  };
  struct resume_source {
    resume_keys keys;
  };
  using source = std::variant<code_source, resume_source>;

  // R, between messages.
  struct waits_for_m1 {
    source from;
    hello offered;
    byte_buffer m0;
  };
  struct waits_for_m3 {
    detail::offered_key offered;
    hello selected;
    std::uint32_t generation;
    attempt_ledger* ledger;  // null in a reconnect
  };
  // I, between messages.
  struct waits_for_m0 {
    source from;
    std::vector<std::uint16_t> suites;
  };
  struct cpace_run {
    cpace_scalar scalar;
    cpace_share share;
    attempt_ledger* ledger;
  };
  struct waits_for_m2 {
    std::variant<cpace_run, cpace_isk> secret;
    session_id session;
    hello selected;
    byte_buffer m0;
    byte_buffer hello_i;
    transcript messages;  // M0 M1
    std::uint32_t generation;
  };
  struct waits_for_m4 {
    detail::answered_key answered;
    hello selected;
    std::uint32_t generation;
  };
  struct finished_state {
    std::optional<handshake_output> output;
  };
  struct failed_state {
    error first;
  };
  using state = std::variant<waits_for_m1, waits_for_m3, waits_for_m0, waits_for_m2, waits_for_m4,
                             finished_state, failed_state>;

  explicit handshake(state first) noexcept : state_(std::move(first)) {}

  [[nodiscard]] static result<handshake> start(handshake_role role, source from,
                                               const handshake_options& options,
                                               random_generator& rng);

  // The transitions. Each consumes its state; an error ends the machine.
  [[nodiscard]] result<state> next(waits_for_m1 s, byte_view m1, random_generator& rng);
  [[nodiscard]] result<state> next(waits_for_m3 s, byte_view m3, random_generator& rng);
  [[nodiscard]] result<state> next(waits_for_m0 s, byte_view m0, random_generator& rng);
  [[nodiscard]] result<state> next(waits_for_m2 s, byte_view m2, random_generator& rng);
  [[nodiscard]] result<state> next(waits_for_m4 s, byte_view m4, random_generator& rng);
  [[nodiscard]] result<state> next_state(byte_view body, random_generator& rng);

  [[nodiscard]] static state finish(handshake_role role, const hello& selected,
                                    std::uint32_t generation, const detail::agreed_key& agreed);
  // The message that this state waits for; nothing at the end.
  [[nodiscard]] std::optional<unsigned> expected() const noexcept;
  // Message 2 was sent or taken in: every failure of the other side is the same one from here.
  [[nodiscard]] bool keyed() const noexcept { return expected().value_or(0) >= 3; }
  [[nodiscard]] tl::unexpected<error> fail_with(const error& e);

  state state_;
  std::optional<outgoing> outgoing_;
};

}  // namespace tallow::crypto

#include <tallow/crypto/handshake_steps.hpp>
