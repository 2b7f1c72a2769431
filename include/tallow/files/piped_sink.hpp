// Receives into a descriptor: a pipe, a terminal, a file, as somebody has opened it.
#pragma once

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fcntl.h>
#include <poll.h>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/units.hpp>
#include <tallow/files/descriptor_wait.hpp>
#include <tallow/files/posix_error.hpp>
#include <tallow/files/unique_fd.hpp>
#include <tallow/transfer/endpoint.hpp>
#include <tallow/transfer/stream.hpp>

namespace tallow::files {

/// Takes one file or stream, and writes its bytes as they come; for a receiver that is told to
/// write in order. What was written stays written, whatever becomes of the transfer.
///
/// A write() that waits for a reader can be interrupted. For this a pipe is opened once more where
/// the system lets one, without touching how others see it, and written to in small steps where
/// not.
class piped_sink {
 public:
  /// Signals of broken pipes are ignored from here on, unless the program handles them.
  ///
  /// @param descriptor  outlives this
  explicit piped_sink(int descriptor) : descriptor_(descriptor) {
    ignore_broken_pipes();
    struct ::stat about {};
    if (::fstat(descriptor, &about) != 0 || S_ISREG(about.st_mode)) return;
    bytes_at_once_ = bytes_without_waiting;
    std::array<char, 32> name{};
    (void)std::snprintf(name.data(), name.size(), "/proc/self/fd/%d", descriptor);
    own_.reset(::open(name.data(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!own_) return;
    descriptor_ = own_.get();
    bytes_at_once_ = SIZE_MAX;
  }

  /// @errors  unsupported_kind for all but one file or stream
  [[nodiscard]] result<void> add_entry(entry_index index, const transfer::entry& e) {
    if (index.value != 0 || e.kind != transfer::entry_kind::file) {
      return fail(errc::unsupported_kind, index.value, "more than one file");
    }
    name_ = e.path;
    return {};
  }

  /// @errors  sink_failed, when nobody reads any more among others; disk_full; cancelled after
  ///          interrupt_stream(); wrong_state for bytes that are not the next ones
  [[nodiscard]] result<void> write(entry_index index, std::uint64_t offset, byte_view bytes) {
    if (index.value != 0 || offset != written_) return fail(errc::wrong_state, offset);
    while (!bytes.empty()) {
      const auto ready = wait_.wait(descriptor_, POLLOUT);
      if (!ready) return fail(ready.error());
      if (!*ready) return fail(errc::cancelled);
      const auto count = ::write(descriptor_, bytes.data(), std::min(bytes.size(), bytes_at_once_));
      if (count < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)) continue;
      if (count < 0 && errc_of_errno(errno) == errc::disk_full) return fail_errno();
      if (count < 0) {
        return fail(errc::sink_failed, std::error_code(errno, std::generic_category()));
      }
      written_ += static_cast<std::uint64_t>(count);
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return {};
  }

  /// @errors  none
  [[nodiscard]] result<void> resize_entry(entry_index, std::uint64_t) const { return {}; }
  /// @errors  none
  [[nodiscard]] result<void> finish_entry(entry_index) const { return {}; }
  /// @errors  none
  [[nodiscard]] result<void> discard_entry(entry_index) const { return {}; }
  /// @errors  none
  [[nodiscard]] result<void> commit() const { return {}; }

  void interrupt_stream() const noexcept { wait_.interrupt(); }

  [[nodiscard]] std::string path(entry_index) const { return name_; }

 private:
  // A pipe that is ready takes that much without waiting (POSIX: PIPE_BUF; Linux: a page).
  static constexpr std::size_t bytes_without_waiting = 4096;

  static void ignore_broken_pipes() noexcept {
    struct ::sigaction now {};
    if (::sigaction(SIGPIPE, nullptr, &now) != 0) return;
    if ((now.sa_flags & SA_SIGINFO) == 0 && now.sa_handler == SIG_DFL) {
      (void)std::signal(SIGPIPE, SIG_IGN);
    }
  }

  int descriptor_;
  unique_fd own_;
  descriptor_wait wait_;
  std::size_t bytes_at_once_ = SIZE_MAX;
  std::uint64_t written_ = 0;
  std::string name_;
};

static_assert(transfer::stream_sink<piped_sink>);

}  // namespace tallow::files
