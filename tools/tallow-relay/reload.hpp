// What SIGHUP asks for: to read the settings again, and to take what can be taken without ending a
// connection.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <utility>

#include <spdlog/spdlog.h>

#include <tallow/net/relay_reload.hpp>

#include "command_line.hpp"

namespace tallow::relay_tool {

// ---- what settings mean to a relay ----

[[nodiscard]] inline room::admission_options admission_of(const settings& chosen) {
  using namespace std::chrono_literals;
  room::admission_options granted;
  granted.connections = {chosen.connections_per_minute, 1min, 2 * chosen.connections_per_minute};
  granted.rooms = {chosen.rooms_per_minute, 1min, 2 * chosen.rooms_per_minute};
  granted.pending_max = chosen.pending_per_source;
  return granted;
}

// Of all that is marked as taken at once in the table of settings.
[[nodiscard]] inline net::relay_reload reloadable_part(const settings& chosen) {
  net::relay_reload part;
  part.relay.each = {chosen.room_bytes_max, chosen.room_timeout};
  part.relay.admission = admission_of(chosen);
  part.relay.bandwidth = {chosen.room_bandwidth, chosen.total_bandwidth};
  part.addresses = {chosen.allowed, chosen.blocked, chosen.proxies, chosen.limits_loopback};
  return part;
}

// ---- what changed ----

struct setting_changes {
  std::string taken;    // names, with commas
  std::string at_next;  // of those that need another start
};

// Takes into `running` what differs in `fresh` and can be taken at once. The rest stays, so that it
// is named again as long as it differs.
[[nodiscard]] inline setting_changes take_over(settings& running, const settings& fresh) {
  setting_changes changes;
  for (const setting& one : all_settings) {
    if (one.print(running) == one.print(fresh)) continue;
    std::string& names = one.is_taken_at_once ? changes.taken : changes.at_next;
    names.append(names.empty() ? "" : ", ").append(one.name);
    if (one.is_taken_at_once) one.copy(running, fresh);
  }
  return changes;
}

// Whatever is wrong with the new settings, the relay goes on as it was.
class reloader {
 public:
  using applier = std::function<void(const net::relay_reload&)>;

  // `from` outlives it. `apply` gives the relay its new limits.
  reloader(const command_line& from, settings running, applier apply)
      : from_(&from), running_(std::move(running)), apply_(std::move(apply)) {}

  void operator()() {
    spdlog::info("reload");
    settings fresh;
    if (const auto why = choose_again(fresh, *from_)) {
      spdlog::error("reload: {}; everything stays as it was", *why);
      return;
    }
    const setting_changes changes = take_over(running_, fresh);
    apply_(reloadable_part(running_));
    // First what a higher level would hide.
    if (!changes.at_next.empty()) {
      spdlog::warn("reload: taken only at the next start: {}", changes.at_next);
    }
    if (!changes.taken.empty()) spdlog::info("reload: taken at once: {}", changes.taken);
    if (changes.taken.empty() && changes.at_next.empty()) spdlog::info("reload: no change");
    spdlog::set_level(spdlog::level::from_str(running_.log_level));
  }

 private:
  const command_line* from_;
  settings running_;
  applier apply_;
};

}  // namespace tallow::relay_tool
