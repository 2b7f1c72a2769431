// What the operators' endpoints answer, without any network.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <tallow/base/secret.hpp>

namespace tallow::relay_tool {

struct http_response {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  const char* allowed = "GET, HEAD";  // methods, said with 405
};

// Answers to GET by path.
using http_pages = std::map<std::string, std::function<http_response()>, std::less<>>;

// The head of a request may not be longer.
inline constexpr std::size_t http_head_bytes_max = 8192;

// What to send for what has come so far; nothing while the head of the request is not whole. Every
// answer ends the connection.
[[nodiscard]] std::optional<std::string> answer_to(std::string_view request,
                                                   const http_pages& pages);

// A whole request, for those who answer to more than GET.
struct http_request {
  std::string method;
  std::string path;             // as it was written, without what follows a question mark
  secret_buffer authorization;  // the header of that name
};

// The body of a request may not be longer. Nothing here has any use for one.
inline constexpr std::size_t http_body_bytes_max = 4096;

struct bad_request {
  unsigned status = 400;
  const char* why = "";
};

// Nothing while the request is not whole.
[[nodiscard]] std::optional<std::variant<http_request, bad_request>> parse_request(
    std::string_view request);

// The bytes that say it. They end the connection.
[[nodiscard]] std::string http_bytes(const http_response& answer);

}  // namespace tallow::relay_tool
