// How a sender makes its list of entries and reads their bytes; a part of sender.hpp.
//
// @source  docs/protocol/transfer.md, MANIFEST
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/transfer/chunk_job.hpp>
#include <tallow/transfer/sender.hpp>
#include <tallow/wire/message.hpp>

namespace tallow::transfer {

template <source Source, class Mutex>
result<void> sender<Source, Mutex>::produce() {
  if (end_sent_) return {};
  const bool all_sent = post_entries_done();
  if (!space_.is_complete() &&
      page_ends_.size() - pages_accepted_ < limits::manifest_pages_ahead_max) {
    return produce_page();
  }
  if (all_sent && entries_done_ == space_.entry_count()) {
    const std::uint64_t more = stream_ ? stream_->chunk_count() : 0;
    post(end{space_.entry_count(), byte_count(), space_.chunk_count() + more, hash_.digest()});
    end_sent_ = true;
  }
  return stream_ ? check_quota() : result<void>{};
}

template <source Source, class Mutex>
result<void> sender<Source, Mutex>::produce_page() {
  for (;;) {
    if (!pending_) {
      auto next = source_->next_entry();
      if (!next) return fail(next.error());
      if (!*next) break;
      pending_ = std::move(**next);
    }
    if (!builder_.fits(*pending_)) {
      post_page(false);
      return {};
    }
    {
      const locked hold(mutex_);
      if (auto done = space_.add_entry(pending_->size); !done) return done;
    }
    builder_.add(std::move(*pending_));
    pending_.reset();
    if (auto ok = check_quota(); !ok) return ok;
  }
  if (stream_ && space_.entry_count() == 0) return fail(errc::invalid_argument, 0, "no stream");
  {
    const locked hold(mutex_);
    space_.complete();
  }
  post_page(true);
  return {};
}

template <source Source, class Mutex>
void sender<Source, Mutex>::read_pieces(const chunk_job& job, byte_span body) {
  std::size_t filled = 0;
  const auto zero_up_to = [&](std::size_t end) {
    std::fill(body.begin() + static_cast<std::ptrdiff_t>(filled),
              body.begin() + static_cast<std::ptrdiff_t>(end), std::byte{0});
  };
  for (const piece& p : job.pieces) {
    zero_up_to(p.chunk_offset);
    filled = p.chunk_offset + read_piece(p, body.subspan(p.chunk_offset, p.length));
  }
  zero_up_to(body.size());
}

template <source Source, class Mutex>
std::size_t sender<Source, Mutex>::read_piece(const piece& p, byte_span out) {
  const auto read = source_->read(p.entry, p.entry_offset, out);
  const std::size_t count = read.value_or(0);
  if (count == out.size()) return count;
  const bool unreadable = !read && read.error().code != errc::source_changed;
  const auto why = unreadable ? failure_reason::not_readable : failure_reason::source_changed;
  const locked hold(mutex_);
  failed_.emplace(p.entry.value, why);
  // Said to be whole already: only a chunk that had to be sent again comes this late.
  if (p.entry.value < entries_done_) retracted_ = true;
  return count;
}

}  // namespace tallow::transfer
