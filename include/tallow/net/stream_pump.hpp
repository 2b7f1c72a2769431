// The thread that reads or writes a stream, which takes as long as whoever is at the pipe's other
// end likes.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

#include <asio/any_io_executor.hpp>
#include <asio/post.hpp>

#include <tallow/net/work_gate.hpp>
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
      : shared_(std::make_shared<shared>(std::move(executor), session, std::move(changed))),
        thread_([all = shared_] { run(all); }) {}
  stream_pump(const stream_pump&) = delete;
  stream_pump& operator=(const stream_pump&) = delete;

  /// Waits for the thread, which is told not to wait for its pipe any more.
  ~stream_pump() {
    shared_->is_stopped = true;
    shared_->gate.close();
    shared_->session->transfer().interrupt_stream();
    thread_.join();
  }

  /// There may be something to do.
  void wake() { shared_->gate.open(); }

 private:
  // What handlers hold that may run after the pump is gone.
  struct shared {
    shared(asio::any_io_executor e, Session& s, std::function<void()> c)
        : executor(std::move(e)), session(&s), changed(std::move(c)) {}
    asio::any_io_executor executor;
    Session* session;
    std::function<void()> changed;
    work_gate gate;
    std::atomic<bool> is_told{false};
    std::atomic<bool> is_stopped{false};
  };
  using shared_ptr = std::shared_ptr<shared>;

  static void run(const shared_ptr& all) {
    while (!all->is_stopped) {
      const std::uint64_t seen = all->gate.count();
      switch (all->session->transfer().pump_stream(std::chrono::steady_clock::now())) {
        case transfer::stream_step::idle:
          if (!all->gate.wait(seen)) return;
          break;
        case transfer::stream_step::worked: tell(all); break;
        case transfer::stream_step::over: return tell(all);
      }
    }
  }

  // One handler under way is enough, however much was done.
  static void tell(const shared_ptr& all) {
    if (all->is_told.exchange(true)) return;
    asio::post(all->executor, [all] {
      all->is_told = false;
      if (all->is_stopped) return;
      (void)all->session->handle_progress(std::chrono::steady_clock::now());
      all->changed();
    });
  }

  shared_ptr shared_;
  std::thread thread_;
};

}  // namespace tallow::net
