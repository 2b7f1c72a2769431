// The receiver's side of what is written in order: chunks that have come and wait for their turn.
//
// @source  docs/protocol/transfer.md, Streams
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <tallow/base/assert.hpp>
#include <tallow/base/bytes.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/units.hpp>
#include <tallow/transfer/stream.hpp>

namespace tallow::transfer {

/// Holds the chunks from one on, in any order of their coming, until they are written in theirs.
///
/// A lane reserves a chunk, fills it without the mutex, and says so; whoever writes takes front()
/// without the mutex until pop(). All other calls are made under the owner's mutex.
///
/// Invariant: only chunks of [next_, next_ + window_) are held.
class stream_inbox {
 public:
  /// @param first  the first chunk that is held here; those below go another way
  stream_inbox(std::size_t chunk_bytes, chunk_index first)
      : chunk_bytes_(chunk_bytes),
        window_(stream_window(chunk_bytes)),
        first_(first.value),
        next_(first.value),
        end_(first.value) {}

  /// True for chunks that go this way.
  [[nodiscard]] bool takes(chunk_index chunk) const noexcept { return chunk.value >= first_; }

  /// True when the chunk lies so low that it may come now.
  [[nodiscard]] bool may_hold(chunk_index chunk) const noexcept {
    return chunk.value < next_ + window_;
  }

  /// True for a chunk that is there, on its way, or written.
  [[nodiscard]] bool has(chunk_index chunk) const noexcept {
    return chunk.value < next_ || at(chunk.value).bytes != nullptr;
  }

  void reserve(chunk_index chunk) {
    TALLOW_ASSERT(!has(chunk) && may_hold(chunk));
    at(chunk.value) = {take_buffer(), 0, false};
    end_ = std::max(end_, chunk.value + 1);
  }

  /// Fills a chunk that was reserved, without the mutex.
  void fill(chunk_index chunk, byte_view bytes) noexcept {
    TALLOW_ASSERT(bytes.size() <= chunk_bytes_);
    held& one = at(chunk.value);
    std::copy(bytes.begin(), bytes.end(), one.bytes.get());
    one.length = bytes.size();
  }

  /// @shape  returns whether it is the one that front() gives now
  bool filled(chunk_index chunk) noexcept {
    at(chunk.value).is_there = true;
    return chunk.value == next_;
  }

  /// A chunk that was reserved and will not be filled.
  void forget(chunk_index chunk) { give_buffer(std::exchange(at(chunk.value).bytes, nullptr)); }

  struct chunk_bytes_view {
    chunk_index chunk{};
    byte_view bytes;
  };

  /// The chunk to be written next, if it is there.
  [[nodiscard]] std::optional<chunk_bytes_view> front() const noexcept {
    const held& one = at(next_);
    if (!one.is_there) return std::nullopt;
    return chunk_bytes_view{chunk_index{next_}, byte_view(one.bytes.get(), one.length)};
  }

  /// It is written.
  void pop() {
    held& one = at(next_);
    one.is_there = false;
    give_buffer(std::exchange(one.bytes, nullptr));
    ++next_;
  }

  /// Nobody wants the next chunk, nor those up to this one; they never come.
  void skip_to(std::uint64_t chunk) noexcept { next_ = chunk; }

  /// The lowest chunk that is not written.
  [[nodiscard]] std::uint64_t next() const noexcept { return next_; }
  /// No chunk from here on was ever begun.
  [[nodiscard]] std::uint64_t end() const noexcept { return end_; }
  /// A quarter of the window: what is written is acknowledged when there is so much of it.
  [[nodiscard]] std::uint64_t quarter() const noexcept {
    return std::max<std::uint64_t>(window_ / 4, 1);
  }

 private:
  using buffer = std::unique_ptr<std::byte[]>;

  struct held {
    buffer bytes;
    std::size_t length = 0;
    bool is_there = false;
  };

  [[nodiscard]] static std::size_t slot(std::uint64_t chunk) noexcept {
    return static_cast<std::size_t>(chunk % limits::stream_window_chunks_max);
  }
  [[nodiscard]] held& at(std::uint64_t chunk) noexcept { return chunks_[slot(chunk)]; }
  [[nodiscard]] const held& at(std::uint64_t chunk) const noexcept { return chunks_[slot(chunk)]; }

  [[nodiscard]] buffer take_buffer() {
    if (free_.empty()) return buffer(new std::byte[chunk_bytes_]);
    buffer one = std::move(free_.back());
    free_.pop_back();
    return one;
  }
  void give_buffer(buffer one) { free_.push_back(std::move(one)); }

  std::size_t chunk_bytes_;
  std::uint64_t window_;
  std::array<held, limits::stream_window_chunks_max> chunks_;
  std::vector<buffer> free_;
  std::uint64_t first_;
  std::uint64_t next_;
  std::uint64_t end_;
};

}  // namespace tallow::transfer
