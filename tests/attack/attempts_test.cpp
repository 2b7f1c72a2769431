// Guessing codes: what counts as an attempt, and that no attempt is forgotten.
#include <gtest/gtest.h>

#include <tallow/crypto/handshake.hpp>

#include "support/handshake_pair.hpp"

namespace tallow::crypto {
namespace {

using test::a_code;
using test::handshake_pair;
using test::message;

/// Runs until so many messages were delivered; then the connection is gone.
void run_for(handshake_pair& pair, int messages) {
  int delivered = 0;
  pair.run([&](unsigned, byte_buffer&) { return delivered++ < messages; });
}

TEST(Attempts, AreSpentByTheSideThatCouldHaveBeenProbed) {
  struct row {
    int delivered;
    bool spent_r;
    bool spent_i;
    unsigned answers;
  };
  for (const auto& [delivered, spent_r, spent_i, answers] :
       {row{0, false, false, 0}, row{1, false, false, 0}, row{2, false, false, 1},
        row{3, false, true, 1}, row{4, true, true, 1}, row{5, true, true, 1}}) {
    handshake_pair pair;
    pair.start(a_code(), a_code());
    run_for(pair, delivered);
    EXPECT_EQ(pair.ledger_r.spent(), spent_r) << delivered;
    EXPECT_EQ(pair.ledger_i.spent(), spent_i) << delivered;
    EXPECT_EQ(pair.ledger_r.answers(), answers) << delivered;
  }
}

TEST(Attempts, DisconnectAfterMessage3SpendsTheCode) {
  handshake_pair pair;
  pair.start(a_code(), a_code());
  run_for(pair, 4);
  // Both try again after a restart of their handshakes, with the same ledgers.
  const auto code = a_code();
  const auto again_r =
      handshake::start_initial(handshake_role::responder, code, pair.ledger_r, {}, pair.rng_r);
  const auto again_i =
      handshake::start_initial(handshake_role::initiator, code, pair.ledger_i, {}, pair.rng_i);
  EXPECT_EQ(test::code_of(again_r), errc::code_already_spent);
  EXPECT_EQ(test::code_of(again_i), errc::code_already_spent);
}

TEST(Attempts, AFakeResponderThatVanishesHasUsedTheCodeUp) {
  // It got tag_I for its one guess and sends nothing more.
  handshake_pair pair;
  pair.start(a_code("7-zebra-acid-able"), a_code("7-zebra-acid-zoo"));
  run_for(pair, 3);
  EXPECT_FALSE(message(pair.sent_i, 3).empty());
  EXPECT_TRUE(pair.ledger_i.spent());
}

TEST(Attempts, EvenAMalformedMessage2SpendsTheInitiatorsCode) {
  handshake_pair pair;
  pair.start(a_code(), a_code());
  pair.run([](unsigned index, byte_buffer& body) {
    if (index == 2) body.resize(3);
    return true;
  });
  EXPECT_TRUE(pair.ledger_i.spent());
}

TEST(Attempts, ThreeJoinersThatVanishAreAllThatTheResponderAnswers) {
  test::fixed_rng rng(9);
  attempt_ledger ledger;
  const auto code = a_code();
  // Each handshake is thrown away at once: a crash of the machine forgets nothing.
  for (int joiner = 0; joiner < 3; ++joiner) {
    auto r = *handshake::start_initial(handshake_role::responder, code, ledger, {}, rng);
    attempt_ledger own;
    auto i = *handshake::start_initial(handshake_role::initiator, code, own, {}, rng);
    ASSERT_TRUE(i.handle_message(0, r.poll_transmit()->body, rng));
    ASSERT_TRUE(r.handle_message(1, i.poll_transmit()->body, rng));
    EXPECT_EQ(r.poll_transmit()->index, 2U);
  }
  const auto fourth = handshake::start_initial(handshake_role::responder, code, ledger, {}, rng);
  EXPECT_EQ(test::code_of(fourth), errc::code_already_spent);
}

TEST(Attempts, JoinersInParallelShareTheSameThree) {
  // Four handshakes started while answers were left, whatever the relay says about joiners.
  test::fixed_rng rng(9);
  attempt_ledger ledger;
  const auto code = a_code();
  std::vector<handshake> responders;
  responders.reserve(4);
  for (int n = 0; n < 4; ++n) {
    responders.push_back(
        *handshake::start_initial(handshake_role::responder, code, ledger, {}, rng));
  }
  int answered = 0;
  for (auto& r : responders) {
    attempt_ledger own;
    auto i = *handshake::start_initial(handshake_role::initiator, code, own, {}, rng);
    ASSERT_TRUE(i.handle_message(0, r.poll_transmit()->body, rng));
    const auto done = r.handle_message(1, i.poll_transmit()->body, rng);
    if (done) {
      ++answered;
    } else {
      EXPECT_EQ(test::code_of(done), errc::code_already_spent);
      EXPECT_EQ(r.poll_transmit()->index, handshake::abort_index);
    }
  }
  EXPECT_EQ(answered, 3);
}

TEST(Attempts, LosingTheConnectionBeforeMessage2IsFree) {
  handshake_pair pair;
  for (int n = 0; n < 10; ++n) {
    pair.start(a_code(), a_code());
    run_for(pair, n % 2);
  }
  pair.start(a_code(), a_code());
  pair.run();
  EXPECT_TRUE(pair.both_finished());
}

}  // namespace
}  // namespace tallow::crypto
