// What the owner of a relay on real sockets may change while it runs.
#pragma once

#include <tallow/net/address_rules.hpp>
#include <tallow/room/reloadable.hpp>

namespace tallow::net {

/// What relay_server::apply() takes. No connection ends by it.
struct relay_reload {
  room::reloadable_options relay;
  address_rules addresses;  ///< of connections that come from now on
};

}  // namespace tallow::net
