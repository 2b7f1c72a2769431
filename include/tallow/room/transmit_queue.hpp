// Frames on their way to one connection: stable views, bounded memory, and pings that pass.
//
// @source  docs/protocol/room.md, Liveness
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <utility>

#include <tallow/base/assert.hpp>
#include <tallow/base/bytes.hpp>
#include <tallow/base/checked.hpp>
#include <tallow/base/error.hpp>
#include <tallow/wire/frame.hpp>
#include <tallow/wire/message.hpp>

namespace tallow::room {

/// A queue of whole frames, kept in blocks that never grow beyond what they reserved.
///
/// So a view from front() stays valid while frames are appended, until pop() has consumed it: a
/// driver may write from it while the machine works on. A frame lies in one block.
class transmit_queue {
 public:
  /// The largest block, and so the most that a ping waits for.
  static constexpr std::size_t block_bytes = 64 * 1024;

  [[nodiscard]] bool empty() const noexcept { return blocks_.empty(); }

  /// Bytes not yet popped.
  [[nodiscard]] std::size_t size() const noexcept { return bytes_; }

  /// The bytes to send next; empty when there are none.
  ///
  /// @shape  returns a view that stays valid until pop() has consumed all of it
  [[nodiscard]] byte_view front() const noexcept {
    if (blocks_.empty()) return {};
    return byte_view(blocks_.front()).subspan(sent_);
  }

  /// Removes the first `count` bytes of front().
  void pop(std::size_t count) noexcept {
    TALLOW_ASSERT(count <= front().size());
    if (count == 0) return;
    sent_ += count;
    bytes_ -= count;
    if (sent_ < blocks_.front().size()) return;
    blocks_.pop_front();
    sent_ = 0;
  }

  /// Queues a frame whose header and body are given.
  void push_frame(const frame_header_bytes& header, byte_view body) {
    push(header.size() + body.size(), [&](byte_buffer& block) {
      append(block, header);
      append(block, body);
    });
  }

  /// Queues a message.
  ///
  /// @errors  message_too_large (cond::local): nothing is queued
  template <message M>
  result<void> push_message(const M& m) {
    byte_buffer frame;
    if (auto done = append_message(frame, m); !done) return done;
    push(frame.size(), [&](byte_buffer& block) { append(block, frame); });
    return {};
  }

  /// Queues a slice of a stream.
  ///
  /// @errors  message_too_large (cond::local): nothing is queued
  result<void> push_slice(stream_id stream, byte_view slice) {
    if (slice.size() > limits::peer_slice_bytes_max) return fail(errc::message_too_large);
    push(limits::frame_header_bytes + 8 + slice.size(), [&](byte_buffer& block) {
      // Cannot fail: the size was checked, and the block has room for it.
      (void)append_peer_slice(block, stream, slice);
    });
    return {};
  }

  /// Queues a frame without a body ahead of all but the block that is being sent. A second one of
  /// the same type, while the first waits, is left out, so that a flood of pings pins nothing.
  ///
  /// @shape  returns whether it was queued
  bool push_urgent(frame_type type) {
    const auto header = encode_frame_header(type, 0);
    if (blocks_.size() < 2) {
      // The block that is being sent can take it without delay.
      if (!blocks_.empty() && ends_with_unsent(header)) return false;
      push_frame(header, {});
      return true;
    }
    byte_buffer& second = blocks_[1];
    const bool is_urgent = second.size() <= 2 * header.size();
    if (is_urgent && contains(second, header)) return false;
    if (is_urgent && second.size() + header.size() <= second.capacity()) {
      append(second, header);
    } else {
      byte_buffer block;
      block.reserve(2 * header.size());
      append(block, header);
      blocks_.insert(std::next(blocks_.begin()), std::move(block));
    }
    bytes_ += header.size();
    return true;
  }

 private:
  // The first block of an empty queue is small: most connections are idle most of the time.
  static constexpr std::size_t first_block_bytes = 512;

  template <class Write>
  void push(std::size_t frame_bytes, Write write) {
    if (blocks_.empty() || blocks_.back().capacity() - blocks_.back().size() < frame_bytes) {
      byte_buffer block;
      block.reserve(std::max(frame_bytes, blocks_.empty() ? first_block_bytes : block_bytes));
      blocks_.push_back(std::move(block));
    }
    byte_buffer& block = blocks_.back();
    const std::size_t before = block.size();
    write(block);
    bytes_ += block.size() - before;
  }

  [[nodiscard]] bool ends_with_unsent(byte_view header) const noexcept {
    const byte_view unsent = front();
    return unsent.size() >= header.size() && equal(unsent.last(header.size()), header);
  }

  [[nodiscard]] static bool contains(byte_view block, byte_view header) noexcept {
    for (std::size_t at = 0; at + header.size() <= block.size(); at += header.size()) {
      if (equal(block.subspan(at, header.size()), header)) return true;
    }
    return false;
  }

  std::deque<byte_buffer> blocks_;
  std::size_t sent_ = 0;   // of the first block
  std::size_t bytes_ = 0;  // in all blocks, less sent_
};

}  // namespace tallow::room
