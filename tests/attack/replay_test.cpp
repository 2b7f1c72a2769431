// What one side said in an earlier first handshake, said again to the other under the same code by
// somebody who knows nothing of it.
#include <cstdint>

#include <gtest/gtest.h>

#include <tallow/crypto/handshake.hpp>

#include "support/handshake_pair.hpp"

namespace tallow::crypto {
namespace {

using test::a_code;
using test::code_of;
using test::fixed_rng;
using test::handshake_pair;
using test::message;

// Two who have recognised each other, by these bytes of chance.
constexpr std::uint64_t chance_r = 31;
constexpr std::uint64_t chance_i = 32;

struct earlier_run : handshake_pair {
  earlier_run() {
    rng_r = fixed_rng(chance_r);
    rng_i = fixed_rng(chance_i);
    start(a_code(), a_code());
    run();
    EXPECT_TRUE(both_finished());
  }
};

// What an initiator makes of all that the responder said then.
struct deceived_initiator {
  attempt_ledger ledger;  // nothing is known of the earlier run, as on another machine
  fixed_rng rng;
  handshake i;
  errc end;

  deceived_initiator(const handshake_pair& old, std::uint64_t chance)
      : rng(chance),
        i(*handshake::start_initial(handshake_role::initiator, a_code(), ledger, {}, rng)),
        end(code_of(i.handle_message(0, message(old.sent_r, 0), rng))) {
    EXPECT_EQ(end, errc{});
    EXPECT_EQ(code_of(i.handle_message(2, message(old.sent_r, 2), rng)), errc{})
        << "a mask hides all keys alike";
    end = code_of(i.handle_message(4, message(old.sent_r, 4), rng));
  }
};

// The other way round.
struct deceived_responder {
  attempt_ledger ledger;
  fixed_rng rng;
  handshake r;
  errc end;

  deceived_responder(const handshake_pair& old, std::uint64_t chance)
      : rng(chance),
        r(*handshake::start_initial(handshake_role::responder, a_code(), ledger, {}, rng)),
        end(code_of(r.handle_message(1, message(old.sent_i, 1), rng))) {
    EXPECT_EQ(end, errc{});
    end = code_of(r.handle_message(3, message(old.sent_i, 3), rng));
  }
};

TEST(Replay, OfAFirstResponderIsRefused) {
  const earlier_run old;
  for (const std::uint64_t chance : {33U, 34U, 35U}) {
    deceived_initiator again(old, chance);
    EXPECT_EQ(again.end, errc::authentication_failed);
    EXPECT_FALSE(again.i.finished());
    EXPECT_EQ(code_of(again.i.take_output()), errc::authentication_failed);
    EXPECT_TRUE(again.ledger.spent());
  }
}

TEST(Replay, OfAFirstInitiatorIsRefused) {
  const earlier_run old;
  for (const std::uint64_t chance : {33U, 34U, 35U}) {
    deceived_responder again(old, chance);
    EXPECT_EQ(again.end, errc::authentication_failed);
    EXPECT_FALSE(again.r.finished());
    EXPECT_EQ(code_of(again.r.take_output()), errc::authentication_failed);
    EXPECT_TRUE(again.ledger.spent());
  }
}

// The messages are whole and come in their order: nothing refuses them but what is new each time.
TEST(Replay, IsTakenByNobodyButWhoSaysTheSameAgain) {
  const earlier_run old;
  EXPECT_EQ(deceived_initiator(old, chance_i).end, errc{});
  EXPECT_EQ(deceived_responder(old, chance_r).end, errc{});
}

}  // namespace
}  // namespace tallow::crypto
