// What the admin API sees of a relay: all its shards, each asked in its own thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

#include <asio/awaitable.hpp>

#include <tallow/net/relay_group.hpp>

#include "admin_api.hpp"

namespace tallow::relay_tool {

class admin_relay final : public admin_target {
 public:
  // `relay` outlives it.
  explicit admin_relay(net::relay_group& relay) noexcept : relay_(&relay) {}

  asio::awaitable<std::vector<room::room_summary>> rooms() override {
    std::vector<room::room_summary> all;
    for (const auto& some : co_await relay_->ask_each([](net::relay_server& shard) {
           return shard.core().list_rooms(std::chrono::steady_clock::now());
         })) {
      all.insert(all.end(), some.begin(), some.end());
    }
    co_return all;
  }

  asio::awaitable<bool> end_room(std::uint64_t handle) override {
    const auto found = co_await relay_->ask_each(
        [handle](net::relay_server& shard) { return shard.end_room(handle); });
    co_return std::find(found.begin(), found.end(), true) != found.end();
  }

  asio::awaitable<room::relay_figures> figures() override { return relay_->figures(); }

 private:
  net::relay_group* relay_;
};

}  // namespace tallow::relay_tool
