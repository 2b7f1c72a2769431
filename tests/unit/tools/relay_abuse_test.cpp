#include <chrono>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <asio/io_context.hpp>
#include <gtest/gtest.h>

#include "tools/tallow-relay/abuse_lines.hpp"
#include "tools/tallow-relay/relay_rules.hpp"

namespace tallow::relay_tool {
namespace {

using namespace std::chrono_literals;

TEST(RelayAbuse, NamesASourceAsItIsKnown) {
  EXPECT_EQ(source_text(0xC0000207), "192.0.2.7");
  EXPECT_EQ(source_text(0x20010DB800010002), "2001:db8:1:2::/64");
  EXPECT_EQ(abuse_report(0xC0000207, "5f1c", "connection closed", "crowd"),
            R"({"source":"192.0.2.7","id":"5f1c","what":"connection closed","why":"crowd"})"
            "\n");
}

TEST(RelayAbuse, TakesABlockForAWhileAndNothingElse) {
  const auto right = parse_abuse_answer(R"({"block":"2001:db8::/48","seconds":600})");
  ASSERT_TRUE(std::holds_alternative<abuse_block>(right));
  EXPECT_EQ(to_string(std::get<abuse_block>(right).whom), "2001:db8::/48");
  EXPECT_EQ(std::get<abuse_block>(right).how_long, 600s);
  for (const char* wrong :
       {"", "{}", "[]", "null", "block 192.0.2.7", R"({"block":"192.0.2.7"})",
        R"({"block":"192.0.2.7","seconds":0})", R"({"block":"192.0.2.7","seconds":-1})",
        R"({"block":"192.0.2.7","seconds":2592001})", R"({"block":"192.0.2.7","seconds":"9"})",
        R"({"block":"192.0.2.7","seconds":1.5})", R"({"block":"example.org","seconds":9})",
        R"({"block":7,"seconds":9})", R"({"block":"192.0.2.7","seconds":9,"more":1})",
        R"({"block":"192.0.2.7","seconds":9} {"block":"192.0.2.8","seconds":9})"}) {
    EXPECT_TRUE(std::holds_alternative<const char*>(parse_abuse_answer(wrong))) << wrong;
  }
  const std::string deep(100'000, '[');
  EXPECT_TRUE(std::holds_alternative<const char*>(parse_abuse_answer(deep)));
}

class RelayRules : public ::testing::Test {
 protected:
  [[nodiscard]] bool is_blocked(const char* who) const {
    return given_.addresses.origin_of(asio::ip::make_address(who)).is_blocked;
  }
  static net::network network(std::string_view text) { return *net::network::parse(text); }

  asio::io_context context_;
  net::relay_reload given_;
  int times_ = 0;
  relay_rules rules_{context_, {}, [this](const net::relay_reload& fresh) {
                       given_ = fresh;
                       ++times_;
                     }};
  const instant start_{std::chrono::hours(1)};
};

TEST_F(RelayRules, BlockForAWhileWhateverTheSettingsSay) {
  EXPECT_TRUE(rules_.block(network("192.0.2.7"), 10s, start_));
  EXPECT_TRUE(is_blocked("192.0.2.7"));
  EXPECT_FALSE(is_blocked("192.0.2.8"));
  net::relay_reload other;
  other.addresses.blocked = {network("198.51.100.0/24")};
  rules_.settle(other);
  EXPECT_TRUE(is_blocked("192.0.2.7"));
  EXPECT_TRUE(is_blocked("198.51.100.1"));
  rules_.forget(start_ + 9s);
  EXPECT_TRUE(is_blocked("192.0.2.7"));
  rules_.forget(start_ + 10s);
  EXPECT_FALSE(is_blocked("192.0.2.7"));
  EXPECT_TRUE(is_blocked("198.51.100.1"));
}

TEST_F(RelayRules, KeepTheLongerTimeOfOneWhoIsBlockedAgain) {
  EXPECT_TRUE(rules_.block(network("192.0.2.7"), 100s, start_));
  EXPECT_TRUE(rules_.block(network("192.0.2.7"), 10s, start_));
  EXPECT_EQ(rules_.block_count(), 1U);
  EXPECT_EQ(times_, 1);
  rules_.forget(start_ + 99s);
  EXPECT_TRUE(is_blocked("192.0.2.7"));
}

TEST_F(RelayRules, BlockABoundedNumber) {
  for (std::size_t i = 0; i < relay_rules::blocks_max; ++i) {
    EXPECT_TRUE(rules_.block(
        network("10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256)), 10s, start_));
  }
  EXPECT_FALSE(rules_.block(network("192.0.2.7"), 10s, start_));
  EXPECT_TRUE(rules_.block(network("192.0.2.7"), 10s, start_ + 10s));
  EXPECT_EQ(rules_.block_count(), 1U);
}

TEST_F(RelayRules, ServeNobodyNewOnceTheyAreClosed) {
  rules_.close();
  EXPECT_TRUE(is_blocked("192.0.2.7"));
  EXPECT_TRUE(is_blocked("2001:db8::1"));
  rules_.settle({});
  EXPECT_TRUE(is_blocked("192.0.2.7"));
}

}  // namespace
}  // namespace tallow::relay_tool
