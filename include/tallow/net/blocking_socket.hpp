// A socket whose calls wait: what a lane's thread reads from and writes to.
#pragma once

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <fcntl.h>
#include <limits.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/session/transport.hpp>

namespace tallow::net {

/// Models session::sync_transport. interrupt() and has_ended() may be called from any thread; the
/// rest from one.
class blocking_socket {
 public:
  /// Takes a connected socket over.
  explicit blocking_socket(int descriptor) noexcept : descriptor_(descriptor) {
    const int flags = ::fcntl(descriptor_, F_GETFL);
    (void)::fcntl(descriptor_, F_SETFL, flags & ~O_NONBLOCK);
  }
  blocking_socket(const blocking_socket&) = delete;
  blocking_socket& operator=(const blocking_socket&) = delete;
  ~blocking_socket() { close(); }

  /// At least one byte; zero at the orderly end.
  ///
  /// @errors  connection_lost; timed_out, after limit_reads()
  [[nodiscard]] result<std::size_t> read_some(byte_span into) {
    for (;;) {
      const auto count = ::recv(descriptor_, into.data(), into.size(), 0);
      if (count >= 0) return static_cast<std::size_t>(count);
      if (is_not_ready()) return fail(errc::timed_out);
      if (errno != EINTR) return lost();
    }
  }

  /// How long a read may wait; zero: for ever. A longer one ends with timed_out.
  void limit_reads(std::chrono::seconds most) const noexcept {
    const ::timeval time{most.count(), 0};
    (void)::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
  }

  /// True when the other end has closed the connection, or it has failed, and all that came was
  /// read.
  [[nodiscard]] bool has_ended() const noexcept {
    std::byte next{};
    for (;;) {
      const auto count = ::recv(descriptor_, &next, 1, MSG_PEEK | MSG_DONTWAIT);
      if (count >= 0) return count == 0;
      if (errno != EINTR) return !is_not_ready();
    }
  }

  [[nodiscard]] int native_handle() const noexcept { return descriptor_; }

  /// All of the views, one after the other, gathered into as few calls as the system takes.
  ///
  /// @errors  connection_lost
  [[nodiscard]] result<void> write_all(session::byte_views from) {
    std::size_t sent_of_first = 0;
    while (!from.empty()) {
      std::array<::iovec, 8> parts{};
      const std::size_t count = std::min(from.size(), parts.size());
      for (std::size_t i = 0; i < count; ++i) {
        const byte_view part = from[i].subspan(i == 0 ? sent_of_first : 0);
        // sendmsg() takes what it only reads by a pointer to what it could change.
        parts[i] = {const_cast<std::byte*>(part.data()), part.size()};  // NOLINT
      }
      ::msghdr message{};
      message.msg_iov = parts.data();
      message.msg_iovlen = count;
      const auto sent = ::sendmsg(descriptor_, &message, MSG_NOSIGNAL);
      if (sent < 0) {
        if (errno == EINTR) continue;
        return lost();
      }
      sent_of_first += static_cast<std::size_t>(sent);
      while (!from.empty() && sent_of_first >= from.front().size()) {
        sent_of_first -= from.front().size();
        from = from.subspan(1);
      }
    }
    return {};
  }

  /// @errors  connection_lost
  result<void> shutdown_send() noexcept {
    if (::shutdown(descriptor_, SHUT_WR) != 0) return lost();
    return {};
  }

  /// Ends calls that wait, and all later ones.
  void interrupt() const noexcept { (void)::shutdown(descriptor_, SHUT_RDWR); }

  void close() noexcept {
    if (descriptor_ >= 0) (void)::close(std::exchange(descriptor_, -1));
  }

 private:
  static bool is_not_ready() noexcept { return errno == EAGAIN || errno == EWOULDBLOCK; }

  static tl::unexpected<error> lost() {
    return fail(errc::connection_lost, std::error_code(errno, std::system_category()));
  }

  int descriptor_;
};

static_assert(session::sync_transport<blocking_socket>);

}  // namespace tallow::net
