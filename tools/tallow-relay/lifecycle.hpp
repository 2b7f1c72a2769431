// What a relay does beside relaying while it runs: it shows that it lives, and it stops when told
// to.
#pragma once

#include <chrono>
#include <functional>

#include <asio/awaitable.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <spdlog/spdlog.h>

#include <tallow/net/relay_group.hpp>
#include <tallow/net/tcp_transport.hpp>

#include "service_manager.hpp"

namespace tallow::relay_tool {

// The first signal lets transfers that run come to their end; the second does not.
inline asio::awaitable<void> stop_on_signals(asio::signal_set& signals, net::relay_group& relay,
                                             service_manager& manager,
                                             std::chrono::seconds drain_wait) {
  // What ending takes beyond the drain.
  constexpr auto spare = std::chrono::seconds(5);
  const auto [trouble, number] = co_await signals.async_wait(net::awaited);
  if (trouble) co_return;
  spdlog::info("stopping: no new connections, up to {} s for transfers that run",
               drain_wait.count());
  manager.stopping(drain_wait + spare);
  manager.status("stopping: waiting for transfers that run");
  relay.drain(drain_wait);
  const auto [trouble_again, number_again] = co_await signals.async_wait(net::awaited);
  if (trouble_again) co_return;
  spdlog::warn("stopping at once");
  relay.stop();
}

// For as long as the relay runs; without it this signal would end it.
inline asio::awaitable<void> reload_on_signals(asio::signal_set& signals,
                                               std::function<void()> on_reload) {
  for (;;) {
    const auto [trouble, number] = co_await signals.async_wait(net::awaited);
    if (trouble) co_return;
    on_reload();
  }
}

// Every event loop has to answer first: when one hangs, the manager hears nothing.
inline asio::awaitable<void> feed_watchdog(asio::steady_timer& timer, net::relay_group& relay,
                                           const service_manager& manager) {
  if (!manager.watchdog()) co_return;
  // Two may be late or lost.
  const auto pause = *manager.watchdog() / 3;
  for (;;) {
    (void)co_await relay.ask_each([](net::relay_server&) { return true; });
    manager.alive();
    timer.expires_after(pause);
    const auto [trouble] = co_await timer.async_wait(net::awaited);
    if (trouble) co_return;
  }
}

}  // namespace tallow::relay_tool
