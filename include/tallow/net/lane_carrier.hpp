// What carries a lane's bytes from one socket to the other: a pipe in the kernel, or a buffer.
#pragma once

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <memory>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>
#include <utility>
#include <variant>
#include <vector>

#if defined(__linux__) && defined(SPLICE_F_MOVE) && defined(F_SETPIPE_SZ)
#define TALLOW_HAS_SPLICE 1
#else
#define TALLOW_HAS_SPLICE 0
#endif

namespace tallow::net {

/// How bytes go from one socket to the other.
enum class lane_moving : std::uint8_t {
  spliced,  ///< splice(2): the kernel hands pages over, and the program sees none; Linux only
  copied,   ///< through a buffer of this program
};

/// What one step of moving came to.
enum class lane_step : std::uint8_t {
  moved,    ///< some bytes were taken, or all were given
  blocked,  ///< the socket is not ready
  ended,    ///< nothing more will come
  failed,
};

namespace detail {

/// What is carried at once. More saves no more calls that matter; less costs half as much again.
inline constexpr std::size_t carried_bytes_max = std::size_t{256} * 1024;

[[nodiscard]] inline bool is_not_ready() noexcept {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

[[nodiscard]] inline lane_step step_of_taking(::ssize_t count) noexcept {
  if (count > 0) return lane_step::moved;
  if (count == 0) return lane_step::ended;
  return is_not_ready() ? lane_step::blocked : lane_step::failed;
}

class buffer_carrier {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return end_ - begin_; }

  lane_step take(int from, std::size_t count_max) noexcept {
    const auto count = ::recv(from, bytes_.get(), std::min(count_max, carried_bytes_max), 0);
    begin_ = 0;
    end_ = count > 0 ? static_cast<std::size_t>(count) : 0;
    return step_of_taking(count);
  }

  lane_step give(int to) noexcept {
    while (size() != 0) {
      const auto count = ::send(to, bytes_.get() + begin_, size(), MSG_NOSIGNAL);
      if (count < 0) return is_not_ready() ? lane_step::blocked : lane_step::failed;
      begin_ += static_cast<std::size_t>(count);
    }
    return lane_step::moved;
  }

 private:
  // Not filled with zeros: pages that no byte ever needs are never touched.
  std::unique_ptr<std::byte[]> bytes_{new std::byte[carried_bytes_max]};
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

#if TALLOW_HAS_SPLICE

class pipe_carrier {
 public:
  /// Perhaps without a pipe: see is_open().
  pipe_carrier() noexcept {
    if (::pipe2(ends_.data(), O_NONBLOCK | O_CLOEXEC) != 0) {
      ends_ = {-1, -1};
      return;
    }
    // Who has many pipes is given small ones; but a small one is worse than a buffer.
    (void)::fcntl(ends_[0], F_SETPIPE_SZ, static_cast<int>(carried_bytes_max));
    if (::fcntl(ends_[0], F_GETPIPE_SZ) < bytes_min) close();
  }
  pipe_carrier(pipe_carrier&& other) noexcept
      : ends_(std::exchange(other.ends_, {-1, -1})), size_(std::exchange(other.size_, 0)) {}
  pipe_carrier& operator=(pipe_carrier&& other) noexcept {
    std::swap(ends_, other.ends_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~pipe_carrier() { close(); }

  [[nodiscard]] bool is_open() const noexcept { return ends_[0] >= 0; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  lane_step take(int from, std::size_t count_max) noexcept {
    const auto count = ::splice(from, nullptr, ends_[1], nullptr, count_max, flags);
    size_ = count > 0 ? static_cast<std::size_t>(count) : 0;
    return step_of_taking(count);
  }

  lane_step give(int to) noexcept {
    while (size_ != 0) {
      const auto count = ::splice(ends_[0], nullptr, to, nullptr, size_, flags);
      if (count <= 0) return count < 0 && is_not_ready() ? lane_step::blocked : lane_step::failed;
      size_ -= static_cast<std::size_t>(count);
    }
    return lane_step::moved;
  }

 private:
  static constexpr unsigned flags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;
  static constexpr int bytes_min = 64 * 1024;

  void close() noexcept {
    for (int& end : ends_) {
      if (end >= 0) (void)::close(std::exchange(end, -1));
    }
  }

  std::array<int, 2> ends_{-1, -1};
  std::size_t size_ = 0;
};

/// splice(2) knows no MSG_NOSIGNAL, and a lane whose other end is gone must not end the program.
/// A program that handles the signal in its own way keeps that.
inline void ignore_broken_pipes() noexcept {
  struct ::sigaction now {};
  if (::sigaction(SIGPIPE, nullptr, &now) != 0) return;
  if ((now.sa_flags & SA_SIGINFO) == 0 && now.sa_handler == SIG_DFL) {
    (void)std::signal(SIGPIPE, SIG_IGN);
  }
}

#endif

}  // namespace detail

/// Carries some bytes at a time between two sockets that never block.
class lane_carrier {
 public:
#if TALLOW_HAS_SPLICE
  using way = std::variant<detail::buffer_carrier, detail::pipe_carrier>;
#else
  using way = std::variant<detail::buffer_carrier>;
#endif

  explicit lane_carrier(way chosen) noexcept : way_(std::move(chosen)) {}

  /// Bytes that are taken and not given yet.
  [[nodiscard]] std::size_t size() const noexcept {
    return std::visit([](const auto& w) { return w.size(); }, way_);
  }

  /// Takes some bytes from a socket, at most so many. To be called while it holds none.
  lane_step take(int from, std::size_t count_max) noexcept {
    return std::visit([&](auto& w) { return w.take(from, count_max); }, way_);
  }

  /// Gives all that it holds to a socket; when it is blocked, some may be left.
  lane_step give(int to) noexcept {
    return std::visit([&](auto& w) { return w.give(to); }, way_);
  }

  [[nodiscard]] bool is_pipe() const noexcept { return way_.index() != 0; }

 private:
  way way_;
};

/// Lends carriers to lanes that have bytes to move, so that the many that have none cost no
/// descriptors and no memory.
class lane_carriers {
 public:
  /// Where the system has no splice(2), or no descriptors for it, bytes are copied all the same.
  explicit lane_carriers(lane_moving how, std::size_t pipes_max = SIZE_MAX)
      : how_(how), pipes_max_(pipes_max) {
    idle_.reserve(idle_max);
#if TALLOW_HAS_SPLICE
    if (how_ == lane_moving::spliced) detail::ignore_broken_pipes();
#endif
  }

  [[nodiscard]] lane_carrier take() {
    if (!idle_.empty()) {
      lane_carrier one = std::move(idle_.back());
      idle_.pop_back();
      return one;
    }
#if TALLOW_HAS_SPLICE
    if (how_ == lane_moving::spliced && pipes_ < pipes_max_) {
      if (detail::pipe_carrier pipe; pipe.is_open()) {
        ++pipes_;
        return lane_carrier(std::move(pipe));
      }
    }
#endif
    return lane_carrier(detail::buffer_carrier{});
  }

  /// Takes one back that holds nothing.
  void put_back(lane_carrier one) {
    const bool is_as_wanted = one.is_pipe() || how_ == lane_moving::copied;
    if (is_as_wanted && one.size() == 0 && idle_.size() < idle_max) {
      idle_.push_back(std::move(one));
    } else if (one.is_pipe()) {
      --pipes_;
    }
  }

 private:
  // A direction that waits for its reader keeps its carrier; few others need one at a time.
  static constexpr std::size_t idle_max = 8;

  lane_moving how_;
  std::size_t pipes_max_;
  std::size_t pipes_ = 0;
  std::vector<lane_carrier> idle_;
};

}  // namespace tallow::net
