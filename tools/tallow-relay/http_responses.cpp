#include "http_responses.hpp"

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <span>
#include <sstream>

namespace tallow::relay_tool {
namespace {

namespace http = boost::beast::http;

std::string written(const http_response& answer, bool with_body) {
  http::response<http::string_body> response(static_cast<http::status>(answer.status), 11);
  response.set(http::field::content_type, answer.content_type);
  response.set(http::field::cache_control, "no-store");
  if (answer.status == 401) response.set(http::field::www_authenticate, "Bearer");
  if (answer.status == 405) response.set(http::field::allow, answer.allowed);
  response.keep_alive(false);
  response.content_length(answer.body.size());
  if (with_body) response.body() = answer.body;
  std::ostringstream out;
  out << response;
  return std::move(out).str();
}

std::string refusal_with(unsigned status, const char* why, bool with_body = true) {
  return written({status, "text/plain; charset=utf-8", std::string(why) + "\n"}, with_body);
}

std::optional<bad_request> trouble_with(const boost::system::error_code& trouble) {
  if (!trouble || trouble == http::error::need_more) return std::nullopt;
  if (trouble == http::error::header_limit) return bad_request{431, "the request is too long"};
  if (trouble == http::error::body_limit) return bad_request{413, "the body is too long"};
  return bad_request{400, "this is no HTTP request"};
}

std::string_view view_of(boost::beast::string_view text) { return {text.data(), text.size()}; }

// Of "/path?query", or of the whole URL that is said to proxies and that a server has to take, too.
std::string_view path_of(boost::beast::string_view target) {
  std::string_view path = view_of(target);
  path = path.substr(0, path.find('?'));
  constexpr std::string_view scheme = "http://";
  if (!path.starts_with(scheme)) return path;
  const std::size_t slash = path.find('/', scheme.size());
  return slash == std::string_view::npos ? "/" : path.substr(slash);
}

}  // namespace

std::string http_bytes(const http_response& answer) { return written(answer, true); }

std::optional<std::variant<http_request, bad_request>> parse_request(std::string_view request) {
  using answer = std::variant<http_request, bad_request>;
  // One that is whole only behind this is too long, however it came.
  constexpr std::size_t bytes_max = http_head_bytes_max + http_body_bytes_max;
  const bool is_too_long = request.size() > bytes_max;
  request = request.substr(0, bytes_max);
  // It copies a secret.
  http::request_parser<http::string_body, wiping_allocator<char>> parser;
  parser.header_limit(http_head_bytes_max);
  parser.body_limit(http_body_bytes_max);
  parser.eager(true);
  boost::system::error_code trouble;
  parser.put(boost::asio::const_buffer(request.data(), request.size()), trouble);
  if (const auto bad = trouble_with(trouble)) return answer(*bad);
  if (!parser.is_done()) {
    if (is_too_long) return answer(bad_request{431, "the request is too long"});
    return std::nullopt;
  }
  const auto& head = parser.get();
  http_request whole;
  whole.method = view_of(head.method_string());
  whole.path = path_of(head.target());
  const std::string_view shown = view_of(head[http::field::authorization]);
  whole.authorization.append(std::as_bytes(std::span(shown)));
  return answer(std::move(whole));
}

std::optional<std::string> answer_to(std::string_view request, const http_pages& pages) {
  // The parser's own limit lets a little more pass.
  const bool is_too_long = request.size() > http_head_bytes_max;
  request = request.substr(0, http_head_bytes_max);
  http::request_parser<http::empty_body> parser;
  parser.header_limit(http_head_bytes_max);
  boost::system::error_code trouble;
  parser.put(boost::asio::const_buffer(request.data(), request.size()), trouble);
  if (trouble == http::error::header_limit) return refusal_with(431, "the request is too long");
  if (trouble && trouble != http::error::need_more &&
      !(parser.is_header_done() && trouble == http::error::unexpected_body)) {
    return refusal_with(400, "this is no HTTP request");
  }
  if (!parser.is_header_done()) {
    if (is_too_long) return refusal_with(431, "the request is too long");
    return std::nullopt;
  }
  const auto& head = parser.get();
  if (head.method() != http::verb::get && head.method() != http::verb::head) {
    return refusal_with(405, "only GET is answered here");
  }
  const bool with_body = head.method() == http::verb::get;
  const auto page = pages.find(path_of(head.target()));
  if (page == pages.end()) return refusal_with(404, "there is no such page", with_body);
  return written(page->second(), with_body);
}

}  // namespace tallow::relay_tool
