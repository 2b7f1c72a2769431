// Which entry of a transfer is at work, for those who watch.
#pragma once

#include <atomic>
#include <cstdint>

#include <tallow/base/units.hpp>

namespace tallow::cli {

/// Noted by the threads that read or write, and looked at by the one that draws. Nothing hangs on
/// it, so that nobody waits for it.
class item_trace {
 public:
  void at(entry_index index) noexcept { current_.store(index.value, std::memory_order_relaxed); }
  void all_below(entry_index index) noexcept {
    done_.store(index.value, std::memory_order_relaxed);
  }
  void one_done() noexcept { done_.fetch_add(1, std::memory_order_relaxed); }

  [[nodiscard]] entry_index current() const noexcept {
    return entry_index{current_.load(std::memory_order_relaxed)};
  }
  [[nodiscard]] std::uint64_t done() const noexcept {
    return done_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<std::uint64_t> current_{0};
  std::atomic<std::uint64_t> done_{0};
};

}  // namespace tallow::cli
