// The side that gets the files. Sans-IO but for the sink, which is given bytes.
//
// @source  docs/protocol/transfer.md
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/time.hpp>
#include <tallow/base/units.hpp>
#include <tallow/transfer/byte_space.hpp>
#include <tallow/transfer/chunk_job.hpp>
#include <tallow/transfer/chunk_window.hpp>
#include <tallow/transfer/endpoint.hpp>
#include <tallow/transfer/journal.hpp>
#include <tallow/transfer/manifest.hpp>
#include <tallow/transfer/path_rules.hpp>
#include <tallow/wire/message.hpp>

namespace tallow::transfer {

/// Receives into a sink.
///
/// Nothing reaches the sink before accept_offer(). One thread, the owner's, gives it messages.
/// Lanes call begin_chunk(), write_chunk() and end_chunk(); with a real Mutex and a sink whose
/// write() may be called from several threads, each on a thread of its own. The owner calls
/// settle() when end_chunk() says so.
///
/// Invariant: finished_ <= done_below_ <= accepted_entries_ <= entry_count(); a chunk is written
/// only when all its entries were accepted. What lanes and the owner's thread share (space_,
/// window_, writing_, journal_, failed_, spoiled_, accepted_entries_, bytes_written_, ack_at_) is
/// changed under mutex_ alone, and read without it by the owner's thread only where no lane changes
/// it.
template <sink Sink, chunk_journal Journal = memory_journal, class Mutex = no_mutex>
class receiver {
 public:
  static constexpr transfer_role role = transfer_role::receiver;

  explicit receiver(Sink& into, Journal journal = Journal{})
      : sink_(&into), journal_(std::move(journal)) {
    setup mine;
    mine.role = role;
    post(mine);
  }

  /// A relay's limit binds the sender.
  void limit_bytes(std::uint64_t) noexcept {}

  /// @errors  role_clash, chunk_size_invalid, peer_message_unexpected (cond::peer)
  [[nodiscard]] result<void> handle(const setup& peer, instant) {
    if (space_) return fail(errc::peer_message_unexpected, 0, "a second SETUP");
    if (peer.role != transfer_role::sender) return fail(errc::role_clash);
    if (peer.stream || peer.text || peer.verify || peer.sign) {
      return fail(errc::peer_message_unexpected, 0, "a kind of transfer not known here");
    }
    if (peer.chunk_bytes < limits::chunk_bytes_min || peer.chunk_bytes > limits::chunk_bytes_max) {
      return fail(errc::chunk_size_invalid, peer.chunk_bytes);
    }
    const locked hold(mutex_);
    space_.emplace(peer.chunk_bytes);
    return {};
  }

  /// @errors  manifest_invalid, totals_wrong, peer_message_unexpected (cond::peer); disk_full
  [[nodiscard]] result<void> handle(manifest_page page, instant now) {
    if (!space_) return fail(errc::peer_message_unexpected, 0, "MANIFEST before SETUP");
    if (space_->is_complete() || page.page.value != pages_seen_ ||
        page.first.value != space_->entry_count() || (page.entries.empty() && !page.last) ||
        waiting_.size() >= pages_waiting_max) {
      return fail(errc::manifest_invalid, page.page.value);
    }
    ++pages_seen_;
    hash_.add_page(page);
    if (auto done = add_to_space(page); !done) return done;
    if (!first_page_at_) first_page_at_ = now;
    if (page.last) offer_ready_ = true;
    waiting_.push_back(std::move(page));
    return accepted_ ? accept_waiting() : result<void>{};
  }

  /// @errors  peer_message_unexpected, manifest_invalid (cond::peer); disk_full
  [[nodiscard]] result<void> handle(const entries_done& m, instant) {
    if (m.below.value <= done_below_ || m.below.value > accepted_entries_) {
      return fail(errc::peer_message_unexpected, m.below.value, "ENTRIES_DONE out of order");
    }
    for (const entry_failure& f : m.failed) {
      if (f.entry.value < done_below_ || f.entry.value >= m.below.value) {
        return fail(errc::manifest_invalid, f.entry.value);
      }
      drop_entry(f.entry, f.reason);
    }
    done_below_ = m.below.value;
    return settle();
  }

  /// @errors  peer_message_unexpected, totals_wrong (cond::peer); disk_full, sink_failed
  [[nodiscard]] result<void> handle(const end& m, instant) {
    if (!space_ || ended_) return fail(errc::peer_message_unexpected, 0, "END out of order");
    if (!space_->is_complete() || done_below_ != space_->entry_count() ||
        accepted_entries_ != space_->entry_count()) {
      return fail(errc::transfer_incomplete);
    }
    if (m.entry_count != space_->entry_count() || m.byte_count != space_->byte_count() ||
        m.chunk_count != space_->chunk_count() || !equal(m.manifest_hash, hash_.digest())) {
      return fail(errc::totals_wrong);
    }
    ended_ = true;
    return settle();
  }

  /// Every other message has no place on this side.
  ///
  /// @errors  peer_message_unexpected (cond::peer)
  template <class Message>
  [[nodiscard]] result<void> handle(const Message&, instant) {
    return fail(errc::peer_message_unexpected);
  }

  // ---- lanes: any thread ----

  /// Begins with a chunk whose record has opened.
  ///
  /// @shape   returns false for one that is there or on its way already: a lane that was lost may
  ///          have brought it. Otherwise write_chunk() and end_chunk() are due
  /// @errors  chunk_unexpected (cond::peer)
  [[nodiscard]] result<bool> begin_chunk(chunk_index chunk, chunk_job& job) {
    const locked hold(mutex_);
    if (chunk.value >= acceptable_chunks() || !space_->chunk_wanted(chunk)) {
      return fail(errc::chunk_unexpected, chunk.value);
    }
    if (!window_.may_hold(chunk)) return fail(errc::chunk_unexpected, chunk.value);
    if (window_.contains(chunk)) return false;
    if (std::find(writing_.begin(), writing_.end(), chunk) != writing_.end()) return false;
    writing_.push_back(chunk);
    job.chunk = chunk;
    job.bytes = space_->chunk_length(chunk);
    job.pieces.clear();
    space_->for_each_piece(chunk, [&](const piece& p) {
      if (space_->wanted(p.entry) && !failed_.contains(p.entry.value)) job.pieces.push_back(p);
      return true;
    });
    return true;
  }

  /// Writes the bytes of a chunk. An entry that cannot be written fails alone.
  ///
  /// @errors  chunk_length_wrong (cond::peer); disk_full
  [[nodiscard]] result<void> write_chunk(const chunk_job& job, byte_view bytes) {
    if (bytes.size() != job.bytes) {
      forget(job);
      return fail(errc::chunk_length_wrong, job.chunk.value);
    }
    for (const piece& p : job.pieces) {
      const auto written =
          sink_->write(p.entry, p.entry_offset, bytes.subspan(p.chunk_offset, p.length));
      if (written) continue;
      if (written.error().code == errc::disk_full) {
        forget(job);
        return written;
      }
      const locked hold(mutex_);
      spoiled_.push_back(p.entry);
    }
    return {};
  }

  /// Notes that write_chunk() has done its work.
  ///
  /// @shape   returns whether the owner should call settle() now
  /// @errors  what the journal says
  [[nodiscard]] result<bool> end_chunk(const chunk_job& job, instant now) {
    const locked hold(mutex_);
    writing_.erase(std::find(writing_.begin(), writing_.end(), job.chunk));
    if (auto done = window_.insert(job.chunk); !done) return fail(done.error());
    if (auto done = journal_.record(job.chunk); !done) return fail(done.error());
    bytes_written_ += job.bytes;
    advance_window();
    const bool all_in = space_->is_complete() && window_.prefix() == space_->chunk_count();
    const bool first = !ack_at_;
    if (first) ack_at_ = now + limits::ack_interval;
    return all_in || first || !spoiled_.empty();
  }

  /// Does what has become possible: finishes entries, ends the transfer. For the owner's thread.
  ///
  /// @errors  disk_full, sink_failed
  [[nodiscard]] result<void> settle() {
    if (!space_) return {};
    drop_spoiled();
    const std::uint64_t bytes = bytes_whole();
    for (; finished_ < done_below_; ++finished_) {
      const entry_index index{finished_};
      if (space_->entry_end(index) > bytes) break;
      if (!space_->wanted(index) || failed_.contains(index.value)) continue;
      if (auto done = sink_->finish_entry(index); !done) {
        if (done.error().code == errc::disk_full) return done;
        drop_entry(index, failure_reason::not_writable);
      }
    }
    if (ended_ && !done_ && finished_ == space_->entry_count()) return complete();
    return {};
  }

  /// The person or program above wants what is offered.
  ///
  /// @errors  disk_full, and what the sink says when it cannot begin
  [[nodiscard]] result<void> accept_offer() {
    accepted_ = true;
    return accept_waiting();
  }

  /// True once pages were collected long enough to ask about; stays true.
  [[nodiscard]] bool offer_ready() const noexcept { return offer_ready_; }
  [[nodiscard]] const offer_summary& offer() const noexcept { return offer_; }

  /// The next message for the control channel, as the plaintext of a record.
  ///
  /// @errors  none on this side; the type is that of every transfer
  [[nodiscard]] result<std::optional<byte_buffer>> poll_message(instant now) {
    if (outbox_.empty()) post_ack(now);
    if (outbox_.empty()) return std::nullopt;
    std::optional<byte_buffer> message(std::move(outbox_.front()));
    outbox_.pop_front();
    return message;
  }

  /// As the sender's SETUP says; 0 before it.
  [[nodiscard]] std::size_t chunk_bytes() const noexcept {
    return space_ ? space_->chunk_bytes() : 0;
  }

  [[nodiscard]] std::optional<instant> next_timeout() const {
    std::optional<instant> offer_at;
    if (first_page_at_ && !offer_ready_) offer_at = *first_page_at_ + limits::offer_wait;
    const locked hold(mutex_);
    return earlier(offer_at, ack_at_);
  }

  void handle_timeout(instant now) noexcept {
    if (first_page_at_ && now >= *first_page_at_ + limits::offer_wait) offer_ready_ = true;
  }

  [[nodiscard]] bool done() const noexcept { return done_ && outbox_.empty(); }
  [[nodiscard]] const outcome& result_of_transfer() const noexcept { return outcome_; }
  [[nodiscard]] progress progress_now() const {
    if (!space_) return {};
    const locked hold(mutex_);
    return {done_ ? space_->byte_count() : bytes_written_, space_->byte_count(),
            space_->entry_count(), space_->is_complete()};
  }

 private:
  // Pages held until the person has answered. The sender stops at sixteen.
  static constexpr std::size_t pages_waiting_max = 64;

  // A chunk that was begun and is not written.
  void forget(const chunk_job& job) {
    const locked hold(mutex_);
    writing_.erase(std::find(writing_.begin(), writing_.end(), job.chunk));
  }

  template <class Message>
  void post(const Message& m) {
    append_sealed_plaintext(outbox_.emplace_back(), m);
  }

  [[nodiscard]] std::uint64_t acceptable_chunks() const noexcept {
    if (accepted_entries_ == 0) return 0;
    return space_->chunks_in(space_->entry_end(entry_index{accepted_entries_ - 1}));
  }

  result<void> add_to_space(const manifest_page& page) {
    const locked hold(mutex_);
    for (const entry& e : page.entries) {
      if (e.kind != entry_kind::file && e.size != 0) {
        return fail(errc::manifest_invalid, space_->entry_count(), "size of what is no file");
      }
      if (auto done = space_->add_entry(e.size); !done) return done;
      offer_.add(e);
    }
    if (page.last) {
      space_->complete();
      offer_.complete = true;
    }
    return {};
  }

  result<void> accept_waiting() {
    while (!waiting_.empty()) {
      const manifest_page page = std::move(waiting_.front());
      waiting_.pop_front();
      accept answer{page.page, {}};
      entry_index index = page.first;
      for (const entry& e : page.entries) {
        const auto refused = add_to_sink(index, e);
        if (!refused) return fail(refused.error());
        if (*refused) {
          answer.declined.push_back({index, **refused});
          note_failure(index, e.path, **refused);
        }
        ++index.value;
      }
      const locked hold(mutex_);
      for (const entry_failure& f : answer.declined) space_->decline(f.entry);
      accepted_entries_ = index.value;
      post(answer);
    }
    return settle();
  }

  // Nothing when the sink took the entry, the reason when it did not, an error when all must end.
  result<std::optional<failure_reason>> add_to_sink(entry_index index, const entry& e) {
    if (auto fine = check_entry(e); !fine) return failure_reason::bad_path;
    auto added = sink_->add_entry(index, e);
    if (added) return std::nullopt;
    if (added.error().code == errc::disk_full) return fail(added.error());
    return condition_of(added.error().code) == cond::peer ? failure_reason::bad_path
                                                          : failure_reason::not_writable;
  }

  // Takes an entry out that was accepted but will not be kept.
  void drop_entry(entry_index index, failure_reason reason) {
    // Only this thread adds to failed_.
    if (!space_->wanted(index) || failed_.contains(index.value)) return;
    // What cannot be removed is left in the staging folder, which goes as a whole.
    (void)sink_->discard_entry(index);
    note_failure(index, sink_->path(index), reason);
  }

  void note_failure(entry_index index, std::string path, failure_reason reason) {
    {
      const locked hold(mutex_);
      failed_.emplace(index.value, reason);
    }
    if (outcome_.failed.size() < failed_entries_reported_max) {
      outcome_.failed.push_back({std::move(path), reason});
    }
  }

  // Entries that a lane could not write to.
  void drop_spoiled() {
    std::vector<entry_index> spoiled;
    {
      const locked hold(mutex_);
      spoiled.swap(spoiled_);
    }
    for (const entry_index index : spoiled) drop_entry(index, failure_reason::not_writable);
  }

  void advance_window() {
    const std::uint64_t known = acceptable_chunks();
    window_.advance([&](chunk_index c) { return c.value < known && !space_->chunk_wanted(c); });
  }

  // The bytes at the front of the space that are all there.
  std::uint64_t bytes_whole() {
    const locked hold(mutex_);
    advance_window();
    const bool all_in = space_->is_complete() && window_.prefix() == space_->chunk_count();
    return all_in ? space_->byte_count() : window_.prefix() * space_->chunk_bytes();
  }

  result<void> complete() {
    if (auto done = sink_->commit(); !done) return done;
    end_ack m;
    m.failed_count = failed_.size();
    m.entry_count = space_->entry_count() - m.failed_count;
    for (const auto& [index, reason] : failed_) {
      if (m.failed.size() == limits::failed_entries_max) break;
      m.failed.push_back({entry_index{index}, reason});
    }
    outcome_.entry_count = m.entry_count;
    outcome_.failed_count = m.failed_count;
    outcome_.byte_count = space_->byte_count();
    post(m);
    done_ = true;
    return {};
  }

  void post_ack(instant now) {
    const locked hold(mutex_);
    if (!ack_at_ || now < *ack_at_) return;
    // Until something is written again there is nothing to wait for.
    ack_at_ = std::nullopt;
    if (!journal_.has_unacknowledged()) return;
    post(ack{journal_.take_unacknowledged()});
    if (journal_.has_unacknowledged()) ack_at_ = now;
  }

  Sink* sink_;
  mutable Mutex mutex_;
  Journal journal_;
  std::optional<byte_space> space_;
  chunk_window window_;
  std::vector<chunk_index> writing_;  // at most one a lane
  std::vector<entry_index> spoiled_;  // a lane could not write to them
  manifest_hash hash_;
  offer_summary offer_;
  std::deque<byte_buffer> outbox_;
  std::deque<manifest_page> waiting_;  // seen, not accepted yet
  std::uint32_t pages_seen_ = 0;
  std::uint64_t accepted_entries_ = 0;
  std::uint64_t done_below_ = 0;  // the sender has sent these
  std::uint64_t finished_ = 0;    // and these are whole
  std::uint64_t bytes_written_ = 0;
  std::unordered_map<std::uint64_t, failure_reason> failed_;
  outcome outcome_;
  std::optional<instant> first_page_at_;
  std::optional<instant> ack_at_;
  bool accepted_ = false;
  bool offer_ready_ = false;
  bool ended_ = false;
  bool done_ = false;
};

}  // namespace tallow::transfer
