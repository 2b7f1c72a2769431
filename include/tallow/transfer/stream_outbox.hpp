// The sender's side of a stream: what was read and is not acknowledged, for a pipe cannot be read
// again.
//
// @source  docs/protocol/transfer.md, Streams
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <tallow/base/assert.hpp>
#include <tallow/base/bytes.hpp>
#include <tallow/base/checked.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/units.hpp>
#include <tallow/transfer/chunk_job.hpp>
#include <tallow/transfer/stream.hpp>

namespace tallow::transfer {

/// Cuts a stream into chunks and keeps each until it is acknowledged.
///
/// Chunks are numbered from 0 here. One thread reads: begin_read(), then end_read(). A lane takes a
/// chunk, copies it, and says so. A chunk that is not full goes out as soon as the stream pauses
/// and a lane has nothing better to do; until then it grows. All calls but the reading into what
/// begin_read() gave and copy() are made under the owner's mutex.
///
/// Invariant: base_ <= taken_ <= closed_ <= base_ + window_; chunks from base_ to closed_ are held,
/// and the one at closed_ is being filled if it has a buffer.
class stream_outbox {
 public:
  explicit stream_outbox(std::size_t chunk_bytes)
      : chunk_bytes_(chunk_bytes), window_(stream_window(chunk_bytes)) {}

  /// Where the next bytes of the stream go; empty when there is no room now, or it has ended.
  [[nodiscard]] byte_span begin_read() {
    if (is_ended_ || closed_ - base_ >= window_) return {};
    held& open = at(closed_);
    if (!open.bytes) open = {take_buffer(), 0, nobody, false, 0};
    is_reading_ = true;
    return {open.bytes.get() + open.length, chunk_bytes_ - open.length};
  }

  /// @param count   bytes read; 0 at the end of the stream
  /// @param pauses  nothing more is there now
  void end_read(std::size_t count, bool pauses) {
    held& open = at(closed_);
    is_reading_ = false;
    open.length += count;
    byte_count_ += count;
    is_ended_ = count == 0;
    may_close_ = pauses || is_ended_;
    if (open.length == chunk_bytes_ || (is_ended_ && open.length > 0)) {
      ++closed_;
    } else if (is_ended_) {
      give_buffer(std::move(open.bytes));
    }
  }

  /// True when begin_read() has room.
  [[nodiscard]] bool has_room() const noexcept { return !is_ended_ && closed_ - base_ < window_; }

  /// Nothing more is read: the stream is not wanted, or failed.
  void end() noexcept {
    if (is_ended_) return;
    is_ended_ = true;
    if (held& open = at(closed_); open.bytes) {
      if (open.length > 0) {
        ++closed_;
      } else {
        give_buffer(std::move(open.bytes));
      }
    }
  }

  /// A chunk that was taken.
  struct taken {
    std::uint64_t number = 0;
    std::size_t bytes = 0;
  };

  /// The next chunk for a lane, if there is one below `limit`. copy() and copied() are due.
  [[nodiscard]] std::optional<taken> take(stream_id lane, std::uint64_t limit) {
    while (!returned_.empty()) {
      const std::uint64_t number = returned_.front();
      returned_.pop_front();
      if (number >= base_ && !at(number).is_acknowledged) return hand_out(number, lane);
    }
    if (taken_ >= limit) return std::nullopt;
    if (taken_ == closed_) close_what_is_there();
    if (taken_ == closed_) return std::nullopt;
    return hand_out(taken_++, lane);
  }

  /// Without the mutex: nobody changes a chunk that was taken.
  void copy(std::uint64_t number, byte_span out) const noexcept {
    const held& one = chunks_[slot(number)];
    std::copy_n(one.bytes.get(), out.size(), out.begin());
  }

  void copied(std::uint64_t number) {
    --at(number).readers;
    release();
  }

  /// Notes that a chunk is written on the other side.
  ///
  /// @shape   returns its bytes, 0 for one that was acknowledged before
  /// @errors  chunk_unexpected: it was never sent (cond::peer)
  [[nodiscard]] result<std::size_t> acknowledge(std::uint64_t number) {
    if (number >= taken_) return fail(errc::chunk_unexpected, number);
    if (number < base_ || at(number).is_acknowledged) return std::size_t{0};
    at(number).is_acknowledged = true;
    const std::size_t bytes = at(number).length;
    release();
    return bytes;
  }

  /// What a lane took and nobody acknowledged goes out again.
  void lane_lost(stream_id lane) {
    take_back([&](stream_id owner) { return owner == lane; });
  }

  /// What any lane took and nobody acknowledged goes out again.
  void lanes_lost() {
    take_back([](stream_id owner) { return owner != nobody; });
  }

  /// True when the stream has ended and every chunk of it was handed out.
  [[nodiscard]] bool all_taken() const noexcept {
    return is_ended_ && taken_ == closed_ && returned_.empty();
  }

  [[nodiscard]] bool has_ended() const noexcept { return is_ended_; }
  /// Bytes read so far.
  [[nodiscard]] std::uint64_t byte_count() const noexcept { return byte_count_; }
  /// Chunks made so far.
  [[nodiscard]] std::uint64_t chunk_count() const noexcept { return closed_; }
  /// Chunk buffers that were ever needed at once.
  [[nodiscard]] std::size_t buffer_count() const noexcept { return buffers_made_; }

 private:
  // The control channel's number, which is no lane's.
  static constexpr stream_id nobody{};

  using buffer = std::unique_ptr<std::byte[]>;

  struct held {
    buffer bytes;
    std::size_t length = 0;
    stream_id owner = nobody;
    bool is_acknowledged = false;
    unsigned readers = 0;  // lanes that copy it
  };

  [[nodiscard]] static std::size_t slot(std::uint64_t number) noexcept {
    return static_cast<std::size_t>(number % chunks_max);
  }
  [[nodiscard]] held& at(std::uint64_t number) noexcept { return chunks_[slot(number)]; }

  // The last one given back comes first: memory that is not needed is never touched.
  [[nodiscard]] buffer take_buffer() {
    if (free_.empty()) {
      ++buffers_made_;
      return buffer(new std::byte[chunk_bytes_]);
    }
    buffer one = std::move(free_.back());
    free_.pop_back();
    return one;
  }
  void give_buffer(buffer one) { free_.push_back(std::move(one)); }

  // A chunk that is not full, when waiting for more would only keep back what is there.
  void close_what_is_there() noexcept {
    if (is_reading_ || !may_close_ || closed_ - base_ >= window_) return;
    if (const held& open = at(closed_); open.bytes && open.length > 0) ++closed_;
  }

  [[nodiscard]] taken hand_out(std::uint64_t number, stream_id lane) {
    held& one = at(number);
    one.owner = lane;
    ++one.readers;
    return {number, one.length};
  }

  template <class Lost>
  void take_back(Lost lost) {
    for (std::uint64_t n = base_; n < taken_; ++n) {
      held& one = at(n);
      if (one.is_acknowledged || !lost(one.owner)) continue;
      one.owner = nobody;
      returned_.push_back(n);
    }
  }

  void release() {
    while (base_ < taken_ && at(base_).is_acknowledged && at(base_).readers == 0) {
      give_buffer(std::move(at(base_).bytes));
      ++base_;
    }
  }

  // One more than are ever on their way: the one that is being filled.
  static constexpr std::size_t chunks_max = limits::stream_window_chunks_max + 1;

  std::size_t chunk_bytes_;
  std::uint64_t window_;
  std::array<held, chunks_max> chunks_;
  std::vector<buffer> free_;
  std::deque<std::uint64_t> returned_;
  std::uint64_t base_ = 0;    // the lowest that is not acknowledged
  std::uint64_t taken_ = 0;   // the next to hand out
  std::uint64_t closed_ = 0;  // the one being filled
  std::uint64_t byte_count_ = 0;
  std::size_t buffers_made_ = 0;
  bool is_reading_ = false;
  bool may_close_ = false;
  bool is_ended_ = false;
};

/// Reads some of a stream, and waits for it if need be: as much as is there, until a chunk is full.
///
/// @param mutex   the one that the outbox is used under
/// @param wanted  called under it: whether the stream may be read at all now
/// @shape   idle: no room, or not wanted yet; worked: there may be a chunk to take; over: the
/// stream
///          has ended or was interrupted
/// @errors  what the source says
template <stream_source Source, class Mutex, class Wanted>
[[nodiscard]] result<stream_step> read_stream(Source& from, stream_outbox& into, Mutex& mutex,
                                              Wanted wanted) {
  for (bool pauses = true;;) {
    {
      const locked hold(mutex);
      if (into.has_ended()) return stream_step::over;
      if (!wanted() || !into.has_room()) return stream_step::idle;
    }
    if (pauses) {
      const auto is_there = from.wait_stream();
      if (!is_there) return fail(is_there.error());
      if (!*is_there) return stream_step::over;
    }
    byte_span room;
    {
      const locked hold(mutex);
      room = into.begin_read();
    }
    // A lane has closed the chunk that had it.
    if (room.empty()) return stream_step::idle;
    const auto count = from.read_stream(room);
    if (count) pauses = *count == 0 || from.stream_pauses();
    const locked hold(mutex);
    into.end_read(count.value_or(0), pauses || !count);
    if (!count) return fail(count.error());
    if (pauses || *count == room.size()) return stream_step::worked;
  }
}

}  // namespace tallow::transfer
