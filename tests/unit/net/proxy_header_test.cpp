#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include <tallow/net/proxy_header.hpp>

namespace tallow::net {
namespace {

using namespace std::string_literals;
using state = proxy_header::state;

const std::string signature("\r\n\r\n\0\r\nQUIT\n", 12);

// Gives the header what it asks for, at most `step` bytes at a time.
struct reading {
  proxy_header header;
  std::size_t taken = 0;

  explicit reading(const std::string& stream, std::size_t step = 4096) {
    while (header.bytes_missing() != 0 && taken < stream.size()) {
      const std::size_t count = std::min({step, header.bytes_missing(), stream.size() - taken});
      header.take(as_bytes(std::string_view(stream).substr(taken, count)));
      taken += count;
    }
  }
};

std::string version_2(unsigned command, unsigned family, const std::string& rest) {
  return signature + static_cast<char>(command) + static_cast<char>(family) +
         static_cast<char>(rest.size() / 256) + static_cast<char>(rest.size() % 256) + rest;
}

const std::string v4_addresses("\xC0\x00\x02\x07\xC0\x00\x02\x01\x30\x39\x23\x31", 12);

TEST(ProxyHeader, ReadsEachVersionHoweverItIsCutAndNothingBehindIt) {
  const std::string v6 = "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x01"s +
                         std::string(16, '\x02') + "\x01\x02\x03\x04"s;
  const std::pair<std::string, const char*> headers[] = {
      {"PROXY TCP4 192.0.2.7 192.0.2.1 12345 9009\r\n", "192.0.2.7"},
      {"PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n", "2001:db8::1"},
      {"PROXY UNKNOWN\r\n", nullptr},
      {"PROXY UNKNOWN ffff:f...f:ffff 65535 65535 and more\r\n", nullptr},
      {version_2(0x21, 0x11, v4_addresses), "192.0.2.7"},
      {version_2(0x21, 0x21, v6), "2001:db8::1"},
      {version_2(0x21, 0x11, v4_addresses + "\x04\x00\x01x"s), "192.0.2.7"},
      {version_2(0x20, 0x00, ""), nullptr},
      {version_2(0x20, 0x11, v4_addresses), nullptr},
      {version_2(0x21, 0x00, "anything"), nullptr}};
  for (const auto& [header, source] : headers) {
    for (const std::size_t step : {1U, 7U, 4096U}) {
      const reading r(header + "\x01rest", step);
      EXPECT_EQ(r.header.current(), state::done) << header;
      EXPECT_EQ(r.taken, header.size()) << header;
      const auto& found = r.header.source();
      EXPECT_EQ(found ? found->to_string() : "nobody", source != nullptr ? source : "nobody");
    }
  }
}

TEST(ProxyHeader, RefusesWhatIsNone) {
  for (const std::string& text : {"GET / HTTP/1.1\r\n"s,
                                  "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00"s,
                                  "proxy TCP4 192.0.2.7 192.0.2.1 1 2\r\n"s,
                                  "PROXY TCP4 192.0.2.7 192.0.2.1 1\r\n"s,
                                  "PROXY TCP4 192.0.2.7 192.0.2.1 1 2 3\r\n"s,
                                  "PROXY TCP4  192.0.2.7 192.0.2.1 1 2\r\n"s,
                                  "PROXY TCP4 ::1 ::1 1 2\r\n"s,
                                  "PROXY TCP6 192.0.2.7 192.0.2.1 1 2\r\n"s,
                                  "PROXY TCP6 fe80::1%1 fe80::2 1 2\r\n"s,
                                  "PROXY TCP6 2001:db8::1%lo 2001:db8::2 1 2\r\n"s,
                                  "PROXY TCP4 192.0.2.7\0x 192.0.2.1 1 2\r\n"s,
                                  "PROXY TCP4 192.0.2.7 192.0.2.1 65536 2\r\n"s,
                                  "PROXY TCP4 192.0.2.7 192.0.2.1 -1 2\r\n"s,
                                  "PROXY TCP4 192.0.2.7 192.0.2.1 01 2\r\n"s,
                                  "PROXY TCP4 192.0.2.7 192.0.2.1 1 2 \r\n"s,
                                  "PROXY UDP4 192.0.2.7 192.0.2.1 1 2\r\n"s,
                                  "PROXY \r\n\r\n\r\n\r\n"s,
                                  "PROXY UNKNOWN" + std::string(200, 'x'),
                                  version_2(0x31, 0x11, v4_addresses),
                                  version_2(0x22, 0x11, v4_addresses),
                                  version_2(0x21, 0x12, v4_addresses),
                                  version_2(0x21, 0x31, std::string(216, 'u')),
                                  version_2(0x21, 0x11, v4_addresses.substr(1)),
                                  version_2(0x21, 0x21, v4_addresses),
                                  version_2(0x21, 0x11, std::string(5000, 'x'))}) {
    const reading r(text);
    EXPECT_EQ(r.header.current(), state::invalid) << text;
    EXPECT_EQ(r.header.bytes_missing(), 0U);
    EXPECT_FALSE(r.header.source().has_value());
  }
}

TEST(ProxyHeader, WaitsForAHeaderThatIsNotWhole) {
  for (const std::string& whole :
       {"PROXY TCP4 192.0.2.7 192.0.2.1 12345 9009\r\n"s, version_2(0x21, 0x11, v4_addresses)}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const reading r(whole.substr(0, size));
      EXPECT_EQ(r.header.current(), state::reading) << size;
      EXPECT_GT(r.header.bytes_missing(), 0U) << size;
    }
  }
}

}  // namespace
}  // namespace tallow::net
