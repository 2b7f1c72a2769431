// Looks on the local network for a sender who has named no relay.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <asio/awaitable.hpp>

#include <tallow/session/direct_addresses.hpp>

#include "mdns_links.hpp"
#include "reporter.hpp"

namespace tallow::cli {

/// Waits for who announces that nameplate, and says so after a while.
///
/// @shape  returns how its relay, or those of all who announce it, can be reached: HOST:PORT#KEY,
///         each of an address of these kinds; nothing after a day
/// @cost   a question after 0, 1, 3, 7 seconds and so on, to an hour; a sender who begins to
///         announce is heard at once
[[nodiscard]] asio::awaitable<std::vector<std::string>> find_sender(mdns::links links,
                                                                    std::uint32_t nameplate,
                                                                    session::address_kinds kinds,
                                                                    reporter& report);

}  // namespace tallow::cli
