// X25519 points of low order, which make the shared value zero, and points in odd encodings.
#include <set>

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

/// CPace's u0 to u5 and u7, and all of Wycheproof's whose result is zero.
std::vector<byte_buffer> low_order_points() {
  std::set<std::string> points;
  const auto draft = test::load_vectors("cpace/cpace-draft21-testvectors.json").at("X25519_points");
  for (const char* name : {"0", "1", "2", "3", "4", "5", "7"}) {
    points.insert(to_hex(hex(draft, (std::string("Invalid Y") + name).c_str())));
  }
  for (const auto& group : test::wycheproof_groups("x25519_test.json")) {
    for (const auto& v : group.at("tests")) {
      if (v.at("shared") == std::string(64, '0')) points.insert(v.at("public"));
    }
  }
  std::vector<byte_buffer> bytes;
  for (const auto& point : points) bytes.push_back(hex(point));
  return bytes;
}

TEST(LowOrderPoint, StopsTheInitiatorBeforeItAnswers) {
  const auto points = low_order_points();
  EXPECT_GE(points.size(), 12U);
  for (const auto& point : points) {
    handshake_pair pair;
    pair.start(a_code(), a_code());
    pair.run([&](unsigned index, byte_buffer& body) {
      if (index == 2) std::copy(point.begin(), point.end(), body.end() - 32);
      return true;
    });
    EXPECT_TRUE(message(pair.sent_i, 3).empty()) << to_hex(point);
    EXPECT_EQ(test::code_of(pair.error_i), errc::authentication_failed) << to_hex(point);
  }
}

TEST(LowOrderPoint, FromAnInitiatorThatKnowsTheCodeIsRefusedToo) {
  // It would take X25519 out of the key without the responder's knowledge: everything else about
  // this message 3 is right, its tag included.
  for (const auto& point : low_order_points()) {
    const resume_keys keys{resume_secret{}};
    test::fixed_rng rng;
    handshake r = *handshake::start_resume(handshake_role::responder, keys, {}, rng);
    const auto m0 = r.poll_transmit()->body;
    const byte_buffer m1 =
        encode_hello({handshake_role::initiator, {1}, {1}, detail::resume_caps(0), {}});
    ASSERT_TRUE(r.handle_message(1, m1, rng));
    const auto m2 = r.poll_transmit()->body;

    const auto session = session_id_of(m0, m1, keys.room());
    const auto isk = detail::resume_isk(keys.newest(), session);
    transcript messages;
    messages.add(m0);
    messages.add(m1);
    const auto stage = detail::password_stage_of(messages, session, isk, {});
    masked_key masked;
    std::copy_n(m2.begin(), 96, masked.s.begin());
    std::copy_n(m2.begin() + 96, 1536, masked.t.begin());
    std::copy_n(m2.begin() + 96 + 1536, 32, masked.rho.begin());
    const auto ek = unmask_key(masked, stage.mask, session);
    ASSERT_TRUE(ek);
    const auto pq = ml_kem_encapsulate<ml_kem_1024>(*ek, {});
    ASSERT_TRUE(pq);
    const auto hybrid =
        tallow_kem::combine(pq->secret, kem_secret{}, point, byte_view(m2).last(32));
    const auto hs = handshake_secret(stage.early, stage.th2, hybrid);
    messages.add(m2);
    byte_buffer m3(pq->ciphertext.begin(), pq->ciphertext.end());
    append(m3, point);
    const auto ctx3 = confirmation_context(messages.digest_with(m3), sha3_256({*ek}));
    append(m3, confirm(hs, label::confirm_initiator, ctx3, ctx3));

    EXPECT_EQ(test::code_of(r.handle_message(3, m3, rng)), errc::authentication_failed);
    EXPECT_FALSE(r.finished()) << to_hex(point);
  }
}

TEST(OddEncoding, OfTheSamePointDoesNotPassTheTranscript) {
  // X25519 ignores the top bit; the transcript does not.
  for (const unsigned target : {2U, 3U}) {
    handshake_pair pair;
    pair.start(a_code(), a_code());
    pair.run([&](unsigned index, byte_buffer& body) {
      if (index == target) {
        const std::size_t last = index == 2 ? body.size() - 1 : body.size() - 33;
        body[last] ^= std::byte{0x80};
      }
      return true;
    });
    EXPECT_FALSE(pair.r->finished());
    EXPECT_EQ(test::code_of(pair.error_r), errc::authentication_failed);
  }
}

}  // namespace
}  // namespace tallow::crypto
