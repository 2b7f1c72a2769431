#include "tools/tallow-fuzz/relay_figures.hpp"

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <tallow/base/bytes.hpp>
#include <tallow/base/time.hpp>

namespace tallow::fuzz {

namespace {

// Of a line "name value" of the text format.
std::optional<double> figure(std::string_view page, std::string_view name) {
  const std::string begins = "\n" + std::string(name) + " ";
  const std::size_t at = page.find(begins);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = page.substr(at + begins.size());
  double value = 0;
  const auto [end, trouble] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  return trouble == std::errc{} ? std::optional(value) : std::nullopt;
}

result<std::string> page_at(const place_to_go& where, std::chrono::milliseconds patience) {
  auto end = tcp_end::connect(where);
  if (!end) return fail(end.error());
  end->send(as_bytes("GET /metrics HTTP/1.1\r\nHost: relay\r\nConnection: close\r\n\r\n"));
  const instant latest = std::chrono::steady_clock::now() + patience;
  std::string page;
  while (!end->is_ended()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        latest - std::chrono::steady_clock::now());
    if (left.count() <= 0 || !end->wait(left)) return fail(errc::timed_out);
    page += as_text(end->read());
  }
  return page;
}

}  // namespace

result<relay_figures> read_figures(const place_to_go& page, std::chrono::milliseconds patience) {
  const auto text = page_at(page, patience);
  if (!text) return fail(text.error());
  relay_figures all;
  for (const auto& [to, name] : {std::pair{&all.connections, "tallow_relay_connections"},
                                 {&all.rooms, "tallow_relay_rooms"},
                                 {&all.lane_ends, "tallow_relay_lane_ends"},
                                 {&all.descriptors, "process_open_fds"},
                                 {&all.resident_bytes, "process_resident_memory_bytes"}}) {
    const auto value = figure(*text, name);
    if (!value) return fail(errc::not_found, 0, name);
    *to = *value;
  }
  return all;
}

}  // namespace tallow::fuzz
