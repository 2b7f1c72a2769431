#include "tools/tallow-cli/proxy_settings.hpp"

#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

namespace tallow::cli {
namespace {

class ProxySettings : public testing::Test {
 protected:
  void SetUp() override { clear(); }
  void TearDown() override { clear(); }
  static void clear() {
    for (const char* name : {"ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"}) ::unsetenv(name);
  }
  static std::string shown(const char* chosen, const char* host = "relay.example") {
    proxy_settings settings;
    EXPECT_TRUE(settings.read(chosen));
    return settings.shown(host);
  }
};

TEST_F(ProxySettings, TakesWhatIsNearest) {
  EXPECT_EQ(shown(""), "");
  ::setenv("ALL_PROXY", "http://outer:1", 1);
  EXPECT_EQ(shown(""), "http://outer:1");
  ::setenv("all_proxy", "socks5://inner:2/", 1);
  EXPECT_EQ(shown(""), "socks5://inner:2");
  EXPECT_EQ(shown("http://nearest:3"), "http://nearest:3");
  EXPECT_EQ(shown("none"), "");
  ::setenv("NO_PROXY", ".example", 1);
  EXPECT_EQ(shown(""), "");
  EXPECT_EQ(shown("", "other.test"), "socks5://inner:2");
  EXPECT_EQ(shown("http://nearest:3"), "http://nearest:3");
}

TEST_F(ProxySettings, TakesALoginOutOfTheEnvironment) {
  ::setenv("ALL_PROXY", "socks5://ann:secret@inner:2", 1);
  EXPECT_EQ(shown(""), "socks5://inner:2");
  EXPECT_EQ(std::getenv("ALL_PROXY"), nullptr);
}

TEST_F(ProxySettings, DoesNotGoWithoutWhatItDoesNotUnderstand) {
  ::setenv("ALL_PROXY", "socks4://inner:2", 1);
  proxy_settings settings;
  const auto done = settings.read("");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, errc::proxy_invalid);
  EXPECT_EQ(settings.where(), "ALL_PROXY");
  EXPECT_FALSE(settings.read("inner:2"));
  EXPECT_EQ(settings.where(), "--proxy");
}

TEST_F(ProxySettings, GoesOnAsBefore) {
  const auto again = [](const char* chosen, const char* before) {
    proxy_settings settings;
    EXPECT_TRUE(settings.read_again(chosen, before, "relay.example"));
    return settings.shown("relay.example");
  };
  ::setenv("ALL_PROXY", "http://outer:1", 1);
  EXPECT_EQ(again("", "socks5://before:9"), "socks5://before:9");
  EXPECT_EQ(again("none", "socks5://before:9"), "");
  EXPECT_EQ(again("http://nearest:3", "socks5://before:9"), "http://nearest:3");
  EXPECT_EQ(again("", ""), "http://outer:1");
  // The environment may know the login.
  ::setenv("ALL_PROXY", "socks5://ann:secret@before:9", 1);
  proxy_settings settings;
  EXPECT_TRUE(settings.read_again("", "socks5://before:9", "relay.example"));
  EXPECT_TRUE(settings.to_host("relay.example")->has_login());
}

TEST(NoProxy, NamesHostsAndDomains) {
  EXPECT_TRUE(is_excepted("relay.example", "relay.example"));
  EXPECT_TRUE(is_excepted("EXAMPLE", "relay.Example"));
  EXPECT_TRUE(is_excepted(" a.test , .relay.example", "relay.example"));
  EXPECT_TRUE(is_excepted("*", "relay.example"));
  EXPECT_TRUE(is_excepted("127.0.0.1", "127.0.0.1"));
  EXPECT_TRUE(is_excepted("[::1]", "::1"));
  EXPECT_FALSE(is_excepted("", "relay.example"));
  EXPECT_FALSE(is_excepted(",,", "relay.example"));
  EXPECT_FALSE(is_excepted("lay.example", "relay.example"));
  EXPECT_FALSE(is_excepted("relay.example.org", "relay.example"));
}

}  // namespace
}  // namespace tallow::cli
