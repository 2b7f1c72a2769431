// Who claims to be somebody else.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <botan/ed25519.h>
#include <botan/ml_dsa.h>
#include <botan/pubkey.h>
#include <gtest/gtest.h>

#include <tallow/crypto/identity.hpp>

#include "support/test_rng.hpp"

namespace tallow::crypto {
namespace {

using layout = identity_layout;

ident_binding binding_of(std::uint8_t value) {
  std::array<std::byte, 64> bytes{};
  bytes.fill(static_cast<std::byte>(value));
  return ident_binding(bytes);
}

errc refusal_of(byte_view statement, handshake_role role, std::uint8_t session) {
  const auto who = check_statement(statement, role, binding_of(session));
  EXPECT_FALSE(who);
  return who ? errc::cancelled : who.error().code;
}

// Whoever receives a statement would like to be its maker towards somebody else.
TEST(IdentityAttack, AStatementIsOfNoUseInAnotherSessionOrFromTheOtherSide) {
  test::fixed_rng rng(1);
  const identity alice = identity::make(rng).value();
  const auto statement = alice.state(handshake_role::initiator, binding_of(1), rng).value();
  ASSERT_TRUE(check_statement(statement, handshake_role::initiator, binding_of(1)));
  EXPECT_EQ(refusal_of(statement, handshake_role::initiator, 2), errc::identity_invalid);
  EXPECT_EQ(refusal_of(statement, handshake_role::responder, 1), errc::identity_invalid);
}

// One who can forge one of the two kinds of signature is still nobody else.
TEST(IdentityAttack, BothSignaturesAreRequired) {
  test::fixed_rng rng(2);
  const identity alice = identity::make(rng).value();
  const identity mallory = identity::make(rng).value();
  const auto hers = alice.state(handshake_role::initiator, binding_of(1), rng).value();
  const auto his = mallory.state(handshake_role::initiator, binding_of(1), rng).value();
  // Her keys with one signature of his, and a key of his with all else of hers.
  const auto part = [&](std::size_t from, std::size_t count) {
    byte_buffer mixed = hers;
    std::copy_n(his.begin() + static_cast<std::ptrdiff_t>(from), count,
                mixed.begin() + static_cast<std::ptrdiff_t>(from));
    return mixed;
  };
  EXPECT_EQ(refusal_of(part(layout::keys, layout::ed25519_signature), handshake_role::initiator, 1),
            errc::identity_invalid);
  EXPECT_EQ(refusal_of(part(layout::keys + layout::ed25519_signature, layout::ml_dsa_signature),
                       handshake_role::initiator, 1),
            errc::identity_invalid);
  EXPECT_EQ(refusal_of(part(layout::ed25519_key, layout::ml_dsa_key), handshake_role::initiator, 1),
            errc::identity_invalid);
  EXPECT_EQ(refusal_of(part(0, layout::ed25519_key), handshake_role::initiator, 1),
            errc::identity_invalid);
}

// Under a key of small order there are signatures that hold for many texts and that nobody made
// (speccheck, case 0: this key). The rest of the statement is the attacker's own.
TEST(IdentityAttack, AKeyOfSmallOrderIsNone) {
  constexpr std::array<unsigned char, 32> small_order{
      0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
      0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
      0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a};
  test::fixed_rng rng(3);
  const Botan::ML_DSA_PrivateKey own(rng, Botan::ML_DSA_Mode::ML_DSA_6x5);
  byte_buffer keys;
  append(keys, std::as_bytes(std::span(small_order)));
  const std::vector<std::uint8_t> own_key = own.public_key_bits();
  append(keys, std::as_bytes(std::span(own_key)));
  std::array<std::byte, 64> nobodys{};  // R is the neutral element, S is zero
  nobodys[0] = std::byte{1};
  unsigned accepted_by_botan = 0;
  for (unsigned session = 0; session < 100; ++session) {
    const auto number = static_cast<std::uint8_t>(session);
    const byte_buffer text = detail::ident_text(handshake_role::initiator,
                                                detail::fingerprint_of(keys), binding_of(number));
    const Botan::Ed25519_PublicKey weak(small_order);
    if (!detail::is_signed_by(weak, text, nobodys)) continue;
    ++accepted_by_botan;
    byte_buffer statement = keys;
    append(statement, nobodys);
    Botan::PK_Signer signer(own, rng, "");
    const std::vector<std::uint8_t> signature = signer.sign_message(as_u8(text), rng);
    append(statement, std::as_bytes(std::span(signature)));
    EXPECT_EQ(refusal_of(statement, handshake_role::initiator, number), errc::identity_invalid);
  }
  EXPECT_GT(accepted_by_botan, 0U) << "the check would not be needed";
}

}  // namespace
}  // namespace tallow::crypto
