// The journal of a folder sink, as a receiver takes one.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include <tallow/base/error.hpp>
#include <tallow/base/time.hpp>
#include <tallow/base/units.hpp>
#include <tallow/files/disk_journal.hpp>
#include <tallow/files/folder_sink.hpp>
#include <tallow/transfer/chunk_set.hpp>
#include <tallow/transfer/journal.hpp>

namespace tallow::files {

/// A handle: the sink, which has to outlive it, holds the journal and the folder it lies in. Once
/// that has committed, what is still said is not needed any more.
class folder_journal {
 public:
  explicit folder_journal(folder_sink& sink) noexcept : sink_(&sink) {}

  /// @errors  those of folder_sink::begin()
  [[nodiscard]] result<transfer::chunk_set> begin(const transfer::journal_identity& of) {
    return sink_->begin(of);
  }

  /// @errors  those of disk_journal::record()
  [[nodiscard]] result<void> record(chunk_index chunk) {
    return sink_->has_journal() ? sink_->journal().record(chunk) : result<void>();
  }

  [[nodiscard]] bool has_unacknowledged() const noexcept {
    return sink_->has_journal() && sink_->journal().has_unacknowledged();
  }

  /// @errors  those of disk_journal::take_unacknowledged()
  [[nodiscard]] result<std::vector<chunk_range>> take_unacknowledged() {
    return sink_->journal().take_unacknowledged();
  }

  [[nodiscard]] std::optional<sync_job> next_sync(instant now) {
    return sink_->has_journal() ? sink_->journal().next_sync(now) : std::nullopt;
  }
  [[nodiscard]] std::optional<instant> next_timeout() const noexcept {
    return sink_->has_journal() ? sink_->journal().next_timeout() : std::nullopt;
  }
  /// @errors  those of disk_journal::sync_done()
  [[nodiscard]] result<void> sync_done(sync_job job) {
    return sink_->has_journal() ? sink_->journal().sync_done(std::move(job)) : result<void>();
  }

 private:
  folder_sink* sink_;
};

static_assert(transfer::syncing_journal<folder_journal>);

}  // namespace tallow::files
