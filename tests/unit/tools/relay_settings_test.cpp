#include <chrono>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "tools/tallow-relay/settings.hpp"

namespace tallow::relay_tool {
namespace {

using namespace std::chrono_literals;

refusal set(settings& s, std::string_view name, std::string_view value) {
  const setting* which = find_setting(name);
  return which == nullptr ? refusal("unknown") : which->set(s, value);
}

TEST(RelaySettings, ReadsEveryKeyOfAFile) {
  settings s;
  const auto why = read_config(s, "relay.toml", R"(
listen = ["127.0.0.1:1", "[::1]:0"]
max-rooms = 5
max-bytes = "3GiB"
room-timeout = "90m"
max-connections = 7
max-lanes = 0
log-level = "warn"
)");
  ASSERT_FALSE(why) << *why;
  ASSERT_EQ(s.listen.size(), 2U);
  EXPECT_EQ(s.listen[1], (net::address{"::1", 0}));
  EXPECT_EQ(s.rooms_max, 5U);
  EXPECT_EQ(s.room_bytes_max, std::uint64_t{3} << 30U);
  EXPECT_EQ(s.room_timeout, 90min);
  EXPECT_EQ(s.connections_max, 7U);
  EXPECT_EQ(s.lanes_max, 0U);
  EXPECT_EQ(s.log_level, "warn");
}

TEST(RelaySettings, TakesOneAddressWithoutAList) {
  settings s;
  EXPECT_FALSE(read_config(s, "f", "listen = 'localhost:5'"));
  EXPECT_EQ(s.listen.size(), 1U);
}

TEST(RelaySettings, NamesTheLineAndWhatIsAllowed) {
  settings s;
  EXPECT_EQ(read_config(s, "f.toml", "\nmax-room = 5\n"),
            "f.toml:2: unknown key 'max-room'; allowed are listen, max-rooms, max-bytes, "
            "room-timeout, max-connections, max-lanes, log-level");
  EXPECT_EQ(read_config(s, "f.toml", "max-rooms = 5\nlog-level = 'loud'"),
            "f.toml:2: log-level: one of debug, info, warn, error, off is wanted");
  EXPECT_EQ(read_config(s, "f.toml", "max-rooms = true"),
            "f.toml:1: max-rooms: text or a number is wanted");
  EXPECT_EQ(read_config(s, "f.toml", "max-rooms = [1, 2]"),
            "f.toml:1: max-rooms: text or a number is wanted");
  EXPECT_EQ(read_config(s, "f.toml", "listen = ['a:1', 'b:x']"),
            "f.toml:1: listen: HOST:PORT is wanted: the port is not a number from 1 to 65535");
  const auto broken = read_config(s, "f.toml", "max-rooms = 1\nmax-bytes =\n");
  ASSERT_TRUE(broken);
  EXPECT_EQ(broken->rfind("f.toml:2: ", 0), 0U) << *broken;
}

TEST(RelaySettings, RefusesValuesThatMeanNothing) {
  settings s;
  for (const char* value : {"", "0", "-1", "1.5", "1000001", "99999999999999999999", "5x", " 5"}) {
    EXPECT_TRUE(set(s, "max-rooms", value)) << value;
  }
  for (const char* value : {"", "-1", "10GB", "10 GiB", "16777216TiB", "GiB"}) {
    EXPECT_TRUE(set(s, "max-bytes", value)) << value;
  }
  for (const char* value : {"", "0s", "10", "31d", "1y", "-5m", "99999999999999999999s"}) {
    EXPECT_TRUE(set(s, "room-timeout", value)) << value;
  }
  for (const char* value : {"", "-1", "17", "4x"}) {
    EXPECT_TRUE(set(s, "max-lanes", value)) << value;
  }
  EXPECT_EQ(s.rooms_max, settings{}.rooms_max);
  EXPECT_EQ(s.room_bytes_max, settings{}.room_bytes_max);
  EXPECT_EQ(s.room_timeout, settings{}.room_timeout);
}

TEST(RelaySettings, TakesZeroBytesForNoLimit) {
  settings s;
  EXPECT_FALSE(set(s, "max-bytes", "0"));
  EXPECT_EQ(s.room_bytes_max, 0U);
}

}  // namespace
}  // namespace tallow::relay_tool
