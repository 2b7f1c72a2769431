// What an operator may set, in one table: flags and configuration file have the same names.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <toml++/toml.h>

#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/net/address.hpp>

namespace tallow::relay_tool {

struct settings {
  std::vector<net::address> listen;  // empty: every address of this machine, default port
  std::size_t rooms_max = 1000;
  std::uint64_t room_bytes_max = std::uint64_t{10} << 30U;
  std::chrono::seconds room_timeout = std::chrono::hours(24);
  std::size_t connections_max = 4096;
  std::uint32_t lanes_max = limits::lanes_max;
  std::string log_level = "info";
};

// Why a value was not taken; nothing when it was.
using refusal = std::optional<std::string>;

struct setting {
  const char* name;
  const char* value_name;
  const char* help;
  bool is_list;
  refusal (*set)(settings&, std::string_view);
};

inline std::optional<std::uint64_t> parse_number(std::string_view text, std::string_view& rest) {
  std::uint64_t number = 0;
  const auto [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (trouble != std::errc{}) return std::nullopt;
  rest = text.substr(static_cast<std::size_t>(end - text.data()));
  return number;
}

inline refusal set_count(std::size_t& to, std::string_view text) {
  constexpr std::uint64_t count_max = 1'000'000;
  std::string_view rest;
  const auto number = parse_number(text, rest);
  if (!number || !rest.empty() || *number == 0 || *number > count_max) {
    return "a number from 1 to 1000000 is wanted";
  }
  to = static_cast<std::size_t>(*number);
  return std::nullopt;
}

inline refusal set_lanes(std::uint32_t& to, std::string_view text) {
  std::string_view rest;
  const auto number = parse_number(text, rest);
  if (!number || !rest.empty() || *number > limits::lanes_max) {
    return "a number from 0 to 16 is wanted";
  }
  to = static_cast<std::uint32_t>(*number);
  return std::nullopt;
}

inline refusal set_bytes(std::uint64_t& to, std::string_view text) {
  struct unit {
    std::string_view name;
    unsigned shift;
  };
  constexpr std::array units{unit{"", 0}, unit{"KiB", 10}, unit{"MiB", 20}, unit{"GiB", 30},
                             unit{"TiB", 40}};
  std::string_view rest;
  const auto number = parse_number(text, rest);
  const auto found =
      std::find_if(units.begin(), units.end(), [&](const unit& u) { return u.name == rest; });
  if (!number || found == units.end() || *number > UINT64_MAX >> found->shift) {
    return "a number of bytes is wanted, like 500MiB or 10GiB; 0 means no limit";
  }
  to = *number << found->shift;
  return std::nullopt;
}

inline refusal set_time(std::chrono::seconds& to, std::string_view text) {
  struct unit {
    std::string_view name;
    std::int64_t seconds;
  };
  constexpr std::array units{unit{"s", 1}, unit{"m", 60}, unit{"h", 3600}, unit{"d", 86400}};
  constexpr std::uint64_t seconds_max = 30 * 86400;
  std::string_view rest;
  const auto number = parse_number(text, rest);
  const auto found =
      std::find_if(units.begin(), units.end(), [&](const unit& u) { return u.name == rest; });
  const bool is_time = number && found != units.end() && *number <= seconds_max;
  const auto seconds = is_time ? static_cast<std::int64_t>(*number) * found->seconds : 0;
  if (seconds < 1 || seconds > static_cast<std::int64_t>(seconds_max)) {
    return "a time from 1s to 30d is wanted, like 90s, 15m, 24h or 7d";
  }
  to = std::chrono::seconds(seconds);
  return std::nullopt;
}

inline constexpr std::array log_levels{"debug", "info", "warn", "error", "off"};

inline refusal set_log_level(std::string& to, std::string_view text) {
  if (std::find(log_levels.begin(), log_levels.end(), text) == log_levels.end()) {
    return "one of debug, info, warn, error, off is wanted";
  }
  to = text;
  return std::nullopt;
}

inline refusal add_listen(std::vector<net::address>& to, std::string_view text) {
  const auto parsed = net::parse_address(text, net::port_zero::allowed);
  if (!parsed) return "HOST:PORT is wanted: " + std::string(parsed.error().note);
  to.push_back(*parsed);
  return std::nullopt;
}

inline constexpr std::array all_settings{
    setting{"listen", "HOST:PORT",
            "Address to listen on; may be given more than once. Port 0 takes any free port.\n"
            "(default: 0.0.0.0:9009 and [::]:9009)",
            true, [](settings& s, std::string_view v) { return add_listen(s.listen, v); }},
    setting{"max-rooms", "N", "Rooms at once (default: 1000)", false,
            [](settings& s, std::string_view v) { return set_count(s.rooms_max, v); }},
    setting{"max-bytes", "SIZE", "Bytes that a room may carry; 0 means no limit (default: 10GiB)",
            false, [](settings& s, std::string_view v) { return set_bytes(s.room_bytes_max, v); }},
    setting{"room-timeout", "TIME", "How long a room waits for its second side (default: 24h)",
            false, [](settings& s, std::string_view v) { return set_time(s.room_timeout, v); }},
    setting{"max-connections", "N", "Connections at once (default: 4096)", false,
            [](settings& s, std::string_view v) { return set_count(s.connections_max, v); }},
    setting{"max-lanes", "N",
            "Lanes of a room, which are connections of their own; 0 to 16 (default: 16).\n"
            "With 0 everything goes through the two connections that a room has anyway",
            false, [](settings& s, std::string_view v) { return set_lanes(s.lanes_max, v); }},
    setting{"log-level", "LEVEL", "One of debug, info, warn, error, off (default: info)", false,
            [](settings& s, std::string_view v) { return set_log_level(s.log_level, v); }},
};

[[nodiscard]] inline const setting* find_setting(std::string_view name) {
  const auto found = std::find_if(all_settings.begin(), all_settings.end(),
                                  [&](const setting& s) { return name == s.name; });
  return found == all_settings.end() ? nullptr : &*found;
}

namespace detail {

inline std::string place(std::string_view file, const toml::source_region& where) {
  return std::string(file) + ":" + std::to_string(where.begin.line) + ": ";
}

// Strings as they are and integers as written; nothing else is a value here.
inline std::optional<std::string> text_of(const toml::node& value) {
  if (const auto* text = value.as_string()) return text->get();
  if (const auto* number = value.as_integer()) return std::to_string(number->get());
  return std::nullopt;
}

inline refusal set_from(settings& s, const setting& which, const toml::node& value) {
  const auto* list = value.as_array();
  if (list == nullptr || !which.is_list) {
    const auto text = text_of(value);
    if (!text) return "text or a number is wanted";
    return which.set(s, *text);
  }
  for (const toml::node& element : *list) {
    const auto text = text_of(element);
    if (!text) return "a list of texts is wanted";
    if (auto why = which.set(s, *text)) return why;
  }
  return std::nullopt;
}

}  // namespace detail

// Reads a configuration file into `s`. A refusal begins with FILE:LINE.
[[nodiscard]] inline refusal read_config(settings& s, const std::string& file,
                                         std::string_view content) {
  try {
    const toml::table table = toml::parse(content);
    for (const auto& [key, value] : table) {
      const std::string at = detail::place(file, key.source());
      const setting* which = find_setting(key.str());
      if (which == nullptr) {
        std::string why = at + "unknown key '" + std::string(key.str()) + "'; allowed are";
        for (const setting& one : all_settings) {
          why.append(&one == &all_settings.front() ? " " : ", ").append(one.name);
        }
        return why;
      }
      if (auto why = detail::set_from(s, *which, value)) {
        return at + std::string(key.str()) + ": " + *why;
      }
    }
  } catch (const toml::parse_error& e) {
    return detail::place(file, e.source()) + std::string(e.description());
  }
  return std::nullopt;
}

}  // namespace tallow::relay_tool
