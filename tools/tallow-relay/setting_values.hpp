// The kinds of values that an operator writes: how each is read, and written again.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <tallow/net/address.hpp>
#include <tallow/net/address_rules.hpp>

#include "../shared/value_kinds.hpp"

namespace tallow::relay_tool {

using tools::bytes_kind;
using tools::flag_kind;
using tools::in_quotes;
using tools::number_kind;
using tools::path_kind;
using tools::refusal;
using tools::time_kind;
using tools::word_kind;

inline constexpr std::array log_levels{"debug", "info", "warn", "error", "off"};
inline constexpr std::array log_formats{"text", "json"};
using log_level_kind = word_kind<log_levels>;
using log_format_kind = word_kind<log_formats>;

struct address_kind {
  static refusal parse(net::address& to, std::string_view text) {
    const auto parsed = net::parse_address(text, net::port_zero::allowed);
    if (!parsed) {
      const std::string why = parsed.error().note;
      return why.find("HOST:PORT is wanted") == std::string::npos ? "HOST:PORT is wanted: " + why
                                                                  : why;
    }
    to = *parsed;
    return std::nullopt;
  }
  static std::string print(const net::address& value) { return in_quotes(to_string(value)); }
};

// Where the operators' endpoints are; somebody who asks for them wants to hear when they fail.
struct http_choice {
  std::optional<net::address> at = net::address{"127.0.0.1", 9010};
  bool was_asked_for = false;
};

struct http_kind {
  static refusal parse(http_choice& to, std::string_view text) {
    net::address at;
    if (text != "off") {
      // What has no port would get that of the relay itself.
      const std::size_t colon = text.rfind(':');
      if (colon == std::string_view::npos || text.find(']', colon) != std::string_view::npos) {
        return "HOST:PORT or off is wanted: there is no port";
      }
      if (auto why = address_kind::parse(at, text)) return *why + "; or off";
    }
    to = {text == "off" ? std::nullopt : std::optional(at), true};
    return std::nullopt;
  }
  static std::string print(const http_choice& value) {
    return value.at ? address_kind::print(*value.at) : in_quotes("off");
  }
};

// Where the admin API is: a Unix socket, or TCP; or neither.
struct admin_choice {
  std::string path;
  std::optional<net::address> at;

  [[nodiscard]] bool is_on() const noexcept { return !path.empty() || at.has_value(); }
};

struct admin_kind {
  static refusal parse(admin_choice& to, std::string_view text) {
    admin_choice chosen;
    if (text.find('/') != std::string_view::npos) {
      if (auto why = path_kind::parse(chosen.path, text)) return why;
    } else {
      http_choice tcp;
      if (http_kind::parse(tcp, text)) return "a PATH with a slash, HOST:PORT or off is wanted";
      chosen.at = tcp.at;
    }
    to = std::move(chosen);
    return std::nullopt;
  }
  static std::string print(const admin_choice& value) {
    if (!value.path.empty()) return path_kind::print(value.path);
    return value.at ? address_kind::print(*value.at) : in_quotes("off");
  }
};

struct network_kind {
  static refusal parse(net::network& to, std::string_view text) {
    const auto parsed = net::network::parse(text);
    if (!parsed) {
      return "an address or a block like 192.0.2.0/24 or 2001:db8::/32 is wanted: " +
             std::string(parsed.error().note);
    }
    to = *parsed;
    return std::nullopt;
  }
  static std::string print(const net::network& value) { return in_quotes(to_string(value)); }
};

// Several values of one kind.
template <class Kind>
struct list_kind {
  template <class List>
  static std::string print(const List& values) {
    std::string text = "[";
    for (const auto& value : values) {
      if (text.size() > 1) text += ", ";
      text += Kind::print(value);
    }
    return text + "]";
  }
};

}  // namespace tallow::relay_tool
