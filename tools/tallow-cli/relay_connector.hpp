// How a command comes to its relay, and knows that it is the right one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <asio/awaitable.hpp>
#include <botan/x509cert.h>

#include <tallow/base/error.hpp>
#include <tallow/net/control_transport.hpp>
#include <tallow/net/relay_address.hpp>
#include <tallow/net/route.hpp>

#include "known_relays.hpp"
#include "proxy_settings.hpp"
#include "reporter.hpp"

namespace tallow::cli {

/// Connects to one relay, as often as it has to be. Its key has to be the one that the address
/// names, or that an authority of the system vouches for, or that is remembered; that of a relay
/// that was never seen before is remembered.
class relay_connector {
 public:
  /// @param proxies   which may be between
  /// @param is_plain  no TLS, and so no key
  relay_connector(net::relay_address to, const proxy_settings& proxies, bool is_plain,
                  reporter& report)
      : to_(std::move(to)),
        way_(to_.at, proxies.to_host(to_.at.host)),
        proxy_from_(proxies.where()),
        is_plain_(is_plain),
        report_(&report),
        known_(known_relays::find()) {}

  /// Says on standard error what a person has to know of the way and of the relay's key.
  ///
  /// @errors  those of net::connect_control(), relay_key_wrong, and what reading files fails with
  [[nodiscard]] asio::awaitable<result<net::control_transport>> connect();

  /// How it is reached, for lanes too.
  [[nodiscard]] const net::route& way() const noexcept { return way_; }

 private:
  // What a relay that was recognised leaves to do.
  struct recognised {
    net::key_fingerprint key{};
    bool is_vouched = false;
    bool is_new = false;
  };

  result<void> judge(const std::vector<Botan::X509_Certificate>& chain);
  [[nodiscard]] result<std::optional<net::key_fingerprint>> expected() const;
  error refuse(const net::key_fingerprint& shown, const net::key_fingerprint& wanted);
  result<void> remember();

  void tell_way();

  net::relay_address to_;
  net::route way_;
  std::string proxy_from_;  // where it was said that there is a proxy
  bool is_plain_;
  reporter* report_;
  std::optional<known_relays> known_;
  recognised last_;
  // What this run has seen, even where nothing can be stored.
  std::optional<net::key_fingerprint> seen_;
  bool has_complained_ = false;
  bool has_told_way_ = false;
};

}  // namespace tallow::cli
