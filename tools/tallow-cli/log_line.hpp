// What of an event goes into a log file.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include <tallow/transfer/path_rules.hpp>

namespace tallow::cli {

namespace detail {

// The only fields that a log may hold: no code, no words, no keys, no text and no list of names. An
// event that is not here is logged by its name alone.
struct logged_event {
  std::string_view name;
  std::array<std::string_view, 7> fields;
};
inline constexpr std::array logged_events{
    logged_event{"version", {"program", "version", "command"}},
    logged_event{"offer", {"files", "folders", "links", "bytes", "complete", "stream", "text"}},
    logged_event{"kept", {"bytes"}},
    logged_event{"progress", {"bytes", "total", "total_known", "rate", "lanes", "path"}},
    logged_event{"connection_lost", {"reason"}},
    logged_event{"quota_low", {"bytes"}},
    logged_event{"relay_key_new", {"stored"}},
    logged_event{"relay_key_wrong", {"file"}},
    logged_event{"bench", {"what", "bytes", "seconds", "cpu_seconds"}},
    logged_event{"done", {"entries", "bytes", "declined_count"}},
    logged_event{"error", {"code", "side", "exit", "entries", "bytes", "message", "path"}},
};

}  // namespace detail

/// An event as a line of a log, without time and line end: "done entries=3 bytes=120".
[[nodiscard]] inline std::string log_line(const nlohmann::json& event) {
  const std::string name = event.value("event", "");
  std::string line = name;
  const auto row = std::find_if(detail::logged_events.begin(), detail::logged_events.end(),
                                [&](const detail::logged_event& e) { return e.name == name; });
  if (row == detail::logged_events.end()) return line;
  for (const std::string_view field : row->fields) {
    const auto found = event.find(std::string(field));
    if (field.empty() || found == event.end()) continue;
    line += ' ' + std::string(field) + '=';
    if (!found->is_string()) {
      line += found->dump();
      continue;
    }
    std::string value = transfer::escape_for_display(found->get_ref<const std::string&>());
    // A quotation mark in it must not end it.
    for (std::size_t at = 0; (at = value.find('"', at)) != std::string::npos; at += 4) {
      value.replace(at, 1, "\\x22");
    }
    line += '"' + value + '"';
  }
  return line;
}

}  // namespace tallow::cli
