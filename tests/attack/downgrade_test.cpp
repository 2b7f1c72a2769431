// Somebody between the two changes what is offered or taken.
#include <gtest/gtest.h>

#include <tallow/crypto/handshake.hpp>

#include "support/handshake_pair.hpp"
#include "support/vectors.hpp"

namespace tallow::crypto {
namespace {

using test::a_code;
using test::handshake_pair;
using test::message;

/// Decodes, changes and encodes a HELLO in place; what follows it stays.
void edit(byte_buffer& body, const std::function<void(hello&)>& change) {
  byte_view rest = body;
  auto h = decode_hello(rest);
  ASSERT_TRUE(h.has_value());
  const byte_buffer tail(rest.begin(), rest.end());
  change(*h);
  body = encode_hello(*h);
  append(body, tail);
}

struct outcome {
  bool any_finished;
  std::optional<error> r;
  std::optional<error> i;
  byte_buffer m3;
  byte_buffer m2;
};

outcome run_with(unsigned target, const std::function<void(hello&)>& change) {
  handshake_pair pair;
  pair.start(a_code(), a_code());
  pair.run([&](unsigned index, byte_buffer& body) {
    if (index == target) edit(body, change);
    return true;
  });
  return {pair.r->finished() || pair.i->finished(), pair.error_r, pair.error_i,
          message(pair.sent_i, 3), message(pair.sent_r, 2)};
}

TEST(Downgrade, OfWhatIsOfferedFailsAtTheTag) {
  const std::vector<std::function<void(hello&)>> changes = {
      [](hello& h) { h.suites = {2}; },  // the better one taken out
      [](hello& h) { h.suites = {1}; },  // the worse one taken out
      [](hello& h) { std::swap(h.suites[0], h.suites[1]); },
      [](hello& h) { h.suites.push_back(0x7777); },  // one that nobody knows put in
      [](hello& h) { h.versions.push_back(2); },
      [](hello& h) { h.versions.insert(h.versions.begin(), 255); },
      [](hello& h) { h.caps = 0x80000000; },   // an unknown bit, to be ignored
      [](hello& h) { h.caps = caps_resume; },  // a reconnect that nobody asked for
      [](hello& h) { h.nonce[31] ^= std::byte{1}; },
  };
  for (std::size_t n = 0; n < changes.size(); ++n) {
    const auto seen = run_with(0, changes[n]);
    EXPECT_FALSE(seen.any_finished) << n;
    ASSERT_TRUE(seen.r && seen.i) << n;
    EXPECT_EQ(test::code_of(seen.r), errc::authentication_failed) << n;
    EXPECT_EQ(test::code_of(seen.i), errc::authentication_failed) << n;
  }
}

TEST(Downgrade, OfWhatIsTakenFailsAtTheTag) {
  // Both suites were offered; the initiator took the first.
  const auto seen = run_with(1, [](hello& h) { h.suites = {2}; });
  EXPECT_FALSE(seen.any_finished);
  EXPECT_EQ(test::code_of(seen.r), errc::authentication_failed);
  const auto nonce = run_with(1, [](hello& h) { h.nonce[0] ^= std::byte{1}; });
  EXPECT_FALSE(nonce.any_finished);
  EXPECT_EQ(test::code_of(nonce.r), errc::authentication_failed);
}

TEST(Downgrade, ToWhatWasNotOfferedIsRefusedAtOnce) {
  const std::vector<std::function<void(hello&)>> changes = {
      [](hello& h) { h.suites = {3}; },  // not offered
      [](hello& h) {
        h.suites = {1, 2};
      },  // not one
      [](hello& h) { h.versions = {2}; },
      [](hello& h) { h.versions = {255}; },
      [](hello& h) {
        h.versions = {1, 2};
      },
      [](hello& h) { h.caps = caps_resume; },  // a bit that was not offered
      [](hello& h) { h.caps = 0x80000000; },
      [](hello& h) { h.caps = 1U << caps_generation_shift; },
      [](hello& h) { h.role = handshake_role::responder; },
  };
  for (std::size_t n = 0; n < changes.size(); ++n) {
    const auto seen = run_with(1, changes[n]);
    ASSERT_TRUE(seen.r.has_value()) << n;
    EXPECT_EQ(test::code_of(seen.r), errc::handshake_malformed) << n;
    EXPECT_TRUE(seen.m2.empty()) << n;
  }
}

TEST(Downgrade, ByNumbersThatNobodySendsIsRefusedAtOnce) {
  const std::vector<std::function<void(hello&)>> changes = {
      [](hello& h) { h.suites = {1, 2, 1}; }, [](hello& h) { h.suites = {0, 1}; },
      [](hello& h) { h.suites.clear(); },     [](hello& h) { h.versions = {0}; },
      [](hello& h) { h.versions = {1, 1}; },  [](hello& h) { h.versions.clear(); },
  };
  for (std::size_t n = 0; n < changes.size(); ++n) {
    const auto seen = run_with(0, changes[n]);
    ASSERT_TRUE(seen.i.has_value()) << n;
    EXPECT_EQ(test::code_of(seen.i), errc::handshake_malformed) << n;
  }
}

TEST(Downgrade, ToAVersionOrSuiteThatOneSideLacksIsToldApart) {
  const auto version = run_with(0, [](hello& h) { h.versions = {255}; });
  EXPECT_EQ(test::code_of(version.i), errc::versions_do_not_meet);
  const auto suite = run_with(0, [](hello& h) { h.suites = {0x7777}; });
  EXPECT_EQ(test::code_of(suite.i), errc::suites_do_not_meet);
}

}  // namespace
}  // namespace tallow::crypto
