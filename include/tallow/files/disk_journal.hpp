// The journal of a transfer on disk: what was written stays written when the process dies.
//
// It is the file `journal` in the staging folder; docs/journal.md has its bytes. Appending is a
// write(2) of a few dozen of them. Syncing takes as long as the disk likes, so it is given away:
// a sync_job does it on a thread of the owner's.
#pragma once

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <optional>
#include <sys/file.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/time.hpp>
#include <tallow/base/units.hpp>
#include <tallow/files/beneath.hpp>
#include <tallow/files/journal_file.hpp>
#include <tallow/files/posix_error.hpp>
#include <tallow/files/unique_fd.hpp>
#include <tallow/transfer/chunk_set.hpp>
#include <tallow/transfer/journal.hpp>
#include <tallow/transfer/journal_format.hpp>

namespace tallow::files {

struct disk_journal_options {
  /// More often, and writing waits for the disk; less often, and a power cut costs more.
  duration sync_interval = std::chrono::seconds(1);
  /// A journal below this is not worth writing anew: a minute's worth of the busiest transfer.
  std::size_t rewrite_bytes = std::size_t{256} * 1024;
  transfer::boot_id boot = current_boot_id();
};

/// A wait for the disk, to be done where waiting harms nobody. It owns what it needs: its journal
/// may go away meanwhile.
class sync_job {
 public:
  /// Waits. On any thread, once.
  void run() noexcept {
    const int done = all_files_ ? ::syncfs(fd_.get()) : ::fdatasync(fd_.get());
    failure_ = done == 0 ? 0 : errno;
  }

 private:
  friend class disk_journal;
  static constexpr int not_run = -1;

  sync_job(unique_fd fd, bool all_files) noexcept : fd_(std::move(fd)), all_files_(all_files) {}

  unique_fd fd_;
  bool all_files_;  // of the file system, or the journal alone
  int failure_ = not_run;
};

/// A journal in the staging folder. journaled_folder.hpp makes it a transfer::chunk_journal.
///
/// What take_unacknowledged() returns was appended before. Beside that the owner asks next_sync()
/// when next_timeout() says so, runs the job on a thread of its own, and gives it to sync_done():
///
///   auto job = journal.next_sync(now);  // the owner's thread
///   job->run();                         // another one, as long as it takes
///   journal.sync_done(std::move(*job)); // the owner's thread again
///
/// One thread at a time but for run(). A journal that failed stays failed: record() says so, and no
/// mark is written any more. The file stays as good as it was.
///
/// Invariant: at most one job is out; next_ exists only while one syncs data; whatever file_ says
/// of chunks since next_ was begun, next_ says too.
class disk_journal {
 public:
  /// Goes on with the journal in `folder`, or begins one. A file there that is not that transfer's
  /// journal, or not to be trusted, is replaced.
  ///
  /// @errors  already_exists when another process receives into the folder; disk_full and what else
  ///          posix_error.hpp lists. What lay there is untouched then
  /// @cost    syncs the new file once
  [[nodiscard]] static result<disk_journal> open(const directory& folder,
                                                 const transfer::journal_identity& of,
                                                 const disk_journal_options& options = {});

  /// Whose journal lies in `folder`: how a receiver finds the folder of the transfer that comes.
  [[nodiscard]] static std::optional<transfer::journal_identity> identity_in(
      const directory& folder);

  /// What the journal says: after open() the chunks to claim, later those taken since as well.
  [[nodiscard]] const transfer::chunk_set& chunks() const noexcept { return chunks_; }

  /// Notes a chunk that was handed to the operating system.
  ///
  /// @errors  what the journal failed with
  [[nodiscard]] result<void> record(chunk_index chunk) {
    if (failure_) return fail(*failure_);
    if (!recorded_.empty() && end_of(recorded_.back()) == chunk.value &&
        recorded_.back().count < limits::chunk_window) {
      ++recorded_.back().count;
    } else {
      recorded_.push_back({chunk, 1});
    }
    return {};
  }

  [[nodiscard]] bool has_unacknowledged() const noexcept { return !failure_ && !recorded_.empty(); }

  /// The ranges to acknowledge, as many as one message holds: the file names them when this
  /// returns.
  ///
  /// @errors  what the journal failed with, now or before
  [[nodiscard]] result<std::vector<chunk_range>> take_unacknowledged();

  /// Why nothing is recorded any more: disk_full, or what else posix_error.hpp lists.
  [[nodiscard]] const std::optional<error>& failure() const noexcept { return failure_; }

  /// What is to be synced next, if it is time.
  [[nodiscard]] std::optional<sync_job> next_sync(instant now);

  /// When to ask next_sync(); nothing while a job is out or nothing is to be synced.
  [[nodiscard]] std::optional<instant> next_timeout() const noexcept;

  /// Takes a job back. One that was not run is given up.
  ///
  /// @errors  what the syncing, or writing its mark, failed with. The journal has failed then: the
  ///          disk reports lost data once, and later calls would not know of it
  [[nodiscard]] result<void> sync_done(sync_job job);

 private:
  enum class step : std::uint8_t {
    idle,
    data,      // a job syncs all that was written
    mark_due,  // it is done, and the mark appended
    mark,      // a job syncs the journal
  };

  disk_journal(directory folder, const transfer::journal_header& header,
               const disk_journal_options& options, journal_file file)
      : folder_(std::move(folder)), header_(header), options_(options), file_(std::move(file)) {
    note_size();
  }

  [[nodiscard]] static std::uint64_t end_of(const chunk_range& r) noexcept {
    return r.first.value + r.count;
  }
  // Twice what it needs: the cost of writing it anew is that of a part of what was appended.
  void note_size() noexcept { rewrite_at_ = std::max(options_.rewrite_bytes, 2 * file_.bytes()); }

  [[nodiscard]] std::vector<chunk_range> take_ranges();
  void begin_rewrite();
  void drop_rewrite();
  [[nodiscard]] result<void> add_mark();

  directory folder_;
  transfer::journal_header header_;
  disk_journal_options options_;
  journal_file file_;
  std::optional<journal_file> next_;   // will replace it
  transfer::chunk_set chunks_;         // what file_ says
  std::vector<chunk_range> recorded_;  // not in it yet
  std::optional<error> failure_;
  step step_ = step::idle;
  bool unsynced_ = false;  // something was appended since the last data job began
  instant sync_at_{};
  std::size_t covers_ = 0;       // bytes of file_ when the data job began,
  std::size_t next_covers_ = 0;  // and of next_
  std::size_t rewrite_at_ = 0;   // bytes from which on file_ is written anew
};

// ---- implementation ----

inline std::optional<transfer::journal_identity> disk_journal::identity_in(
    const directory& folder) {
  const auto file = read_journal_file(folder);
  const auto header = file ? transfer::read_journal_header(*file) : std::nullopt;
  return header ? std::optional(header->identity) : std::nullopt;
}

inline result<disk_journal> disk_journal::open(const directory& folder,
                                               const transfer::journal_identity& of,
                                               const disk_journal_options& options) {
  auto held = folder.duplicate();
  if (!held) return fail(held.error());
  // Goes with the last descriptor, however the process ends. A file system without locks does
  // without.
  if (::flock(held->fd(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    return fail(errc::already_exists, 0, "another process receives into this folder");
  }
  const auto old = read_journal_file(*held);
  auto content = old ? transfer::replay_journal(*old, of) : std::nullopt;
  if (!content) content.emplace();
  const bool same_boot = content->boot == options.boot && options.boot != transfer::boot_id{};
  // Written anew under this run's boot id. What is not synced comes behind the mark.
  const transfer::journal_header header{of, options.boot};
  byte_buffer image;
  transfer::journal_encoder encoder(image, header);
  encoder.add_written(image, content->synced, transfer::journal_bytes_max / 2);
  encoder.add_synced(image, encoder.bytes());
  const bool unsynced = same_boot && content->written != content->synced;
  if (unsynced) encoder.add_written(image, content->written, transfer::journal_bytes_max / 2);
  auto file = journal_file::create(*held, image, encoder);
  if (!file) return fail(file.error());
  // Before it replaces one whose marks are on the disk.
  if (::fdatasync(file->fd()) != 0) return fail_errno();
  if (auto done = file->take_place(*held); !done) return fail(done.error());
  disk_journal made(std::move(*held), header, options, std::move(*file));
  made.chunks_ = std::move(same_boot ? content->written : content->synced);
  made.unsynced_ = unsynced;
  return made;
}

// Lanes finish chunks in no order; put in order they are few ranges.
inline std::vector<chunk_range> disk_journal::take_ranges() {
  std::sort(recorded_.begin(), recorded_.end(),
            [](const chunk_range& a, const chunk_range& b) { return a.first < b.first; });
  std::vector<chunk_range> taken;
  auto at = recorded_.begin();
  for (; at != recorded_.end(); ++at) {
    const bool joins = !taken.empty() && end_of(taken.back()) == at->first.value &&
                       taken.back().count + at->count <= limits::chunk_window;
    if (!joins && taken.size() == limits::ack_ranges_max) break;
    if (joins) {
      taken.back().count += at->count;
    } else {
      taken.push_back(*at);
    }
  }
  recorded_.erase(recorded_.begin(), at);
  return taken;
}

inline result<std::vector<chunk_range>> disk_journal::take_unacknowledged() {
  if (failure_) return fail(*failure_);
  if (recorded_.empty()) return std::vector<chunk_range>{};
  std::vector<chunk_range> taken = take_ranges();
  const auto encode = [&](transfer::journal_encoder& encoder, byte_buffer& out) {
    encoder.add_written(out, taken);
  };
  if (auto done = file_.append(encode); !done) {
    failure_ = done.error();
    return fail(done.error());
  }
  // Only in the making, so it can be done without.
  if (next_ && !next_->append(encode)) drop_rewrite();
  for (const chunk_range& r : taken) chunks_.insert(r);
  unsynced_ = true;
  return taken;
}

inline std::optional<instant> disk_journal::next_timeout() const noexcept {
  if (failure_) return std::nullopt;
  if (step_ == step::mark_due) return instant{};
  return step_ == step::idle && unsynced_ ? std::optional(sync_at_) : std::nullopt;
}

inline std::optional<sync_job> disk_journal::next_sync(instant now) {
  const auto due = next_timeout();
  if (!due || now < *due) return std::nullopt;
  const bool all_files = step_ == step::idle;
  unique_fd fd(::fcntl(all_files ? folder_.fd() : file_.fd(), F_DUPFD_CLOEXEC, 0));
  if (all_files) sync_at_ = now + options_.sync_interval;
  if (!fd) return std::nullopt;  // out of descriptors; later, perhaps
  if (!all_files) {
    step_ = step::mark;
    return sync_job(std::move(fd), false);
  }
  if (file_.bytes() >= rewrite_at_) begin_rewrite();
  covers_ = file_.bytes();
  unsynced_ = false;
  step_ = step::data;
  return sync_job(std::move(fd), true);
}

// Written before the data are synced and renamed after that: the one job syncs both.
inline void disk_journal::begin_rewrite() {
  byte_buffer image;
  transfer::journal_encoder encoder(image, header_);
  encoder.add_written(image, chunks_, transfer::journal_bytes_max / 2);
  auto made = journal_file::create(folder_, image, encoder);
  if (!made) return;  // the old one grows on
  next_covers_ = made->bytes();
  next_ = std::move(*made);
}

inline void disk_journal::drop_rewrite() {
  if (!next_) return;
  next_.reset();
  (void)folder_.remove_file(next_journal_name);
}

inline result<void> disk_journal::add_mark() {
  const auto mark = [](std::size_t below) {
    return [below](transfer::journal_encoder& encoder, byte_buffer& out) {
      encoder.add_synced(out, below);
    };
  };
  if (next_ && next_->append(mark(next_covers_)) && next_->take_place(folder_)) {
    file_ = std::move(*next_);
    next_.reset();
    note_size();
    return {};
  }
  drop_rewrite();
  return file_.append(mark(covers_));
}

inline result<void> disk_journal::sync_done(sync_job job) {
  if (job.failure_ == sync_job::not_run) {
    drop_rewrite();
    unsynced_ = true;
    step_ = step::idle;
    return {};
  }
  result<void> done{};
  if (job.failure_ != 0) done = tl::unexpected<error>(posix_error(job.failure_));
  if (done && job.all_files_) done = add_mark();
  step_ = done && job.all_files_ ? step::mark_due : step::idle;
  if (!done) {
    drop_rewrite();
    failure_ = done.error();
  }
  return done;
}

}  // namespace tallow::files
