// Three parties with one code, and the same words in different rooms.
#include <gtest/gtest.h>

#include <tallow/crypto/handshake.hpp>

#include "support/handshake_pair.hpp"

namespace tallow::crypto {
namespace {

using test::a_code;

TEST(UnknownKeyShare, OnlyTheResponderWhoseHelloWasSeenCanFinish) {
  // Two responders with the same code; the relay gives the initiator's messages to both.
  test::fixed_rng rng_a(1);
  test::fixed_rng rng_b(2);
  test::fixed_rng rng_i(3);
  attempt_ledger ledger_a;
  attempt_ledger ledger_b;
  attempt_ledger ledger_i;
  const auto code = a_code();
  auto a = *handshake::start_initial(handshake_role::responder, code, ledger_a, {}, rng_a);
  auto b = *handshake::start_initial(handshake_role::responder, code, ledger_b, {}, rng_b);
  auto i = *handshake::start_initial(handshake_role::initiator, code, ledger_i, {}, rng_i);
  (void)b.poll_transmit();
  ASSERT_TRUE(i.handle_message(0, a.poll_transmit()->body, rng_i));
  const auto m1 = i.poll_transmit()->body;
  ASSERT_TRUE(a.handle_message(1, m1, rng_a));
  ASSERT_TRUE(b.handle_message(1, m1, rng_b));
  const auto m2_a = a.poll_transmit()->body;
  const auto m2_b = b.poll_transmit()->body;
  EXPECT_NE(m2_a, m2_b);
  ASSERT_TRUE(i.handle_message(2, m2_a, rng_i));
  const auto m3 = i.poll_transmit()->body;
  EXPECT_EQ(test::code_of(b.handle_message(3, m3, rng_b)), errc::authentication_failed);
  ASSERT_TRUE(a.handle_message(3, m3, rng_a));
  ASSERT_TRUE(i.handle_message(4, a.poll_transmit()->body, rng_i));
  EXPECT_EQ(a.take_output()->sas, i.take_output()->sas);
}

TEST(UnknownKeyShare, AnswerOfAnotherResponderIsRefused) {
  test::fixed_rng rng_a(1);
  test::fixed_rng rng_b(2);
  test::fixed_rng rng_i(3);
  attempt_ledger ledger_a;
  attempt_ledger ledger_b;
  attempt_ledger ledger_i;
  const auto code = a_code();
  auto a = *handshake::start_initial(handshake_role::responder, code, ledger_a, {}, rng_a);
  auto b = *handshake::start_initial(handshake_role::responder, code, ledger_b, {}, rng_b);
  auto i = *handshake::start_initial(handshake_role::initiator, code, ledger_i, {}, rng_i);
  (void)b.poll_transmit();
  ASSERT_TRUE(i.handle_message(0, a.poll_transmit()->body, rng_i));
  ASSERT_TRUE(b.handle_message(1, i.poll_transmit()->body, rng_b));
  ASSERT_TRUE(i.handle_message(2, b.poll_transmit()->body, rng_i));
  EXPECT_EQ(test::code_of(b.handle_message(3, i.poll_transmit()->body, rng_b)),
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
