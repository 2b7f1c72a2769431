// A request waits for more or is answered by one whole HTTP response, with nothing of it inside;
// and what the administration reads of it stands there.
//
// Input: what comes on a connection.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <tallow/base/bytes.hpp>

#include "fuzz/seeded_random.hpp"
#include "fuzz/violation.hpp"
#include "tools/tallow-relay/http_responses.hpp"

namespace tallow::fuzz {

/// Pages whose bodies are easy to tell.
[[nodiscard]] inline const relay_tool::http_pages& some_pages() {
  using relay_tool::http_response;
  static const relay_tool::http_pages pages{
      {"/health",
       [] {
         return http_response{200, "text/plain; charset=utf-8", "ok\n"};
       }},
      {"/ready",
       [] {
         return http_response{503, "text/plain; charset=utf-8", "draining\n"};
       }},
      {"/empty", [] {
         return http_response{200, "application/json", ""};
       }}};
  return pages;
}

/// All that an answer may be.
struct http_answer {
  unsigned status = 0;
  std::string_view body;
};

/// The next line of `text`, without its end.
inline std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find("\r\n");
  require(end != std::string_view::npos, "a line has an end");
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 2);
  for (const char c : line) require(c >= 0x20 && c < 0x7F, "a head is printable");
  return line;
}

/// Reads an answer as a strict client would.
[[nodiscard]] inline http_answer parse_answer(std::string_view text, bool is_head_request) {
  http_answer answer;
  const std::string_view status = take_line(text);
  require(status.starts_with("HTTP/1.1 ") && status.size() > 13 && status[12] == ' ',
          "it begins with a status");
  const auto parsed = std::from_chars(status.data() + 9, status.data() + 12, answer.status);
  require(parsed.ptr == status.data() + 12, "a status is a number");
  std::optional<std::size_t> length;
  bool closes = false;
  for (;;) {
    const std::string_view line = take_line(text);
    if (line.empty()) break;
    const std::size_t colon = line.find(": ");
    require(colon != std::string_view::npos && colon > 0, "a field has a name");
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = line.substr(colon + 2);
    if (name == "Connection") closes = value == "close";
    require(name != "Transfer-Encoding", "one length is enough");
    if (name != "Content-Length") continue;
    require(!length.has_value(), "there is one length");
    std::size_t count = 0;
    const auto end = std::from_chars(value.data(), value.data() + value.size(), count).ptr;
    require(end == value.data() + value.size() && !value.empty(), "a length is a number");
    length = count;
  }
  require(closes, "every answer ends the connection");
  require(length.has_value(), "every answer has a length");
  // What is no request at all is no HEAD either.
  const bool is_bare = is_head_request && answer.status != 400 && answer.status != 431;
  require(is_bare ? text.empty() : text.size() == *length, "the body is whole");
  answer.body = text;
  return answer;
}

/// What `ask` says first of a connection that gets pieces; asks no more after `most_bytes`.
template <class Ask, class PieceBytes>
[[nodiscard]] auto said_of_pieces(std::string_view input, std::size_t most_bytes, Ask ask,
                                  PieceBytes piece_bytes) -> decltype(ask(input)) {
  std::size_t seen = 0;
  while (seen < input.size()) {
    seen = std::min(input.size(), seen + piece_bytes());
    if (auto said = ask(input.substr(0, seen))) return said;
    require(seen <= most_bytes, "it does not listen for ever");
  }
  return std::nullopt;
}

/// What `ask` says, which may not depend on how the input is split.
template <class Ask>
[[nodiscard]] auto said_however_split(std::string_view input, std::size_t most_bytes, Ask ask)
    -> decltype(ask(input)) {
  auto whole = said_of_pieces(input, most_bytes, ask, [&] { return input.size(); });
  // Each piece costs a look at all that came before.
  seeded_random random(seed_of(as_bytes(input)));
  const std::size_t most = std::max<std::size_t>(input.size() / 16, 1);
  const auto split = said_of_pieces(input, most_bytes, ask, [&] { return 1 + random.below(most); });
  require(whole == split, "however it came, it is answered alike");
  return whole;
}

/// A request of the administration, or why it is none, so that two can be compared.
struct admin_request {
  unsigned refusal = 0;
  std::string method;
  std::string path;
  std::string authorization;

  bool operator==(const admin_request&) const = default;
};

[[nodiscard]] inline std::optional<admin_request> admin_request_of(std::string_view text) {
  const auto parsed = relay_tool::parse_request(text);
  if (!parsed) return std::nullopt;
  if (const auto* bad = std::get_if<relay_tool::bad_request>(&*parsed)) {
    require(!std::string_view(bad->why).empty(), "a refusal says why");
    return admin_request{.refusal = bad->status, .method = "", .path = "", .authorization = ""};
  }
  const auto& whole = std::get<relay_tool::http_request>(*parsed);
  return admin_request{.refusal = 0,
                       .method = whole.method,
                       .path = whole.path,
                       .authorization = std::string(as_text(whole.authorization.view()))};
}

inline void hold_for_administration(std::string_view text) {
  const std::size_t most_bytes = relay_tool::http_head_bytes_max + relay_tool::http_body_bytes_max;
  const auto said = said_however_split(text, most_bytes, admin_request_of);
  if (!said) return;
  if (said->refusal != 0) {
    require(said->refusal == 400 || said->refusal == 413 || said->refusal == 431,
            "there are no other refusals");
    return;
  }
  require(!said->method.empty() && text.starts_with(said->method + ' '),
          "a request begins with its method");
  require(said->path == "/" || text.find(said->path) != std::string_view::npos,
          "a path stands in the request");
  require(said->path.find_first_of("? \r\n") == std::string::npos, "a path ends where it ends");
  require(said->authorization.find_first_of("\r\n") == std::string::npos, "a field is a line");
  require(said->authorization.size() < relay_tool::http_head_bytes_max, "a field is of the head");
}

inline void fuzz_http_head(byte_view input) {
  const std::string_view text = as_text(input);
  hold_for_administration(text);
  const auto whole = said_however_split(
      text, relay_tool::http_head_bytes_max,
      [](std::string_view seen) { return relay_tool::answer_to(seen, some_pages()); });
  if (!whole) return;
  const http_answer answer = parse_answer(*whole, text.starts_with("HEAD "));
  switch (answer.status) {
    case 200:
      require(text.starts_with("GET ") || text.starts_with("HEAD "), "pages are for those who ask");
      require(answer.body.empty() || answer.body == "ok\n", "a page is a page");
      break;
    case 503:
      require(answer.body.empty() || answer.body == "draining\n", "a page is a page");
      break;
    case 400:
    case 404:
    case 405:
    case 431: break;
    default: require(false, "there are no other answers");
  }
}

}  // namespace tallow::fuzz
