#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include <tallow/net/address.hpp>

namespace tallow::net {
namespace {

TEST(Address, ReadsEveryForm) {
  EXPECT_EQ(*parse_address("relay.example:1234"), (address{"relay.example", 1234}));
  EXPECT_EQ(*parse_address("relay.example"), (address{"relay.example", 9009}));
  EXPECT_EQ(*parse_address("127.0.0.1:1"), (address{"127.0.0.1", 1}));
  EXPECT_EQ(*parse_address("[::1]:65535"), (address{"::1", 65535}));
  EXPECT_EQ(*parse_address("[2001:db8::7]"), (address{"2001:db8::7", 9009}));
  EXPECT_EQ(*parse_address("[fe80::1%eth0]:80"), (address{"fe80::1%eth0", 80}));
  EXPECT_EQ(*parse_address("a_b-c.d"), (address{"a_b-c.d", 9009}));
}

TEST(Address, WritesWhatItReads) {
  for (const char* text : {"relay.example:1234", "127.0.0.1:1", "[::1]:9009"}) {
    EXPECT_EQ(to_string(*parse_address(text)), text);
  }
}

TEST(Address, TakesPortZeroOnlyToListen) {
  EXPECT_EQ(parse_address("localhost:0").error().code, errc::address_invalid);
  EXPECT_EQ(parse_address("localhost:0", port_zero::allowed)->port, 0);
}

TEST(Address, SaysWhatIsWrong) {
  struct wrong {
    std::string_view text;
    std::string_view note;
  };
  constexpr std::string_view port = "the port is not a number from 1 to 65535";
  for (const wrong& w : {
           wrong{"", "the host is missing"},
           wrong{":9009", "the host is missing"},
           wrong{"9009", "a number alone is no host: HOST:PORT is wanted"},
           wrong{"9009:9009", "a number alone is no host: HOST:PORT is wanted"},
           wrong{"host:", port},
           wrong{"host:65536", port},
           wrong{"host:-1", port},
           wrong{"host:+1", port},
           wrong{"host: 1", port},
           wrong{"host:1x", port},
           wrong{"host:99999999999999999999", port},
           wrong{"::1", "an IPv6 address is written in brackets, like [::1]:9009"},
           wrong{"2001:db8::1:9009", "an IPv6 address is written in brackets, like [::1]:9009"},
           wrong{"[::1", "the closing bracket is missing"},
           wrong{"[::1]9009", "after the bracket only :PORT may come"},
           wrong{"[::1]:", port},
           wrong{"[host]:1", "brackets are for IPv6 addresses"},
           wrong{"https://relay.example", "HOST:PORT is wanted, not a URL"},
           wrong{"https://relay.example:9009", "HOST:PORT is wanted, not a URL"},
           wrong{"relay.example/path", "HOST:PORT is wanted, not a URL"},
           wrong{"relay example", "a character that no host has"},
           wrong{"r\xC3\xA9lay", "a character that no host has"},
           wrong{std::string_view("a\0b", 3), "a character that no host has"},
           wrong{"host\r\n", "a character that no host has"},
       }) {
    const auto parsed = parse_address(w.text);
    ASSERT_FALSE(parsed) << w.text;
    EXPECT_EQ(parsed.error().code, errc::address_invalid);
    EXPECT_EQ(parsed.error().note, w.note) << w.text;
    EXPECT_LE(parsed.error().at, w.text.size());
  }
  EXPECT_EQ(parse_address("host:65536", port_zero::allowed).error().note,
            std::string_view("the port is not a number from 0 to 65535"));
  EXPECT_FALSE(parse_address(std::string(254, 'a')));
  EXPECT_TRUE(parse_address(std::string(253, 'a')));
}

}  // namespace
}  // namespace tallow::net
