// Asks a relay on this machine whether it is well, for those who start it in a container.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/time.h>

#include <asio/connect.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>

#include <tallow/net/address.hpp>

#include "complaint.hpp"
#include "setting_values.hpp"

namespace tallow::relay_tool {

namespace detail {

// The first bytes of the answer to GET /health; empty when there is none in time.
inline std::string health_answer(const net::address& at) {
  asio::io_context context(1);
  asio::ip::tcp::socket socket(context);
  asio::error_code trouble;
  const auto found =
      asio::ip::tcp::resolver(context).resolve(at.host, std::to_string(at.port), trouble);
  if (!trouble) (void)asio::connect(socket, found, trouble);
  if (trouble) return {};
  // Half of what container engines wait for by default.
  const timeval patience{15, 0};
  for (const int which : {SO_RCVTIMEO, SO_SNDTIMEO}) {
    (void)::setsockopt(socket.native_handle(), SOL_SOCKET, which, &patience, sizeof patience);
  }
  const std::string request = "GET /health HTTP/1.1\r\nHost: " + at.host + "\r\n\r\n";
  (void)asio::write(socket, asio::buffer(request), trouble);
  std::string answer;
  std::array<char, 512> buffer{};
  while (answer.size() < buffer.size()) {
    const auto count = ::recv(socket.native_handle(), buffer.data(), buffer.size(), 0);
    if (count <= 0) break;
    answer.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return answer;
}

}  // namespace detail

// Returns the exit code: 0 when it is well.
inline int check_health(const http_choice& where) {
  if (!where.at) {
    complain("with http-listen = \"off\" nobody can ask a relay how it is");
    return exit_usage;
  }
  const std::string answer = detail::health_answer(*where.at);
  if (std::string_view(answer).substr(0, 13) == "HTTP/1.1 200 ") return 0;
  complain("no relay is well at " + to_string(*where.at));
  return exit_failed;
}

}  // namespace tallow::relay_tool
