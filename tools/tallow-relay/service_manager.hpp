// What a service manager and a relay tell each other: sockets, state, and signs of life.
//
// The protocol is a datagram a message and a few variables of the environment; its authors keep it
// stable and describe it for programs without their library (sd_notify(3), sd_listen_fds(3)). It is
// spoken here without libsystemd, which would have to be there on systems and in containers that
// have no systemd, and which makes a socket for each message: the relay may not make any once it
// runs.
#pragma once

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <optional>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

#include <tallow/files/unique_fd.hpp>

namespace tallow::relay_tool {

// A socket that was open before this process was started.
struct inherited_socket {
  files::unique_fd descriptor;
  std::string name;  // as FileDescriptorName= of the unit has it; may be empty
};

class service_manager {
 public:
  using microseconds = std::chrono::microseconds;

  // Takes what is meant for this process out of the environment: a child would take it for its own.
  [[nodiscard]] static service_manager from_environment() {
    service_manager made;
    made.find_sockets();
    made.find_watchdog();
    made.connect(taken("NOTIFY_SOCKET").value_or(""));
    return made;
  }

  // The sockets that the manager listens on for us; empty when it does not.
  [[nodiscard]] std::vector<inherited_socket> take_sockets() { return std::move(sockets_); }

  // Why they cannot be had, or the manager cannot be told anything; empty when there is no trouble.
  [[nodiscard]] const std::string& sockets_trouble() const noexcept { return sockets_trouble_; }
  [[nodiscard]] const std::string& notify_trouble() const noexcept { return notify_trouble_; }

  // How often the manager wants to hear that the event loop runs; nothing when it does not.
  [[nodiscard]] std::optional<microseconds> watchdog() const noexcept { return watchdog_; }

  void ready() const {
    if (!is_stopping_) tell("READY=1", MSG_NOSIGNAL);
  }

  // The manager ends us no earlier than that, whatever its own limit is.
  void stopping(microseconds at_most) {
    is_stopping_ = true;
    tell("STOPPING=1\nEXTEND_TIMEOUT_USEC=" + std::to_string(at_most.count()), MSG_NOSIGNAL);
  }

  // To be followed by ready().
  void reloading() const {
    if (is_stopping_) return;
    timespec now{};
    (void)::clock_gettime(CLOCK_MONOTONIC, &now);
    const auto since = std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
    const auto usec = std::chrono::duration_cast<microseconds>(since).count();
    tell("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(usec), MSG_NOSIGNAL);
  }

  // The two that come again and again: better lost than waited for.
  void status(std::string_view text) const { tell("STATUS=" + std::string(text), no_wait); }
  void alive() const { tell("WATCHDOG=1", no_wait); }

 private:
  static constexpr int first_socket = 3;  // SD_LISTEN_FDS_START
  static constexpr int sockets_max = 64;
  static constexpr int no_wait = MSG_NOSIGNAL | MSG_DONTWAIT;

  static std::optional<std::string> taken(const char* name) {
    const char* value = std::getenv(name);
    if (value == nullptr) return std::nullopt;
    std::string text = value;
    ::unsetenv(name);
    return text;
  }

  static std::optional<std::int64_t> number_of(const std::optional<std::string>& text) {
    if (!text) return std::nullopt;
    std::int64_t number = 0;
    const auto [end, trouble] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (trouble != std::errc{} || end != text->data() + text->size()) return std::nullopt;
    return number;
  }

  void find_sockets() {
    const auto pid = taken("LISTEN_PID");
    const auto count_text = taken("LISTEN_FDS");
    const auto names = taken("LISTEN_FDNAMES");
    // They may have been meant for a parent of ours, which left them in the environment.
    if (!pid || !count_text || number_of(pid) != std::int64_t{::getpid()}) return;
    const auto passed = number_of(count_text);
    if (!passed || *passed < 0 || *passed > sockets_max) {
      sockets_trouble_ = "LISTEN_FDS is '" + *count_text + "': a number from 0 to " +
                         std::to_string(sockets_max) + " is wanted";
      return;
    }
    std::string_view rest = names ? std::string_view(*names) : std::string_view();
    for (int fd = first_socket; fd < first_socket + static_cast<int>(*passed); ++fd) {
      if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
        sockets_trouble_ = "LISTEN_FDS is " + *count_text + ", but descriptor " +
                           std::to_string(fd) + " is not open";
        return;
      }
      const std::size_t end = std::min(rest.find(':'), rest.size());
      sockets_.push_back({files::unique_fd(fd), std::string(rest.substr(0, end))});
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }

  void find_watchdog() {
    const auto pid = taken("WATCHDOG_PID");
    const auto usec = number_of(taken("WATCHDOG_USEC"));
    if (!usec || *usec <= 0) return;
    if (pid && number_of(pid) != std::int64_t{::getpid()}) return;
    watchdog_ = microseconds(*usec);
  }

  // Connected once and for all: later the relay may neither make sockets nor look at paths.
  void connect(const std::string& where) {
    if (where.empty()) return;
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    if ((where.front() != '/' && where.front() != '@') || where.size() >= sizeof to.sun_path) {
      notify_trouble_ = "NOTIFY_SOCKET is '" + where + "': a path or an abstract name is wanted";
      return;
    }
    std::memcpy(to.sun_path, where.data(), where.size());
    // The name of an abstract socket begins with a zero byte, and does not end with one.
    const bool is_abstract = where.front() == '@';
    if (is_abstract) to.sun_path[0] = '\0';
    const std::size_t length =
        offsetof(sockaddr_un, sun_path) + where.size() + (is_abstract ? 0 : 1);
    files::unique_fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket || ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&to),
                             static_cast<socklen_t>(length)) != 0) {
      notify_trouble_ = "NOTIFY_SOCKET is '" + where + "', but " + std::strerror(errno);
      return;
    }
    // A manager that does not read must not hold us up for ever.
    const timeval patience{5, 0};
    (void)::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    notify_ = std::move(socket);
  }

  void tell(const std::string& what, int flags) const {
    if (notify_) (void)::send(notify_.get(), what.data(), what.size(), flags);
  }

  files::unique_fd notify_;
  std::vector<inherited_socket> sockets_;
  std::optional<microseconds> watchdog_;
  bool is_stopping_ = false;
  std::string sockets_trouble_;
  std::string notify_trouble_;
};

}  // namespace tallow::relay_tool
