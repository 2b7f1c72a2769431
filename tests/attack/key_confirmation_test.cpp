// Nothing comes out before the other side has proven the code, and a wrong code looks like
// tampering.
#include <set>

#include <gtest/gtest.h>

#include <tallow/crypto/handshake.hpp>

#include "support/handshake_pair.hpp"

namespace tallow::crypto {
namespace {

using test::a_code;
using test::handshake_pair;
using test::message;

TEST(KeyConfirmation, NoKeyComesOutBeforeTheTagHasVerified) {
  for (int delivered = 0; delivered <= 5; ++delivered) {
    handshake_pair pair;
    pair.start(a_code(), a_code());
    int count = 0;
    pair.run([&](unsigned, byte_buffer&) { return count++ < delivered; });
    const bool done_r = delivered >= 4;
    const bool done_i = delivered >= 5;
    EXPECT_EQ(pair.r->peer_authenticated(), done_r) << delivered;
    EXPECT_EQ(pair.i->peer_authenticated(), done_i) << delivered;
    EXPECT_EQ(pair.r->take_output().has_value(), done_r) << delivered;
    EXPECT_EQ(pair.i->take_output().has_value(), done_i) << delivered;
  }
}

TEST(KeyConfirmation, EveryBitOfATagCounts) {
  for (const unsigned target : {3U, 4U}) {
    for (std::size_t bit = 0; bit < 256; bit += 5) {
      handshake_pair pair;
      pair.start(a_code(), a_code());
      pair.run([&](unsigned index, byte_buffer& body) {
        const auto flipped = static_cast<std::byte>(1U << bit % 8);
        if (index == target) body[body.size() - 32 + bit / 8] ^= flipped;
        return true;
      });
      EXPECT_FALSE(pair.i->finished());
      EXPECT_EQ(pair.r->finished(), target == 4) << bit;
    }
  }
}

TEST(KeyConfirmation, AnEmptyOrShortTagIsNoTag) {
  for (const std::size_t size : {0U, 1U, 16U, 31U, 33U}) {
    handshake_pair pair;
    pair.start(a_code(), a_code());
    pair.run([&](unsigned index, byte_buffer& body) {
      if (index == 4) body.resize(size);
      return true;
    });
    EXPECT_FALSE(pair.i->finished()) << size;
  }
}

/// All that somebody between the two, and the two themselves, can see of a failure.
struct visible {
  std::vector<std::pair<unsigned, std::size_t>> sent_r;  // index and length
  std::vector<std::pair<unsigned, std::size_t>> sent_i;
  std::string aborts;
  std::optional<errc> r;
  std::optional<errc> i;

  explicit visible(const handshake_pair& pair) {
    for (const auto& out : pair.sent_r) note(out, sent_r);
    for (const auto& out : pair.sent_i) note(out, sent_i);
    if (pair.error_r) r = test::code_of(pair.error_r);
    if (pair.error_i) i = test::code_of(pair.error_i);
  }
  bool operator==(const visible&) const = default;

 private:
  void note(const handshake::outgoing& out, std::vector<std::pair<unsigned, std::size_t>>& sent) {
    sent.emplace_back(out.index, out.body.size());
    if (out.index == handshake::abort_index) aborts += to_hex(out.body);
  }
};

TEST(KeyConfirmation, AWrongCodeLooksLikeTampering) {
  handshake_pair wrong;
  wrong.start(a_code("7-zebra-acid-zoo"), a_code("7-zebra-acid-able"));
  wrong.run();
  const visible expected(wrong);
  EXPECT_EQ(expected.r, errc::authentication_failed);
  EXPECT_EQ(expected.i, errc::authentication_failed);
  EXPECT_EQ(expected.aborts, "00");

  const auto tampered = [](unsigned target, std::size_t at) {
    handshake_pair pair;
    pair.start(a_code(), a_code());
    pair.run([&](unsigned index, byte_buffer& body) {
      if (index == target) body[at] ^= std::byte{1};
      return true;
    });
    return visible(pair);
  };
  EXPECT_EQ(tampered(0, 20), expected) << "nonce of R";
  EXPECT_EQ(tampered(1, 20), expected) << "nonce of I";
  for (const std::size_t at : {65U, 160U, 65U + 96U, 65U + 96U + 1536U, 1761U - 32U}) {
    EXPECT_EQ(tampered(2, at), expected) << "message 2 at " << at;
  }
  for (std::size_t at = 0; at < 1632; at += 101) {
    EXPECT_EQ(tampered(3, at), expected) << "message 3 at " << at;
  }
}

TEST(KeyConfirmation, FromMessage2OnAllErrorsAreOne) {
  // Whatever is done to messages 2 to 4, errors and ABORTs say the same.
  std::set<std::string> aborts;
  std::set<errc> errors;
  const auto note = [&](const handshake_pair& pair) {
    for (const auto& e : {pair.error_r, pair.error_i}) {
      if (e) errors.insert(e->code);
    }
    for (const auto* sent : {&pair.sent_r, &pair.sent_i}) {
      const auto abort = message(*sent, handshake::abort_index);
      if (!abort.empty()) aborts.insert(to_hex(abort));
    }
  };
  for (const unsigned target : {2U, 3U, 4U}) {
    for (const int kind : {0, 1, 2, 3, 4}) {
      handshake_pair pair;
      pair.start(a_code(), a_code());
      pair.run([&](unsigned index, byte_buffer& body) {
        if (index != target) return true;
        if (kind == 0) body.clear();
        if (kind == 1) body.push_back(std::byte{0});
        if (kind == 2) body.assign(body.size(), std::byte{0});
        if (kind == 3) body.assign(body.size(), std::byte{0xff});
        if (kind == 4) body.front() ^= std::byte{0x40};
        return true;
      });
      EXPECT_FALSE(pair.i->finished()) << target << ' ' << kind;
      note(pair);
    }
  }
  EXPECT_EQ(aborts, std::set<std::string>{"00"});
  EXPECT_EQ(errors, std::set<errc>{errc::authentication_failed});
}

TEST(KeyConfirmation, AMessageOutOfTurnIsNoOtherErrorEither) {
  handshake_pair pair;
  pair.start(a_code(), a_code());
  ASSERT_TRUE(pair.i->handle_message(0, pair.r->poll_transmit()->body, pair.rng_i));
  const auto m1 = pair.i->poll_transmit()->body;
  ASSERT_TRUE(pair.r->handle_message(1, m1, pair.rng_r));
  const auto m2 = pair.r->poll_transmit()->body;
  ASSERT_TRUE(pair.i->handle_message(2, m2, pair.rng_i));
  EXPECT_EQ(test::code_of(pair.r->handle_message(1, m1, pair.rng_r)), errc::authentication_failed);
  EXPECT_EQ(test::code_of(pair.i->handle_message(2, m2, pair.rng_i)), errc::authentication_failed);
}

}  // namespace
}  // namespace tallow::crypto
