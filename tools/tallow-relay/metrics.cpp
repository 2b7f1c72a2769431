#include "metrics.hpp"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <dirent.h>
#include <fcntl.h>
#include <limits>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <sstream>
#include <string_view>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <tallow/room/notice.hpp>

namespace tallow::relay_tool {

process_figures::process_figures()
    : memory_(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC)),
      descriptors_(::open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
      started_at_(std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch())
                      .count()),
      since_(std::chrono::steady_clock::now()) {}

process_figures::~process_figures() {
  if (memory_ >= 0) (void)::close(memory_);
  if (descriptors_ >= 0) (void)::close(descriptors_);
}

double process_figures::uptime_seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - since_).count();
}

double process_figures::cpu_seconds() const {
  rusage used{};
  if (::getrusage(RUSAGE_SELF, &used) != 0) return 0;
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

// The second number of statm counts pages.
double process_figures::resident_bytes() const {
  std::array<char, 128> text{};
  if (memory_ < 0 || ::pread(memory_, text.data(), text.size() - 1, 0) <= 0) return 0;
  char* end = nullptr;
  (void)std::strtoull(text.data(), &end, 10);
  return static_cast<double>(std::strtoull(end, nullptr, 10)) *
         static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double process_figures::open_descriptors() const {
  // Opening it anew is what a sandbox forbids.
  const int readable = descriptors_ < 0 ? -1 : ::dup(descriptors_);
  DIR* const folder = readable < 0 ? nullptr : ::fdopendir(readable);
  if (folder == nullptr) return 0;
  ::rewinddir(folder);
  double count = 0;
  while (const dirent* one = ::readdir(folder)) count += one->d_name[0] != '.' ? 1 : 0;
  (void)::closedir(folder);
  return count - 1;  // the one that was read through
}

double process_figures::descriptors_max() const {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? static_cast<double>(limit.rlim_cur) : 0;
}

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using families = std::vector<MetricFamily>;

std::string prefixed(const char* name) { return std::string("tallow_relay_") + name; }

void add_gauge(families& to, std::string name, const char* help, double value) {
  ClientMetric metric;
  metric.gauge.value = value;
  to.push_back({std::move(name), help, MetricType::Gauge, {std::move(metric)}});
}

void add_counter(families& to, std::string name, const char* help, double value) {
  ClientMetric metric;
  metric.counter.value = value;
  to.push_back({std::move(name), help, MetricType::Counter, {std::move(metric)}});
}

template <std::size_t N>
void add_histogram(families& to, const char* name, const char* help,
                   const room::histogram<N>& values) {
  ClientMetric metric;
  for (std::size_t i = 0; i <= N; ++i) {
    metric.histogram.sample_count += values.counts[i];
    const double bound = i < N ? values.bounds[i] : std::numeric_limits<double>::infinity();
    metric.histogram.bucket.push_back({metric.histogram.sample_count, bound});
  }
  metric.histogram.sample_sum = values.sum;
  to.push_back({prefixed(name), help, MetricType::Histogram, {std::move(metric)}});
}

void add_labelled(MetricFamily& to, const char* label, std::string value, std::uint64_t count) {
  ClientMetric metric;
  metric.label = {{label, std::move(value)}};
  metric.counter.value = static_cast<double>(count);
  to.metric.push_back(std::move(metric));
}

void add_refusals(families& to, const room::relay_counters& c) {
  MetricFamily errors{
      prefixed("errors_total"), "Errors told to clients, by reason.", MetricType::Counter, {}};
  for (std::size_t i = 0; i < c.errors.size(); ++i) {
    add_labelled(errors, "reason", room::name_of(static_cast<relay_error_code>(i)), c.errors[i]);
  }
  MetricFamily dropped{prefixed("dropped_connections_total"),
                       "Connections that were closed without a word, by reason.",
                       MetricType::Counter,
                       {}};
  for (std::size_t i = 0; i < c.dropped.size(); ++i) {
    add_labelled(dropped, "reason", room::name_of(static_cast<room::drop_reason>(i)), c.dropped[i]);
  }
  to.push_back(std::move(errors));
  to.push_back(std::move(dropped));
}

void add_relay(families& to, const room::relay_figures& relay) {
  const auto& c = relay.counters;
  const auto number = [](auto value) { return static_cast<double>(value); };
  add_gauge(to, prefixed("connections"), "Connections now, lanes included.",
            number(relay.connections));
  add_gauge(to, prefixed("connections_limit"), "Connections that there may be at once.",
            number(relay.connections_max));
  add_counter(to, prefixed("connections_total"), "Connections that came, refused ones included.",
              number(c.connections));
  add_gauge(to, prefixed("rooms"), "Rooms now.", number(relay.rooms));
  add_gauge(to, prefixed("rooms_limit"), "Rooms that there may be at once.",
            number(relay.rooms_max));
  add_counter(to, prefixed("rooms_total"), "Rooms that were opened.", number(relay.rooms_opened));
  add_gauge(to, prefixed("sessions"), "Rooms now whose two sides have recognised each other.",
            number(c.sessions - c.sessions_ended));
  add_counter(to, prefixed("sessions_total"), "Rooms whose two sides have recognised each other.",
              number(c.sessions));
  add_gauge(to, prefixed("lane_ends"), "Connections now that are ends of lanes.",
            number(relay.lane_ends));
  add_counter(to, prefixed("lanes_total"), "Lanes that were joined.", number(c.lanes));
  add_counter(to, prefixed("relayed_bytes_total"), "Bytes that were passed on.",
              number(c.bytes_relayed));
  add_gauge(to, prefixed("sources"), "Addresses and networks that are remembered for limits.",
            number(relay.sources));
  add_gauge(to, prefixed("draining"), "1 while the relay takes nobody because it stops.",
            relay.is_draining ? 1 : 0);
  add_refusals(to, c);
  add_histogram(to, "session_duration_seconds", "How long sessions took.", c.session_seconds);
  add_histogram(to, "session_size_bytes", "How much sessions carried, both ways.", c.session_bytes);
}

void add_process(families& to, const process_figures& process) {
  ClientMetric build;
  build.label = {{"version", TALLOW_VERSION}};
  build.gauge.value = 1;
  to.push_back({prefixed("build_info"),
                "1; the label tells the version.",
                MetricType::Gauge,
                {std::move(build)}});
  add_counter(to, "process_cpu_seconds_total", "Processor time used, in seconds.",
              process.cpu_seconds());
  add_gauge(to, "process_resident_memory_bytes", "Resident memory, in bytes.",
            process.resident_bytes());
  add_gauge(to, "process_open_fds", "Open file descriptors.", process.open_descriptors());
  add_gauge(to, "process_max_fds", "File descriptors that may be open.", process.descriptors_max());
  add_gauge(to, "process_start_time_seconds", "When the process started, in seconds since 1970.",
            process.started_at());
}

}  // namespace

// Beside the rest that is JSON. Bytes that are no UTF-8 are replaced.
std::string json_quoted(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string prometheus_text(const room::relay_figures& relay, const process_figures& process,
                            std::chrono::system_clock::time_point certificate_expires_at,
                            const std::optional<abuse_figures>& abuse) {
  families all;
  add_relay(all, relay);
  if (abuse) {
    add_gauge(all, prefixed("abuse_hook_up"), "1 while the operator's program runs.",
              abuse->is_running ? 1 : 0);
    add_counter(all, prefixed("abuse_reports_dropped_total"),
                "Refusals that the operator's program was not told because it did not read.",
                static_cast<double>(abuse->dropped));
    add_gauge(all, prefixed("abuse_blocks"), "Addresses and networks that are blocked for a while.",
              static_cast<double>(abuse->blocks));
  }
  const std::chrono::duration<double> expiry = certificate_expires_at.time_since_epoch();
  add_gauge(all, prefixed("certificate_expiry_timestamp_seconds"),
            "When the certificate ends, in seconds since 1970.", expiry.count());
  add_process(all, process);
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, all);
  return std::move(out).str();
}

std::string json_text(const room::relay_figures& relay, const process_figures& process) {
  const nlohmann::ordered_json figures{
      {"active_rooms", relay.rooms},
      {"total_rooms", relay.rooms_opened},
      {"bytes_relayed", relay.counters.bytes_relayed},
      {"uptime_seconds", static_cast<std::uint64_t>(process.uptime_seconds())}};
  return figures.dump() + "\n";
}

}  // namespace tallow::relay_tool
