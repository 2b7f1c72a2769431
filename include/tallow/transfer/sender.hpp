// The side that has the files. Sans-IO but for the source, which is asked for bytes.
//
// @source  docs/protocol/transfer.md
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <unordered_set>
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
#include <tallow/transfer/claims.hpp>
#include <tallow/transfer/direct_agreement.hpp>
#include <tallow/transfer/endpoint.hpp>
#include <tallow/transfer/manifest.hpp>
#include <tallow/transfer/pace.hpp>
#include <tallow/transfer/scheduler.hpp>
#include <tallow/transfer/stream.hpp>
#include <tallow/transfer/stream_outbox.hpp>
#include <tallow/transfer/word_check.hpp>
#include <tallow/wire/message.hpp>

namespace tallow::transfer {

/// What a sender is told at the start.
struct sender_options {
  transfer_id id{};
  std::size_t chunk_bytes = limits::chunk_bytes_default;
  /// The last entry of the source is a stream. Somebody calls pump_stream() then.
  bool stream = false;
  /// The source has one file, a text of at most limits::text_bytes_max bytes to be shown.
  bool text = false;
  /// Nothing is told of the source before two people have compared the words.
  bool verify = false;
  /// Bytes on lanes, over time. 0: no limit.
  std::uint64_t bytes_per_second_max = 0;
  /// Lanes to the receiver itself. The session's owner opens them.
  direct_use direct = direct_use::never;
};

/// Sends what a source holds.
///
/// One thread, the owner's, gives it the peer's messages with handle() and takes its own with
/// poll_message(). Lanes take_chunk() and read_chunk() as fast as they can send; with a real Mutex
/// and a source whose read() may be called from several threads, each on a thread of its own. So
/// does whoever calls pump_stream().
///
/// Invariant: what lanes and the owner's thread share (space_, pace_, scheduler_, stream_,
/// failed_, accepted_entries_) is changed under mutex_ alone, and read without it by the owner's
/// thread only where no lane changes it.
template <source Source, class Mutex = no_mutex>
class sender {
 public:
  static constexpr transfer_role role = transfer_role::sender;

  sender(Source& from, const sender_options& options)
      : source_(&from),
        words_(options.verify),
        direct_(options.direct),
        space_(options.chunk_bytes),
        pace_(options.bytes_per_second_max) {
    setup mine;
    mine.role = role;
    mine.transfer = options.id;
    mine.chunk_bytes = narrow<std::uint32_t>(options.chunk_bytes);
    mine.stream = options.stream;
    mine.text = options.text;
    mine.verify = options.verify;
    mine.direct = options.direct;
    if (options.stream) stream_.emplace(options.chunk_bytes);
    post(mine);
  }

  /// Makes the sender refuse a transfer of more bytes than the relay said it carries. 0: no limit.
  void limit_bytes(std::uint64_t bytes_max) noexcept { bytes_max_ = bytes_max; }

  /// What claims are hashed with; due before chunks are claimed. The session gives it.
  void use_claim_key(crypto::claim_key key) noexcept { claim_key_ = std::move(key); }

  /// @errors  role_clash, peer_message_unexpected (cond::peer); direct_unavailable
  [[nodiscard]] result<void> handle(const setup& peer, instant) {
    if (words_.has_met()) return fail(errc::peer_message_unexpected, 0, "a second SETUP");
    if (peer.role != transfer_role::receiver) return fail(errc::role_clash);
    if (auto done = direct_.met(peer); !done) return done;
    if (peer.stream) {
      const locked hold(mutex_);
      scheduler_.limit_window(stream_window(space_.chunk_bytes()));
    }
    words_.met(peer);
    return {};
  }

  /// @errors  those of word_check::handle()
  [[nodiscard]] result<void> handle(const verified& m, instant) { return words_.handle(m); }

  /// @errors  peer_message_unexpected, manifest_invalid (cond::peer)
  [[nodiscard]] result<void> handle(const accept& m, instant) {
    if (m.page.value != pages_accepted_ || pages_accepted_ == page_ends_.size()) {
      return fail(errc::peer_message_unexpected, m.page.value, "ACCEPT of another page");
    }
    const std::uint64_t end = page_ends_[pages_accepted_];
    std::uint64_t next = accepted_entries_;
    const locked hold(mutex_);
    for (const entry_failure& f : m.declined) {
      if (f.entry.value < next || f.entry.value >= end) {
        return fail(errc::manifest_invalid, f.entry.value, "declined entry not on the page");
      }
      next = f.entry.value + 1;
      space_.decline(f.entry);
      if (f.reason == failure_reason::declined) {
        note_skipped(f.entry);
      } else {
        report(f);
      }
    }
    accepted_entries_ = end;
    ++pages_accepted_;
    scheduler_.claims().first_page_accepted();
    if (stream_ && all_accepted() && !space_.wanted(stream_entry())) stream_->end();
    return {};
  }

  /// @errors  those of claim_checker::handle()
  [[nodiscard]] result<void> handle(const have& m, instant) {
    const locked hold(mutex_);
    return scheduler_.claims().handle(m, sendable_chunks());
  }

  /// @errors  chunk_unexpected (cond::peer)
  [[nodiscard]] result<void> handle(const ack& m, instant) {
    const locked hold(mutex_);
    for (const chunk_range& range : m.ranges) {
      if (range.count > limits::chunk_window) {
        return fail(errc::chunk_unexpected, range.first.value);
      }
      for (std::uint64_t i = 0; i < range.count; ++i) {
        const chunk_index chunk{range.first.value + i};
        if (is_of_stream(chunk)) {
          const auto bytes = stream_->acknowledge(chunk.value - space_.chunk_count());
          if (!bytes) return fail(bytes.error());
          bytes_acknowledged_ += *bytes;
          continue;
        }
        const auto is_new = scheduler_.acknowledge(space_, chunk);
        if (!is_new) return fail(is_new.error());
        if (*is_new) bytes_acknowledged_ += space_.chunk_length(chunk);
      }
    }
    return {};
  }

  /// @errors  peer_message_unexpected, totals_wrong (cond::peer)
  [[nodiscard]] result<void> handle(const end_ack& m, instant) {
    if (!end_sent_) return fail(errc::peer_message_unexpected, 0, "END_ACK before END");
    if (m.entry_count > space_.entry_count() || m.failed.size() > m.failed_count ||
        m.entry_count + m.failed_count != space_.entry_count() ||
        m.failed_count < outcome_.skipped_count) {
      return fail(errc::totals_wrong);
    }
    for (const entry_failure& f : m.failed) {
      if (f.entry.value >= space_.entry_count()) return fail(errc::totals_wrong, f.entry.value);
      // What was declined was reported then.
      if (space_.wanted(f.entry)) report(f);
    }
    outcome_.entry_count = m.entry_count;
    outcome_.failed_count = m.failed_count - outcome_.skipped_count;
    outcome_.byte_count = byte_count();
    done_ = true;
    return {};
  }

  /// Every other message has no place on this side.
  ///
  /// @errors  peer_message_unexpected (cond::peer)
  template <class Message>
  [[nodiscard]] result<void> handle(const Message&, instant) {
    return fail(errc::peer_message_unexpected);
  }

  /// The next message for the control channel, as the plaintext of a record.
  ///
  /// @errors  what the source says when its list of entries fails; quota_too_small; source_changed
  ///          when a file changed that the other side takes for whole
  [[nodiscard]] result<std::optional<byte_buffer>> poll_message(instant now) {
    if (is_retracted()) return fail(errc::source_changed, 0, "after it was said to be whole");
    if (outbox_.empty() && words_.has_passed()) {
      if (auto done = produce(); !done) return fail(done.error());
    }
    if (outbox_.empty()) post_confirmed(now);
    if (outbox_.empty()) return std::nullopt;
    std::optional<byte_buffer> message(std::move(outbox_.front()));
    outbox_.pop_front();
    return message;
  }

  // ---- lanes: any thread ----

  /// Takes the next chunk for a lane; read_chunk() is due then.
  ///
  /// @shape  returns false when no chunk may be sent now: after the next message to handle(), or
  ///         after lane_lost(), it is worth another try
  [[nodiscard]] bool take_chunk(stream_id lane, chunk_job& job) {
    const locked hold(mutex_);
    if (!pace_.may_send()) return false;
    const auto chunk = scheduler_.take(space_, sendable_chunks(), lane);
    job.is_stream = !chunk;
    if (!chunk) return take_stream_chunk(lane, job);
    describe(*chunk, job);
    return true;
  }

  /// Reads the bytes of a chunk. What cannot be read is zeros, and its entry fails.
  ///
  /// @param body  job.bytes bytes
  /// @cost        one read for each entry in the chunk
  void read_chunk(const chunk_job& job, byte_span body) {
    if (job.is_stream) return copy_stream_chunk(job, body);
    read_pieces(job, body);
    const locked hold(mutex_);
    scheduler_.read_done(job.chunk);
  }

  /// A chunk has been made a frame of so many bytes.
  void chunk_framed(std::size_t bytes) {
    const locked hold(mutex_);
    pace_.sent(bytes);
  }

  /// Compares one chunk with what the receiver claims to have of it. On any thread beside the
  /// lanes'.
  ///
  /// @param scratch  chunk_bytes() bytes
  /// @shape   returns false when there is nothing to compare now: after the next message to
  ///          handle() it is worth another try
  /// @cost    reads and hashes the chunk
  bool work_on_claim(chunk_job& job, byte_span scratch) {
    TALLOW_ASSERT(claim_key_.has_value());
    chunk_hash claimed{};
    {
      const locked hold(mutex_);
      const auto next = scheduler_.claims().next_to_compare();
      if (!next) return false;
      claimed = next->hash;
      describe(next->chunk, job);
    }
    const byte_span body = scratch.first(job.bytes);
    read_pieces(job, body);
    const bool is_equal =
        equal_constant_time(crypto::claim_hash(*claim_key_, job.chunk, body), claimed);
    const locked hold(mutex_);
    // Never fails: it is being compared.
    const bool is_noted = scheduler_.claim_compared(space_, job.chunk, is_equal).has_value();
    if (is_noted && is_equal) bytes_acknowledged_ += job.bytes;
    return true;
  }

  /// True when work_on_claim() has something to do.
  [[nodiscard]] bool has_claims() {
    const locked hold(mutex_);
    return scheduler_.claims().has_work();
  }

  /// Reads some of the stream, and waits for it if need be. On a thread of the owner's, again and
  /// again; when it says idle, after the next message to handle().
  ///
  /// @shape  worked: there may be chunks to take, or a message in poll_message()
  /// @cost   a read for what is there, until it is a whole chunk or the stream pauses
  [[nodiscard]] stream_step pump_stream(instant now);

  /// Ends a pump_stream() that waits, and all later ones. From any thread.
  void interrupt_stream() {
    if constexpr (stream_source<Source>) source_->interrupt_stream();
  }

  /// True when somebody has to call pump_stream().
  [[nodiscard]] bool has_stream() const noexcept { return stream_.has_value(); }

  /// All lanes have ended.
  void lanes_lost() {
    const locked hold(mutex_);
    if (stream_) stream_->lanes_lost();
    scheduler_.lanes_lost();
  }

  /// A lane has ended: what it took and nobody acknowledged goes to the others.
  void lane_lost(stream_id lane) {
    const locked hold(mutex_);
    if (stream_) stream_->lane_lost(lane);
    scheduler_.lane_lost(lane);
  }

  /// Whether the other side has the entry; once it is done().
  [[nodiscard]] bool arrived(entry_index which) const {
    return space_.wanted(which) && !failed_.contains(which.value) &&
           !reported_.contains(which.value);
  }

  /// The person here has compared the words: words().is_due() asked for it.
  void confirm_words() {
    if (words_.confirm_here()) post(verified{});
  }
  [[nodiscard]] const word_check& words() const noexcept { return words_; }
  [[nodiscard]] const direct_agreement& direct() const noexcept { return direct_; }

  [[nodiscard]] std::size_t chunk_bytes() const noexcept { return space_.chunk_bytes(); }
  [[nodiscard]] bool done() const noexcept { return done_; }
  [[nodiscard]] std::optional<instant> next_timeout() const {
    const locked hold(mutex_);
    return earlier(confirm_at_, pace_.next_timeout());
  }
  /// Where next_timeout() had come, take_chunk() is worth another try.
  void handle_timeout(instant now) {
    const locked hold(mutex_);
    pace_.handle_timeout(now);
  }
  [[nodiscard]] const outcome& result_of_transfer() const noexcept { return outcome_; }
  [[nodiscard]] progress progress_now() const {
    const locked hold(mutex_);
    return {done_ ? byte_count() : bytes_acknowledged_, byte_count(), space_.entry_count(),
            space_.is_complete() && (!stream_ || stream_->has_ended())};
  }

 private:
  // How many entries complete before they are reported as done.
  static constexpr std::uint64_t entries_done_step = 512;

  template <class Message>
  void post(const Message& m) {
    append_sealed_plaintext(outbox_.emplace_back(), m);
  }

  [[nodiscard]] bool is_retracted() {
    const locked hold(mutex_);
    return retracted_;
  }

  [[nodiscard]] std::uint64_t sendable_chunks() const noexcept {
    if (accepted_entries_ == 0) return 0;
    return space_.chunks_in(space_.entry_end(entry_index{accepted_entries_ - 1}));
  }

  // What a lane or a comparison reads.
  void describe(chunk_index chunk, chunk_job& job) const {
    transfer::describe(
        space_, chunk, [&](entry_index e) { return !failed_.contains(e.value); }, job);
  }

  // What was compared, as seldom as a receiver acknowledges.
  void post_confirmed(instant now) {
    const locked hold(mutex_);
    if (!scheduler_.claims().has_answer()) {
      confirm_at_.reset();
      return;
    }
    if (!confirm_at_) confirm_at_ = now + limits::ack_interval;
    if (now < *confirm_at_) return;
    confirm_at_.reset();
    if (const auto answer = scheduler_.claims().poll_answer()) post(*answer);
  }

  // ---- the stream ----

  [[nodiscard]] bool all_accepted() const noexcept {
    return space_.is_complete() && accepted_entries_ == space_.entry_count();
  }
  [[nodiscard]] entry_index stream_entry() const noexcept {
    return entry_index{space_.entry_count() - 1};
  }
  [[nodiscard]] bool stream_wanted() const {
    return stream_ && all_accepted() && space_.wanted(stream_entry());
  }
  [[nodiscard]] bool is_of_stream(chunk_index chunk) const noexcept {
    return stream_ && space_.is_complete() && chunk.value >= space_.chunk_count();
  }
  [[nodiscard]] std::uint64_t byte_count() const noexcept {
    return space_.byte_count() + (stream_ ? stream_->byte_count() : 0);
  }

  bool take_stream_chunk(stream_id lane, chunk_job& job);
  void copy_stream_chunk(const chunk_job& job, byte_span body);

  result<void> produce();
  result<void> produce_page();

  // What a relay will count: the bytes, and what goes around them. Frames, tags and slices are less
  // than a 512th; a relay counts the handshakes and the messages of both sides too.
  [[nodiscard]] std::uint64_t bytes_on_the_way() const {
    constexpr std::uint64_t talk = 64 * 1024;
    const locked hold(mutex_);
    return byte_count() + byte_count() / 512 + page_ends_.size() * limits::manifest_page_bytes_max +
           talk;
  }

  result<void> check_quota() const {
    if (bytes_max_ == 0 || bytes_on_the_way() <= bytes_max_) return {};
    return fail(errc::quota_too_small, bytes_max_);
  }

  void post_page(bool last) {
    const manifest_page page = builder_.take(last);
    hash_.add_page(page);
    page_ends_.push_back(page.first.value + page.entries.size());
    post(page);
  }

  bool post_entries_done();

  void forget_arrived();

  void read_pieces(const chunk_job& job, byte_span body);
  std::size_t read_piece(const piece& p, byte_span out);

  void note_skipped(entry_index which) {
    ++outcome_.skipped_count;
    if (outcome_.skipped.size() < failed_entries_reported_max) {
      outcome_.skipped.push_back(source_->path(which));
    }
  }

  void report(const entry_failure& f) {
    if (outcome_.failed.size() >= failed_entries_reported_max) return;
    if (!reported_.insert(f.entry.value).second) return;
    outcome_.failed.push_back({source_->path(f.entry), f.reason});
  }

  Source* source_;
  word_check words_;
  direct_agreement direct_;
  std::optional<crypto::claim_key> claim_key_;
  mutable Mutex mutex_;
  byte_space space_;
  pace pace_;
  scheduler scheduler_;
  std::optional<stream_outbox> stream_;
  page_builder builder_;
  manifest_hash hash_;
  std::deque<byte_buffer> outbox_;
  std::optional<entry> pending_;          // walked, but not on a page yet
  std::vector<std::uint64_t> page_ends_;  // entries up to the end of each page
  std::size_t pages_accepted_ = 0;
  std::uint64_t accepted_entries_ = 0;
  std::uint64_t entries_done_ = 0;
  std::uint64_t forgotten_ = 0;
  std::uint64_t bytes_acknowledged_ = 0;
  std::uint64_t bytes_max_ = 0;
  std::optional<instant> confirm_at_;  // when claims that were right are confirmed
  std::unordered_map<std::uint64_t, failure_reason> failed_;  // while reading, by entry
  std::unordered_set<std::uint64_t> reported_;                // already in outcome_
  outcome outcome_;
  bool retracted_ = false;
  bool end_sent_ = false;
  bool done_ = false;
};

}  // namespace tallow::transfer

#include <tallow/transfer/sender_steps.hpp>
#include <tallow/transfer/sender_stream.hpp>
