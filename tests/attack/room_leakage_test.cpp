// What a relay sees before message 2 tells it nothing about the password.
#include <set>

#include <gtest/gtest.h>

#include <tallow/crypto/handshake.hpp>

#include "support/handshake_pair.hpp"

namespace tallow::crypto {
namespace {

TEST(RoomLeakage, EveryByteBeforeMessage2ExceptYaIsTheSameForTenThousandCodes) {
  test::fixed_rng codes(3);
  std::set<std::string> seen;
  std::set<std::string> shares;
  std::set<std::string> passwords;
  constexpr int count = 10'000;
  for (int n = 0; n < count; ++n) {
    const auto code = code_phrase::generate(4821, code_words_default, codes);
    ASSERT_TRUE(code);
    passwords.insert(std::string(as_text(code->password())));
    test::fixed_rng rng_r(1);
    test::fixed_rng rng_i(2);
    attempt_ledger ledger;
    auto r = *handshake::start_initial(handshake_role::responder, *code, ledger, {}, rng_r);
    auto i = *handshake::start_initial(handshake_role::initiator, *code, ledger, {}, rng_i);
    const auto m0 = r.poll_transmit()->body;
    ASSERT_TRUE(i.handle_message(0, m0, rng_i));
    const auto m1 = i.poll_transmit()->body;
    seen.insert(to_hex(code->room()) + to_hex(m0) + to_hex(byte_view(m1).first(m1.size() - 65)));
    shares.insert(to_hex(byte_view(m1).last(65)));
  }
  EXPECT_EQ(seen.size(), 1U);
  EXPECT_EQ(shares.size(), passwords.size()) << "only the share depends on the password";
  EXPECT_GT(passwords.size(), 9'990U);
}

TEST(RoomLeakage, ErrorsNameNoWordOfTheCode) {
  test::handshake_pair pair;
  pair.start(test::a_code("7-zebra-acid-zoo"), test::a_code("7-zebra-acid-able"));
  pair.run();
  for (const auto& e : {*pair.error_r, *pair.error_i}) {
    for (const char* word : {"zebra", "acid", "zoo", "able"}) {
      EXPECT_EQ(describe(e).find(word), std::string::npos);
    }
  }
  for (const char* text : {"7-zebra", "7-zebra-acid-zoo!", "zebra-acid"}) {
    const auto e = code_phrase::parse(text).error();
    EXPECT_EQ(describe(e).find("zebra"), std::string::npos);
  }
}

}  // namespace
}  // namespace tallow::crypto
