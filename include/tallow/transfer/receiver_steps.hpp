// How a receiver does its work; a part of receiver.hpp.
//
// @source  docs/protocol/transfer.md
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/time.hpp>
#include <tallow/base/units.hpp>
#include <tallow/crypto/claim_hash.hpp>
#include <tallow/transfer/chunk_job.hpp>
#include <tallow/transfer/claims.hpp>
#include <tallow/transfer/endpoint.hpp>
#include <tallow/transfer/ordered_intake.hpp>
#include <tallow/transfer/path_rules.hpp>
#include <tallow/transfer/receiver.hpp>
#include <tallow/transfer/transfer_key.hpp>
#include <tallow/wire/message.hpp>

namespace tallow::transfer {

template <sink Sink, chunk_journal Journal, class Mutex>
bool receiver<Sink, Journal, Mutex>::work_on_claim(chunk_job& job, byte_span scratch) {
  TALLOW_ASSERT(claim_key_.has_value());
  bool may_count = false;
  {
    std::size_t wanted = 0;
    const locked hold(mutex_);
    const auto chunk = space_ ? claims_.next_chunk_to_hash(acceptable_chunks()) : std::nullopt;
    if (!chunk) return false;
    describe(*chunk, job);
    space_->for_each_piece(*chunk, [&](const piece& p) {
      if (space_->wanted(p.entry)) ++wanted;
      return true;
    });
    // Nobody waits for chunks of declined entries alone, and what failed here is not there.
    may_count = wanted != 0 && wanted == job.pieces.size();
  }
  const byte_span body = scratch.first(job.bytes);
  const bool is_read = may_count && read_back(job, body);
  const chunk_hash hash = is_read ? crypto::claim_hash(*claim_key_, job.chunk, body) : chunk_hash{};
  const locked hold(mutex_);
  if (is_read) {
    claims_.hashed(job.chunk, hash);
  } else {
    claims_.drop(job.chunk);
  }
  return true;
}

// What a lane or a hash is about.
template <sink Sink, chunk_journal Journal, class Mutex>
void receiver<Sink, Journal, Mutex>::describe(chunk_index chunk, chunk_job& job) const {
  transfer::describe(
      *space_, chunk, [&](entry_index e) { return !failed_.contains(e.value); }, job);
}

// Returns false where the sink has not all of it.
template <sink Sink, chunk_journal Journal, class Mutex>
bool receiver<Sink, Journal, Mutex>::read_back(const chunk_job& job, byte_span body) {
  if constexpr (readable_sink<Sink>) {
    std::fill(body.begin(), body.end(), std::byte{0});
    for (const piece& p : job.pieces) {
      const auto out = body.subspan(p.chunk_offset, p.length);
      if (!sink_->read_back(p.entry, p.entry_offset, out)) return false;
    }
    return true;
  }
  return false;
}

template <sink Sink, chunk_journal Journal, class Mutex>
result<void> receiver<Sink, Journal, Mutex>::add_to_space(const manifest_page& page) {
  const locked hold(mutex_);
  for (const entry& e : page.entries) {
    if (e.kind != entry_kind::file && e.size != 0) {
      return fail(errc::manifest_invalid, space_->entry_count(), "size of what is no file");
    }
    if (auto done = space_->add_entry(e.size); !done) return done;
    offer_.add(e);
  }
  if (!page.last) return {};
  if (auto fine = check_last_page(page, offer_); !fine) return fine;
  space_->complete();
  order_.space_completed(*space_);
  offer_.complete = true;
  return {};
}

template <sink Sink, chunk_journal Journal, class Mutex>
result<void> receiver<Sink, Journal, Mutex>::accept_waiting() {
  while (!waiting_.empty()) {
    const manifest_page page = std::move(waiting_.front());
    waiting_.pop_front();
    // What is written in order alone, such as a pipe, keeps nothing for later.
    if (page.page.value == 0 && !order_.orders_all()) {
      if (auto done = begin_journal(page); !done) return done;
    }
    accept answer{page.page, {}};
    entry_index index = page.first;
    for (const entry& e : page.entries) {
      const auto refused = add_to_sink(index, e);
      if (!refused) return fail(refused.error());
      if (*refused) {
        answer.declined.push_back({index, **refused});
        note_refusal(index, e.path, **refused);
      }
      ++index.value;
    }
    const locked hold(mutex_);
    for (const entry_failure& f : answer.declined) space_->decline(f.entry);
    accepted_entries_ = index.value;
    if (page.last) claims_.drop_from(space_->chunk_count());
    post(answer);
  }
  return settle();
}

// Takes up what an earlier session left. The sender has to know before it sends anything.
template <sink Sink, chunk_journal Journal, class Mutex>
result<void> receiver<Sink, Journal, Mutex>::begin_journal(const manifest_page& first) {
  const auto chunk_bytes = narrow<std::uint32_t>(space_->chunk_bytes());
  auto claimed = journal_.begin({chunk_bytes, transfer_key_of(chunk_bytes, first)});
  if (!claimed) return fail(claimed.error());
  {
    const locked hold(mutex_);
    claims_ = claim_maker(std::move(*claimed));
  }
  post_claims();
  return {};
}

// Nothing when the sink took the entry, the reason when it did not, an error when all must end.
template <sink Sink, chunk_journal Journal, class Mutex>
result<std::optional<failure_reason>> receiver<Sink, Journal, Mutex>::add_to_sink(entry_index index,
                                                                                  const entry& e) {
  if (auto fine = check_entry(e); !fine) return failure_reason::bad_path;
  auto added = sink_->add_entry(index, e);
  if (added) return std::nullopt;
  if (added.error().code == errc::disk_full) return fail(added.error());
  if (added.error().code == errc::already_exists) return failure_reason::declined;
  return condition_of(added.error().code) == cond::peer ? failure_reason::bad_path
                                                        : failure_reason::not_writable;
}

// Takes an entry out that was accepted but will not be kept.
template <sink Sink, chunk_journal Journal, class Mutex>
void receiver<Sink, Journal, Mutex>::drop_entry(entry_index index, failure_reason reason) {
  // Only this thread adds to failed_.
  if (!space_->wanted(index) || failed_.contains(index.value)) return;
  // What cannot be removed is left in the staging folder, which goes as a whole.
  (void)sink_->discard_entry(index);
  note_failure(index, sink_->path(index), reason);
}

// What is declined on purpose is no failure.
template <sink Sink, chunk_journal Journal, class Mutex>
void receiver<Sink, Journal, Mutex>::note_refusal(entry_index index, const std::string& path,
                                                  failure_reason reason) {
  if (reason != failure_reason::declined) return note_failure(index, path, reason);
  ++outcome_.skipped_count;
  if (outcome_.skipped.size() < failed_entries_reported_max) outcome_.skipped.push_back(path);
}

template <sink Sink, chunk_journal Journal, class Mutex>
void receiver<Sink, Journal, Mutex>::note_failure(entry_index index, std::string path,
                                                  failure_reason reason) {
  {
    const locked hold(mutex_);
    failed_.emplace(index.value, reason);
  }
  if (outcome_.failed.size() < failed_entries_reported_max) {
    outcome_.failed.push_back({std::move(path), reason});
  }
}

// Entries that a lane could not write to.
template <sink Sink, chunk_journal Journal, class Mutex>
void receiver<Sink, Journal, Mutex>::drop_spoiled() {
  std::vector<entry_index> spoiled;
  {
    const locked hold(mutex_);
    spoiled.swap(spoiled_);
  }
  for (const entry_index index : spoiled) drop_entry(index, failure_reason::not_writable);
}

template <sink Sink, chunk_journal Journal, class Mutex>
void receiver<Sink, Journal, Mutex>::advance_window() {
  const std::uint64_t known = acceptable_chunks();
  window_.advance([&](chunk_index c) {
    if (c.value >= known) return c.value;
    if (claims_.confirmed().contains(c)) return c.value + 1;
    return space_->next_wanted_chunk(c, known);
  });
  claims_.forget_below(window_.prefix());
}

// The bytes at the front of the space that are all there.
template <sink Sink, chunk_journal Journal, class Mutex>
std::uint64_t receiver<Sink, Journal, Mutex>::bytes_whole() {
  const locked hold(mutex_);
  advance_window();
  const bool all_in = space_->is_complete() && window_.prefix() >= space_->chunk_count();
  return all_in ? space_->byte_count() : window_.prefix() * space_->chunk_bytes();
}

template <sink Sink, chunk_journal Journal, class Mutex>
result<void> receiver<Sink, Journal, Mutex>::complete() {
  if (auto done = sink_->commit(); !done) return done;
  end_ack m;
  m.failed_count = failed_.size() + outcome_.skipped_count;
  m.entry_count = space_->entry_count() - m.failed_count;
  for (const auto& [index, reason] : failed_) {
    if (m.failed.size() == limits::failed_entries_max) break;
    m.failed.push_back({entry_index{index}, reason});
  }
  outcome_.entry_count = m.entry_count;
  outcome_.failed_count = failed_.size();
  outcome_.byte_count = space_->byte_count() + order_.stream_bytes();
  post(m);
  done_ = true;
  return {};
}

template <sink Sink, chunk_journal Journal, class Mutex>
result<void> receiver<Sink, Journal, Mutex>::post_ack(instant now) {
  {
    const locked hold(mutex_);
    if (!ack_at_ || now < *ack_at_) return {};
    // Until something is written again there is nothing to wait for.
    ack_at_ = std::nullopt;
    if (auto in_order = order_.take_unacknowledged(); !in_order.empty()) {
      post(ack{std::move(in_order)});
    }
    if (order_.orders_all()) return {};
    written_.swap(recording_);
  }
  for (const chunk_index chunk : recording_) {
    if (auto done = journal_.record(chunk); !done) return done;
  }
  recording_.clear();
  if (!journal_.has_unacknowledged()) return {};
  auto ranges = journal_.take_unacknowledged();
  if (!ranges) return fail(ranges.error());
  post(ack{std::move(*ranges)});
  if (!journal_.has_unacknowledged()) return {};
  const locked hold(mutex_);
  ack_at_ = now;
  return {};
}

}  // namespace tallow::transfer
