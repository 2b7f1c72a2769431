// Tells the local network that a sender waits there.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>

#include "mdns_links.hpp"
#include "mdns_message.hpp"

namespace tallow::cli {

/// Announces one service on all links until it goes, and then says goodbye.
///
/// All calls on the executor's thread.
class announcer {
 public:
  /// @param what  its addresses are those of each link
  announcer(const asio::any_io_executor& executor, mdns::links links, mdns::service what);
  announcer(const announcer&) = delete;
  announcer& operator=(const announcer&) = delete;
  ~announcer();

  /// Finds out whether a nameplate is free on all links, which takes 750 ms, and has it from then
  /// on.
  ///
  /// @shape  false: somebody else has it, or wants it now
  [[nodiscard]] asio::awaitable<bool> claim(std::uint32_t nameplate);

  /// Announces what was claimed, and answers questions about it from then on.
  void start();

 private:
  struct state;

  std::shared_ptr<state> state_;
};

}  // namespace tallow::cli
