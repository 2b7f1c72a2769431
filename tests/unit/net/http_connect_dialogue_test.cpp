#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include <tallow/net/http_connect_dialogue.hpp>

#include "support/played_dialogue.hpp"

namespace tallow::net {
namespace {

using namespace std::string_literals;

const std::string request = "CONNECT relay.example:9009 HTTP/1.1\r\nHost: relay.example:9009\r\n";

struct played : test::played_dialogue {
  explicit played(const std::string& answers, std::size_t step = 4096,
                  const char* proxy = "http://p:1", const address& to = {"relay.example", 9009}) {
    play(http_connect_dialogue::start(to, parse_proxy_address(proxy).value()), answers, step);
  }
};

TEST(HttpConnectDialogue, LetsTheProxyResolveTheName) {
  const std::string answers[] = {
      "HTTP/1.1 200 Connection established\r\n\r\n"s,
      "HTTP/1.0 200\r\n\r\n"s,
      "HTTP/1.1 204 \r\nVia: x\r\nContent-Length: 4\r\n\r\n"s,
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"s,
      // Only the first line has a say.
      "HTTP/1.1 200 OK\r\nHTTP/1.1 407 no: x\r\n\r\n"s,
  };
  for (const std::string& answer : answers) {
    for (const std::size_t step : {std::size_t{1}, std::size_t{3}, std::size_t{4096}}) {
      const played one(answer + "tail", step);
      EXPECT_TRUE(one.is_done) << answer << one.error;
      EXPECT_EQ(one.said, request + "\r\n");
      // What follows is the relay's.
      EXPECT_EQ(one.taken, answer.size());
    }
    EXPECT_FALSE(played(answer.substr(0, answer.size() - 1)).is_done);
  }
}

TEST(HttpConnectDialogue, SaysWhoWeAre) {
  // The example of RFC 7617.
  const played one("", 4096, "http://Aladdin:open%20sesame@p:1");
  EXPECT_EQ(one.said, request + "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n");
  const played empty("", 4096, "http://ann@p:1");
  EXPECT_EQ(empty.said, request + "Proxy-Authorization: Basic YW5uOg==\r\n\r\n");
}

TEST(HttpConnectDialogue, PutsIPv6IntoBrackets) {
  const played one("", 4096, "http://p:1", {"2001:db8::1", 443});
  EXPECT_EQ(one.said, "CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n\r\n");
  EXPECT_EQ(played("", 4096, "http://p:1", {"fe80::1%eth0", 443}).code, errc::address_invalid);
}

TEST(HttpConnectDialogue, SaysWhyTheProxyRefuses) {
  const auto status = [](const char* three) {
    return played("HTTP/1.1 "s + three + " Reason\r\nX: y\r\n\r\n<html>");
  };
  for (const char* three : {"400", "403", "404", "405", "429", "500", "502", "503", "504", "302",
                            "101", "000", "999"}) {
    const played one = status(three);
    EXPECT_EQ(one.code, errc::proxy_refused) << three;
    EXPECT_NE(one.error.find("it answers"), std::string::npos);
  }
  EXPECT_EQ(status("401").code, errc::proxy_login_refused);
  EXPECT_EQ(status("407").code, errc::proxy_login_refused);
  // A second line that looks like a first one changes nothing.
  EXPECT_EQ(played("HTTP/1.1 407 No\r\nHTTP/1.1 200 OK: x\r\n\r\n").code,
            errc::proxy_login_refused);
}

TEST(HttpConnectDialogue, TakesNothingElse) {
  const std::string answers[] = {
      "HTTP/2.0 200 OK\r\n\r\n"s,
      "HTTP/1.1  200 OK\r\n\r\n"s,
      "HTTP/1.1 20\r\n\r\n............"s,
      "HTTP/1.1 2000 OK\r\n\r\n"s,
      "HTTP/1.1 200OK\r\n\r\n"s,
      "http/1.1 200 OK\r\n\r\n"s,
      "\r\nHTTP/1.1 200 OK\r\n\r\n"s,
      "HTTP/1.1 200 OK\n\n"s,
      "HTTP/1.1 200 OK\r\r\n\n"s,
      "HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n"s,
      "HTTP/1.1 200 OK\r\nA: \0b\r\n\r\n"s,
      "SSH-2.0-OpenSSH_9.2\r\n"s,
      "\x05\xff"s,
      "\x15\x03\x03\x00\x02\x02\x28"s,
  };
  for (const std::string& answer : answers) {
    const played one(answer);
    EXPECT_EQ(one.code, errc::proxy_not_understood) << answer << one.error;
    EXPECT_FALSE(one.is_done);
  }
}

TEST(HttpConnectDialogue, EndsAnAnswerThatDoesNotEnd) {
  constexpr std::size_t much = 100'000;
  std::string headers = "HTTP/1.1 200 OK\r\n";
  while (headers.size() < much) headers += "X-Filler: y\r\n";
  const std::string one_line = "HTTP/1.1 200 " + std::string(much, 'x');
  std::string interim;
  while (interim.size() < much) interim += "HTTP/1.1 100 Continue\r\n\r\n";
  for (const std::string& answer : {headers, one_line, interim}) {
    const played one(answer);
    EXPECT_EQ(one.code, errc::proxy_not_understood);
    EXPECT_LE(one.taken, http_connect_dialogue::head_bytes_max + 16);
  }
}

}  // namespace
}  // namespace tallow::net
