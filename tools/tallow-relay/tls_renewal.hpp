// The relay's certificate while it runs: told once, and exchanged when its files change.
#pragma once

#include <chrono>

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <spdlog/spdlog.h>

#include <tallow/base/bytes.hpp>
#include <tallow/net/relay_group.hpp>
#include <tallow/net/tcp_transport.hpp>
#include <tallow/net/tls_identity.hpp>

#include "identity_files.hpp"
#include "lifecycle.hpp"

namespace tallow::relay_tool {

inline net::tls_server_context announced(const net::tls_identity& identity) {
  spdlog::info(
      "the relay's key is {}; to pin it, clients write it behind the address: HOST:PORT#KEY",
      to_hex(identity.fingerprint()));
  return net::tls_server_context(identity);
}

// Reads the certificate again. What cannot be used is not: the old one stays.
inline void renew(identity_files& from, net::relay_group& relay) {
  const auto found = from.load();
  if (found.identity) {
    spdlog::info("the certificate was read again");
    relay.renew(announced(*found.identity));
  } else {
    spdlog::error("the certificate stays as it was: {}", found.trouble);
  }
}

// Whoever replaces a certificate may not know how to tell the relay, or may not be allowed to.
inline asio::awaitable<void> renew_when_changed(asio::steady_timer& timer, identity_files& files,
                                                net::relay_group& relay) {
  constexpr auto pause = std::chrono::seconds(5);
  for (;;) {
    const bool goes_on = co_await pause_for(timer, pause, relay);
    if (!goes_on) co_return;
    if (files.have_changed()) renew(files, relay);
  }
}

}  // namespace tallow::relay_tool
