// Runs a coroutine to its end, or until somebody presses Ctrl-C.
#pragma once

#include <cerrno>
#include <csignal>
#include <exception>
#include <sys/signalfd.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>

#include <tallow/base/error.hpp>

#include "stop_set.hpp"

namespace tallow::cli {

/// The signals of stop_set() as something to read. From here on no thread is interrupted by them,
/// to the end of the process: what comes after all is settled cannot turn the exit status into its
/// own.
///
/// @errors  throws std::system_error when there is no descriptor left
class stop_signals {
 public:
  explicit stop_signals(asio::io_context& io) : source_(io) {
    const ::sigset_t all = stop_set();
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);  // threads made later inherit it
    const int made = ::signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
    if (made < 0) throw std::system_error(errno, std::generic_category(), "signalfd");
    source_.assign(made);
  }

  /// Calls `then` at the next of them.
  template <class Then>
  void async_wait(Then then) {
    source_.async_wait(asio::posix::stream_descriptor::wait_read,
                       [this, then = std::move(then)](const asio::error_code& stopped) {
                         ::signalfd_siginfo taken{};
                         if (stopped) return;
                         (void)::read(source_.native_handle(), &taken, sizeof taken);
                         then();
                       });
  }

 private:
  asio::posix::stream_descriptor source_;
};

/// Runs one awaitable to its end. Ctrl-C calls `cancel`, which returns false when there is nothing
/// that could end in order; then, and at the second Ctrl-C, it ends at once.
///
/// @errors  cancelled, and those of `work`
template <class Cancel>
result<void> run_until_done(asio::io_context& io, asio::awaitable<result<void>> work,
                            Cancel cancel) {
  stop_signals signals(io);
  signals.async_wait([&] {
    if (!cancel()) return io.stop();
    signals.async_wait([&] { io.stop(); });
  });
  result<void> outcome = fail(errc::cancelled);
  asio::co_spawn(io, std::move(work), [&](const std::exception_ptr& thrown, result<void> done) {
    if (thrown) std::rethrow_exception(thrown);
    outcome = done;
    io.stop();
  });
  io.run();
  return outcome;
}

}  // namespace tallow::cli
