#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include <tallow/net/proxy_address.hpp>

namespace tallow::net {
namespace {

TEST(ProxyAddress, IsReadAsPeopleWriteIt) {
  struct row {
    const char* text;
    const char* shown;
    const char* user;
    const char* password;
  };
  constexpr row rows[] = {
      {"socks5://127.0.0.1:9050", "socks5://127.0.0.1:9050", "", ""},
      {"socks5h://localhost:9050/", "socks5://localhost:9050", "", ""},
      {"SOCKS5://[::1]:1080", "socks5://[::1]:1080", "", ""},
      {"http://proxy.example:3128", "http://proxy.example:3128", "", ""},
      {"http://ann:secret@proxy.example:3128", "http://proxy.example:3128", "ann", "secret"},
      {"socks5://ann@127.0.0.1:1", "socks5://127.0.0.1:1", "ann", ""},
      {"socks5://ann:@127.0.0.1:1", "socks5://127.0.0.1:1", "ann", ""},
      {"socks5://a%40b:%3a%25@[::1]:1", "socks5://[::1]:1", "a@b", ":%"},
      {"socks5://ann:p@ss:word@h:1", "socks5://h:1", "ann", "p@ss:word"},
  };
  for (const row& one : rows) {
    SCOPED_TRACE(one.text);
    const auto parsed = parse_proxy_address(one.text);
    ASSERT_TRUE(parsed) << describe(parsed.error());
    EXPECT_EQ(to_string(*parsed), one.shown);
    EXPECT_EQ(as_text(parsed->user.view()), one.user);
    EXPECT_EQ(as_text(parsed->password.view()), one.password);
    EXPECT_EQ(parsed->has_login(), *one.user != '\0');
  }
}

TEST(ProxyAddress, SaysWhatIsWrong) {
  const std::string long_name(256, 'x');
  const std::pair<std::string, std::string_view> rows[] = {
      {"", "begins with"},
      {"127.0.0.1:9050", "begins with"},
      {"https://127.0.0.1:9050", "only socks5"},
      {"socks4://127.0.0.1:9050", "only socks5"},
      {"socks5://", "host is missing"},
      {"socks5://127.0.0.1", "port is missing"},
      {"socks5://[::1]", "port is missing"},
      {"socks5://127.0.0.1:0", "port 0"},
      {"socks5://127.0.0.1:65536", "not a number"},
      {"socks5://127.0.0.1:9050/path", "not a number"},
      {"socks5://:secret@127.0.0.1:9050", "without a name"},
      {"socks5://@127.0.0.1:9050", "without a name"},
      {"socks5://a%4:b@127.0.0.1:9050", "hexadecimal"},
      {"socks5://a:b%0d%0a@127.0.0.1:9050", "control character"},
      {"socks5://a:b\n@127.0.0.1:9050", "control character"},
      {"http://a%3ab:c@127.0.0.1:9050", "colon"},
      {"socks5://" + long_name + "@127.0.0.1:9050", "255"},
      {"socks5://a:" + long_name + "@127.0.0.1:9050", "255"},
  };
  for (const auto& [text, note] : rows) {
    SCOPED_TRACE(text);
    const auto parsed = parse_proxy_address(text);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().code, errc::proxy_invalid);
    EXPECT_NE(std::string_view(parsed.error().note).find(note), std::string_view::npos)
        << parsed.error().note;
    EXPECT_LE(parsed.error().at, text.size());
  }
}

}  // namespace
}  // namespace tallow::net
