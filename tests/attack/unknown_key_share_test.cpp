// Three parties with one code, and the same words in different rooms.
#include <gtest/gtest.h>

#include <tallow/crypto/handshake.hpp>

#include "support/handshake_pair.hpp"

namespace tallow::crypto {
namespace {

using test::a_code;

// One of those who have the code.
struct party {
  party(handshake_role role, std::uint64_t seed)
      : rng(seed), machine(*handshake::start_initial(role, a_code(), ledger, {}, rng)) {}

  result<void> handle(unsigned index, const byte_buffer& body) {
    return machine.handle_message(index, body, rng);
  }

  test::fixed_rng rng;
  attempt_ledger ledger;
  handshake machine;
};

TEST(UnknownKeyShare, OnlyTheResponderWhoseHelloWasSeenCanFinish) {
  // Two responders with the same code; the relay gives the initiator's messages to both.
  party a(handshake_role::responder, 1);
  party b(handshake_role::responder, 2);
  party i(handshake_role::initiator, 3);
  (void)b.machine.poll_transmit();
  ASSERT_TRUE(i.handle(0, a.machine.poll_transmit()->body));
  const auto m1 = i.machine.poll_transmit()->body;
  ASSERT_TRUE(a.handle(1, m1));
  ASSERT_TRUE(b.handle(1, m1));
  const auto m2_a = a.machine.poll_transmit()->body;
  const auto m2_b = b.machine.poll_transmit()->body;
  EXPECT_NE(m2_a, m2_b);
  ASSERT_TRUE(i.handle(2, m2_a));
  const auto m3 = i.machine.poll_transmit()->body;
  EXPECT_EQ(test::code_of(b.handle(3, m3)), errc::authentication_failed);
  ASSERT_TRUE(a.handle(3, m3));
  ASSERT_TRUE(i.handle(4, a.machine.poll_transmit()->body));
  EXPECT_EQ(a.machine.take_output()->sas, i.machine.take_output()->sas);
}

TEST(UnknownKeyShare, AnswerOfAnotherResponderIsRefused) {
  party a(handshake_role::responder, 1);
  party b(handshake_role::responder, 2);
  party i(handshake_role::initiator, 3);
  (void)b.machine.poll_transmit();
  ASSERT_TRUE(i.handle(0, a.machine.poll_transmit()->body));
  ASSERT_TRUE(b.handle(1, i.machine.poll_transmit()->body));
  ASSERT_TRUE(i.handle(2, b.machine.poll_transmit()->body));
  EXPECT_EQ(test::code_of(b.handle(3, i.machine.poll_transmit()->body)),
            errc::authentication_failed);
}

TEST(UnknownKeyShare, TheSameWordsInAnotherRoomAreAnotherCode) {
  test::handshake_pair pair;
  pair.start(a_code("7-zebra-acid-zoo"), a_code("8-zebra-acid-zoo"));
  pair.run();
  EXPECT_FALSE(pair.r->finished());
  EXPECT_FALSE(pair.i->finished());
  EXPECT_EQ(test::code_of(pair.error_r), errc::authentication_failed);
}

}  // namespace
}  // namespace tallow::crypto
