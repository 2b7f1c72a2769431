#include "http_responses.hpp"

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <sstream>

namespace tallow::relay_tool {
namespace {

namespace http = boost::beast::http;

std::string written(const http_response& answer, bool with_body) {
  http::response<http::string_body> response(static_cast<http::status>(answer.status), 11);
  response.set(http::field::content_type, answer.content_type);
  response.set(http::field::cache_control, "no-store");
  if (answer.status == 405) response.set(http::field::allow, "GET, HEAD");
  response.keep_alive(false);
  response.content_length(answer.body.size());
  if (with_body) response.body() = answer.body;
  std::ostringstream out;
  out << response;
  return std::move(out).str();
}

std::string refusal_with(unsigned status, const char* why) {
  return written({status, "text/plain; charset=utf-8", std::string(why) + "\n"}, true);
}

}  // namespace

std::optional<std::string> answer_to(std::string_view request, const http_pages& pages) {
  http::request_parser<http::empty_body> parser;
  parser.header_limit(http_head_bytes_max);
  boost::system::error_code trouble;
  parser.put(boost::asio::const_buffer(request.data(), request.size()), trouble);
  if (trouble == http::error::header_limit) return refusal_with(431, "the request is too long");
  if (trouble && trouble != http::error::need_more &&
      !(parser.is_header_done() && trouble == http::error::unexpected_body)) {
    return refusal_with(400, "this is no HTTP request");
  }
  if (!parser.is_header_done()) return std::nullopt;
  const auto& head = parser.get();
  if (head.method() != http::verb::get && head.method() != http::verb::head) {
    return refusal_with(405, "only GET is answered here");
  }
  const auto target = head.target();
  const std::string_view path =
      std::string_view(target.data(), target.size()).substr(0, target.find('?'));
  const auto page = pages.find(path);
  if (page == pages.end()) return refusal_with(404, "there is no such page");
  return written(page->second(), head.method() == http::verb::get);
}

}  // namespace tallow::relay_tool
