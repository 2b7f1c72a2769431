#include "tools/tallow-fuzz/tcp_end.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <system_error>
#include <utility>

namespace tallow::fuzz {

namespace {

constexpr int connect_patience_ms = 5'000;

bool is_not_ready() noexcept { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

tl::unexpected<error> not_connected(int number) {
  return fail(errc::connect_failed, std::error_code(number, std::system_category()));
}

// Every address of 127/8 is this machine's: a relay takes each for somebody else.
void come_from(int socket, std::uint32_t source) noexcept {
  ::sockaddr_in from{};
  from.sin_family = AF_INET;
  from.sin_addr.s_addr = htonl((std::uint32_t{127} << 24U) | (source & 0x00FFFFFFU));
  (void)::bind(socket, reinterpret_cast<const ::sockaddr*>(&from), sizeof from);
}

}  // namespace

bool place_to_go::is_loopback() const noexcept {
  if (address.ss_family == AF_INET) {
    ::sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    return ntohl(v4.sin_addr.s_addr) >> 24U == 127;
  }
  ::sockaddr_in6 v6{};
  std::memcpy(&v6, &address, sizeof v6);
  return address.ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
}

result<place_to_go> find_place(const net::address& where) {
  ::addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  ::addrinfo* found = nullptr;
  const std::string port = std::to_string(where.port);
  if (::getaddrinfo(where.host.c_str(), port.c_str(), &hints, &found) != 0) {
    return fail(errc::resolve_failed);
  }
  const std::unique_ptr<::addrinfo, void (*)(::addrinfo*)> owned(found, &::freeaddrinfo);
  place_to_go place;
  place.length = found->ai_addrlen;
  std::memcpy(&place.address, found->ai_addr, found->ai_addrlen);
  return place;
}

result<tcp_end> tcp_end::connect(const place_to_go& to, std::uint32_t source) {
  constexpr int type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
  files::unique_fd socket(::socket(to.address.ss_family, type, 0));
  if (socket.get() < 0) return not_connected(errno);
  const int yes = 1;
  (void)::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (to.is_loopback() && to.address.ss_family == AF_INET) come_from(socket.get(), source);
  if (::connect(socket.get(), reinterpret_cast<const ::sockaddr*>(&to.address), to.length) != 0) {
    if (errno != EINPROGRESS) return not_connected(errno);
    ::pollfd one{socket.get(), POLLOUT, 0};
    if (::poll(&one, 1, connect_patience_ms) != 1) return not_connected(ETIMEDOUT);
    int trouble = 0;
    ::socklen_t length = sizeof trouble;
    (void)::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &trouble, &length);
    if (trouble != 0) return not_connected(trouble);
  }
  return tcp_end(std::move(socket));
}

std::size_t tcp_end::send(byte_view bytes) noexcept {
  const auto count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (count >= 0) return static_cast<std::size_t>(count);
  if (!is_not_ready()) is_ended_ = true;
  return 0;
}

byte_buffer tcp_end::read() {
  byte_buffer into(std::size_t{64} * 1024);
  const auto count = ::recv(socket_.get(), into.data(), into.size(), 0);
  if (count == 0 || (count < 0 && !is_not_ready())) is_ended_ = true;
  into.resize(static_cast<std::size_t>(std::max<::ssize_t>(count, 0)));
  return into;
}

bool tcp_end::wait(std::chrono::milliseconds most) const noexcept {
  ::pollfd one{socket_.get(), POLLIN, 0};
  return ::poll(&one, 1, static_cast<int>(most.count())) == 1;
}

void tcp_end::reset() noexcept {
  const ::linger at_once{1, 0};
  (void)::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  socket_ = files::unique_fd();
  is_ended_ = true;
}

}  // namespace tallow::fuzz
