// HOST:PORT as people write it.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tallow/base/error.hpp>

namespace tallow::net {

/// Where a relay listens when nothing else is said.
inline constexpr std::uint16_t relay_port_default = 9009;

/// A host, by name or number, and a port.
struct address {
  std::string host;  ///< an IPv6 address without its brackets
  std::uint16_t port = relay_port_default;

  [[nodiscard]] bool operator==(const address&) const = default;
};

/// Whether port 0 means something: to a listener it means any free one.
enum class port_zero : std::uint8_t { refused, allowed };

namespace detail {

[[nodiscard]] inline result<std::uint16_t> parse_port(std::string_view text, std::size_t at,
                                                      port_zero zero) {
  std::uint16_t port = 0;
  const auto [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || trouble != std::errc{} || end != text.data() + text.size()) {
    return fail(errc::address_invalid, at,
                zero == port_zero::allowed ? "the port is not a number from 0 to 65535"
                                           : "the port is not a number from 1 to 65535");
  }
  if (port == 0 && zero == port_zero::refused) {
    return fail(errc::address_invalid, at, "port 0 is no port to connect to");
  }
  return port;
}

[[nodiscard]] inline result<void> check_host(std::string_view host, std::size_t at) {
  // The longest name that the domain name system knows.
  constexpr std::size_t host_bytes_max = 253;
  if (host.empty()) return fail(errc::address_invalid, at, "the host is missing");
  if (host.size() > host_bytes_max) return fail(errc::address_invalid, at, "the host is too long");
  // Some systems take it for an IPv4 address in an old form.
  if (host.find_first_not_of("0123456789") == std::string_view::npos) {
    return fail(errc::address_invalid, at, "a number alone is no host: HOST:PORT is wanted");
  }
  for (std::size_t i = 0; i < host.size(); ++i) {
    const char c = host[i];
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' || c == ':' ||
                          c == '%';
    if (is_plain) continue;
    if (c == '/') return fail(errc::address_invalid, at + i, "HOST:PORT is wanted, not a URL");
    return fail(errc::address_invalid, at + i, "a character that no host has");
  }
  return {};
}

}  // namespace detail

/// Reads HOST, HOST:PORT, [IPV6] or [IPV6]:PORT. Without a port it is relay_port_default.
///
/// @errors  address_invalid (cond::local): error::at is the offset in `text`, error::note says why
[[nodiscard]] inline result<address> parse_address(std::string_view text,
                                                   port_zero zero = port_zero::refused) {
  address parsed;
  std::string_view host = text;
  std::optional<std::size_t> port_at;
  if (!text.empty() && text.front() == '[') {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) {
      return fail(errc::address_invalid, 0, "the closing bracket is missing");
    }
    host = text.substr(1, end - 1);
    if (host.find(':') == std::string_view::npos) {
      return fail(errc::address_invalid, 1, "brackets are for IPv6 addresses");
    }
    if (end + 1 < text.size()) {
      if (text[end + 1] != ':') {
        return fail(errc::address_invalid, end + 1, "after the bracket only :PORT may come");
      }
      port_at = end + 2;
    }
  } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    if (text.find(':', colon + 1) != std::string_view::npos) {
      const bool is_url = text.find("//") != std::string_view::npos;
      return fail(errc::address_invalid, colon,
                  is_url ? "HOST:PORT is wanted, not a URL"
                         : "an IPv6 address is written in brackets, like [::1]:9009");
    }
    if (text.substr(colon + 1, 2) == "//") {
      return fail(errc::address_invalid, colon, "HOST:PORT is wanted, not a URL");
    }
    host = text.substr(0, colon);
    port_at = colon + 1;
  }
  const std::size_t host_at = text.empty() || text.front() != '[' ? 0 : 1;
  if (auto ok = detail::check_host(host, host_at); !ok) return fail(ok.error());
  parsed.host = host;
  if (port_at) {
    const auto port = detail::parse_port(text.substr(*port_at), *port_at, zero);
    if (!port) return fail(port.error());
    parsed.port = *port;
  }
  return parsed;
}

/// HOST:PORT, with brackets where they are needed.
[[nodiscard]] inline std::string to_string(const address& a) {
  const bool is_v6 = a.host.find(':') != std::string::npos;
  return (is_v6 ? "[" + a.host + "]" : a.host) + ":" + std::to_string(a.port);
}

}  // namespace tallow::net
