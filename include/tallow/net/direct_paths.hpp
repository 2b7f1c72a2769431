// What a driver does for lanes straight to the other side: listens, connects, and tells addresses.
#pragma once

#include <functional>
#include <optional>
#include <utility>
#include <variant>

#include <asio/any_io_executor.hpp>
#include <asio/ip/tcp.hpp>

#include <tallow/base/time.hpp>
#include <tallow/base/units.hpp>
#include <tallow/net/connect_race.hpp>
#include <tallow/net/direct_listener.hpp>
#include <tallow/net/interface_addresses.hpp>
#include <tallow/net/lane_set.hpp>
#include <tallow/net/resolve.hpp>
#include <tallow/session/direct_addresses.hpp>
#include <tallow/session/events.hpp>

namespace tallow::net {

/// Answers a session's events of direct lanes, over all connections of the session. Nobody is
/// listened for before the other side has proved who it is, and asked.
///
/// All calls on one executor's thread.
template <class Session>
class direct_paths {
 public:
  /// @param arrived  called with the connection of a lane that was expected
  direct_paths(asio::any_io_executor executor, Session& session, direct_listener::taker arrived)
      : executor_(std::move(executor)), session_(&session), arrived_(std::move(arrived)) {}

  /// Takes an event, and does what it asks for.
  ///
  /// @shape  returns false when it is none of these
  bool handle(const session::event& e, lane_set<Session>& lanes,
              const session::address_kinds& kinds, instant now) {
    if (std::holds_alternative<session::addresses_wanted>(e)) {
      const bool listens = listen();
      (void)session_->listens_at(
          listens ? interface_addresses(kinds, listener_->port()) : std::vector<direct_address>(),
          now);
    } else if (const auto* expected = std::get_if<session::direct_expected>(&e)) {
      for (const session::lane_granted& one : expected->lanes) {
        lanes.expect(one.lane);
        listener_->expect(one.lane, one.ticket);
      }
    } else if (const auto* late = std::get_if<session::lane_late>(&e)) {
      if (listener_ && listener_->forget(late->lane)) lanes.give_up(late->lane);
    } else if (const auto* offered = std::get_if<session::direct_offered>(&e)) {
      endpoints to;
      for (const direct_address& one : seen_.choose(offered->addresses, kinds)) {
        to.push_back(endpoint_of(one));
      }
      lanes.dial(offered->lanes, in_connecting_order(to));
    } else {
      return false;
    }
    return true;
  }

  /// The session's connection is lost, and its lanes with it.
  void forget_lanes() {
    if (listener_) listener_->forget_all();
  }

 private:
  bool listen() {
    if (listener_) return true;
    listener_.emplace(executor_, arrived_);
    if (!listener_->listen()) listener_.reset();
    return listener_.has_value();
  }

  asio::any_io_executor executor_;
  Session* session_;
  direct_listener::taker arrived_;
  std::optional<direct_listener> listener_;
  session::address_book seen_;
};

}  // namespace tallow::net
