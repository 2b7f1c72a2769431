// What threads beside a session hold of it, and how they tell it that the transfer has moved.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include <asio/any_io_executor.hpp>
#include <asio/post.hpp>

#include <tallow/net/work_gate.hpp>

namespace tallow::net {

/// Shared by an owner of threads, its threads, and handlers that may run after the owner is gone:
/// is_stopped keeps those from touching the session.
template <class Session>
struct thread_link {
  /// @param c  called on the executor's thread after the session was told something
  thread_link(asio::any_io_executor e, Session& s, std::function<void()> c)
      : executor(std::move(e)), session(&s), changed(std::move(c)) {}

  asio::any_io_executor executor;
  Session* session;
  std::function<void()> changed;
  work_gate gate;                       ///< opens when there may be something to do
  std::atomic<bool> is_told{false};     ///< a handler of tell_progress() is under way
  std::atomic<bool> is_stopped{false};  ///< set on the executor's thread
};

/// Tells the session, on its executor's thread, that the transfer has moved. From any thread.
///
/// One handler under way is enough, however many threads ask for it.
template <class Link>
void tell_progress(const std::shared_ptr<Link>& link) {
  if (link->is_told.exchange(true)) return;
  asio::post(link->executor, [link] {
    link->is_told = false;
    if (link->is_stopped) return;
    (void)link->session->handle_progress(std::chrono::steady_clock::now());
    link->changed();
  });
}

}  // namespace tallow::net
