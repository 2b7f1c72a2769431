// The kinds of values that people give programs, in flags, variables and files: how each is read,
// and written again.
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

namespace tallow::tools {

// Why a value was not taken; nothing when it was.
using refusal = std::optional<std::string>;

inline std::optional<std::uint64_t> parse_number(std::string_view text, std::string_view& rest) {
  std::uint64_t number = 0;
  const auto [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (trouble != std::errc{}) return std::nullopt;
  rest = text.substr(static_cast<std::size_t>(end - text.data()));
  return number;
}

// As in TOML: no value of ours has a character that would be written in another way.
inline std::string in_quotes(std::string_view text) { return '"' + std::string(text) + '"'; }

// A kind has parse(to, text) and print(value); print gives what TOML takes.

template <std::uint64_t Least, std::uint64_t Most>
struct number_kind {
  template <class Number>
  static refusal parse(Number& to, std::string_view text) {
    std::string_view rest;
    const auto number = parse_number(text, rest);
    if (!number || !rest.empty() || *number < Least || *number > Most) {
      return "a number from " + std::to_string(Least) + " to " + std::to_string(Most) +
             " is wanted";
    }
    to = static_cast<Number>(*number);
    return std::nullopt;
  }
  static std::string print(std::uint64_t value) { return std::to_string(value); }
};

struct bytes_kind {
  struct unit {
    std::string_view name;
    unsigned shift;
  };
  static constexpr std::array units{unit{"", 0}, unit{"KiB", 10}, unit{"MiB", 20}, unit{"GiB", 30},
                                    unit{"TiB", 40}};
  static constexpr std::uint64_t bytes_max = INT64_MAX;  // a file of TOML has no larger number

  static refusal parse(std::uint64_t& to, std::string_view text) {
    std::string_view rest;
    const auto number = parse_number(text, rest);
    const auto found =
        std::find_if(units.begin(), units.end(), [&](const unit& u) { return u.name == rest; });
    if (!number || found == units.end() || *number > bytes_max >> found->shift) {
      return "a number of bytes is wanted, like 500MiB or 10GiB; 0 means no limit";
    }
    to = *number << found->shift;
    return std::nullopt;
  }
  static std::string print(std::uint64_t value) {
    const auto fits = [&](const unit& u) { return value % (std::uint64_t{1} << u.shift) == 0; };
    const unit best = value == 0 ? units[0] : *std::find_if(units.rbegin(), units.rend(), fits);
    const std::string number = std::to_string(value >> best.shift);
    return best.name.empty() ? number : in_quotes(number + std::string(best.name));
  }
};

struct time_kind {
  struct unit {
    std::string_view name;
    std::int64_t seconds;
  };
  static constexpr std::array units{unit{"s", 1}, unit{"m", 60}, unit{"h", 3600}, unit{"d", 86400}};
  static constexpr std::uint64_t seconds_max = 30 * 86400;

  static refusal parse(std::chrono::seconds& to, std::string_view text) {
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
  static std::string print(std::chrono::seconds value) {
    const auto fits = [&](const unit& u) { return value.count() % u.seconds == 0; };
    const unit best = *std::find_if(units.rbegin(), units.rend(), fits);
    return in_quotes(std::to_string(value.count() / best.seconds) + std::string(best.name));
  }
};

struct flag_kind {
  static refusal parse(bool& to, std::string_view text) {
    if (text != "true" && text != "false") return "true or false is wanted";
    to = text == "true";
    return std::nullopt;
  }
  static std::string print(bool value) { return value ? "true" : "false"; }
};

// One of a few words.
template <const auto& Words>
struct word_kind {
  static refusal parse(std::string& to, std::string_view text) {
    if (std::find(Words.begin(), Words.end(), text) == Words.end()) {
      std::string why = "one of";
      for (const char* one : Words) why += std::string(one == Words.front() ? " " : ", ") + one;
      return why + " is wanted";
    }
    to = text;
    return std::nullopt;
  }
  static std::string print(const std::string& value) { return in_quotes(value); }
};

struct path_kind {
  template <class Path>
  static refusal parse(Path& to, std::string_view text) {
    const auto is_control = [](char c) {
      return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    };
    if (std::any_of(text.begin(), text.end(), is_control)) return "a path is wanted";
    to = text;
    return std::nullopt;
  }
  static std::string print(const std::string& value) {
    std::string escaped;
    for (const char c : value) {
      if (c == '"' || c == '\\') escaped += '\\';
      escaped += c;
    }
    return in_quotes(escaped);
  }
};

}  // namespace tallow::tools
