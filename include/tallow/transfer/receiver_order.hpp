// How a receiver writes in order; a part of receiver.hpp.
//
// @source  docs/protocol/transfer.md, Streams
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/time.hpp>
#include <tallow/base/units.hpp>
#include <tallow/transfer/chunk_job.hpp>
#include <tallow/transfer/ordered_intake.hpp>
#include <tallow/transfer/receiver.hpp>
#include <tallow/transfer/stream.hpp>

namespace tallow::transfer {

template <sink Sink, chunk_journal Journal, class Mutex>
stream_step receiver<Sink, Journal, Mutex>::pump_stream(instant now) {
  byte_view bytes;
  {
    const locked hold(mutex_);
    if (!order_.is_open()) return stream_step::idle;
    if (order_.has_failed()) return stream_step::over;
    const auto next = order_.next(*space_, acceptable_chunks(), order_job_, [&](entry_index e) {
      return space_->wanted(e) && !failed_.contains(e.value);
    });
    if (!next) return stream_step::idle;
    bytes = *next;
  }
  const auto done = write_in_order(bytes);
  const locked hold(mutex_);
  if (!done) {
    order_.failed(done.error());
    return stream_step::worked;
  }
  // A sender keeps what is not acknowledged, and has room for little.
  const bool is_much = order_.written(order_job_, bytes.size());
  (void)window_.insert(order_job_.chunk);  // the lowest that was not in it
  bytes_written_ += bytes.size();
  advance_window();
  if (!ack_at_ || is_much) ack_at_ = is_much ? now : now + limits::ack_interval;
  return stream_step::worked;
}

template <sink Sink, chunk_journal Journal, class Mutex>
bool receiver<Sink, Journal, Mutex>::may_come(chunk_index chunk, chunk_job& job) const {
  if (!space_) return false;
  job.is_stream = order_.is_of_stream(*space_, chunk);
  job.in_order = order_.takes(chunk);
  if (!job.is_stream) {
    if (chunk.value >= acceptable_chunks()) return false;
    // What is forgotten is there, and comes again when its acknowledgement was lost.
    return space_->is_forgotten(chunk) || space_->chunk_wanted(chunk);
  }
  return accepted_entries_ == space_->entry_count() && order_.is_wanted(*space_, chunk);
}

template <sink Sink, chunk_journal Journal, class Mutex>
result<void> receiver<Sink, Journal, Mutex>::check_order() const {
  const locked hold(mutex_);
  return order_.check();
}

template <sink Sink, chunk_journal Journal, class Mutex>
bool receiver<Sink, Journal, Mutex>::take_totals(const end& m) {
  const locked hold(mutex_);
  return order_.take_totals(*space_, m.byte_count, m.chunk_count);
}

// True for all entries but a stream that is not there to its end.
template <sink Sink, chunk_journal Journal, class Mutex>
result<bool> receiver<Sink, Journal, Mutex>::end_stream(entry_index index) {
  std::uint64_t size = 0;
  {
    const locked hold(mutex_);
    if (!order_.is_stream(*space_, index)) return true;
    const auto whole = order_.is_whole(window_.prefix());
    if (!whole || !*whole) return whole;
    size = order_.stream_bytes();
  }
  if (!space_->wanted(index) || failed_.contains(index.value)) return true;
  if (auto done = resize(index, size); !done) return fail(done.error());
  return true;
}

template <sink Sink, chunk_journal Journal, class Mutex>
result<void> receiver<Sink, Journal, Mutex>::write_in_order(byte_view bytes) {
  for (const piece& p : order_job_.pieces) {
    if (order_job_.is_stream) {
      if (auto grown = resize(p.entry, p.entry_offset + p.length); !grown) return grown;
    }
    const auto written =
        sink_->write(p.entry, p.entry_offset, bytes.subspan(p.chunk_offset, p.length));
    if (!written) return written;
  }
  return {};
}

template <sink Sink, chunk_journal Journal, class Mutex>
result<void> receiver<Sink, Journal, Mutex>::resize([[maybe_unused]] entry_index index,
                                                    [[maybe_unused]] std::uint64_t size) {
  if constexpr (stream_sink<Sink>) {
    return sink_->resize_entry(index, size);
  } else {
    return {};
  }
}

}  // namespace tallow::transfer
