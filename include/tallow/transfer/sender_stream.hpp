// How a sender sends a stream, and what it says of entries that were sent; a part of sender.hpp.
//
// @source  docs/protocol/transfer.md, Streams and ENTRIES_DONE
#pragma once

#include <cstdint>

#include <tallow/base/bytes.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/time.hpp>
#include <tallow/base/units.hpp>
#include <tallow/transfer/chunk_job.hpp>
#include <tallow/transfer/sender.hpp>
#include <tallow/transfer/stream.hpp>
#include <tallow/transfer/stream_outbox.hpp>
#include <tallow/wire/message.hpp>

namespace tallow::transfer {

template <source Source, class Mutex>
stream_step sender<Source, Mutex>::pump_stream(instant) {
  if constexpr (stream_source<Source>) {
    if (!stream_) return stream_step::over;
    const auto step = read_stream(*source_, *stream_, mutex_, [&] { return stream_wanted(); });
    if (step) return *step;
    const locked hold(mutex_);
    failed_.emplace(stream_entry().value, failure_reason::not_readable);
    stream_->end();
    return stream_step::worked;
  } else {
    return stream_step::over;
  }
}

template <source Source, class Mutex>
bool sender<Source, Mutex>::take_stream_chunk(stream_id lane, chunk_job& job) {
  if (!stream_wanted()) return false;
  // The window of the chunks before counts as long as one of them is missing.
  const std::uint64_t first = space_.chunk_count();
  const std::uint64_t prefix = scheduler_.acknowledged_prefix();
  const std::uint64_t end = prefix == first ? UINT64_MAX : prefix + scheduler_.window();
  const auto taken = stream_->take(lane, end > first ? end - first : 0);
  if (!taken) return false;
  job.chunk = chunk_index{first + taken->number};
  job.bytes = taken->bytes;
  job.pieces.clear();
  return true;
}

template <source Source, class Mutex>
void sender<Source, Mutex>::copy_stream_chunk(const chunk_job& job, byte_span body) {
  const std::uint64_t number = job.chunk.value - space_.chunk_count();
  stream_->copy(number, body);
  const locked hold(mutex_);
  stream_->copied(number);
}

// Tells which entries are complete, and which of them failed. Returns whether every chunk was
// read.
template <source Source, class Mutex>
bool sender<Source, Mutex>::post_entries_done() {
  const locked hold(mutex_);
  const bool all = space_.is_complete() && pages_accepted_ == page_ends_.size() &&
                   scheduler_.all_taken(space_.chunk_count()) &&
                   (!stream_ || stream_->all_taken()) &&
                   scheduler_.read_below() >= space_.chunk_count();
  const std::uint64_t bytes =
      all ? space_.byte_count() : scheduler_.read_below() * space_.chunk_bytes();
  std::uint64_t below = entries_done_;
  // A stream has no bytes in the space: it is done when all is.
  const std::uint64_t end = accepted_entries_ - (stream_ && all_accepted() && !all ? 1 : 0);
  while (below < end && space_.entry_end(entry_index{below}) <= bytes) ++below;
  if (!all && below - entries_done_ < entries_done_step) return false;
  while (entries_done_ < below) {
    entries_done m;
    while (entries_done_ < below && m.failed.size() < limits::failed_entries_max) {
      const auto found = failed_.find(entries_done_);
      if (found != failed_.end()) m.failed.push_back({entry_index{found->first}, found->second});
      ++entries_done_;
    }
    m.below = entry_index{entries_done_};
    post(m);
  }
  forget_arrived();
  return all;
}

// Entries that were said to be whole, and whose chunks have all been acknowledged.
template <source Source, class Mutex>
void sender<Source, Mutex>::forget_arrived() {
  const std::uint64_t bytes = scheduler_.acknowledged_prefix() * space_.chunk_bytes();
  const std::uint64_t before = forgotten_;
  while (forgotten_ < entries_done_ && space_.entry_end(entry_index{forgotten_}) <= bytes) {
    ++forgotten_;
  }
  if (forgotten_ == before) return;
  space_.forget_below(entry_index{forgotten_});
  if constexpr (forgetful_source<Source>) source_->forget_below(entry_index{forgotten_});
}

}  // namespace tallow::transfer
