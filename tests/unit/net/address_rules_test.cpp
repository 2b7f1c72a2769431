#include <string>

#include <gtest/gtest.h>

#include <tallow/net/address_rules.hpp>

#include "support/code_of.hpp"

namespace tallow::net {
namespace {

asio::ip::address at(const char* text) { return asio::ip::make_address(text); }

network net(const char* text) {
  auto parsed = network::parse(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return *parsed;
}

TEST(AddressRules, HoldWhatABlockHolds) {
  EXPECT_TRUE(net("192.0.2.0/24").contains(at("192.0.2.255")));
  EXPECT_FALSE(net("192.0.2.0/24").contains(at("192.0.3.0")));
  EXPECT_TRUE(net("192.0.2.77/24").contains(at("192.0.2.1"))) << "bits behind the prefix";
  EXPECT_TRUE(net("192.0.2.7").contains(at("192.0.2.7")));
  EXPECT_FALSE(net("192.0.2.7").contains(at("192.0.2.6")));
  EXPECT_TRUE(net("0.0.0.0/0").contains(at("203.0.113.1")));
  EXPECT_FALSE(net("0.0.0.0/0").contains(at("2001:db8::1")));
  EXPECT_TRUE(net("2001:db8::/33").contains(at("2001:db8:7fff::1")));
  EXPECT_FALSE(net("2001:db8::/33").contains(at("2001:db8:8000::1")));
  EXPECT_TRUE(net("::/0").contains(at("2001:db8::1")));
  EXPECT_FALSE(net("::/0").contains(at("192.0.2.1")));
  EXPECT_TRUE(net("fe80::/10").contains(asio::ip::make_address("fe80::1%1"))) << "a scope";
}

TEST(AddressRules, AreWrittenAsTheyAreRead) {
  EXPECT_EQ(to_string(net("192.0.2.0/24")), "192.0.2.0/24");
  EXPECT_EQ(to_string(net("::ffff:192.0.2.0/120")), "192.0.2.0/24");
  EXPECT_EQ(to_string(net("2001:db8::1")), "2001:db8::1/128");
}

TEST(AddressRules, KnowAMappedAddressForWhatItIs) {
  EXPECT_TRUE(net("192.0.2.0/24").contains(at("::ffff:192.0.2.9")));
  EXPECT_TRUE(net("::ffff:192.0.2.0/120").contains(at("192.0.2.9")));
  EXPECT_FALSE(net("::ffff:192.0.2.0/120").contains(at("192.0.3.9")));
  const address_rules rules;
  EXPECT_EQ(rules.origin_of(at("::ffff:192.0.2.9")).source,
            rules.origin_of(at("192.0.2.9")).source);
  EXPECT_FALSE(rules.origin_of(at("::ffff:127.0.0.1")).source.has_value());
}

TEST(AddressRules, RefuseWhatIsNone) {
  for (const char* text :
       {"", "/", "1.2.3", "1.2.3.4/", "1.2.3.4/33", "1.2.3.4/-1", "1.2.3.4/ 8", "1.2.3.4/8x",
        "1.2.3.4/1000", "1.2.3.4/4294967304", "::1/129", "fe80::1%1", "2001:db8::1%lo",
        "::ffff:1.2.3.4/95", "relay.example", "1.2.3.4 ", "01.2.3.4"}) {
    EXPECT_EQ(test::code_of(network::parse(text)), errc::invalid_argument) << text;
  }
  EXPECT_FALSE(network::parse({"1.2.3.4\0x", 9}).has_value());
}

TEST(AddressRules, CountANetworkOfIpv6AsOneSource) {
  const address_rules rules;
  const auto source = [&](const char* text) { return rules.origin_of(at(text)).source; };
  EXPECT_EQ(source("2001:db8:1:2::1"), source("2001:db8:1:2:ffff::9"));
  EXPECT_NE(source("2001:db8:1:2::1"), source("2001:db8:1:3::1"));
  EXPECT_NE(source("192.0.2.1"), source("192.0.2.2"));
  EXPECT_FALSE(source("127.0.0.1").has_value());
  EXPECT_FALSE(source("::1").has_value());
  address_rules strict;
  strict.limits_loopback = true;
  EXPECT_TRUE(strict.origin_of(at("127.0.0.1")).source.has_value());
  EXPECT_NE(strict.origin_of(at("127.0.0.1")).source, strict.origin_of(at("127.0.0.2")).source);
}

TEST(AddressRules, BlockEvenWhatIsAllowed) {
  address_rules rules;
  const auto is_blocked = [&](const char* text) { return rules.origin_of(at(text)).is_blocked; };
  EXPECT_FALSE(is_blocked("203.0.113.1"));
  rules.allowed = {net("192.0.2.0/24"), net("2001:db8::/32")};
  EXPECT_FALSE(is_blocked("192.0.2.1"));
  EXPECT_FALSE(is_blocked("::ffff:192.0.2.1"));
  EXPECT_TRUE(is_blocked("203.0.113.1"));
  EXPECT_FALSE(is_blocked("127.0.0.1"));
  rules.blocked = {net("192.0.2.128/25"), net("127.0.0.2")};
  EXPECT_TRUE(is_blocked("192.0.2.200"));
  EXPECT_TRUE(is_blocked("::ffff:192.0.2.200"));
  EXPECT_FALSE(is_blocked("192.0.2.1"));
  EXPECT_TRUE(is_blocked("127.0.0.2"));
}

}  // namespace
}  // namespace tallow::net
