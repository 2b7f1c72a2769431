// What an operator may set, in one table: flags, configuration file and environment have the same
// names, and so have the help, the example file and the manual page.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tallow/base/limits.hpp>
#include <tallow/net/address.hpp>
#include <tallow/net/address_rules.hpp>

#include "setting_values.hpp"

namespace tallow::relay_tool {

struct settings {
  std::vector<net::address> listen;  // empty: every address of this machine, default port
  std::vector<net::address> proxy_listen;
  std::vector<net::network> proxies;
  std::size_t threads = 0;
  std::size_t rooms_max = 1000;
  std::uint64_t room_bytes_max = std::uint64_t{10} << 30U;
  std::chrono::seconds room_timeout = std::chrono::hours(24);
  std::size_t connections_max = 4096;
  std::uint32_t lanes_max = limits::lanes_max;
  std::uint64_t room_bandwidth = 0;
  std::uint64_t total_bandwidth = 0;
  std::uint64_t connections_per_minute = 30;
  std::uint64_t rooms_per_minute = 10;
  std::size_t pending_per_source = 32;
  std::vector<net::network> allowed;
  std::vector<net::network> blocked;
  bool limits_loopback = false;
  http_choice http_listen;
  admin_choice admin_listen;
  std::string admin_token_file;
  std::string admin_audit_file;
  std::string abuse_hook;
  bool abuse_hook_fails_open = false;
  // A relay that drains takes nobody new, and who is cut resumes on the next one: so not long.
  std::chrono::seconds drain_timeout = std::chrono::seconds(10);
  bool no_sandbox = false;
  std::string log_level = "info";
  std::string log_format = "text";
  std::size_t pipes_max = 0;     // nobody sets it: what the process's limits leave for lanes
  std::size_t refusals_max = 0;  // nor this: and for those who are told that there is no place
  std::string state_dir;         // empty: where such things are usually kept
  std::string tls_certificate;   // empty: a self-signed one of ours
  std::string tls_key;
  bool takes_plaintext = false;
};

using texts = std::vector<std::string>;

enum class shape : std::uint8_t { value, list, flag };

struct setting {
  const char* name;
  const char* value_name;
  const char* help;
  shape form;
  // All values of a list, one of anything else. Nothing changes when there is a refusal.
  refusal (*set)(settings&, const texts&);
  std::string (*print)(const settings&);
  const char* short_variable;  // beside TALLOW_RELAY_NAME; or nothing
  void (*copy)(settings& to, const settings& from);
  bool is_taken_at_once = false;  // on SIGHUP; the others at the next start
};

namespace detail {

template <auto Member, class Kind>
refusal set_one(settings& s, const texts& values) {
  return Kind::parse(s.*Member, values.front());
}

template <auto Member, class Kind>
refusal set_list(settings& s, const texts& values) {
  auto all = std::decay_t<decltype(s.*Member)>();
  for (const std::string& value : values) {
    if (auto why = Kind::parse(all.emplace_back(), value)) return why;
  }
  s.*Member = std::move(all);
  return std::nullopt;
}

template <auto Member, class Kind>
std::string print(const settings& s) {
  return Kind::print(s.*Member);
}

template <auto Member>
void copy(settings& to, const settings& from) {
  to.*Member = from.*Member;
}

template <auto Member, class Kind>
constexpr setting entry_of(shape form, refusal (*set)(settings&, const texts&), const char* name,
                           const char* value_name, const char* help, const char* short_variable) {
  return {name, value_name, help, form, set, &print<Member, Kind>, short_variable, &copy<Member>};
}

}  // namespace detail

template <auto Member, class Kind>
constexpr setting value_of(const char* name, const char* value_name, const char* help,
                           const char* short_variable = nullptr) {
  return detail::entry_of<Member, Kind>(shape::value, &detail::set_one<Member, Kind>, name,
                                        value_name, help, short_variable);
}

template <auto Member, class Kind>
constexpr setting list_of(const char* name, const char* value_name, const char* help,
                          const char* short_variable = nullptr) {
  return detail::entry_of<Member, list_kind<Kind>>(shape::list, &detail::set_list<Member, Kind>,
                                                   name, value_name, help, short_variable);
}

template <auto Member>
constexpr setting flag_of(const char* name, const char* help) {
  return detail::entry_of<Member, flag_kind>(shape::flag, &detail::set_one<Member, flag_kind>, name,
                                             "", help, nullptr);
}

// Of a setting that a relay takes while it runs.
constexpr setting at_once(setting one) {
  one.is_taken_at_once = true;
  return one;
}

using some_number = number_kind<1, 1'000'000>;
using number_or_none = number_kind<0, 1'000'000>;

inline constexpr std::array all_settings{
    list_of<&settings::listen, address_kind>(
        "listen", "HOST:PORT",
        "Address to listen on; may be given more than once. Port 0 takes any free port.\n"
        "Nothing: 0.0.0.0:9009 and [::]:9009",
        "RELAY_LISTEN_ADDR"),
    list_of<&settings::proxy_listen, address_kind>(
        "proxy-listen", "HOST:PORT",
        "Address where each connection begins with a PROXY header, version 1 or 2; may be given\n"
        "more than once"),
    at_once(list_of<&settings::proxies, network_kind>(
        "trust-proxy", "NETWORK",
        "Address or block of proxies that may connect to proxy-listen; may be given more than\n"
        "once. Nobody else may")),
    value_of<&settings::threads, number_kind<0, 256>>(
        "threads", "N",
        "Threads that serve connections; 0: one for each processor. With total-bandwidth it is\n"
        "one, because what is shared has to be seen whole"),
    value_of<&settings::rooms_max, some_number>("max-rooms", "N", "Rooms at once",
                                                "RELAY_MAX_ROOMS"),
    at_once(value_of<&settings::room_bytes_max, bytes_kind>(
        "max-bytes", "SIZE", "Bytes that a room may carry; 0 means no limit", "RELAY_MAX_BYTES")),
    at_once(value_of<&settings::room_timeout, time_kind>(
        "room-timeout", "TIME", "How long a room waits for its second side", "RELAY_ROOM_TIMEOUT")),
    value_of<&settings::connections_max, some_number>("max-connections", "N",
                                                      "Connections at once"),
    value_of<&settings::lanes_max, number_kind<0, limits::lanes_max>>(
        "max-lanes", "N",
        "Lanes of a room, which are connections of their own.\n"
        "With 0 everything goes through the two connections that a room has anyway"),
    at_once(value_of<&settings::room_bandwidth, bytes_kind>(
        "room-bandwidth", "SIZE", "Bytes a second through one room; 0 means no limit")),
    value_of<&settings::total_bandwidth, bytes_kind>(
        "total-bandwidth", "SIZE",
        "Bytes a second through all rooms, which have equal parts of it; 0 means no limit"),
    at_once(value_of<&settings::connections_per_minute, number_or_none>(
        "connections-per-minute", "N",
        "Connections from one source, which is an IPv4 address or the /64 network of an IPv6\n"
        "one; twice as many may come at once. Those that a transfer uses do not count.\n"
        "0 means no limit")),
    at_once(value_of<&settings::rooms_per_minute, number_or_none>(
        "rooms-per-minute", "N",
        "Rooms that one source may open; twice as many may come at once. 0 means no limit")),
    at_once(value_of<&settings::pending_per_source, number_or_none>(
        "pending-per-source", "N",
        "Connections of one source at once that have no place in a room. 0 means no limit")),
    at_once(list_of<&settings::allowed, network_kind>(
        "allow", "NETWORK",
        "Serve only this address or block, like 192.0.2.0/24, and the machine itself; may be\n"
        "given more than once")),
    at_once(list_of<&settings::blocked, network_kind>(
        "block", "NETWORK",
        "Serve nobody at this address or in this block, even if allowed; may be given more\n"
        "than once")),
    at_once(flag_of<&settings::limits_loopback>(
        "limit-loopback", "Limit connections from this machine itself as those of others")),
    value_of<&settings::http_listen, http_kind>(
        "http-listen", "HOST:PORT",
        "Where /health, /ready, /metrics and /metrics.json are served to operators, or off.\n"
        "There is no password: leave it on an address that only they reach"),
    value_of<&settings::admin_listen, admin_kind>(
        "admin-listen", "PATH|HOST:PORT",
        "Where operators may see and end rooms: a Unix socket, which only the relay's own user\n"
        "and root can use; or TCP, not encrypted, for whoever shows a token; or off"),
    value_of<&settings::admin_token_file, path_kind>(
        "admin-token-file", "FILE",
        "The token that has to be shown there, at least 16 characters. It is read once"),
    value_of<&settings::admin_audit_file, path_kind>(
        "admin-audit-file", "FILE",
        "What is asked there is written to this file, too, a line of JSON each. What cannot be\n"
        "written down is not done"),
    value_of<&settings::abuse_hook, path_kind>(
        "abuse-hook", "PROGRAM",
        "Program that is started with the relay, is told whom it refuses, a line of JSON each, "
        "and\n"
        "may answer with an address to block for a while. When it ends, the relay does"),
    flag_of<&settings::abuse_hook_fails_open>("abuse-hook-fail-open",
                                              "Go on without that program when it ends"),
    value_of<&settings::drain_timeout, time_kind>(
        "drain-timeout", "TIME",
        "How long transfers that run may still take when the relay is told to stop"),
    flag_of<&settings::no_sandbox>("no-sandbox",
                                   "Keep the rights that the process has no use for once it runs"),
    value_of<&settings::state_dir, path_kind>(
        "state-dir", "DIR",
        "Where the key for TLS is kept that is made at first start. Nothing: $STATE_DIRECTORY,\n"
        "$XDG_STATE_HOME/tallow-relay or ~/.local/state/tallow-relay"),
    value_of<&settings::tls_certificate, path_kind>(
        "tls-certificate", "FILE",
        "Certificates (PEM), the relay's own first. Nothing: one of the relay's own making.\n"
        "A file that is replaced while the relay runs is read again"),
    value_of<&settings::tls_key, path_kind>(
        "tls-key", "FILE", "The key of that certificate: PKCS #8, PEM, without a password"),
    flag_of<&settings::takes_plaintext>(
        "insecure-plaintext",
        "Serve clients without TLS too. For tests: what they say to the relay is seen, and may\n"
        "be changed, by everybody on the way"),
    at_once(value_of<&settings::log_level, log_level_kind>("log-level", "LEVEL",
                                                           "One of debug, info, warn, error, off")),
    value_of<&settings::log_format, log_format_kind>("log-format", "FORM",
                                                     "text, or json: an object a line"),
};

[[nodiscard]] inline const setting* find_setting(std::string_view name) {
  const auto found = std::find_if(all_settings.begin(), all_settings.end(),
                                  [&](const setting& s) { return name == s.name; });
  return found == all_settings.end() ? nullptr : &*found;
}

}  // namespace tallow::relay_tool
