// Somebody between the two sends a side's own messages back to it.
#include <gtest/gtest.h>

#include <tallow/crypto/handshake.hpp>

#include "support/handshake_pair.hpp"

namespace tallow::crypto {
namespace {

using test::a_code;
using test::handshake_pair;
using test::message;

resume_keys some_resume_keys() {
  resume_secret secret;
  secret.span()[0] = std::byte{1};
  return resume_keys(std::move(secret));
}

/// A responder of a reconnect that offers one suite: its HELLO differs from an answer to it in
/// nothing but the role.
handshake lone_responder(test::fixed_rng& rng) {
  return *handshake::start_resume(handshake_role::responder, some_resume_keys(),
                                  {{cipher_suite::aes_256_gcm}}, rng);
}

TEST(Reflection, AResponderRefusesItsOwnHello) {
  test::fixed_rng rng;
  handshake r = lone_responder(rng);
  const auto m0 = r.poll_transmit()->body;
  EXPECT_EQ(test::code_of(r.handle_message(1, m0, rng)), errc::handshake_malformed);
  EXPECT_EQ(r.poll_transmit()->index, handshake::abort_index) << "no second message";
}

TEST(Reflection, AnInitiatorRefusesTheHelloOfAnother) {
  test::fixed_rng rng;
  handshake r = lone_responder(rng);
  auto m0 = r.poll_transmit()->body;
  m0[4] = std::byte{'I'};
  handshake i = *handshake::start_resume(handshake_role::initiator, some_resume_keys(), {}, rng);
  EXPECT_EQ(test::code_of(i.handle_message(0, m0, rng)), errc::handshake_malformed);
}

TEST(Reflection, AResponderRefusesItsOwnKeyMessage) {
  handshake_pair pair;
  pair.start(a_code(), a_code());
  byte_buffer m2;
  pair.run([&](unsigned index, byte_buffer& body) {
    if (index == 2) m2 = body;
    return index != 2;
  });
  for (const std::size_t size : {m2.size(), detail::key_answer_bytes}) {
    handshake_pair again;
    again.start(a_code(), a_code());
    again.run([](unsigned index, byte_buffer&) { return index != 2; });
    auto reflected = message(again.sent_r, 2);
    reflected.resize(size);
    EXPECT_EQ(test::code_of(again.r->handle_message(3, reflected, again.rng_r)),
              errc::authentication_failed);
  }
}

TEST(Reflection, AnInitiatorRefusesItsOwnTag) {
  handshake_pair pair;
  pair.start(a_code(), a_code());
  byte_buffer tag_i;
  pair.run([&](unsigned index, byte_buffer& body) {
    if (index == 3) tag_i.assign(body.end() - 32, body.end());
    if (index == 4) body = tag_i;
    return true;
  });
  EXPECT_TRUE(pair.r->finished());
  EXPECT_FALSE(pair.i->finished());
  EXPECT_EQ(test::code_of(pair.error_i), errc::authentication_failed);
}

TEST(Reflection, AnEchoOfNonceAndShareLeadsNowhere) {
  // Whoever has no code answers with what he was sent, to either side, and has no tag.
  handshake_pair pair;
  pair.start(a_code(), a_code());
  byte_buffer share_a;
  pair.run([&](unsigned index, byte_buffer& body) {
    if (index == 1) {
      const auto m0 = message(pair.sent_r, 0);
      share_a.assign(body.end() - 65, body.end());
      std::copy(m0.end() - 32, m0.end(), body.begin() + 14);  // the responder's nonce
    }
    if (index == 2) std::copy(share_a.begin(), share_a.end(), body.begin());
    return true;
  });
  EXPECT_FALSE(pair.r->finished());
  EXPECT_FALSE(pair.i->finished());
  EXPECT_EQ(test::code_of(pair.error_r), errc::authentication_failed);
}

TEST(Reflection, TwoInitiatorsOrTwoRespondersNeverAgree) {
  test::fixed_rng rng;
  attempt_ledger ledger;
  const auto code = a_code();
  handshake r1 = *handshake::start_initial(handshake_role::responder, code, ledger, {}, rng);
  handshake r2 = *handshake::start_initial(handshake_role::responder, code, ledger, {}, rng);
  EXPECT_EQ(test::code_of(r1.handle_message(0, r2.poll_transmit()->body, rng)),
            errc::handshake_unexpected);
}

}  // namespace
}  // namespace tallow::crypto
