#include <gtest/gtest.h>

#include <tallow/crypto/handshake.hpp>

#include "support/handshake_pair.hpp"
#include "support/vectors.hpp"

namespace tallow::crypto {
namespace {

using test::a_code;
using test::handshake_pair;
using test::hex;
using test::message;

void expect_same_keys(handshake_output& a, handshake_output& b) {
  EXPECT_EQ(a.ts_i2r, b.ts_i2r);
  EXPECT_EQ(a.ts_r2i, b.ts_r2i);
  EXPECT_EQ(a.resume, b.resume);
  EXPECT_EQ(a.export_secret, b.export_secret);
  EXPECT_EQ(a.claims, b.claims);
  EXPECT_EQ(a.sas, b.sas);
  EXPECT_EQ(a.th5, b.th5);
  EXPECT_EQ(a.suite, b.suite);
}

TEST(Handshake, GivesBothSidesTheSameKeys) {
  handshake_pair pair;
  pair.start(a_code(), a_code());
  pair.run();
  ASSERT_TRUE(pair.both_finished());
  EXPECT_TRUE(pair.r->peer_authenticated());
  auto r = pair.r->take_output();
  auto i = pair.i->take_output();
  ASSERT_TRUE(r && i);
  expect_same_keys(*r, *i);
  EXPECT_EQ(r->generation, 0U);
  EXPECT_EQ(r->suite, cipher_suite::aes_256_gcm);
  EXPECT_EQ(r->role, handshake_role::responder);
  EXPECT_EQ(i->role, handshake_role::initiator);
  EXPECT_EQ(r->receiving(), i->sending());
  EXPECT_NE(r->ts_i2r, r->ts_r2i);
}

TEST(Handshake, SendsMessagesOfTheSpecifiedLength) {
  handshake_pair pair;
  pair.start(a_code(), a_code());
  pair.run();
  EXPECT_EQ(message(pair.sent_r, 2).size(), 1761U);
  EXPECT_EQ(message(pair.sent_i, 3).size(), 1632U);
  EXPECT_EQ(message(pair.sent_r, 4).size(), 32U);
  std::size_t total = 0;
  for (const auto& sent : {pair.sent_r, pair.sent_i}) {
    for (const auto& out : sent) total += out.body.size();
  }
  EXPECT_EQ(total, 3584U);
}

TEST(Handshake, FailsOnBothSidesWithAnotherPassword) {
  handshake_pair pair;
  pair.start(a_code("7-crossover-clockwork"), a_code("7-crossover-cotton"));
  pair.run();
  EXPECT_FALSE(pair.r->finished());
  EXPECT_FALSE(pair.i->finished());
  EXPECT_EQ(pair.error_r->code, errc::authentication_failed);
  EXPECT_EQ(pair.error_i->code, errc::authentication_failed);
  EXPECT_TRUE(pair.ledger_r.spent());
  EXPECT_TRUE(pair.ledger_i.spent());
}

TEST(Handshake, TakesTheInitiatorsFavouriteSuite) {
  handshake_pair pair;
  pair.start(a_code(), a_code(), {},
             {{cipher_suite::chacha20_poly1305, cipher_suite::aes_256_gcm}});
  pair.run();
  ASSERT_TRUE(pair.both_finished());
  EXPECT_EQ(pair.r->take_output()->suite, cipher_suite::chacha20_poly1305);
}

TEST(Handshake, NamesItsSuitesWhenNoneIsCommon) {
  handshake_pair pair;
  pair.start(a_code(), a_code(), {{cipher_suite::aes_256_gcm}},
             {{cipher_suite::chacha20_poly1305}});
  pair.run();
  EXPECT_EQ(pair.error_i->code, errc::suites_do_not_meet);
  EXPECT_EQ(pair.error_i->at, 1U);
  EXPECT_EQ(pair.error_r->code, errc::suites_do_not_meet);
  EXPECT_EQ(pair.error_r->at, 2U);
  EXPECT_EQ(message(pair.sent_i, handshake::abort_index), hex("02010002"));
  EXPECT_FALSE(pair.ledger_i.spent());
  EXPECT_EQ(pair.ledger_r.answers(), 0U);
}

TEST(Handshake, NamesItsVersionsWhenNoneIsCommon) {
  handshake_pair pair;
  pair.start(a_code(), a_code());
  pair.run([](unsigned index, byte_buffer& body) {
    if (index == 0) body[6] = std::byte{9};
    return true;
  });
  EXPECT_EQ(pair.error_i->code, errc::versions_do_not_meet);
  EXPECT_EQ(pair.error_i->at, 9U);
  EXPECT_EQ(pair.error_r->code, errc::versions_do_not_meet);
  EXPECT_EQ(pair.error_r->at, 1U);
  EXPECT_EQ(message(pair.sent_i, handshake::abort_index), hex("010101"));
}

TEST(Handshake, RepeatsItsFirstErrorAfterFailing) {
  handshake_pair pair;
  pair.start(a_code(), a_code());
  const byte_buffer junk(10);
  EXPECT_EQ(pair.i->handle_message(0, junk, pair.rng_i).error().code, errc::handshake_malformed);
  const auto m0 = pair.r->poll_transmit();
  EXPECT_EQ(pair.i->handle_message(0, m0->body, pair.rng_i).error().code,
            errc::handshake_malformed);
  EXPECT_EQ(pair.i->handle_abort({}).error().code, errc::handshake_malformed);
  EXPECT_EQ(pair.i->take_output().error().code, errc::handshake_malformed);
  const auto abort = pair.i->poll_transmit();
  EXPECT_EQ(abort->index, handshake::abort_index);
  EXPECT_EQ(abort->body, hex("00"));
  EXPECT_FALSE(pair.i->poll_transmit().has_value());
}

TEST(Handshake, IllegalLocalCallsChangeNothing) {
  handshake_pair pair;
  pair.start(a_code(), a_code());
  EXPECT_EQ(pair.r->take_output().error().code, errc::wrong_state);
  EXPECT_EQ(pair.r->handle_message(5, {}, pair.rng_r).error().code, errc::invalid_argument);
  EXPECT_EQ(pair.i->handle_message(77, {}, pair.rng_i).error().code, errc::invalid_argument);
  pair.run();
  ASSERT_TRUE(pair.both_finished());
  EXPECT_EQ(pair.r->handle_message(3, {}, pair.rng_r).error().code, errc::wrong_state);
  EXPECT_EQ(pair.i->handle_message(0, {}, pair.rng_i).error().code, errc::wrong_state);
  EXPECT_TRUE(pair.both_finished());
  EXPECT_TRUE(pair.r->take_output().has_value());
  EXPECT_EQ(pair.r->take_output().error().code, errc::wrong_state);
}

TEST(Handshake, RefusesEveryMessageThatIsNotNext) {
  // For each state, each index but the one that it waits for.
  for (unsigned wrong = 0; wrong <= 4; ++wrong) {
    for (unsigned steps = 0; steps < 5; ++steps) {
      handshake_pair pair;
      pair.start(a_code(), a_code());
      unsigned carried = 0;
      pair.run([&](unsigned, byte_buffer&) { return carried++ < steps; });
      for (auto* side : {&*pair.r, &*pair.i}) {
        if (side->finished()) continue;
        const unsigned next_r = steps < 2 ? 1U : 3U;
        const unsigned next_i = steps < 1 ? 0U : steps < 3 ? 2U : 4U;
        const unsigned next = side == &*pair.r ? next_r : next_i;
        if (wrong == next) continue;
        const auto done = side->handle_message(wrong, byte_buffer(32), pair.rng_r);
        ASSERT_FALSE(done.has_value());
        EXPECT_EQ(done.error().code,
                  next >= 3 ? errc::authentication_failed : errc::handshake_unexpected);
      }
    }
  }
}

TEST(Handshake, IgnoresAnAbortOnceThePeerIsAuthenticated) {
  handshake_pair pair;
  pair.start(a_code(), a_code());
  pair.run();
  EXPECT_TRUE(pair.r->handle_abort(encode_abort()).has_value());
  EXPECT_TRUE(pair.i->handle_abort(encode_abort()).has_value());
  EXPECT_TRUE(pair.both_finished());
}

TEST(Handshake, EndsOnAnAbort) {
  handshake_pair pair;
  pair.start(a_code(), a_code());
  EXPECT_EQ(pair.r->handle_abort(encode_abort()).error().code, errc::handshake_aborted);
  EXPECT_FALSE(pair.r->poll_transmit().has_value()) << "an ABORT is not answered by another";
  EXPECT_FALSE(pair.ledger_r.spent());
}

TEST(Handshake, ReportsAGeneratorThatFails) {
  const auto code = a_code();
  for (int requests = 0; requests < 40; ++requests) {
    test::failing_rng rng_r(requests);
    test::failing_rng rng_i(requests);
    attempt_ledger ledger_r;
    attempt_ledger ledger_i;
    auto r = handshake::start_initial(handshake_role::responder, code, ledger_r, {}, rng_r);
    auto i = handshake::start_initial(handshake_role::initiator, code, ledger_i, {}, rng_i);
    ASSERT_TRUE(i.has_value());
    if (!r) {
      EXPECT_EQ(r.error().code, errc::random_failed);
      continue;
    }
    // Until somebody has nothing more to say; no exception comes out.
    for (int step = 0; step < 5; ++step) {
      auto& from = step % 2 == 0 ? *r : *i;
      auto& to = step % 2 == 0 ? *i : *r;
      const auto out = from.poll_transmit();
      if (!out || out->index == handshake::abort_index) break;
      const auto done = to.handle_message(out->index, out->body, step % 2 == 0 ? rng_i : rng_r);
      if (!done) {
        EXPECT_EQ(done.error().code, errc::random_failed) << requests;
        EXPECT_EQ(to.poll_transmit()->index, handshake::abort_index);
        break;
      }
    }
  }
}

TEST(Handshake, RefusesBadOptions) {
  test::fixed_rng rng;
  attempt_ledger ledger;
  const auto code = a_code();
  for (const handshake_options& bad :
       {handshake_options{{}},
        handshake_options{{cipher_suite::aes_256_gcm, cipher_suite::aes_256_gcm}}}) {
    const auto made = handshake::start_initial(handshake_role::responder, code, ledger, bad, rng);
    EXPECT_EQ(made.error().code, errc::invalid_argument);
  }
}

TEST(HandshakeResume, GivesTheNextGeneration) {
  handshake_pair first;
  first.start(a_code(), a_code());
  first.run();
  resume_keys keys_r(std::move(first.r->take_output()->resume));
  resume_keys keys_i(std::move(first.i->take_output()->resume));
  EXPECT_EQ(keys_r.room(), keys_i.room());
  for (std::uint32_t generation = 1; generation <= 3; ++generation) {
    handshake_pair pair;
    pair.start_resume(keys_r, keys_i);
    pair.run();
    ASSERT_TRUE(pair.both_finished()) << describe(*pair.error_r);
    auto r = pair.r->take_output();
    auto i = pair.i->take_output();
    expect_same_keys(*r, *i);
    EXPECT_EQ(r->generation, generation);
    EXPECT_EQ(message(pair.sent_r, 2).size(), 1761U - 65U);
    keys_r.advance(r->generation, std::move(r->resume));
    keys_i.advance(i->generation, std::move(i->resume));
  }
}

TEST(HandshakeResume, SurvivesTheLossOfTheLastMessage) {
  handshake_pair first;
  first.start(a_code(), a_code());
  first.run();
  resume_keys keys_r(std::move(first.r->take_output()->resume));
  resume_keys keys_i(std::move(first.i->take_output()->resume));
  // Twice in a row: R has the next secret, I does not.
  for (int lost = 0; lost < 2; ++lost) {
    handshake_pair pair;
    pair.start_resume(keys_r, keys_i);
    pair.run([](unsigned index, byte_buffer&) { return index != 4; });
    ASSERT_TRUE(pair.r->finished());
    ASSERT_FALSE(pair.i->finished());
    auto r = pair.r->take_output();
    keys_r.advance(r->generation, std::move(r->resume));
    EXPECT_EQ(keys_r.generation(), 1U);
  }
  // R offers generation 1, I answers 0; and also with the roles changed, where R offers 0.
  for (const bool changed : {false, true}) {
    handshake_pair pair;
    if (changed) {
      pair.start_resume(keys_i, keys_r);
    } else {
      pair.start_resume(keys_r, keys_i);
    }
    pair.run();
    ASSERT_TRUE(pair.both_finished()) << changed;
    EXPECT_EQ(pair.r->take_output()->generation, 1U);
    EXPECT_EQ(pair.i->take_output()->generation, 1U);
  }
}

TEST(HandshakeResume, CountsGenerationsPastAByte) {
  const resume_secret a{std::span<const std::byte, 64>(std::array<std::byte, 64>{})};
  const room_id room{};
  const resume_keys keys_r(room, 256, a.clone(), a.clone());
  const resume_keys keys_i(room, 255, a.clone(), std::nullopt);
  handshake_pair pair;
  pair.start_resume(keys_r, keys_i);
  pair.run();
  ASSERT_TRUE(pair.both_finished());
  EXPECT_EQ(pair.r->take_output()->generation, 256U);
}

}  // namespace
}  // namespace tallow::crypto
