// What a transfer does beside its lanes: claims are hashed or compared, and the journal is synced.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/post.hpp>

#include <tallow/base/time.hpp>
#include <tallow/net/thread_link.hpp>
#include <tallow/transfer/chunk_job.hpp>
#include <tallow/transfer/journal.hpp>
#include <tallow/transfer/page_buffer.hpp>

namespace tallow::net {

/// Threads for what takes long and is no lane's: they are started when there is something to do,
/// and live as long as this.
///
/// All calls on the executor's thread. The session is told there how the work goes; what the
/// threads share is the transfer alone, which has a real mutex.
template <class Session>
class background_work {
 public:
  using transfer_type = std::decay_t<decltype(std::declval<Session&>().transfer())>;

  /// @param changed  called after the session was told something
  background_work(asio::any_io_executor executor, Session& session, std::function<void()> changed)
      : link_(std::make_shared<link>(std::move(executor), session, std::move(changed))) {}
  background_work(const background_work&) = delete;
  background_work& operator=(const background_work&) = delete;
  ~background_work() { stop(); }

  /// There may be something to do.
  void wake() {
    if (link_->is_stopped) return;
    hash();
    if constexpr (has_syncing_journal) sync();
    link_->gate.open();
  }

  /// Waits for the threads. Nothing is told to the session any more.
  void stop() {
    link_->is_stopped = true;
    link_->gate.close();
    for (std::thread& one : hashers_) one.join();
    hashers_.clear();
    if (syncer_.joinable()) syncer_.join();
  }

 private:
  static constexpr bool has_syncing_journal = requires(transfer_type & t) {
    requires transfer::syncing_journal<std::decay_t<decltype(t.journal())>>;
  };

  // One core hashes faster than most disks read; more threads than lanes have would slow those.
  static constexpr unsigned hashers_max = 4;

  using link = thread_link<Session>;

  void hash() {
    auto& transfer = link_->session->transfer();
    if (!hashers_.empty() || transfer.chunk_bytes() == 0 || !transfer.has_claims()) return;
    const unsigned count = std::clamp(std::thread::hardware_concurrency(), 1U, hashers_max);
    for (unsigned i = 0; i < count; ++i) {
      hashers_.emplace_back([all = link_, &transfer] {
        transfer::page_buffer scratch(0, transfer.chunk_bytes());
        transfer::chunk_job job;
        for (;;) {
          const std::uint64_t seen = all->gate.count();
          if (transfer.work_on_claim(job, scratch.span())) {
            tell_progress(all);
          } else if (!all->gate.wait(seen)) {
            return;
          }
        }
      });
    }
  }

  void sync() {
    auto& journal = link_->session->transfer().journal();
    auto job = journal.next_sync(std::chrono::steady_clock::now());
    if (!job) return;
    // The one before has told that it is done.
    if (syncer_.joinable()) syncer_.join();
    using job_type = std::decay_t<decltype(*job)>;
    syncer_ = std::thread([this, all = link_, held = std::make_shared<job_type>(std::move(*job))] {
      held->run();
      asio::post(all->executor, [this, all, held] {
        if (all->is_stopped) return;
        // A journal that failed says so when the next chunk is recorded.
        (void)all->session->transfer().journal().sync_done(std::move(*held));
        wake();
        all->changed();
      });
    });
  }

  std::shared_ptr<link> link_;
  std::vector<std::thread> hashers_;
  std::thread syncer_;
};

}  // namespace tallow::net
