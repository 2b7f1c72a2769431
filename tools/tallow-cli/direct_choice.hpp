// What --direct comes to.
#pragma once

#include <algorithm>
#include <string>

#include <tallow/base/error.hpp>
#include <tallow/net/relay_address.hpp>
#include <tallow/wire/peer_messages.hpp>

#include "option_table.hpp"
#include "options.hpp"

namespace tallow::cli {

/// Who goes by a proxy does not want to be seen elsewhere: then nothing goes direct.
///
/// @errors  invalid_argument: nothing else is wanted, and it cannot be
[[nodiscard]] inline result<direct_use> direct_use_of(const common_options& options) {
  const texts relays = split_at_commas(options.relay);
  const bool has_proxy = std::any_of(relays.begin(), relays.end(), [&](const std::string& relay) {
    const auto where = net::parse_relay_address(relay);
    return where && options.proxies.to_host(where->at.host);
  });
  const bool is_possible = !has_proxy && options.lanes > 0;
  if (options.direct == "only") {
    if (is_possible) return direct_use::required;
    return fail(errc::invalid_argument, 0, "--direct only goes neither with a proxy nor --lanes 0");
  }
  return is_possible && options.direct == "auto" ? direct_use::preferred : direct_use::never;
}

}  // namespace tallow::cli
