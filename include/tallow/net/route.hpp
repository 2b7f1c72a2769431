// How a client comes to its relay: straight, or through a proxy.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/ip/tcp.hpp>

#include <tallow/base/error.hpp>
#include <tallow/net/address.hpp>
#include <tallow/net/address_rules.hpp>
#include <tallow/net/connect.hpp>
#include <tallow/net/connect_race.hpp>
#include <tallow/net/proxy_address.hpp>
#include <tallow/net/proxy_tunnel.hpp>
#include <tallow/net/resolve.hpp>

namespace tallow::net {

/// How long the steps of a route may take.
struct route_times {
  connect_times connecting{};
  std::chrono::milliseconds proxy = proxy_timeout_default;
};

/// The way to one relay, and which address answered there. Copies are the same route.
///
/// Through a proxy nothing else is spoken to: no resolver is asked for the relay's name, and no
/// connection goes beside it. The proxy's own name is resolved here.
///
/// All calls on one executor's thread.
class route {
 public:
  /// Straight.
  // NOLINTNEXTLINE(google-explicit-constructor): an address is a route
  route(address to, std::optional<proxy_address> through = std::nullopt, route_times times = {})
      : state_(std::make_shared<state>(
            state{std::move(to), std::move(through), times, std::nullopt})) {}

  [[nodiscard]] const address& to() const noexcept { return state_->to; }
  [[nodiscard]] const std::optional<proxy_address>& through() const noexcept {
    return state_->through;
  }

  /// True when the relay is on this machine, as far as one can see.
  [[nodiscard]] bool is_loopback() const {
    if (state_->through) return false;
    if (state_->answered) return canonical(state_->answered->address()).is_loopback();
    asio::error_code is_name;
    const auto number = asio::ip::make_address(state_->to.host, is_name);
    return !is_name && canonical(number).is_loopback();
  }

  /// Connects to whichever address answers first.
  ///
  /// @errors  straight those of net::connect(); through a proxy proxy_unreachable and those of
  ///          open_tunnel()
  [[nodiscard]] asio::awaitable<result<asio::ip::tcp::socket>> connect() const {
    return make(state_, false);
  }

  /// Connects to the address that answered last, so that what belongs together comes to one relay
  /// even where a name stands for several.
  ///
  /// @errors  those of connect()
  [[nodiscard]] asio::awaitable<result<asio::ip::tcp::socket>> connect_again() const {
    return make(state_, true);
  }

 private:
  struct state {
    address to;
    std::optional<proxy_address> through;
    route_times times;
    std::optional<asio::ip::tcp::endpoint> answered;
  };

  static asio::awaitable<result<asio::ip::tcp::socket>> make(std::shared_ptr<state> s,
                                                             bool same_again) {
    auto socket = co_await first_hop(*s, same_again);
    if (!s->through) co_return socket;
    if (!socket) {
      const error& why = socket.error();
      co_return fail(error{errc::proxy_unreachable, 0, note_on(why.code), why.cause});
    }
    co_return co_await open_tunnel(std::move(*socket), s->to, s->through->clone(), s->times.proxy);
  }

  // The state belongs to the caller until it is done.
  static asio::awaitable<result<asio::ip::tcp::socket>> first_hop(state& s, bool same_again) {
    endpoints order;
    if (same_again && s.answered) {
      order.push_back(*s.answered);
    } else {
      const auto found = co_await resolve(s.through ? s.through->at : s.to);
      if (!found) co_return fail(found.error());
      order = in_connecting_order(*found);
    }
    auto socket = co_await net::connect(std::move(order), s.times.connecting);
    if (!socket) co_return socket;
    asio::error_code trouble;
    const auto other_end = socket->remote_endpoint(trouble);
    if (!trouble) s.answered = other_end;
    co_return socket;
  }

  [[nodiscard]] static const char* note_on(errc why) noexcept {
    if (why == errc::resolve_failed) return "its name could not be resolved";
    return why == errc::timed_out ? "it says nothing" : "";
  }

  std::shared_ptr<state> state_;
};

}  // namespace tallow::net
