// Waiting for a descriptor in a way that another thread can end.
#pragma once

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <tallow/base/error.hpp>
#include <tallow/files/posix_error.hpp>
#include <tallow/files/unique_fd.hpp>

namespace tallow::files {

/// interrupt() from any thread; the rest from one.
class descriptor_wait {
 public:
  descriptor_wait() noexcept {
    std::array<int, 2> ends{-1, -1};
    if (::pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) != 0) return;
    told_.reset(ends[0]);
    tell_.reset(ends[1]);
  }

  /// Waits until the descriptor is ready for `events` (POLLIN, POLLOUT), or broken.
  ///
  /// @shape   returns false once interrupt() was called
  /// @errors  what posix_error.hpp lists
  [[nodiscard]] result<bool> wait(int descriptor, short events) const {
    if (!told_) return fail(errc::file_failed, 0, "no descriptors left");
    for (;;) {
      std::array<::pollfd, 2> both{{{descriptor, events, 0}, {told_.get(), POLLIN, 0}}};
      const int count = ::poll(both.data(), both.size(), -1);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return fail_errno();
      return both[1].revents == 0;
    }
  }

  /// True when wait() would return at once for the descriptor's sake.
  [[nodiscard]] static bool is_ready(int descriptor, short events) noexcept {
    ::pollfd one{descriptor, events, 0};
    return ::poll(&one, 1, 0) > 0;
  }

  /// Ends a wait(), and all later ones.
  void interrupt() const noexcept {
    const char any = 0;
    if (tell_) (void)!::write(tell_.get(), &any, 1);
  }

 private:
  unique_fd told_;
  unique_fd tell_;
};

}  // namespace tallow::files
