// What a relay has counted, for Prometheus and for people's own scripts.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tallow/room/relay_counters.hpp>

namespace tallow::relay_tool {

// Of the process: opened before the sandbox, which takes /proc away.
class process_figures {
 public:
  process_figures();
  process_figures(const process_figures&) = delete;
  process_figures& operator=(const process_figures&) = delete;
  ~process_figures();

  [[nodiscard]] double cpu_seconds() const;
  [[nodiscard]] double resident_bytes() const;
  [[nodiscard]] double open_descriptors() const;
  [[nodiscard]] double descriptors_max() const;
  // Seconds since 1970.
  [[nodiscard]] double started_at() const noexcept { return started_at_; }
  [[nodiscard]] double uptime_seconds() const;

 private:
  int memory_ = -1;
  int descriptors_ = -1;
  double started_at_;
  std::chrono::steady_clock::time_point since_;
};

// Of the operator's own program, if there is one.
struct abuse_figures {
  bool is_running = false;
  std::uint64_t dropped = 0;  // reports that it did not read in time
  std::size_t blocks = 0;     // now
};

// In Prometheus' text format. All names begin with tallow_relay_ or process_.
[[nodiscard]] std::string prometheus_text(
    const room::relay_figures& relay, const process_figures& process,
    std::chrono::system_clock::time_point certificate_expires_at,
    const std::optional<abuse_figures>& abuse = std::nullopt);

// A string as JSON has it.
[[nodiscard]] std::string json_quoted(std::string_view text);

[[nodiscard]] std::string json_text(const room::relay_figures& relay,
                                    const process_figures& process);

}  // namespace tallow::relay_tool
