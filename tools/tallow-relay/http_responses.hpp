// What the operators' endpoints answer, without any network.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace tallow::relay_tool {

struct http_response {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

// Answers to GET by path.
using http_pages = std::map<std::string, std::function<http_response()>, std::less<>>;

// The head of a request may not be longer.
inline constexpr std::size_t http_head_bytes_max = 8192;

// What to send for what has come so far; nothing while the head of the request is not whole. Every
// answer ends the connection.
[[nodiscard]] std::optional<std::string> answer_to(std::string_view request,
                                                   const http_pages& pages);

}  // namespace tallow::relay_tool
