// What a receiver knows of the chunks that it writes in order: a stream's, or all of them.
//
// @source  docs/protocol/transfer.md, Streams
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/units.hpp>
#include <tallow/transfer/byte_space.hpp>
#include <tallow/transfer/chunk_job.hpp>
#include <tallow/transfer/endpoint.hpp>
#include <tallow/transfer/stream.hpp>
#include <tallow/transfer/stream_inbox.hpp>
#include <tallow/wire/peer_messages.hpp>

namespace tallow::transfer {

/// The part of a receiver that deals with order. Under the receiver's mutex, but for fill() and the
/// writing of what next() gave.
class ordered_intake {
 public:
  /// The last entry is a stream.
  void expect_stream() noexcept { has_stream_ = true; }

  /// All chunks are written in order.
  void order_all(std::size_t chunk_bytes) {
    inbox_.emplace(chunk_bytes, chunk_index{0});
    orders_all_ = true;
  }
  [[nodiscard]] bool orders_all() const noexcept { return orders_all_; }

  /// All entries are known.
  void space_completed(const byte_space& space) {
    if (has_stream_ && !inbox_) {
      inbox_.emplace(space.chunk_bytes(), chunk_index{space.chunk_count()});
    }
  }

  /// True once there may be chunks to be written in order.
  [[nodiscard]] bool is_open() const noexcept { return inbox_.has_value(); }
  [[nodiscard]] bool takes(chunk_index chunk) const noexcept {
    return inbox_ && inbox_->takes(chunk);
  }

  // ---- the stream ----

  [[nodiscard]] bool is_of_stream(const byte_space& space, chunk_index chunk) const noexcept {
    return has_stream_ && space.is_complete() && chunk.value >= space.chunk_count();
  }
  [[nodiscard]] bool is_stream(const byte_space& space, entry_index which) const noexcept {
    return has_stream_ && space.is_complete() && which.value + 1 == space.entry_count();
  }
  /// Whether a chunk of the stream may come, as far as entries and END have it.
  [[nodiscard]] bool is_wanted(const byte_space& space, chunk_index chunk) const noexcept {
    return space.wanted(last(space)) && (!end_ || chunk.value < *end_);
  }
  /// Bytes of the stream that are written.
  [[nodiscard]] std::uint64_t stream_bytes() const noexcept { return bytes_; }

  /// Notes what END says of all chunks and bytes; false when it cannot be.
  [[nodiscard]] bool take_totals(const byte_space& space, std::uint64_t bytes,
                                 std::uint64_t chunks) {
    if (!has_stream_) return bytes == space.byte_count() && chunks == space.chunk_count();
    if (bytes < space.byte_count() || chunks < space.chunk_count()) return false;
    if (chunks < inbox_->end()) return false;
    const std::uint64_t more = chunks - space.chunk_count();
    end_ = chunks;
    total_ = bytes - space.byte_count();
    // Each chunk has a byte at least, and none more than a whole one.
    const std::uint64_t least =
        total_ / space.chunk_bytes() + (total_ % space.chunk_bytes() != 0 ? 1 : 0);
    return least <= more && more <= total_ && (more == 0 || space.wanted(last(space)));
  }

  /// True when all chunks of the stream are among the first `written`.
  ///
  /// @errors  totals_wrong: they have not the bytes that END has announced (cond::peer)
  [[nodiscard]] result<bool> is_whole(std::uint64_t written) const {
    if (!end_ || written < *end_) return false;
    if (bytes_ != total_) return fail(errc::totals_wrong);
    return true;
  }

  // ---- lanes ----

  /// @param known  chunks of the space whose entries were accepted
  /// @shape   returns false for a chunk that is there or on its way already
  /// @errors  chunk_unexpected (cond::peer)
  [[nodiscard]] result<bool> begin(const byte_space& space, std::uint64_t known, chunk_index chunk,
                                   chunk_job& job) {
    skip_unwanted(space, known);
    if (!inbox_->may_hold(chunk)) return fail(errc::chunk_unexpected, chunk.value);
    if (inbox_->has(chunk)) return false;
    inbox_->reserve(chunk);
    job.chunk = chunk;
    job.bytes = job.is_stream ? space.chunk_bytes() : space.chunk_length(chunk);
    job.pieces.clear();
    return true;
  }
  void fill(chunk_index chunk, byte_view bytes) noexcept { inbox_->fill(chunk, bytes); }
  void forget(chunk_index chunk) { inbox_->forget(chunk); }
  /// @shape  returns whether it is the next to be written
  [[nodiscard]] bool filled(chunk_index chunk) noexcept { return inbox_->filled(chunk); }

  // ---- writing ----

  /// The next chunk to be written, if it is there, and where it goes; written() or failed() is due.
  template <class Wanted>
  [[nodiscard]] std::optional<byte_view> next(const byte_space& space, std::uint64_t known,
                                              chunk_job& job, Wanted wanted) {
    skip_unwanted(space, known);
    const auto front = inbox_->front();
    if (!front) return std::nullopt;
    job.chunk = front->chunk;
    job.is_stream = is_of_stream(space, front->chunk);
    job.pieces.clear();
    const auto add = [&](const piece& p) {
      if (wanted(p.entry)) job.pieces.push_back(p);
      return true;
    };
    if (job.is_stream) {
      add(piece{last(space), bytes_, 0, front->bytes.size()});
    } else {
      space.for_each_piece(front->chunk, add);
    }
    return front->bytes;
  }

  /// @shape  returns whether so much is written that it should be acknowledged now
  [[nodiscard]] bool written(const chunk_job& job, std::size_t bytes) {
    if (job.is_stream) bytes_ += bytes;
    inbox_->pop();
    if (!untold_.empty() && untold_.back().first.value + untold_.back().count == job.chunk.value) {
      ++untold_.back().count;
    } else {
      untold_.push_back({job.chunk, 1});
    }
    return untold_.size() > 1 || untold_.back().count >= inbox_->quarter();
  }

  /// What cannot be written in order ends the transfer: there may be no end to what follows.
  void failed(const error& why) { failed_ = why; }
  [[nodiscard]] bool has_failed() const noexcept { return failed_.has_value(); }

  /// @errors  sink_failed, disk_full: what failed() was told
  [[nodiscard]] result<void> check() const {
    if (!failed_) return {};
    if (failed_->code == errc::disk_full) return fail(*failed_);
    return fail(errc::sink_failed, failed_->cause);
  }

  /// What is written and was not acknowledged.
  [[nodiscard]] std::vector<chunk_range> take_unacknowledged() {
    return std::exchange(untold_, {});
  }

 private:
  void skip_unwanted(const byte_space& space, std::uint64_t known) {
    if (inbox_->next() >= known) return;
    inbox_->skip_to(space.next_wanted_chunk(chunk_index{inbox_->next()}, known));
  }

  [[nodiscard]] static entry_index last(const byte_space& space) noexcept {
    return entry_index{space.entry_count() - 1};
  }

  std::optional<stream_inbox> inbox_;
  bool has_stream_ = false;
  bool orders_all_ = false;
  std::uint64_t bytes_ = 0;           // of the stream, written
  std::vector<chunk_range> untold_;   // written, not acknowledged
  std::optional<std::uint64_t> end_;  // chunks of all, once END has said it
  std::uint64_t total_ = 0;           // bytes of the stream, likewise
  std::optional<error> failed_;
};

/// Checks the last page against what SETUP has announced: a stream at its end, or one text.
///
/// @errors  manifest_invalid (cond::peer)
[[nodiscard]] inline result<void> check_last_page(const manifest_page& page,
                                                  const offer_summary& offer) {
  const bool has_file = !page.entries.empty() && page.entries.back().kind == entry_kind::file;
  if (offer.stream && (!has_file || page.entries.back().size != 0)) {
    return fail(errc::manifest_invalid, page.page.value, "no stream at the end");
  }
  const bool is_single = page.first.value == 0 && page.entries.size() == 1;
  if (offer.text &&
      (!has_file || !is_single || page.entries.back().size > limits::text_bytes_max)) {
    return fail(errc::manifest_invalid, page.page.value, "not a text");
  }
  return {};
}

}  // namespace tallow::transfer
