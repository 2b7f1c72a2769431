// The transitions of the handshake machine; a part of handshake.hpp.
// @source docs/protocol/handshake.md, Handshake
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/crypto/cpace.hpp>
#include <tallow/crypto/guard.hpp>
#include <tallow/crypto/handshake.hpp>
#include <tallow/crypto/labels.hpp>
#include <tallow/crypto/rng.hpp>

namespace tallow::crypto {

namespace detail {

/// Fills each span from the generator, in order.
///
/// @errors  random_failed, crypto_failed
[[nodiscard]] inline result<void> draw(random_generator& rng,
                                       std::initializer_list<byte_span> spans) {
  return guarded(errc::crypto_failed, [&]() -> result<void> {
    for (const byte_span span : spans) rng.randomize(as_u8(span));
    return {};
  });
}

/// The suites of the options as numbers.
///
/// @errors  invalid_argument (none, too many, or one twice)
[[nodiscard]] inline result<std::vector<std::uint16_t>> suite_numbers(
    const handshake_options& options) {
  std::vector<std::uint16_t> numbers;
  for (const cipher_suite suite : options.suites) {
    const auto number = static_cast<std::uint16_t>(suite);
    if (std::find(numbers.begin(), numbers.end(), number) != numbers.end()) {
      return fail(errc::invalid_argument, 0, "a suite twice");
    }
    numbers.push_back(number);
  }
  if (numbers.empty() || numbers.size() > limits::hello_suites_max) {
    return fail(errc::invalid_argument, 0, "no suites, or too many");
  }
  return numbers;
}

/// The first of ours that the other side offers too.
template <class UInt>
[[nodiscard]] std::optional<UInt> first_common(std::span<const UInt> ours,
                                               const std::vector<UInt>& theirs) noexcept {
  for (const UInt value : ours) {
    if (std::find(theirs.begin(), theirs.end(), value) != theirs.end()) return value;
  }
  return std::nullopt;
}

/// True when `selected` takes exactly one of each thing out of `offered`.
[[nodiscard]] inline bool selects_from(const hello& selected, const hello& offered) noexcept {
  return selected.role == handshake_role::initiator && selected.versions.size() == 1 &&
         selected.suites.size() == 1 &&
         first_common<std::uint8_t>(selected.versions, offered.versions).has_value() &&
         first_common<std::uint16_t>(selected.suites, offered.suites).has_value();
}

[[nodiscard]] inline std::uint32_t resume_caps(std::uint32_t generation) noexcept {
  return caps_resume | (generation & 0xffU) << caps_generation_shift;
}

/// The secret that both sides hold and its generation, from what the responder offered: ours if
/// that is the same or one newer, the one before ours if that is what the other side has.
struct resume_choice {
  const resume_secret* secret;
  std::uint32_t generation;
};
[[nodiscard]] inline std::optional<resume_choice> choose_resume(
    const resume_keys& keys, std::uint32_t offered_caps) noexcept {
  const std::uint32_t generation = keys.generation();
  const std::uint32_t offered = offered_caps >> caps_generation_shift & 0xffU;
  if ((offered_caps & caps_resume) == 0) return std::nullopt;
  if (offered == (generation & 0xffU) || offered == ((generation + 1) & 0xffU)) {
    return resume_choice{&keys.newest(), generation};
  }
  if (keys.older() && offered == ((generation - 1) & 0xffU)) {
    return resume_choice{&*keys.older(), generation - 1};
  }
  return std::nullopt;
}

/// The responder's side of the same: which of its two the initiator has answered with.
[[nodiscard]] inline std::optional<resume_choice> find_resume(const resume_keys& keys,
                                                              std::uint32_t caps) noexcept {
  const std::uint32_t generation = keys.generation();
  if (caps == resume_caps(generation)) return resume_choice{&keys.newest(), generation};
  if (keys.older() && caps == resume_caps(generation - 1)) {
    return resume_choice{&*keys.older(), generation - 1};
  }
  return std::nullopt;
}

[[nodiscard]] inline cpace_isk resume_isk(const resume_secret& secret, const session_id& session) {
  return expand<32>(secret, label::resume_isk, session);
}

/// CPace's channel identifier: the protocol, the room and who is who.
[[nodiscard]] inline secret_buffer cpace_channel(const room_id& room) {
  return lv_cat(
      {as_bytes(label::protocol), room, as_bytes(label::initiator), as_bytes(label::responder)});
}

/// The key from an agreed point, with both HELLOs as associated data.
///
/// @errors  authentication_failed (a bad share), random_failed, crypto_failed
[[nodiscard]] inline result<cpace_isk> cpace_key(const cpace_scalar& scalar, byte_view peer_share,
                                                 const session_id& session, byte_view share_a,
                                                 byte_view hello_i, byte_view share_b, byte_view m0,
                                                 random_generator& rng) {
  const auto point = cpace_agree(scalar, peer_share, rng);
  if (!point) return fail(point.error());
  const secret_buffer messages = cpace_transcript_ir(share_a, hello_i, share_b, m0);
  return cpace_session_key(session, *point, messages.view());
}

}  // namespace detail

// ---- start ----

inline result<handshake> handshake::start_initial(handshake_role role, const code_phrase& code,
                                                  attempt_ledger& ledger,
                                                  const handshake_options& options,
                                                  random_generator& rng) {
  const bool allowed = role == handshake_role::responder ? ledger.may_answer() : !ledger.spent();
  if (!allowed) return fail(errc::code_already_spent);
  return start(role, code_source{secret_buffer(code.password()), code.room(), &ledger}, options,
               rng);
}

inline result<handshake> handshake::start_resume(handshake_role role, const resume_keys& keys,
                                                 const handshake_options& options,
                                                 random_generator& rng) {
  return start(role, resume_source{keys.clone()}, options, rng);
}

inline result<handshake> handshake::start(handshake_role role, source from,
                                          const handshake_options& options, random_generator& rng) {
  auto suites = detail::suite_numbers(options);
  if (!suites) return fail(suites.error());
  if (role == handshake_role::initiator) {
    return handshake(waits_for_m0{std::move(from), std::move(*suites)});
  }
  hello offered{
      role, {handshake_versions.begin(), handshake_versions.end()}, std::move(*suites), 0, {}};
  if (const auto* resume = std::get_if<resume_source>(&from)) {
    offered.caps = detail::resume_caps(resume->keys.generation());
  }
  if (const auto drawn = detail::draw(rng, {offered.nonce}); !drawn) return fail(drawn.error());
  byte_buffer m0 = encode_hello(offered);
  handshake machine(waits_for_m1{std::move(from), std::move(offered), m0});
  machine.outgoing_ = outgoing{0, std::move(m0)};
  return machine;
}

// ---- what goes in ----

inline result<void> handshake::handle_message(unsigned index, byte_view body,
                                              random_generator& rng) {
  if (index > 4) return fail(errc::invalid_argument);
  if (const auto* failed = std::get_if<failed_state>(&state_)) return fail(failed->first);
  if (finished()) return fail(errc::wrong_state);
  if (index != *expected()) {
    return fail_with({keyed() ? errc::authentication_failed : errc::handshake_unexpected});
  }
  auto reached = next_state(body, rng);
  if (!reached) return fail_with(reached.error());
  state_ = std::move(*reached);
  return {};
}

inline result<handshake::state> handshake::next_state(byte_view body, random_generator& rng) {
  if (auto* s = std::get_if<waits_for_m1>(&state_)) return next(std::move(*s), body, rng);
  if (auto* s = std::get_if<waits_for_m3>(&state_)) return next(std::move(*s), body, rng);
  if (auto* s = std::get_if<waits_for_m0>(&state_)) return next(std::move(*s), body, rng);
  if (auto* s = std::get_if<waits_for_m2>(&state_)) return next(std::move(*s), body, rng);
  return next(std::move(std::get<waits_for_m4>(state_)), body, rng);
}

inline result<void> handshake::handle_abort(byte_view body) {
  if (const auto* failed = std::get_if<failed_state>(&state_)) return fail(failed->first);
  if (finished()) return {};
  const error e = keyed() ? error{errc::authentication_failed} : error_of_abort(body);
  auto failure = fail_with(e);
  outgoing_.reset();
  return failure;
}

inline result<handshake_output> handshake::take_output() {
  if (const auto* failed = std::get_if<failed_state>(&state_)) return fail(failed->first);
  auto* done = std::get_if<finished_state>(&state_);
  if (done == nullptr || !done->output) return fail(errc::wrong_state);
  handshake_output output = std::move(*done->output);
  done->output.reset();
  return output;
}

inline std::optional<unsigned> handshake::expected() const noexcept {
  // In the order of the variant.
  constexpr std::array<std::optional<unsigned>, std::variant_size_v<state>> by_state = {
      1U, 3U, 0U, 2U, 4U, std::nullopt, std::nullopt};
  return by_state[state_.index()];
}

inline tl::unexpected<error> handshake::fail_with(const error& e) {
  // A typed ABORT that a transition left behind stays; anything else unsent goes.
  if (!outgoing_ || outgoing_->index != abort_index) {
    outgoing_ = outgoing{abort_index, encode_abort()};
  }
  state_ = failed_state{e};
  return fail(e);
}

// ---- the initiator ----

inline result<handshake::state> handshake::next(waits_for_m0 s, byte_view m0,
                                                random_generator& rng) {
  byte_view rest = m0;
  const auto offered = decode_hello(rest);
  if (!offered) return fail(offered.error());
  if (!rest.empty() || offered->role != handshake_role::responder) {
    return fail(errc::handshake_malformed);
  }
  const auto version = detail::first_common<std::uint8_t>(handshake_versions, offered->versions);
  if (!version) {
    outgoing_ = outgoing{abort_index, encode_abort_versions(handshake_versions)};
    const auto highest = std::max_element(offered->versions.begin(), offered->versions.end());
    return fail(errc::versions_do_not_meet, *highest);
  }
  const auto suite = detail::first_common<std::uint16_t>(s.suites, offered->suites);
  if (!suite) {
    outgoing_ = outgoing{abort_index, encode_abort_suites(s.suites)};
    const auto highest = std::max_element(offered->suites.begin(), offered->suites.end());
    return fail(errc::suites_do_not_meet, *highest);
  }

  waits_for_m2 reached{};
  reached.selected = hello{handshake_role::initiator, {*version}, {*suite}, 0, {}};
  std::optional<detail::resume_choice> choice;
  if (const auto* resume = std::get_if<resume_source>(&s.from)) {
    choice = detail::choose_resume(resume->keys, offered->caps);
    if (!choice) return fail(errc::handshake_unexpected, 0, "no resume secret in common");
    reached.selected.caps = detail::resume_caps(choice->generation);
    reached.generation = choice->generation + 1;
  }
  if (const auto drawn = detail::draw(rng, {reached.selected.nonce}); !drawn) {
    return fail(drawn.error());
  }
  reached.m0.assign(m0.begin(), m0.end());
  reached.hello_i = encode_hello(reached.selected);
  byte_buffer m1 = reached.hello_i;

  if (const auto* code = std::get_if<code_source>(&s.from)) {
    auto scalar = cpace_random_scalar(rng);
    if (!scalar) return fail(scalar.error());
    reached.session = session_id_of(m0, reached.hello_i, code->room);
    const secret_buffer channel = detail::cpace_channel(code->room);
    const auto share =
        cpace_share_of({code->password.view(), channel.view(), reached.session}, *scalar, rng);
    if (!share) return fail(share.error());
    append(m1, *share);
    reached.secret = cpace_run{std::move(*scalar), *share, code->ledger};
  } else {
    const auto& keys = std::get<resume_source>(s.from).keys;
    reached.session = session_id_of(m0, reached.hello_i, keys.room());
    reached.secret = detail::resume_isk(*choice->secret, reached.session);
  }
  reached.messages.add(m0);
  reached.messages.add(m1);
  outgoing_ = outgoing{1, std::move(m1)};
  return reached;
}

inline result<handshake::state> handshake::next(waits_for_m2 s, byte_view m2,
                                                random_generator& rng) {
  auto* run = std::get_if<cpace_run>(&s.secret);
  const std::size_t share_bytes = run != nullptr ? std::tuple_size_v<cpace_share> : 0;
  // Before anything else: what follows lets a fake responder test one guess.
  if (run != nullptr) run->ledger->spend();
  if (m2.size() != share_bytes + detail::key_offer_bytes) {
    return fail(errc::authentication_failed);
  }
  detail::answer_randomness random;
  if (const auto drawn = detail::draw(rng, {random.message.span(), random.x.span()}); !drawn) {
    return fail(drawn.error());
  }
  cpace_isk isk;
  if (run != nullptr) {
    const byte_view share_b = m2.first(share_bytes);
    auto key = detail::cpace_key(run->scalar, share_b, s.session, run->share, s.hello_i, share_b,
                                 s.m0, rng);
    if (!key) return fail(key.error());
    isk = std::move(*key);
  } else {
    isk = std::move(std::get<cpace_isk>(s.secret));
  }
  byte_buffer m3;
  auto answered =
      detail::answer_key(std::move(s.messages), s.session, isk, m2, share_bytes, random, m3);
  if (!answered) return fail(answered.error());
  outgoing_ = outgoing{3, std::move(m3)};
  return waits_for_m4{std::move(*answered), std::move(s.selected), s.generation};
}

inline result<handshake::state> handshake::next(waits_for_m4 s, byte_view m4,
                                                random_generator& /*rng*/) {
  const auto agreed = detail::accept_tag(std::move(s.answered), m4);
  if (!agreed) return fail(agreed.error());
  return finish(handshake_role::initiator, s.selected, s.generation, *agreed);
}

// ---- the responder ----

inline result<handshake::state> handshake::next(waits_for_m1 s, byte_view m1,
                                                random_generator& rng) {
  byte_view share_a = m1;
  auto selected = decode_hello(share_a);
  if (!selected) return fail(selected.error());
  const byte_view hello_i = m1.first(m1.size() - share_a.size());
  const auto* code = std::get_if<code_source>(&s.from);
  const auto* resume = std::get_if<resume_source>(&s.from);
  std::optional<detail::resume_choice> choice;
  if (resume != nullptr) choice = detail::find_resume(resume->keys, selected->caps);
  const bool caps_fit = resume != nullptr ? choice.has_value() : selected->caps == 0;
  const std::size_t share_bytes = code != nullptr ? std::tuple_size_v<cpace_share> : 0;
  if (!detail::selects_from(*selected, s.offered) || !caps_fit || share_a.size() != share_bytes) {
    return fail(errc::handshake_malformed);
  }
  if (code != nullptr && !code->ledger->may_answer()) return fail(errc::code_already_spent);

  cpace_scalar scalar;
  if (code != nullptr) {
    auto random_scalar = cpace_random_scalar(rng);
    if (!random_scalar) return fail(random_scalar.error());
    scalar = std::move(*random_scalar);
  }
  detail::offer_randomness random;
  const auto drawn = detail::draw(rng, {random.seed.span(), random.mask.span(), random.x.span()});
  if (!drawn) return fail(drawn.error());

  const room_id& room = code != nullptr ? code->room : resume->keys.room();
  const session_id session = session_id_of(s.m0, hello_i, room);
  cpace_isk isk;
  cpace_share share{};
  byte_view share_b;
  if (code != nullptr) {
    const secret_buffer channel = detail::cpace_channel(room);
    const auto made = cpace_share_of({code->password.view(), channel.view(), session}, scalar, rng);
    if (!made) return fail(made.error());
    share = *made;
    share_b = share;
    auto key = detail::cpace_key(scalar, share_a, session, share_a, hello_i, share, s.m0, rng);
    if (!key) return fail(key.error());
    isk = std::move(*key);
  } else {
    isk = detail::resume_isk(*choice->secret, session);
  }

  transcript messages;
  messages.add(s.m0);
  messages.add(m1);
  byte_buffer m2;
  auto offered =
      detail::offer_key(std::move(messages), session, isk, share_b, std::move(random), m2);
  if (!offered) return fail(offered.error());
  if (code != nullptr) code->ledger->add_answer();
  outgoing_ = outgoing{2, std::move(m2)};
  return waits_for_m3{std::move(*offered), std::move(*selected),
                      choice ? choice->generation + 1 : 0,
                      code != nullptr ? code->ledger : nullptr};
}

inline result<handshake::state> handshake::next(waits_for_m3 s, byte_view m3,
                                                random_generator& /*rng*/) {
  // Before anything else: the tag below tells whether a guess was right.
  if (s.ledger != nullptr) s.ledger->spend();
  byte_buffer m4;
  const auto agreed = detail::accept_key(std::move(s.offered), m3, m4);
  if (!agreed) return fail(agreed.error());
  outgoing_ = outgoing{4, std::move(m4)};
  return finish(handshake_role::responder, s.selected, s.generation, *agreed);
}

// ---- the end ----

inline handshake::state handshake::finish(handshake_role role, const hello& selected,
                                          std::uint32_t generation,
                                          const detail::agreed_key& agreed) {
  handshake_output output = detail::session_keys(agreed.handshake, agreed.messages.digest());
  output.role = role;
  output.version = selected.versions.front();
  output.suite = static_cast<cipher_suite>(selected.suites.front());
  output.generation = generation;
  return finished_state{std::move(output)};
}

}  // namespace tallow::crypto
