// The thread that reads or writes a stream, which takes as long as whoever is at the pipe's other
// end likes.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

#include <asio/any_io_executor.hpp>

#include <tallow/net/thread_link.hpp>
#include <tallow/transfer/stream.hpp>

namespace tallow::net {

/// Calls pump_stream() of a session's transfer whenever there may be something to do.
///
/// All calls on the executor's thread; the session is told there what came of it.
template <class Session>
class stream_pump {
 public:
  /// @param changed  called after the session was told something
  stream_pump(asio::any_io_executor executor, Session& session, std::function<void()> changed)
      : link_(std::make_shared<link>(std::move(executor), session, std::move(changed))),
        thread_([all = link_] { run(all); }) {}
  stream_pump(const stream_pump&) = delete;
  stream_pump& operator=(const stream_pump&) = delete;

  /// Waits for the thread, which is told not to wait for its pipe any more.
  ~stream_pump() {
    link_->is_stopped = true;
    link_->gate.close();
    link_->session->transfer().interrupt_stream();
    thread_.join();
  }

  /// There may be something to do.
  void wake() { link_->gate.open(); }

 private:
  using link = thread_link<Session>;

  static void run(const std::shared_ptr<link>& all) {
    while (!all->is_stopped) {
      const std::uint64_t seen = all->gate.count();
      switch (all->session->transfer().pump_stream(std::chrono::steady_clock::now())) {
        case transfer::stream_step::idle:
          if (!all->gate.wait(seen)) return;
          break;
        case transfer::stream_step::worked: tell_progress(all); break;
        case transfer::stream_step::over: return tell_progress(all);
      }
    }
  }

  std::shared_ptr<link> link_;
  std::thread thread_;
};

}  // namespace tallow::net
