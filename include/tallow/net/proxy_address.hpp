// Where a client's proxy is and how it is spoken to: socks5://[USER:PASSWORD@]HOST:PORT.
//
// @source  RFC 1928, RFC 1929, RFC 9110 section 9.3.6
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/secret.hpp>
#include <tallow/net/address.hpp>

namespace tallow::net {

/// How a proxy is asked for a connection.
enum class proxy_kind : std::uint8_t {
  socks5,        ///< SOCKS version 5
  http_connect,  ///< the method CONNECT of HTTP
};

/// A proxy, and who we are there. Copying has to be asked for with clone(): it holds a password.
struct proxy_address {
  proxy_kind kind = proxy_kind::socks5;
  address at;
  secret_buffer user;      ///< empty: no login
  secret_buffer password;  ///< may be empty where there is a user

  [[nodiscard]] bool has_login() const noexcept { return !user.empty(); }
  [[nodiscard]] proxy_address clone() const { return {kind, at, user.clone(), password.clone()}; }
};

namespace detail {

/// What RFC 1929 has room for.
inline constexpr std::size_t login_bytes_max = 255;

/// A part of a URL as it is meant: %40 is an @. Nothing for text that is no such part.
[[nodiscard]] inline result<secret_buffer> decode_login(std::string_view text, std::size_t at) {
  secret_buffer decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::byte one = as_bytes(text)[i];
    if (text[i] == '%') {
      const auto value = from_hex(text.substr(i + 1, 2));
      if (!value || value->size() != 1) {
        return fail(errc::proxy_invalid, at + i, "behind a % stand two hexadecimal digits");
      }
      one = value->front();
      i += 2;
    }
    if (one < std::byte{0x20} || one == std::byte{0x7F}) {
      return fail(errc::proxy_invalid, at + i, "a control character in the login");
    }
    decoded.append(byte_view(&one, 1));
  }
  if (decoded.size() > login_bytes_max) {
    return fail(errc::proxy_invalid, at, "a name or password of more than 255 bytes");
  }
  return decoded;
}

[[nodiscard]] inline result<void> read_login(std::string_view text, std::size_t at,
                                             proxy_address& into) {
  const std::size_t colon = std::min(text.find(':'), text.size());
  auto user = decode_login(text.substr(0, colon), at);
  if (!user) return fail(user.error());
  if (user->empty()) return fail(errc::proxy_invalid, at, "a login without a name");
  const byte_view name = user->view();
  if (into.kind == proxy_kind::http_connect &&
      std::find(name.begin(), name.end(), std::byte{':'}) != name.end()) {
    return fail(errc::proxy_invalid, at, "a name with a colon, which HTTP cannot say");
  }
  into.user = std::move(*user);
  if (colon == text.size()) return {};
  auto password = decode_login(text.substr(colon + 1), at + colon + 1);
  if (!password) return fail(password.error());
  into.password = std::move(*password);
  return {};
}

[[nodiscard]] inline result<proxy_kind> read_scheme(std::string_view text) {
  std::string name(text);
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  // Who resolves the name of a relay is no question here: always the proxy.
  if (name == "socks5" || name == "socks5h") return proxy_kind::socks5;
  if (name == "http") return proxy_kind::http_connect;
  return fail(errc::proxy_invalid, 0, "only socks5://, socks5h:// and http:// are known");
}

}  // namespace detail

/// Reads socks5://, socks5h:// or http://, then [USER[:PASSWORD]@]HOST:PORT, with bytes of the
/// login that a URL has no other way for as %XX, and perhaps a slash at the end.
///
/// @errors  proxy_invalid (cond::local): error::at is the offset in `text`, error::note says why
[[nodiscard]] inline result<proxy_address> parse_proxy_address(std::string_view text) {
  constexpr std::string_view mark = "://";
  const std::size_t scheme_end = text.find(mark);
  if (scheme_end == std::string_view::npos) {
    return fail(errc::proxy_invalid, 0, "it begins with socks5:// or http://");
  }
  const auto kind = detail::read_scheme(text.substr(0, scheme_end));
  if (!kind) return fail(kind.error());
  proxy_address parsed;
  parsed.kind = *kind;
  std::size_t at = scheme_end + mark.size();
  text.remove_prefix(at);
  if (text.ends_with('/')) text.remove_suffix(1);
  // The last one: a password may hold others, as people write it.
  if (const std::size_t sign = text.rfind('@'); sign != std::string_view::npos) {
    const auto done = detail::read_login(text.substr(0, sign), at, parsed);
    if (!done) return fail(done.error());
    text.remove_prefix(sign + 1);
    at += sign + 1;
  }
  const auto where = parse_address(text);
  if (!where) return fail(errc::proxy_invalid, at + where.error().at, where.error().note);
  // The port of a relay, which parse_address() takes instead, is nobody's proxy.
  const std::size_t host_end = text.front() == '[' ? text.find(']') : 0;
  if (text.find(':', host_end) == std::string_view::npos) {
    return fail(errc::proxy_invalid, at + text.size(), "the port is missing");
  }
  parsed.at = *where;
  return parsed;
}

/// The proxy without the login, which nobody else is to see.
[[nodiscard]] inline std::string to_string(const proxy_address& proxy) {
  return (proxy.kind == proxy_kind::socks5 ? "socks5://" : "http://") + to_string(proxy.at);
}

}  // namespace tallow::net
