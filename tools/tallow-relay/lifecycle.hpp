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

// Waits; false when the relay has ended. Cancelling comes too late for a timer that has expired or
// is not waited for at the moment, and who then waited again would keep the process for ever.
inline asio::awaitable<bool> pause_for(asio::steady_timer& timer,
                                       std::chrono::steady_clock::duration how_long,
                                       const net::relay_group& relay) {
  if (relay.has_ended()) co_return false;
  timer.expires_after(how_long);
  const auto [trouble] = co_await timer.async_wait(net::awaited);
  if (trouble) co_return false;
  co_return !relay.has_ended();
}

// The next of these signals; false when the relay has ended.
inline asio::awaitable<bool> next_of(asio::signal_set& signals, const net::relay_group& relay) {
  if (relay.has_ended()) co_return false;
  const auto [trouble, number] = co_await signals.async_wait(net::awaited);
  if (trouble) co_return false;
  co_return !relay.has_ended();
}

// The first signal lets transfers that run come to their end; the second does not.
inline asio::awaitable<void> stop_on_signals(asio::signal_set& signals, net::relay_group& relay,
                                             service_manager& manager,
                                             std::chrono::seconds drain_wait) {
  // What ending takes beyond the drain.
  constexpr auto spare = std::chrono::seconds(5);
  const bool is_told = co_await next_of(signals, relay);
  if (!is_told) co_return;
  spdlog::info("stopping: no new connections, up to {} s for transfers that run",
               drain_wait.count());
  manager.stopping(drain_wait + spare);
  manager.status("stopping: waiting for transfers that run");
  relay.drain(drain_wait);
  const bool is_told_again = co_await next_of(signals, relay);
  if (!is_told_again) co_return;
  spdlog::warn("stopping at once");
  relay.stop();
}

// For as long as the relay runs; without it this signal would end it.
inline asio::awaitable<void> reload_on_signals(asio::signal_set& signals,
                                               const net::relay_group& relay,
                                               std::function<void()> on_reload) {
  // No co_await in a condition: g++ 12 makes something else of it.
  for (;;) {
    const bool goes_on = co_await next_of(signals, relay);
    if (!goes_on) co_return;
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
    const bool goes_on = co_await pause_for(timer, pause, relay);
    if (!goes_on) co_return;
  }
}

}  // namespace tallow::relay_tool
