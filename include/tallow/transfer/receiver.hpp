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
#include <tallow/crypto/claim_hash.hpp>
#include <tallow/transfer/byte_space.hpp>
#include <tallow/transfer/chunk_job.hpp>
#include <tallow/transfer/chunk_window.hpp>
#include <tallow/transfer/claims.hpp>
#include <tallow/transfer/direct_agreement.hpp>
#include <tallow/transfer/endpoint.hpp>
#include <tallow/transfer/journal.hpp>
#include <tallow/transfer/manifest.hpp>
#include <tallow/transfer/ordered_intake.hpp>
#include <tallow/transfer/stream.hpp>
#include <tallow/transfer/word_check.hpp>
#include <tallow/wire/message.hpp>

namespace tallow::transfer {

/// What a receiver takes beside files.
struct receiver_options {
  /// A last entry of unknown length, if the sink models stream_sink.
  bool streams = false;
  /// A text; offer() tells. The program shows it, and gives its sink no place to store it.
  bool text = false;
  /// The sink takes the bytes of its entries in order alone, each once.
  bool in_order = false;
  /// Nothing is heard of what is offered before two people have compared the words.
  bool verify = false;
  /// Lanes to the sender itself. The session's owner opens them.
  direct_use direct = direct_use::never;
};

/// Receives into a sink.
///
/// Nothing reaches the sink before accept_offer(). One thread, the owner's, gives it messages.
/// Lanes call begin_chunk(), write_chunk() and end_chunk(); with a real Mutex and a sink whose
/// write() may be called from several threads, each on a thread of its own. The owner calls
/// settle() when end_chunk() says so. Where there is a stream, or the sink wants an order, chunks
/// wait in memory for somebody who calls pump_stream(), on a thread of the owner's or another one.
///
/// Invariant: finished_ <= done_below_ <= accepted_entries_ <= entry_count(); a chunk is written
/// only when all its entries were accepted. What lanes and the owner's thread share (space_,
/// window_, order_, claims_, writing_, written_, failed_, spoiled_, accepted_entries_,
/// bytes_written_, ack_at_) is changed under mutex_ alone, and read without it by the owner's
/// thread only where no lane changes it. The journal is the owner's thread's.
template <sink Sink, chunk_journal Journal = memory_journal, class Mutex = no_mutex>
class receiver {
 public:
  static constexpr transfer_role role = transfer_role::receiver;

  explicit receiver(Sink& into, Journal journal = Journal{}, receiver_options options = {})
      : sink_(&into),
        journal_(std::move(journal)),
        options_(options),
        words_(options.verify),
        direct_(options.direct) {
    setup mine;
    mine.role = role;
    mine.stream = options.in_order;
    mine.verify = options.verify;
    mine.direct = options.direct;
    post(mine);
  }

  /// A relay's limit binds the sender.
  void limit_bytes(std::uint64_t) noexcept {}

  /// What claims are hashed with; due before chunks are claimed. The session gives it.
  void use_claim_key(crypto::claim_key key) noexcept { claim_key_ = std::move(key); }

  /// @errors  role_clash, chunk_size_invalid, peer_message_unexpected (cond::peer);
  ///          direct_unavailable
  [[nodiscard]] result<void> handle(const setup& peer, instant) {
    if (space_) return fail(errc::peer_message_unexpected, 0, "a second SETUP");
    if (peer.role != transfer_role::sender) return fail(errc::role_clash);
    if ((peer.stream && (!takes_streams() || peer.text)) || (peer.text && !options_.text) ||
        peer.sign) {
      return fail(errc::peer_message_unexpected, 0, "a kind of transfer not known here");
    }
    if (auto done = direct_.met(peer); !done) return done;
    if (peer.chunk_bytes < limits::chunk_bytes_min || peer.chunk_bytes > limits::chunk_bytes_max) {
      return fail(errc::chunk_size_invalid, peer.chunk_bytes);
    }
    const locked hold(mutex_);
    space_.emplace(peer.chunk_bytes);
    offer_.stream = peer.stream;
    offer_.text = peer.text;
    if (peer.stream) order_.expect_stream();
    if (options_.in_order || peer.text) order_.order_all(space_->chunk_bytes());
    words_.met(peer);
    return {};
  }

  /// @errors  those of word_check::handle()
  [[nodiscard]] result<void> handle(const verified& m, instant) { return words_.handle(m); }

  /// @errors  manifest_invalid, totals_wrong, peer_message_unexpected (cond::peer); disk_full
  [[nodiscard]] result<void> handle(manifest_page page, instant now) {
    // Before SETUP, and before the words were compared.
    if (!words_.has_passed()) return fail(errc::peer_message_unexpected, 0, "an early MANIFEST");
    if (space_->is_complete() || page.page.value != pages_seen_ ||
        page.first.value != space_->entry_count() || (page.entries.empty() && !page.last) ||
        waiting_.size() >= pages_waiting_max) {
      return fail(errc::manifest_invalid, page.page.value);
    }
    ++pages_seen_;
    hash_.add_page(page);
    if (auto done = add_to_space(page); !done) return done;
    if (!first_page_at_) first_page_at_ = now;
    // No more come before an answer.
    if (page.last || pages_seen_ >= limits::manifest_pages_ahead_max) offer_ready_ = true;
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
    if (m.entry_count != space_->entry_count() || !equal(m.manifest_hash, hash_.digest()) ||
        !take_totals(m)) {
      return fail(errc::totals_wrong);
    }
    ended_ = true;
    return settle();
  }

  /// The sender has what was claimed.
  ///
  /// @errors  chunk_unexpected (cond::peer); disk_full, sink_failed
  [[nodiscard]] result<void> handle(const ack& m, instant) {
    {
      const locked hold(mutex_);
      if (auto done = claims_.handle(m); !done) return done;
      for (const chunk_range& range : m.ranges) {
        for (std::uint64_t i = 0; i < range.count; ++i) {
          bytes_written_ += space_->chunk_length(chunk_index{range.first.value + i});
        }
      }
      advance_window();
    }
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
  /// @errors  chunk_unexpected, chunk_repeated (cond::peer)
  [[nodiscard]] result<bool> begin_chunk(chunk_index chunk, chunk_job& job) {
    const locked hold(mutex_);
    if (!may_come(chunk, job)) return fail(errc::chunk_unexpected, chunk.value);
    if (!window_.may_hold(chunk)) return fail(errc::chunk_unexpected, chunk.value);
    if (window_.contains(chunk)) return false;
    if (job.in_order) return order_.begin(*space_, acceptable_chunks(), chunk, job);
    if (std::find(writing_.begin(), writing_.end(), chunk) != writing_.end()) return false;
    if (auto done = claims_.take_data(chunk); !done) return fail(done.error());
    writing_.push_back(chunk);
    describe(chunk, job);
    return true;
  }

  /// Writes the bytes of a chunk. An entry that cannot be written fails alone.
  ///
  /// @errors  chunk_length_wrong (cond::peer); disk_full
  [[nodiscard]] result<void> write_chunk(const chunk_job& job, byte_view bytes) {
    if (bytes.size() != job.bytes || bytes.empty()) {
      forget(job);
      return fail(errc::chunk_length_wrong, job.chunk.value);
    }
    if (job.in_order) {
      order_.fill(job.chunk, bytes);
      return {};
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
  /// @errors  none that can happen: begin_chunk() took the chunk
  [[nodiscard]] result<bool> end_chunk(const chunk_job& job, instant now) {
    const locked hold(mutex_);
    if (job.in_order) return order_.filled(job.chunk);
    writing_.erase(std::find(writing_.begin(), writing_.end(), job.chunk));
    if (auto done = window_.insert(job.chunk); !done) return fail(done.error());
    written_.push_back(job.chunk);
    bytes_written_ += job.bytes;
    advance_window();
    const bool all_in = space_->is_complete() && window_.prefix() >= space_->chunk_count();
    const bool first = !ack_at_;
    if (first) ack_at_ = now + limits::ack_interval;
    return all_in || first || !spoiled_.empty();
  }

  /// Reads one chunk of an earlier session back and hashes it, so that it can be claimed. On any
  /// thread beside the lanes'.
  ///
  /// @param scratch  chunk_bytes() bytes
  /// @shape   returns false when there is nothing to hash now: after the next message to handle()
  ///          it is worth another try. The owner should call poll_message() when it returns true
  /// @cost    reads and hashes the chunk
  bool work_on_claim(chunk_job& job, byte_span scratch);

  /// True when work_on_claim() has, or will have, something to do.
  [[nodiscard]] bool has_claims() {
    const locked hold(mutex_);
    return !claims_.done();
  }

  /// Writes the next chunk of those that are written in order, if it is there. On one thread, any;
  /// when it says idle, after the next end_chunk() that returned true.
  ///
  /// @shape  worked: settle() has something to do, or poll_message() to say
  [[nodiscard]] stream_step pump_stream(instant now);

  /// Ends a pump_stream() that waits. From any thread.
  void interrupt_stream() {
    if constexpr (stream_sink<Sink>) sink_->interrupt_stream();
  }

  /// True when somebody has to call pump_stream().
  [[nodiscard]] bool has_stream() const noexcept { return order_.is_open(); }

  /// Does what has become possible: finishes entries, ends the transfer. For the owner's thread.
  ///
  /// @errors  disk_full, sink_failed
  [[nodiscard]] result<void> settle() {
    if (!space_) return {};
    if (auto fine = check_order(); !fine) return fine;
    // In this order: what spoiled an entry was noted before its chunk counted.
    const std::uint64_t bytes = bytes_whole();
    drop_spoiled();
    for (; finished_ < done_below_; ++finished_) {
      const entry_index index{finished_};
      if (space_->entry_end(index) > bytes) break;
      const auto whole = end_stream(index);
      if (!whole) return fail(whole.error());
      if (!*whole) break;
      if (!space_->wanted(index) || failed_.contains(index.value)) continue;
      if (auto done = sink_->finish_entry(index); !done) {
        if (done.error().code == errc::disk_full) return done;
        drop_entry(index, failure_reason::not_writable);
      }
    }
    if (ended_ && !done_ && finished_ == space_->entry_count()) return complete();
    const locked hold(mutex_);
    space_->forget_below(entry_index{finished_});
    return {};
  }

  /// The person or program above wants what is offered.
  ///
  /// @errors  disk_full, and what the sink says when it cannot begin
  [[nodiscard]] result<void> accept_offer() {
    accepted_ = true;
    return accept_waiting();
  }

  /// Calls `visit(entry)` for each entry that was offered and not answered yet.
  template <class Visit>
  void for_each_waiting(Visit&& visit) const {
    for (const manifest_page& page : waiting_) {
      for (const entry& e : page.entries) visit(e);
    }
  }

  /// True once pages were collected long enough to ask about; stays true.
  [[nodiscard]] bool offer_ready() const noexcept { return offer_ready_; }
  [[nodiscard]] const offer_summary& offer() const noexcept { return offer_; }

  /// The next message for the control channel, as the plaintext of a record.
  ///
  /// @errors  what the journal says, disk_full among it
  [[nodiscard]] result<std::optional<byte_buffer>> poll_message(instant now) {
    if (outbox_.empty()) {
      if (auto done = post_ack(now); !done) return fail(done.error());
    }
    if (outbox_.empty()) post_claims();
    if (outbox_.empty()) return std::nullopt;
    std::optional<byte_buffer> message(std::move(outbox_.front()));
    outbox_.pop_front();
    return message;
  }

  /// The person here has compared the words: words().is_due() asked for it.
  void confirm_words() {
    if (words_.confirm_here()) post(verified{});
  }
  [[nodiscard]] const word_check& words() const noexcept { return words_; }
  [[nodiscard]] const direct_agreement& direct() const noexcept { return direct_; }

  /// As the sender's SETUP says; 0 before it.
  [[nodiscard]] std::size_t chunk_bytes() const noexcept {
    return space_ ? space_->chunk_bytes() : 0;
  }

  [[nodiscard]] std::optional<instant> next_timeout() const {
    std::optional<instant> own_at;
    if (first_page_at_ && !offer_ready_) own_at = *first_page_at_ + limits::offer_wait;
    if constexpr (syncing_journal<Journal>) {
      own_at = earlier(own_at, journal_.next_timeout());
    }
    const locked hold(mutex_);
    return earlier(own_at, ack_at_);
  }

  void handle_timeout(instant now) noexcept {
    if (first_page_at_ && now >= *first_page_at_ + limits::offer_wait) offer_ready_ = true;
  }

  /// The journal, for the owner who syncs it: for the owner's thread.
  [[nodiscard]] Journal& journal() noexcept { return journal_; }

  [[nodiscard]] bool done() const noexcept { return done_ && outbox_.empty(); }
  [[nodiscard]] const outcome& result_of_transfer() const noexcept { return outcome_; }
  [[nodiscard]] progress progress_now() const {
    if (!space_) return {};
    const locked hold(mutex_);
    const std::uint64_t total = space_->byte_count() + order_.stream_bytes();
    return {done_ ? total : bytes_written_, total, space_->entry_count(),
            space_->is_complete() && (!offer_.stream || ended_)};
  }

 private:
  // Pages held until the person has answered. A sender of ours stops long before.
  static constexpr std::size_t pages_waiting_max = 64;

  void describe(chunk_index chunk, chunk_job& job) const;
  bool read_back(const chunk_job& job, byte_span body);

  // A chunk that was begun and is not written.
  void forget(const chunk_job& job) {
    const locked hold(mutex_);
    if (job.in_order) return order_.forget(job.chunk);
    writing_.erase(std::find(writing_.begin(), writing_.end(), job.chunk));
  }

  [[nodiscard]] bool takes_streams() const noexcept {
    return stream_sink<Sink> && options_.streams;
  }

  [[nodiscard]] bool may_come(chunk_index chunk, chunk_job& job) const;
  [[nodiscard]] result<void> check_order() const;
  [[nodiscard]] bool take_totals(const end& m);
  [[nodiscard]] result<bool> end_stream(entry_index index);
  [[nodiscard]] result<void> write_in_order(byte_view bytes);
  [[nodiscard]] result<void> resize(entry_index index, std::uint64_t size);

  template <class Message>
  void post(const Message& m) {
    append_sealed_plaintext(outbox_.emplace_back(), m);
  }

  [[nodiscard]] std::uint64_t acceptable_chunks() const noexcept {
    if (accepted_entries_ == 0) return 0;
    return space_->chunks_in(space_->entry_end(entry_index{accepted_entries_ - 1}));
  }

  result<void> add_to_space(const manifest_page& page);
  result<void> accept_waiting();
  result<void> begin_journal(const manifest_page& first);

  void post_claims() {
    const locked hold(mutex_);
    if (const auto claimed = claims_.poll_message()) post(*claimed);
  }

  result<std::optional<failure_reason>> add_to_sink(entry_index index, const entry& e);
  void drop_entry(entry_index index, failure_reason reason);
  void note_refusal(entry_index index, const std::string& path, failure_reason reason);
  void note_failure(entry_index index, std::string path, failure_reason reason);
  void drop_spoiled();
  void advance_window();
  std::uint64_t bytes_whole();
  result<void> complete();
  result<void> post_ack(instant now);

  Sink* sink_;
  std::optional<crypto::claim_key> claim_key_;
  mutable Mutex mutex_;
  Journal journal_;
  receiver_options options_;
  word_check words_;
  direct_agreement direct_;
  std::optional<byte_space> space_;
  chunk_window window_;
  claim_maker claims_{chunk_set{}};  // of an earlier session
  ordered_intake order_;
  std::vector<chunk_index> writing_;  // at most one a lane
  std::vector<chunk_index> written_;  // not in the journal yet
  std::vector<chunk_index> recording_;
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
  chunk_job order_job_;  // of whoever pumps
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

#include <tallow/transfer/receiver_order.hpp>
#include <tallow/transfer/receiver_steps.hpp>
