// The admin API of a relay that runs: where it listens, whom it knows, what it writes down.
#pragma once

#include <optional>
#include <string>

#include <asio/io_context.hpp>
#include <spdlog/spdlog.h>

#include <tallow/net/relay_group.hpp>

#include "admin_api.hpp"
#include "admin_audit.hpp"
#include "admin_listener.hpp"
#include "admin_relay.hpp"
#include "admin_token.hpp"
#include "settings.hpp"

namespace tallow::relay_tool {

// On the loop of the relay's first shard.
class admin_door {
 public:
  admin_door(asio::io_context& context, net::relay_group& relay)
      : relay_(relay), api_(relay_, token_, audit_), listener_(context, api_) {}

  // Before the sandbox, in the only thread of the process.
  [[nodiscard]] refusal open(const settings& chosen) {
    if (!chosen.admin_listen.is_on()) return std::nullopt;
    if (!chosen.admin_token_file.empty()) {
      if (auto why = token_.read(chosen.admin_token_file)) return why;
    }
    if (!chosen.admin_audit_file.empty()) {
      if (auto why = audit_.open(chosen.admin_audit_file)) return why;
    }
    if (const auto why = listener_.listen(chosen.admin_listen)) return "admin-listen: " + *why;
    spdlog::info("admin API at {}", listener_.where());
    if (listener_.is_exposed()) {
      spdlog::warn("the admin API is not encrypted: who is on the way reads the token");
    }
    return std::nullopt;
  }

  void close() { listener_.stop(); }

 private:
  admin_relay relay_;
  admin_token token_;
  audit_log audit_;
  admin_api api_;
  admin_listener listener_;
};

}  // namespace tallow::relay_tool
