#include <chrono>
#include <map>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "tools/tallow-relay/setting_sources.hpp"

namespace tallow::relay_tool {
namespace {

using namespace std::chrono_literals;

refusal set(settings& s, std::string_view name, std::string_view value) {
  const setting* which = find_setting(name);
  return which == nullptr ? refusal("unknown") : which->set(s, {std::string(value)});
}

// The settings of a file that is right.
settings of_file(std::string_view content) {
  chosen_settings chosen;
  const auto why = read_config(chosen, "relay.toml", content);
  EXPECT_FALSE(why) << *why;
  return chosen.values;
}

refusal refusal_of(std::string_view content) {
  chosen_settings chosen;
  return read_config(chosen, "f.toml", content);
}

TEST(RelaySettings, ReadsEveryKeyOfAFile) {
  const settings s = of_file(R"(
listen = ["127.0.0.1:1", "[::1]:0"]
proxy-listen = "[::1]:0"
trust-proxy = ["10.0.0.0/8"]
max-rooms = 5
max-bytes = "3GiB"
room-timeout = "90m"
max-connections = 7
max-lanes = 0
room-bandwidth = "1MiB"
total-bandwidth = "1GiB"
drain-timeout = "2m"
connections-per-minute = 0
rooms-per-minute = 3
pending-per-source = 4
allow = "192.0.2.0/24"
block = ["192.0.2.1", "2001:db8::/32"]
limit-loopback = true
log-level = "warn"
log-format = "json"
)");
  ASSERT_EQ(s.listen.size(), 2U);
  EXPECT_EQ(s.listen[1], (net::address{"::1", 0}));
  EXPECT_EQ(s.proxy_listen.size(), 1U);
  EXPECT_EQ(s.proxies.size(), 1U);
  EXPECT_FALSE(contradiction_in(s));
  EXPECT_EQ(s.rooms_max, 5U);
  EXPECT_EQ(s.room_bytes_max, std::uint64_t{3} << 30U);
  EXPECT_EQ(s.room_timeout, 90min);
  EXPECT_EQ(s.connections_max, 7U);
  EXPECT_EQ(s.lanes_max, 0U);
  EXPECT_EQ(s.drain_timeout, 2min);
  EXPECT_EQ(s.room_bandwidth, 1U << 20U);
  EXPECT_EQ(s.total_bandwidth, 1U << 30U);
  EXPECT_EQ(s.connections_per_minute, 0U);
  EXPECT_EQ(s.rooms_per_minute, 3U);
  EXPECT_EQ(s.pending_per_source, 4U);
  EXPECT_EQ(s.allowed.size(), 1U);
  EXPECT_EQ(s.blocked.size(), 2U);
  EXPECT_TRUE(s.limits_loopback);
  EXPECT_EQ(s.log_level, "warn");
}

TEST(RelaySettings, TakesOneAddressWithoutAList) {
  EXPECT_EQ(of_file("listen = 'localhost:5'").listen.size(), 1U);
}

TEST(RelaySettings, NamesTheLineAndWhatIsAllowed) {
  EXPECT_EQ(refusal_of("\nmax-room = 5\n"),
            "f.toml:2: unknown key 'max-room'; allowed are listen, proxy-listen, trust-proxy, "
            "threads, max-rooms, max-bytes, "
            "room-timeout, max-connections, max-lanes, room-bandwidth, total-bandwidth, "
            "connections-per-minute, rooms-per-minute, "
            "pending-per-source, allow, block, limit-loopback, http-listen, admin-listen, "
            "admin-token-file, "
            "admin-audit-file, abuse-hook, abuse-hook-fail-open, drain-timeout, "
            "no-sandbox, state-dir, tls-certificate, tls-key, insecure-plaintext, "
            "log-level, log-format");
  EXPECT_EQ(refusal_of("max-rooms = 5\nlog-level = 'loud'"),
            "f.toml:2: log-level: one of debug, info, warn, error, off is wanted");
  EXPECT_EQ(refusal_of("max-rooms = 1.5"),
            "f.toml:1: max-rooms: a text, a whole number, true or false is wanted");
  EXPECT_EQ(refusal_of("max-rooms = [1, 2]"),
            "f.toml:1: max-rooms: a text, a whole number, true or false is wanted");
  EXPECT_EQ(refusal_of("max-rooms = true"),
            "f.toml:1: max-rooms: a number from 1 to 1000000 is wanted");
  EXPECT_EQ(refusal_of("listen = ['a:1', 'b:x']"),
            "f.toml:1: listen: HOST:PORT is wanted: the port is not a number from 0 to 65535");
  EXPECT_EQ(refusal_of("allow = ['192.0.2.0/33']"),
            "f.toml:1: allow: an address or a block like 192.0.2.0/24 or 2001:db8::/32 is wanted: "
            "no prefix length");
  EXPECT_EQ(refusal_of("limit-loopback = 1"), "f.toml:1: limit-loopback: true or false is wanted");
  const auto broken = refusal_of("max-rooms = 1\nmax-bytes =\n");
  ASSERT_TRUE(broken);
  EXPECT_EQ(broken->rfind("f.toml:2: ", 0), 0U) << *broken;
}

TEST(RelaySettings, RefusesAProxysListenerThatNobodyMayUse) {
  EXPECT_TRUE(contradiction_in(of_file("proxy-listen = '[::1]:0'")));
}

// A list of which one part means nothing must not leave the other parts in force: an operator who
// mistypes a block would serve those that he meant to refuse.
TEST(RelaySettings, TakesAListAsAWholeOrNotAtAll) {
  settings s;
  EXPECT_FALSE(find_setting("block")->set(s, {"192.0.2.1"}));
  EXPECT_TRUE(find_setting("block")->set(s, {"192.0.2.2", "nobody"}));
  ASSERT_EQ(s.blocked.size(), 1U);
  EXPECT_EQ(to_string(s.blocked[0]), "192.0.2.1/32");
}

TEST(RelaySettings, PutsTheEnvironmentOverTheFileAndFlagsOverBoth) {
  const std::map<std::string, const char*> environment{
      {"TALLOW_RELAY_MAX_ROOMS", "7"},  {"RELAY_MAX_ROOMS", "8"},
      {"RELAY_MAX_BYTES", "5GiB"},      {"TALLOW_RELAY_MAX_LANES", ""},
      {"RELAY_LISTEN_ADDR", "a:1,b:2"}, {"TALLOW_RELAY_LIMIT_LOOPBACK", "true"}};
  const auto look_up = [&](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second;
  };
  chosen_settings chosen;
  ASSERT_FALSE(read_config(chosen, "f.toml", "max-rooms = 5\nmax-lanes = 3\nlisten = 'c:3'"));
  ASSERT_FALSE(read_environment(chosen, look_up));
  ASSERT_FALSE(read_flag(chosen, *find_setting("max-bytes"), {"6GiB"}));
  const settings& s = chosen.values;
  EXPECT_EQ(s.rooms_max, 7U) << "the longer name goes before";
  EXPECT_EQ(s.lanes_max, 3U) << "an empty variable says nothing";
  EXPECT_EQ(s.room_bytes_max, std::uint64_t{6} << 30U);
  ASSERT_EQ(s.listen.size(), 2U) << "a list is replaced";
  EXPECT_EQ(s.listen[1].host, "b");
  EXPECT_TRUE(s.limits_loopback);
  const std::string shown = printed(chosen);
  for (const char* line :
       {"max-rooms = 7  # TALLOW_RELAY_MAX_ROOMS\n", "max-bytes = \"6GiB\"  # --max-bytes\n",
        "max-lanes = 3  # f.toml:2\n", "listen = [\"a:1\", \"b:2\"]  # RELAY_LISTEN_ADDR\n",
        "room-timeout = \"1d\"  # default\n", "limit-loopback = true  # TALLOW_RELAY_"}) {
    EXPECT_NE(shown.find(line), std::string::npos) << line << "in\n" << shown;
  }
  EXPECT_EQ(read_environment(chosen,
                             [](const char* name) {
                               return std::string_view(name) == "RELAY_MAX_ROOMS" ? "many"
                                                                                  : nullptr;
                             }),
            "RELAY_MAX_ROOMS: a number from 1 to 1000000 is wanted");
}

TEST(RelaySettings, ReadsWhatItPrints) {
  chosen_settings chosen;
  ASSERT_FALSE(read_config(chosen, "f.toml",
                           "listen = ['[::1]:5']\nmax-bytes = 1025\nroom-timeout = '90s'\n"
                           "allow = ['::ffff:192.0.2.0/120']\nlimit-loopback = true"));
  chosen_settings again;
  const auto why = read_config(again, "printed", printed(chosen));
  ASSERT_FALSE(why) << *why;
  for (const setting& one : all_settings) {
    EXPECT_EQ(one.print(again.values), one.print(chosen.values)) << one.name;
  }
}

TEST(RelaySettings, ExplainThemselvesInAFileThatChangesNothing) {
  std::string example = example_config();
  chosen_settings chosen;
  ASSERT_FALSE(read_config(chosen, "example", example));
  EXPECT_TRUE(chosen.origins.empty());
  // With every default made explicit it still changes nothing.
  for (const setting& one : all_settings) {
    const std::string commented = "\n#" + std::string(one.name) + " = ";
    const auto at = example.find(commented);
    ASSERT_NE(at, std::string::npos) << one.name;
    example.erase(at + 1, 1);
  }
  const auto why = read_config(chosen, "example", example);
  ASSERT_FALSE(why) << *why;
  EXPECT_EQ(chosen.origins.size(), all_settings.size());
  for (const setting& one : all_settings) {
    EXPECT_EQ(one.print(chosen.values), one.print(settings{})) << one.name;
  }
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
