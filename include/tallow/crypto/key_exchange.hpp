// The arithmetic of messages 2 to 4: masked key, encapsulation, confirmation. No state machine.
// @source docs/protocol/handshake.md, Messages
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/secret.hpp>
#include <tallow/crypto/cpace.hpp>
#include <tallow/crypto/hash.hpp>
#include <tallow/crypto/hybrid_kem.hpp>
#include <tallow/crypto/key_mask.hpp>
#include <tallow/crypto/key_schedule.hpp>
#include <tallow/crypto/labels.hpp>

namespace tallow::crypto::detail {

// s | T | rho | X_R, behind the responder's CPace share.
inline constexpr std::size_t key_offer_bytes =
    mask_random_bytes + key_vector_bytes + key_matrix_seed_bytes + 32;
// ct | X_I | tag
inline constexpr std::size_t key_answer_bytes = tallow_kem::ciphertext_bytes + 32;

/// What the responder draws for message 2, in this order.
struct offer_randomness {
  ml_kem_seed seed;
  mask_random mask;
  x25519_secret x;
};

/// What the initiator draws for message 3, in this order.
using answer_randomness = tallow_kem::randomness;

/// What both sides have before the key encapsulation.
struct password_stage {
  schedule_secret early;  // ES
  digest64 th2;
  mask_secret mask;  // prs2
};

/// `share_b` is empty in a reconnect.
[[nodiscard]] inline password_stage password_stage_of(const transcript& m0_m1, byte_view session,
                                                      const cpace_isk& isk, byte_view share_b) {
  password_stage stage{extract(session, isk.view()), m0_m1.digest_with(share_b), {}};
  stage.mask = expand<64>(stage.early, label::mask_secret, stage.th2);
  return stage;
}

/// What the responder keeps between messages 2 and 3.
struct offered_key {
  transcript messages;  // M0 M1 M2
  schedule_secret early;
  digest64 th2;
  tallow_kem::secret_key key;
  digest32 key_hash;
};

/// What the initiator keeps between messages 3 and 4.
struct answered_key {
  transcript messages;  // M0 to M3
  schedule_secret handshake;
  digest64 ctx3;
};

/// What either side has at the end.
struct agreed_key {
  transcript messages;  // M0 to M4
  schedule_secret handshake;
};

/// The responder's half of message 2: writes it and returns what message 3 will be opened with.
///
/// @errors  crypto_failed
[[nodiscard]] inline result<offered_key> offer_key(transcript messages, byte_view session,
                                                   const cpace_isk& isk, byte_view share_b,
                                                   offer_randomness random, byte_buffer& m2) {
  const password_stage stage = password_stage_of(messages, session, isk, share_b);
  const auto ek = ml_kem_public<ml_kem_1024>(random.seed);
  if (!ek) return fail(ek.error());
  const auto x = x25519_public_of(random.x);
  if (!x) return fail(x.error());
  const masked_key masked = mask_key(*ek, random.mask, stage.mask, session);

  m2.assign(share_b.begin(), share_b.end());
  for (const byte_view part :
       {byte_view(masked.s), byte_view(masked.t), byte_view(masked.rho), byte_view(*x)}) {
    append(m2, part);
  }
  messages.add(m2);
  return offered_key{std::move(messages),
                     stage.early.clone(),
                     stage.th2,
                     {std::move(random.seed), std::move(random.x)},
                     sha3_256({*ek})};
}

/// The initiator: unmasks message 2, encapsulates, writes message 3.
///
/// @errors  authentication_failed (wrong length, T not canonical, X_R of low order), crypto_failed
[[nodiscard]] inline result<answered_key> answer_key(transcript messages, byte_view session,
                                                     const cpace_isk& isk, byte_view m2,
                                                     std::size_t share_bytes,
                                                     const answer_randomness& random,
                                                     byte_buffer& m3) {
  if (m2.size() != share_bytes + key_offer_bytes) return fail(errc::authentication_failed);
  const password_stage stage = password_stage_of(messages, session, isk, m2.first(share_bytes));
  masked_key masked;
  byte_view rest = m2.subspan(share_bytes);
  for (const byte_span field : {byte_span(masked.s), byte_span(masked.t), byte_span(masked.rho)}) {
    std::copy_n(rest.begin(), field.size(), field.begin());
    rest = rest.subspan(field.size());
  }
  const auto ek = unmask_key(masked, stage.mask, session);
  if (!ek) return fail(ek.error());

  std::array<std::byte, tallow_kem::key_bytes> key;
  std::copy(rest.begin(), rest.end(), std::copy(ek->begin(), ek->end(), key.begin()));
  const auto sealed = tallow_kem::encapsulate(key, random);
  if (!sealed) return fail(sealed.error());

  messages.add(m2);
  m3.assign(sealed->ciphertext.begin(), sealed->ciphertext.end());
  const digest64 ctx3 = confirmation_context(messages.digest_with(m3), sha3_256({*ek}));
  schedule_secret handshake = handshake_secret(stage.early, stage.th2, sealed->secret);
  append(m3, confirm(handshake, label::confirm_initiator, ctx3, ctx3));
  messages.add(m3);
  return answered_key{std::move(messages), std::move(handshake), ctx3};
}

/// The responder: opens message 3, verifies the initiator's tag, writes message 4. Whatever is
/// wrong with a message of the right length, all of the work is done before it is refused.
///
/// @errors  authentication_failed (wrong length, X_I of low order, wrong tag), crypto_failed
[[nodiscard]] inline result<agreed_key> accept_key(offered_key offered, byte_view m3,
                                                   byte_buffer& m4) {
  if (m3.size() != key_answer_bytes) return fail(errc::authentication_failed);
  const byte_view sealed = m3.first(tallow_kem::ciphertext_bytes);
  const auto hybrid = tallow_kem::decapsulate(offered.key, sealed);
  if (!hybrid) return fail(hybrid.error());

  schedule_secret handshake = handshake_secret(offered.early, offered.th2, *hybrid);
  const digest64 ctx3 =
      confirmation_context(offered.messages.digest_with(sealed), offered.key_hash);
  const confirmation_tag expected = confirm(handshake, label::confirm_initiator, ctx3, ctx3);
  if (!equal_constant_time(m3.subspan(sealed.size()), expected)) {
    return fail(errc::authentication_failed);
  }
  offered.messages.add(m3);
  const auto tag = confirm(handshake, label::confirm_responder, ctx3, offered.messages.digest());
  m4.assign(tag.begin(), tag.end());
  offered.messages.add(m4);
  return agreed_key{std::move(offered.messages), std::move(handshake)};
}

/// The initiator: verifies the responder's tag.
///
/// @errors  authentication_failed
[[nodiscard]] inline result<agreed_key> accept_tag(answered_key answered, byte_view m4) {
  const auto expected = confirm(answered.handshake, label::confirm_responder, answered.ctx3,
                                answered.messages.digest());
  if (!equal_constant_time(m4, expected)) return fail(errc::authentication_failed);
  answered.messages.add(m4);
  return agreed_key{std::move(answered.messages), std::move(answered.handshake)};
}

}  // namespace tallow::crypto::detail
