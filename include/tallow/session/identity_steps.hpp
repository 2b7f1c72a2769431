// How the two sides of a session say who they are; a part of session.hpp.
//
// @source  docs/protocol/handshake.md, Identities
#pragma once

#include <utility>

#include <tallow/base/error.hpp>
#include <tallow/base/time.hpp>
#include <tallow/crypto/identity.hpp>
#include <tallow/session/session.hpp>
#include <tallow/wire/message.hpp>

namespace tallow::session {

// A statement is made once and said again like every message, so what it is bound to must outlive
// the connection.
template <class Transfer, class Link>
void session<Transfer, Link>::bind_identities() {
  ident_binding_.emplace(channel_->ident_binding());
  ident_role_ = channel_->role();
  ident_due_ = options_.signer != nullptr;
}

template <class Transfer, class Link>
result<void> session<Transfer, Link>::state_identity(instant now) {
  auto statement = options_.signer->state(ident_role_, *ident_binding_, *rng_);
  if (!statement) return fail(statement.error());
  byte_buffer plaintext;
  append_sealed_plaintext(plaintext, ident{std::move(*statement)});
  log_.add(plaintext);
  return say_sealed(plaintext, now);
}

template <class Transfer, class Link>
result<void> session<Transfer, Link>::on_ident(const ident& m) {
  if (peer_identity_ || offer_told_) return fail(errc::peer_message_unexpected, 0, "IDENT");
  const auto theirs = ident_role_ == crypto::handshake_role::initiator
                          ? crypto::handshake_role::responder
                          : crypto::handshake_role::initiator;
  const auto who = crypto::check_statement(m.identity, theirs, *ident_binding_);
  if (!who) return fail(who.error());
  peer_identity_ = *who;
  tell(identified{*who});
  return {};
}

}  // namespace tallow::session
