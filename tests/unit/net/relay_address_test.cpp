#include <string>

#include <gtest/gtest.h>

#include <tallow/net/relay_address.hpp>

#include "support/code_of.hpp"

namespace tallow::net {
namespace {

const std::string digits(64, 'a');

TEST(RelayAddress, ReadsAPinBehindTheAddress) {
  const auto plain = parse_relay_address("relay.example");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->at, (address{"relay.example", relay_port_default}));
  EXPECT_FALSE(plain->pin);
  for (const std::string& text : {"[::1]:77#" + digits, "[::1]:77#" + std::string(64, 'A')}) {
    const auto pinned = parse_relay_address(text);
    ASSERT_TRUE(pinned);
    EXPECT_EQ(pinned->at, (address{"::1", 77}));
    EXPECT_EQ(pinned->pin->front(), std::byte{0xAA});
    EXPECT_EQ(pinned->pin->back(), std::byte{0xAA});
  }
}

TEST(RelayAddress, RefusesAPinThatIsNone) {
  for (const std::string& text :
       {std::string("host#"), "host#" + digits.substr(1), "host#" + digits + "a",
        "host#" + digits.substr(1) + "g", "host#" + digits + "#", "host##" + digits}) {
    const auto parsed = parse_relay_address(text);
    EXPECT_EQ(test::code_of(parsed), errc::address_invalid) << text;
    EXPECT_EQ(parsed.error().at, 5U);
  }
  EXPECT_EQ(test::code_of(parse_relay_address("#" + digits)), errc::address_invalid);
}

}  // namespace
}  // namespace tallow::net
