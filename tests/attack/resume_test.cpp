// Reconnects replayed, made with old secrets, or made twice at once; and that no key ever meets a
// number twice.
#include <set>

#include <gtest/gtest.h>

#include <tallow/crypto/handshake.hpp>

#include "support/handshake_pair.hpp"

namespace tallow::crypto {
namespace {

using test::handshake_pair;
using test::message;

/// Both sides' secrets after a first handshake.
struct family {
  resume_keys r{resume_secret{}};
  resume_keys i{resume_secret{}};

  family() {
    handshake_pair first;
    first.start(test::a_code(), test::a_code());
    first.run();
    r = resume_keys(std::move(first.r->take_output()->resume));
    i = resume_keys(std::move(first.i->take_output()->resume));
  }

  void reconnect(handshake_pair& pair) {
    pair.start_resume(r, i);
    pair.run();
    ASSERT_TRUE(pair.both_finished());
    auto out_r = pair.r->take_output();
    auto out_i = pair.i->take_output();
    r.advance(out_r->generation, std::move(out_r->resume));
    i.advance(out_i->generation, std::move(out_i->resume));
  }
};

TEST(Resume, ReplayOfAnOldResponderIsRefused) {
  family f;
  handshake_pair old;
  f.reconnect(old);
  // Somebody without secrets plays R's messages of that run to an initiator that still has them.
  test::fixed_rng rng(5);
  auto i = *handshake::start_resume(handshake_role::initiator, f.i, {}, rng);
  ASSERT_TRUE(i.handle_message(0, message(old.sent_r, 0), rng));
  ASSERT_TRUE(i.handle_message(2, message(old.sent_r, 2), rng)) << "a mask hides all keys alike";
  EXPECT_EQ(test::code_of(i.handle_message(4, message(old.sent_r, 4), rng)),
            errc::authentication_failed);
}

TEST(Resume, ReplayOfAnOldInitiatorIsRefused) {
  family f;
  handshake_pair old;
  const resume_keys before = f.r.clone();
  f.reconnect(old);
  // Even to a responder that is still where it was then.
  for (const resume_keys* keys : {&before, static_cast<const resume_keys*>(&f.r)}) {
    test::fixed_rng rng(5);
    auto r = *handshake::start_resume(handshake_role::responder, *keys, {}, rng);
    ASSERT_TRUE(r.handle_message(1, message(old.sent_i, 1), rng));
    EXPECT_EQ(test::code_of(r.handle_message(3, message(old.sent_i, 3), rng)),
              errc::authentication_failed);
  }
}

TEST(Resume, WithASecretThatWasReplacedIsRefused) {
  family f;
  const resume_keys stolen = f.i.clone();  // generation 0
  for (int n = 0; n < 2; ++n) {
    handshake_pair pair;
    f.reconnect(pair);
  }
  f.r.confirm();
  f.i.confirm();
  // The thief joins the responder, then waits for the initiator.
  handshake_pair joins;
  joins.start_resume(f.r, stolen);
  joins.run();
  EXPECT_EQ(test::code_of(joins.error_i), errc::handshake_unexpected);
  EXPECT_FALSE(joins.r->finished());
  handshake_pair waits;
  waits.start_resume(stolen, f.i);
  waits.run();
  EXPECT_EQ(test::code_of(waits.error_i), errc::handshake_unexpected);
  EXPECT_FALSE(waits.r->finished());
}

TEST(Resume, WithTheSecretBeforeIsRefusedOnceTheNextIsConfirmed) {
  family f;
  const resume_keys stolen = f.i.clone();
  handshake_pair pair;
  f.reconnect(pair);
  // Until then the other side may not have come further, and the thief could be that side.
  f.r.confirm();
  f.i.confirm();
  handshake_pair joins;
  joins.start_resume(f.r, stolen);
  joins.run();
  EXPECT_FALSE(joins.r->finished() || joins.i->finished());
  handshake_pair waits;
  waits.start_resume(stolen, f.i);
  waits.run();
  EXPECT_FALSE(waits.r->finished() || waits.i->finished());
}

TEST(Resume, WithAForgedGenerationIsRefused) {
  // Pushing a side back to the older secret that it still keeps fails: M0 is in the transcript.
  family f;
  handshake_pair once;
  f.reconnect(once);  // both at 1, both keep 0
  for (const unsigned target : {0U, 1U}) {
    handshake_pair pair;
    pair.start_resume(f.r, f.i);
    pair.run([&](unsigned index, byte_buffer& body) {
      if (index == target) body[body.size() - 32 - 2] = std::byte{0};  // the generation
      return true;
    });
    EXPECT_FALSE(pair.r->finished() || pair.i->finished()) << target;
  }
}

TEST(Resume, TwoAtOnceDoNotMix) {
  family f;
  handshake_pair a;
  handshake_pair b;
  b.rng_r = test::fixed_rng(101);
  b.rng_i = test::fixed_rng(102);
  a.start_resume(f.r, f.i);
  b.start_resume(f.r, f.i);
  // A responder's message 2 goes to the initiator of the other run.
  const auto m0_a = a.r->poll_transmit()->body;
  const auto m0_b = b.r->poll_transmit()->body;
  ASSERT_TRUE(a.i->handle_message(0, m0_a, a.rng_i));
  ASSERT_TRUE(b.i->handle_message(0, m0_b, b.rng_i));
  ASSERT_TRUE(a.r->handle_message(1, a.i->poll_transmit()->body, a.rng_r));
  ASSERT_TRUE(b.r->handle_message(1, b.i->poll_transmit()->body, b.rng_r));
  ASSERT_TRUE(b.i->handle_message(2, a.r->poll_transmit()->body, b.rng_i));
  EXPECT_EQ(test::code_of(a.r->handle_message(3, b.i->poll_transmit()->body, a.rng_r)),
            errc::authentication_failed);
}

TEST(Resume, AFailureCostsNothing) {
  family f;
  for (const unsigned target : {0U, 1U, 2U, 3U, 4U}) {
    handshake_pair pair;
    pair.start_resume(f.r, f.i);
    pair.run([&](unsigned index, byte_buffer& body) {
      if (index == target) body.back() ^= std::byte{1};
      return true;
    });
    EXPECT_FALSE(pair.both_finished());
  }
  handshake_pair pair;
  f.reconnect(pair);
  EXPECT_EQ(f.r.generation(), 1U);
}

TEST(Resume, NoKeyAndNonceMeetTwiceInAThousandReconnects) {
  family f;
  std::set<std::string> seen;
  std::size_t made = 0;
  for (int n = 0; n < 1000; ++n) {
    handshake_pair pair;
    // Not even with generators that give the same bytes in every process: a copied machine.
    pair.rng_r = test::fixed_rng(7);
    pair.rng_i = test::fixed_rng(8);
    pair.start_resume(f.r, f.i);
    pair.run();
    ASSERT_TRUE(pair.both_finished()) << n;
    auto out_r = pair.r->take_output();
    auto out_i = pair.i->take_output();
    for (const direction d : {direction::i2r, direction::r2i}) {
      for (std::uint32_t stream = 0; stream < 3; ++stream) {
        const auto keys = record_keys_of(out_r->traffic(d), stream_id{stream});
        seen.insert(to_hex(keys.key.view()));
        ++made;
      }
    }
    f.r.advance(out_r->generation, std::move(out_r->resume));
    f.i.advance(out_i->generation, std::move(out_i->resume));
  }
  EXPECT_EQ(f.r.generation(), 1000U);
  EXPECT_EQ(seen.size(), made) << "a key came twice";
}

}  // namespace
}  // namespace tallow::crypto
