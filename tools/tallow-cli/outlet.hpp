// Writes to a terminal, a pipe or a file without ever stopping the program for who does not read.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <poll.h>
#include <string>
#include <string_view>
#include <unistd.h>

#include <tallow/files/unique_fd.hpp>

#include "stop_set.hpp"

namespace tallow::cli {

/// Where text goes out. What cannot be written at once is kept, and written with what comes next or
/// by flush(); only finish() waits, and whoever says more than memory should hold.
class outlet {
 public:
  /// A terminal is opened once more, to be written without waiting: its own description is shared
  /// with the shell, which would not like to be told EAGAIN.
  explicit outlet(int descriptor) : descriptor_(descriptor) {
    if (::isatty(descriptor) != 1) return;
    const std::string self = "/proc/self/fd/" + std::to_string(descriptor);
    own_ = files::unique_fd(::open(self.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    piece_max_ = own_ ? terminal_piece : careful_piece;
  }
  outlet(const outlet&) = delete;
  outlet& operator=(const outlet&) = delete;
  ~outlet() { finish(); }

  /// Text that must come.
  void write(std::string_view text) {
    waiting_ += text;
    if (!flush() && waiting_.size() > waiting_max) finish();
  }

  /// Text that is worth nothing later: dropped where something waits already.
  ///
  /// @shape  returns whether it was taken
  bool write_if_free(std::string_view text) {
    if (!flush()) return false;
    write(text);
    return true;
  }

  /// Writes what can be written now.
  ///
  /// @shape  returns whether nothing is left
  bool flush() {
    if (target() < 0) waiting_.clear();
    while (!waiting_.empty()) {
      ::pollfd ready{target(), POLLOUT, 0};
      if (::poll(&ready, 1, 0) <= 0) return false;
      const auto count = ::write(target(), waiting_.data(), std::min(waiting_.size(), piece_max_));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return false;
      if (count < 0) {
        waiting_.clear();  // nobody is there any more
        return true;
      }
      waiting_.erase(0, static_cast<std::size_t>(count));
    }
    return true;
  }

  /// Waits until all is written, or somebody wants the program to end.
  void finish() {
    while (!flush()) {
      // Once a transfer runs these are held back, and would not end a wait here.
      if (stop_is_pending()) return waiting_.clear();
      ::pollfd ready{target(), POLLOUT, 0};
      (void)::poll(&ready, 1, 100);
    }
  }

 private:
  // What a pipe takes without waiting once it is ready (POSIX: PIPE_BUF).
  static constexpr std::size_t pipe_piece = 4096;
  static constexpr std::size_t terminal_piece = 4096;
  // A terminal that could not be opened again may take less than it is given, and wait.
  static constexpr std::size_t careful_piece = 64;
  static constexpr std::size_t waiting_max = std::size_t{1} << 20U;

  [[nodiscard]] int target() const noexcept { return own_ ? own_.get() : descriptor_; }

  int descriptor_;
  files::unique_fd own_;
  std::size_t piece_max_ = pipe_piece;
  std::string waiting_;
};

}  // namespace tallow::cli
