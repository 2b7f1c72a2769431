#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include <tallow/net/socks5_dialogue.hpp>

#include "support/played_dialogue.hpp"

namespace tallow::net {
namespace {

using namespace std::string_literals;

// Of RFC 1928 and 1929, by hand.
const std::string greeting = "\x05\x01\x00"s;
const std::string greeting_with_login = "\x05\x02\x00\x02"s;
const std::string take_none = "\x05\x00"s;
const std::string take_login = "\x05\x02"s;
const std::string login = "\x01\x03"s + "ann" + "\x06"s + "secret";
const std::string login_fine = "\x01\x00"s;
const std::string request = "\x05\x01\x00\x03\x0d"s + "relay.example" + "\x23\x31"s;
const std::string connected = "\x05\x00\x00\x01\x7f\x00\x00\x01\x04\xd2"s;

proxy_address proxy(bool with_login) {
  return parse_proxy_address(with_login ? "socks5://ann:secret@p:1" : "socks5://p:1").value();
}

struct played : test::played_dialogue {
  played(const address& to, bool with_login, const std::string& answers, std::size_t step = 4096) {
    play(socks5_dialogue::start(to, proxy(with_login)), answers, step);
  }
};

const address relay{"relay.example", 9009};

TEST(Socks5Dialogue, LetsTheProxyResolveTheName) {
  for (const std::size_t step : {std::size_t{1}, std::size_t{2}, std::size_t{4096}}) {
    const played alone(relay, false, take_none + connected + "tail", step);
    EXPECT_TRUE(alone.is_done) << alone.error;
    EXPECT_EQ(alone.said, greeting + request);
    // What follows is the relay's.
    EXPECT_EQ(alone.taken, take_none.size() + connected.size());
    const played with_login(relay, true, take_login + login_fine + connected + "tail", step);
    EXPECT_TRUE(with_login.is_done) << with_login.error;
    EXPECT_EQ(with_login.said, greeting_with_login + login + request);
    EXPECT_EQ(with_login.taken, 4 + connected.size());
    // A proxy that wants no login does not get it.
    EXPECT_EQ(played(relay, true, take_none + connected).said, greeting_with_login + request);
  }
}

TEST(Socks5Dialogue, SaysNumbersAsNumbers) {
  const std::string four = "\x05\x01\x00\x01\xc0\x00\x02\x07\x23\x31"s;
  EXPECT_EQ(played({"192.0.2.7", 9009}, false, take_none + connected).said, greeting + four);
  const std::string six =
      "\x05\x01\x00\x04\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x01\x23\x31"s;
  EXPECT_EQ(played({"2001:db8::1", 9009}, false, take_none + connected).said, greeting + six);
  EXPECT_EQ(played({"fe80::1%eth0", 9009}, false, "").code, errc::address_invalid);
}

TEST(Socks5Dialogue, TakesEveryKindOfBoundAddressWhole) {
  const std::string bound[] = {
      "\x05\x00\x00\x04"s + std::string(16 + 2, 'x'),
      "\x05\x00\x00\x03\x00"s + "pp",
      "\x05\x00\x00\x03\xff"s + std::string(255 + 2, 'x'),
  };
  for (const std::string& answer : bound) {
    for (const std::size_t step : {std::size_t{1}, std::size_t{4096}}) {
      const played one(relay, false, take_none + answer + "tail", step);
      EXPECT_TRUE(one.is_done) << one.error;
      EXPECT_EQ(one.taken, take_none.size() + answer.size());
    }
    EXPECT_FALSE(played(relay, false, take_none + answer.substr(0, answer.size() - 1)).is_done);
  }
}

TEST(Socks5Dialogue, SaysWhyTheProxyRefuses) {
  const std::pair<std::string, std::string_view> rows[] = {
      {"\x05\x01"s, "found no such name"},
      {"\x05\x02"s, "rules forbid"},
      {"\x05\x03"s, "relay's network"},
      {"\x05\x04"s, "relay's host"},
      {"\x05\x05"s, "refused"},
      {"\x05\x06"s, "too long"},
      {"\x05\x07"s, "does not make"},
      {"\x05\x08"s, "kind of address"},
      {"\x05\x09"s, "reason of its own"},
      {"\x05\xf0"s, "reason of its own"},
  };
  for (const auto& [answer, note] : rows) {
    const played one(relay, false, take_none + answer);
    EXPECT_EQ(one.code, errc::proxy_refused);
    EXPECT_NE(one.error.find(note), std::string::npos) << one.error;
  }
  EXPECT_EQ(played(relay, true, take_login + "\x01\x01"s).code, errc::proxy_login_refused);
  EXPECT_EQ(played(relay, true, "\x05\xff"s).code, errc::proxy_login_refused);
  EXPECT_EQ(played(relay, false, "\x05\xff"s).code, errc::proxy_login_refused);
}

TEST(Socks5Dialogue, TakesNothingElse) {
  const std::string answers[] = {
      "\x04\x5a"s,                      // SOCKS4
      "HTTP/1.1 400 Bad Request\r\n"s,  // another kind of proxy
      take_login,                       // not offered
      "\x05\x01"s,                      // GSSAPI, not offered
      take_none + "\x04\x00\x00\x01"s,  // another version
      take_none + "\x05\x00\x01\x01"s,  // reserved byte set
      take_none + "\x05\x00\x00\x02"s,  // no kind of address
      take_none + "\x05\x00\x00\x00"s,
  };
  for (const std::string& answer : answers) {
    const played one(relay, false, answer);
    EXPECT_EQ(one.code, errc::proxy_not_understood) << one.error;
    // Whoever it is has learnt nothing but where to.
    EXPECT_EQ(one.said.find("secret"), std::string::npos);
  }
  EXPECT_EQ(played(relay, true, take_login + "\x05\x00"s).code, errc::proxy_not_understood);
}

TEST(Socks5Dialogue, TakesTheLongestNameAndLogin) {
  const std::string name(253, 'n');
  const std::string word(255, 'w');
  const auto long_login = parse_proxy_address("socks5://" + word + ":" + word + "@p:1").value();
  auto dialogue = socks5_dialogue::start({name, 1}, long_login);
  ASSERT_TRUE(dialogue);
  dialogue->transmitted(4);
  ASSERT_TRUE(dialogue->handle_bytes(as_bytes(take_login)));
  EXPECT_EQ(as_text(dialogue->poll_transmit()), "\x01\xff"s + word + "\xff"s + word);
  dialogue->transmitted(513);
  ASSERT_TRUE(dialogue->handle_bytes(as_bytes(login_fine)));
  EXPECT_EQ(as_text(dialogue->poll_transmit()), "\x05\x01\x00\x03\xfd"s + name + "\x00\x01"s);
}

}  // namespace
}  // namespace tallow::net
