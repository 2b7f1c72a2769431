// How connections come to a relay: they are accepted, and it is found out whose they are.
#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

#include <tallow/base/limits.hpp>
#include <tallow/net/address.hpp>
#include <tallow/net/address_rules.hpp>
#include <tallow/net/listening.hpp>
#include <tallow/net/proxy_greeting.hpp>
#include <tallow/net/relay_server_options.hpp>
#include <tallow/net/tcp_transport.hpp>
#include <tallow/room/relay_event.hpp>

namespace tallow::net {

/// Accepts on sockets that listen already. It outlives the io_context's run().
class relay_entrance {
  using tcp = asio::ip::tcp;

 public:
  /// Of each connection, and where it comes from.
  using admit_call = std::function<void(tcp::socket, const asio::ip::address& from)>;
  using note_call = std::function<void(const room::noted&)>;
  using turned_away_call = std::function<void()>;

  /// @param rules  say which proxies are trusted; they outlive this
  /// @param turned_away  one that came for proxies was closed
  relay_entrance(asio::io_context& context, const address_rules& rules, admit_call admit,
                 note_call note, turned_away_call turned_away)
      : context_(&context),
        rules_(&rules),
        admit_(std::move(admit)),
        note_(std::move(note)),
        turned_away_(std::move(turned_away)) {}

  void add(tcp::acceptor socket, greeting begins) {
    listeners_.push_back({std::make_shared<tcp::acceptor>(std::move(socket)), begins});
  }

  /// What is listened on, with the ports that were taken.
  [[nodiscard]] std::vector<address> addresses() const {
    std::vector<address> all;
    for (const auto& one : listeners_) {
      asio::error_code trouble;
      const auto at = one.socket->local_endpoint(trouble);
      if (!trouble) all.push_back({at.address().to_string(), at.port()});
    }
    return all;
  }

  /// Begins to accept.
  ///
  /// @param ended  called once, after close(), when nothing of this runs any more
  void open(std::function<void()> ended) {
    ended_ = std::move(ended);
    loops_ = listeners_.size();
    for (const listener& one : listeners_) asio::co_spawn(*context_, accept_loop(one), run_on);
  }

  void close() {
    is_closed_ = true;
    asio::error_code ignored;
    for (auto& one : listeners_) one.socket->close(ignored);
  }

  /// True when nobody comes any more.
  [[nodiscard]] bool has_ended() const noexcept { return is_closed_ && loops_ == 0; }

 private:
  struct listener {
    std::shared_ptr<tcp::acceptor> socket;
    greeting begins;
  };

  // Connections of proxies that have not said yet whose they are.
  static constexpr std::size_t proxied_max = 1024;
  // Out of descriptors or memory: others have to end first.
  static constexpr auto accept_backoff = std::chrono::milliseconds(100);

  // Nothing throws but bad_alloc, and a relay that lost a loop without a word would be worse than
  // none: it leaves through run().
  static void run_on(std::exception_ptr lost) {
    if (lost) std::rethrow_exception(lost);
  }

  asio::awaitable<void> accept_loop(listener from) {
    asio::steady_timer backoff(*context_);
    while (!is_closed_) {
      auto [trouble, socket] = co_await from.socket->async_accept(awaited);
      if (!trouble) {
        // Even at the very end: who has been accepted is told why it cannot stay.
        meet(std::move(socket), from.begins);
      } else if (is_closed_) {
        break;
      } else if (detail::is_shortage(detail::as_std(trouble))) {
        note_({"accepting waits", "out of descriptors or memory"});
        backoff.expires_after(accept_backoff);
        (void)co_await backoff.async_wait(awaited);
      }
      // Any other error is that of one connection, which is gone.
    }
    if (--loops_ == 0) ended_();
  }

  void meet(tcp::socket socket, greeting begins) {
    asio::error_code trouble;
    const auto from = socket.remote_endpoint(trouble).address();
    if (trouble) return;
    if (begins == greeting::ours) return admit_(std::move(socket), from);
    if (!rules_->trusts(from)) {
      return turn_away(
          {"connection closed", "not of a trusted proxy", rules_->origin_of(from).source});
    }
    if (proxied_ >= proxied_max)
      return turn_away({"connection closed", "too many without a header"});
    asio::co_spawn(*context_, meet_behind_proxy(std::move(socket), from), run_on);
  }

  // Before the header is read nobody knows whose the connection is: the core has no use for it yet.
  asio::awaitable<void> meet_behind_proxy(tcp::socket socket, asio::ip::address proxy) {
    ++proxied_;
    const auto header = co_await read_proxy_header(socket, limits::relay_greeting_timeout);
    --proxied_;
    if (header) {
      admit_(std::move(socket), header->source().value_or(proxy));
    } else {
      turn_away({"connection closed", "no PROXY header"});
    }
  }

  void turn_away(const room::noted& why) const {
    turned_away_();
    note_(why);
  }

  asio::io_context* context_;
  const address_rules* rules_;
  admit_call admit_;
  note_call note_;
  turned_away_call turned_away_;
  std::function<void()> ended_;
  std::vector<listener> listeners_;
  std::size_t loops_ = 0;
  std::size_t proxied_ = 0;
  bool is_closed_ = false;
};

}  // namespace tallow::net
