// A Unix socket that only its owner can open.
#pragma once

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>

#include <tallow/files/unique_fd.hpp>

#include "setting_values.hpp"

namespace tallow::relay_tool {

namespace detail {

// The mode of what is made meanwhile. It is the whole process's: for use while it has one thread.
class narrow_umask {
 public:
  narrow_umask() noexcept : before_(::umask(0177)) {}
  narrow_umask(const narrow_umask&) = delete;
  narrow_umask& operator=(const narrow_umask&) = delete;
  ~narrow_umask() { ::umask(before_); }

 private:
  ::mode_t before_;
};

// What stands at the path is in nobody's use, and is taken away.
[[nodiscard]] inline refusal take_away_stale(const std::string& path, const sockaddr_un& at) {
  struct stat about {};
  if (::lstat(path.c_str(), &about) != 0) {
    if (errno == ENOENT) return std::nullopt;
    return path + ": " + std::strerror(errno);
  }
  if (!S_ISSOCK(about.st_mode)) return path + ": something else than a socket is there";
  const files::unique_fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!probe) return path + ": " + std::strerror(errno);
  if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0 ||
      errno != ECONNREFUSED) {
    return path + ": another program answers there, or may: stop it, or choose another path";
  }
  if (::unlink(path.c_str()) != 0) return path + ": " + std::strerror(errno);
  return std::nullopt;
}

}  // namespace detail

// Listens at `path`, with mode 0600 from the first moment on.
[[nodiscard]] inline refusal listen_at(const std::string& path, files::unique_fd& to) {
  sockaddr_un at{};
  at.sun_family = AF_UNIX;
  if (path.size() >= sizeof at.sun_path) return path + ": a path of at most 107 bytes is wanted";
  std::memcpy(at.sun_path, path.data(), path.size());
  if (auto why = detail::take_away_stale(path, at)) return why;
  files::unique_fd made(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const detail::narrow_umask narrow;
  if (!made || ::bind(made.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 ||
      ::listen(made.get(), 16) != 0) {
    return path + ": " + std::strerror(errno);
  }
  to = std::move(made);
  return std::nullopt;
}

// The user at the other end of a Unix socket, as the kernel knows him.
[[nodiscard]] inline bool find_peer(int socket, ::uid_t& to) {
  ::ucred peer{};
  socklen_t length = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return false;
  to = peer.uid;
  return true;
}

}  // namespace tallow::relay_tool
