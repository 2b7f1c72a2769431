// Which relays are reached through a proxy, and which proxy that is.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <tallow/base/error.hpp>
#include <tallow/net/proxy_address.hpp>

namespace tallow::cli {

/// True when NO_PROXY's list names a host: itself, a domain that it is in, or `*` for all.
[[nodiscard]] bool is_excepted(std::string_view no_proxy, std::string_view host);

/// What was said of proxies. Unless told so here, ALL_PROXY and NO_PROXY of the environment count,
/// each also in small letters, which go before.
class proxy_settings {
 public:
  proxy_settings() = default;

  /// Takes a login out of the environment and wipes it there.
  ///
  /// @param chosen  what the user told this program: a proxy, `none`, or nothing
  /// @errors  proxy_invalid; where() says in what
  [[nodiscard]] result<void> read(std::string_view chosen);

  /// As read(), of a session that goes on: it does so by the proxy that it went by before, whatever
  /// the environment says now.
  ///
  /// @param before  what shown() was then
  /// @errors  proxy_invalid
  [[nodiscard]] result<void> read_again(std::string_view chosen, const std::string& before,
                                        std::string_view host);

  /// Where it was said, for people; empty where nothing was.
  [[nodiscard]] std::string_view where() const noexcept { return where_; }

  /// True when there is one, whatever is reached without it.
  [[nodiscard]] bool is_set() const noexcept { return proxy_.has_value(); }

  /// The proxy to that relay, if there is one between.
  [[nodiscard]] std::optional<net::proxy_address> to_host(std::string_view host) const;

  /// Without its login, to be stored or shown; empty where there is none.
  [[nodiscard]] std::string shown(std::string_view host) const;

 private:
  std::optional<net::proxy_address> proxy_;
  std::string_view where_;
  std::string except_;  // hosts that are reached without one
};

}  // namespace tallow::cli
