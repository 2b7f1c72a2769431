// Where the bytes of a lane arrive, so that each record lies in one piece and is opened in place.
//
// @source  docs/protocol/wire.md, Frames
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <tallow/base/assert.hpp>
#include <tallow/base/bytes.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/transfer/page_buffer.hpp>

namespace tallow::transfer {

/// A buffer for one record and the header of the next. One thread.
///
/// Give space() to whatever reads, say filled(), and take whole frames with frame() until it is
/// empty. The plaintext of a full-sized record begins a page.
///
/// Invariant: begin_ <= end_ <= capacity; what lies between was filled and not taken.
class record_buffer {
 public:
  explicit record_buffer(std::size_t chunk_bytes)
      : frame_bytes_max_(prefix_bytes + chunk_bytes + limits::record_tag_bytes),
        buffer_(prefix_bytes, chunk_bytes + limits::record_tag_bytes + limits::frame_header_bytes) {
  }

  /// Where the next bytes go: as many as the frame under way lacks and the next one's header.
  ///
  /// @shape  never empty when frame() is
  [[nodiscard]] byte_span space() noexcept {
    if (begin_ == end_) begin_ = end_ = 0;
    const std::size_t needed = std::min(frame_bytes(), frame_bytes_max_);
    const byte_span all = buffer_.span();
    if (needed + limits::frame_header_bytes > all.size() - begin_) {
      // On the hot path this is the header that came with the record before.
      std::memmove(all.data(), all.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    return all.subspan(end_, begin_ + needed + limits::frame_header_bytes - end_);
  }

  /// True between two records: nothing was filled that was not taken.
  [[nodiscard]] bool is_empty() const noexcept { return begin_ == end_; }

  void filled(std::size_t count) noexcept {
    TALLOW_ASSERT(count <= buffer_.span().size() - end_);
    end_ += count;
  }

  /// Takes the next frame when it is whole; empty when it is not. A frame that is too large for any
  /// record is handed out as far as it fits: whoever decodes it refuses it.
  ///
  /// @shape  returns a view that is valid until the next space()
  [[nodiscard]] byte_span frame() noexcept {
    const std::size_t held = end_ - begin_;
    const std::size_t whole = frame_bytes();
    if (held < limits::frame_header_bytes || (held < whole && whole <= frame_bytes_max_)) return {};
    const byte_span taken = buffer_.span().subspan(begin_, std::min(held, whole));
    begin_ += taken.size();
    return taken;
  }

 private:
  static constexpr std::size_t prefix_bytes =
      limits::frame_header_bytes + limits::data_prefix_bytes;

  // Of the frame under way; the largest there is while its header is not whole.
  [[nodiscard]] std::size_t frame_bytes() const noexcept {
    if (end_ - begin_ < limits::frame_header_bytes) return frame_bytes_max_;
    const byte_view header = buffer_.span().subspan(begin_, limits::frame_header_bytes);
    return limits::frame_header_bytes + load_big_endian<std::uint32_t>(header.first<4>());
  }

  std::size_t frame_bytes_max_;
  page_buffer buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace tallow::transfer
