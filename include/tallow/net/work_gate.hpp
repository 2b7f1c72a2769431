// Where threads wait until there may be something to do again.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace tallow::net {

/// Read count() first, look for work then, and wait() with that number: what came in between is not
/// missed. All calls from any thread.
class work_gate {
 public:
  /// Changes with every open().
  [[nodiscard]] std::uint64_t count() const noexcept { return count_.load(); }

  /// Waits until count() is not `seen` any more.
  ///
  /// @shape  returns false when close() was called
  [[nodiscard]] bool wait(std::uint64_t seen) {
    std::unique_lock hold(mutex_);
    changed_.wait(hold, [&] { return is_closed_ || count_ != seen; });
    return !is_closed_;
  }

  /// There may be work.
  void open() {
    {
      const std::lock_guard hold(mutex_);
      ++count_;
    }
    changed_.notify_all();
  }

  /// There will be no work any more.
  void close() {
    {
      const std::lock_guard hold(mutex_);
      is_closed_ = true;
    }
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<std::uint64_t> count_{0};
  bool is_closed_ = false;
};

}  // namespace tallow::net
