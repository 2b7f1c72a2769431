// What a relay and the program of its operator say to each other: a line of
// JSON each.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <tallow/net/address_rules.hpp>
#include <tallow/room/relay_event.hpp>

namespace tallow::relay_tool {

// Of a source, what is known: an IPv4 address, or the /64 network of an IPv6
// one.
[[nodiscard]] std::string source_text(room::source_id source);

// {"source":"192.0.2.7","id":"5f1c...","what":"connection
// closed","why":"crowd"}, and a line feed.
[[nodiscard]] std::string abuse_report(room::source_id source, std::string_view id,
                                       std::string_view what, std::string_view why);

struct abuse_block {
  net::network whom;
  std::chrono::seconds how_long{};
};

// {"block":"192.0.2.7","seconds":600}; or what is wrong with it. An empty line
// says nothing.
[[nodiscard]] std::variant<abuse_block, const char*> parse_abuse_answer(std::string_view line);

inline constexpr std::size_t abuse_line_bytes_max = 1024;
inline constexpr std::chrono::seconds abuse_block_max = std::chrono::hours(24 * 30);

}  // namespace tallow::relay_tool
