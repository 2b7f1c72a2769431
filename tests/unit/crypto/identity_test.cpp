// Identities, as far as Botan does not decide about them.
#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include <gtest/gtest.h>

#include <tallow/crypto/identity.hpp>

#include "support/test_rng.hpp"

namespace tallow::crypto {
namespace {

ident_binding binding_of(std::uint8_t value) {
  std::array<std::byte, 64> bytes{};
  bytes.fill(static_cast<std::byte>(value));
  return ident_binding(bytes);
}

class IdentityTest : public ::testing::Test {
 protected:
  test::fixed_rng rng{7};
  identity own = identity::make(rng).value();
};

TEST_F(IdentityTest, IsRecognisedByWhatItStates) {
  for (const auto role : {handshake_role::initiator, handshake_role::responder}) {
    const auto statement = own.state(role, binding_of(1), rng);
    ASSERT_TRUE(statement);
    EXPECT_EQ(statement->size(), 5357U);
    const auto who = check_statement(*statement, role, binding_of(1));
    ASSERT_TRUE(who);
    EXPECT_EQ(*who, own.fingerprint());
  }
}

TEST_F(IdentityTest, IsTheSameFromItsSeed) {
  const auto again = identity::from_seed(own.seed().clone());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->fingerprint(), own.fingerprint());
  EXPECT_TRUE(std::ranges::equal(again->public_keys(), own.public_keys()));
  const auto statement = again->state(handshake_role::initiator, binding_of(2), rng);
  ASSERT_TRUE(statement);
  EXPECT_EQ(check_statement(*statement, handshake_role::initiator, binding_of(2)).value(),
            own.fingerprint());
  const auto other = identity::make(rng);
  ASSERT_TRUE(other);
  EXPECT_NE(other->fingerprint(), own.fingerprint());
}

TEST_F(IdentityTest, DoesNotHoldWithAnyByteChanged) {
  const auto statement = own.state(handshake_role::initiator, binding_of(1), rng);
  ASSERT_TRUE(statement);
  for (std::size_t at = 0; at < statement->size(); at += 97) {
    byte_buffer changed = *statement;
    changed[at] ^= std::byte{0x10};
    const auto who = check_statement(changed, handshake_role::initiator, binding_of(1));
    ASSERT_FALSE(who) << at;
    EXPECT_EQ(who.error().code, errc::identity_invalid) << at;
  }
}

TEST_F(IdentityTest, DoesNotHoldInAnotherLength) {
  auto statement = own.state(handshake_role::initiator, binding_of(1), rng).value();
  statement.push_back(std::byte{0});
  EXPECT_FALSE(check_statement(statement, handshake_role::initiator, binding_of(1)));
  statement.resize(statement.size() - 2);
  EXPECT_FALSE(check_statement(statement, handshake_role::initiator, binding_of(1)));
  EXPECT_FALSE(check_statement({}, handshake_role::initiator, binding_of(1)));
}

}  // namespace
}  // namespace tallow::crypto
