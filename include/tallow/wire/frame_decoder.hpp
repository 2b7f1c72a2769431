// Finds frames in a byte stream that arrives in any pieces.
//
// @source  docs/protocol/wire.md, Frames
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/wire/frame.hpp>

namespace tallow {

/// A whole frame. The body is writable, so that a sealed one is opened where it lies.
struct frame_view {
  frame_type type{};
  frame_header_bytes header{};
  byte_span body;
};

/// Cuts a stream into frames. However the input is split, the frames are the same.
///
/// Holds 0 <= stored <= 8 + body length of the frame it is in, and that length <= the limit of its
/// type and the cap: a header is checked before a byte of its body is stored. The memory of the
/// largest frame that came in pieces is kept for the next one. After an error the decoder stays
/// failed.
class frame_decoder {
 public:
  /// Types that are not in `allowed` end the stream; no body may be longer than `body_bytes_cap`,
  /// whatever its type allows.
  explicit frame_decoder(frame_set allowed,
                         std::size_t body_bytes_cap = limits::frame_length_limit) noexcept
      : allowed_(allowed), cap_(body_bytes_cap) {}

  /// Changes what may come from the next frame on.
  void allow(frame_set allowed, std::size_t body_bytes_cap = limits::frame_length_limit) noexcept {
    allowed_ = allowed;
    cap_ = body_bytes_cap;
  }

  /// Takes the next frame out of `input`, and removes from `input` what was consumed.
  ///
  /// Call until it returns nothing; then `input` is empty. A frame that lies whole in `input` is
  /// not copied. After an error what is left of `input` is of no use.
  ///
  /// @shape   returns a view into `input` or into this decoder, valid until the next call
  /// @errors  frame_type_unknown, frame_too_large, frame_reserved_set (all cond::peer, all final);
  ///          error::at is the offset of the frame in the stream
  /// @cost    O(bytes consumed); allocates for frames that arrive in pieces, once each size grows
  [[nodiscard]] result<std::optional<frame_view>> next(byte_span& input) {
    if (failed_) return fail(*failed_);
    if (delivered_) {
      stored_.clear();
      delivered_ = false;
    }
    if (stored_.empty()) return next_from(input);
    return next_from_stored(input);
  }

  /// How much is missing of the header under way, or once that is whole, of its body: who never
  /// feeds more than this takes nothing that belongs behind the frame.
  ///
  /// @units  bytes; at least 1 unless the decoder failed
  [[nodiscard]] std::size_t bytes_missing() const noexcept {
    if (failed_) return 0;
    if (stored_.empty() || delivered_) return limits::frame_header_bytes;
    if (stored_.size() < limits::frame_header_bytes) {
      return limits::frame_header_bytes - stored_.size();
    }
    return limits::frame_header_bytes + body_bytes_ - stored_.size();
  }

  /// True when the stream may end here: no frame is half received, and none was refused.
  [[nodiscard]] bool between_frames() const noexcept {
    return !failed_ && (stored_.empty() || delivered_);
  }

 private:
  result<std::optional<frame_view>> next_from(byte_span& input) {
    if (input.size() < limits::frame_header_bytes) {
      take(input, input.size());
      return std::nullopt;
    }
    const auto frame = check_header(input);
    if (!frame) return fail(frame.error());
    const std::size_t whole = limits::frame_header_bytes + body_bytes_;
    if (input.size() < whole) {
      stored_.reserve(whole);
      take(input, input.size());
      return std::nullopt;
    }
    frame_view view = *frame;
    view.body = input.subspan(limits::frame_header_bytes, body_bytes_);
    input = input.subspan(whole);
    frame_offset_ += whole;
    return view;
  }

  result<std::optional<frame_view>> next_from_stored(byte_span& input) {
    if (stored_.size() < limits::frame_header_bytes) {
      take(input, limits::frame_header_bytes - stored_.size());
      if (stored_.size() < limits::frame_header_bytes) return std::nullopt;
      // Checked once, here, when the header has become whole.
      const auto checked = check_header(stored_);
      if (!checked) return fail(checked.error());
      stored_.reserve(limits::frame_header_bytes + body_bytes_);
    }
    const std::size_t whole = limits::frame_header_bytes + body_bytes_;
    take(input, whole - stored_.size());
    if (stored_.size() < whole) return std::nullopt;
    frame_view view = header_of(stored_);
    view.body = byte_span(stored_).subspan(limits::frame_header_bytes);
    frame_offset_ += whole;
    delivered_ = true;
    return view;
  }

  static frame_view header_of(byte_view bytes) noexcept {
    frame_view view;
    std::copy_n(bytes.begin(), limits::frame_header_bytes, view.header.begin());
    view.type = static_cast<frame_type>(view.header[4]);
    return view;
  }

  result<frame_view> check_header(byte_view bytes) {
    const frame_view view = header_of(bytes);
    const auto type = std::to_integer<std::uint8_t>(view.header[4]);
    const std::size_t length = load_big_endian<std::uint32_t>(std::span(view.header).first<4>());
    const auto type_max = frame_bytes_max(type);
    if (!type_max) return give_up(errc::frame_type_unknown);
    if (!allowed_.contains(view.type)) {
      return give_up(errc::frame_type_unknown, "this type has no place here");
    }
    if (length > std::min(*type_max, cap_)) return give_up(errc::frame_too_large);
    for (const std::size_t i : {5U, 6U, 7U}) {
      if (view.header[i] != std::byte{0}) return give_up(errc::frame_reserved_set);
    }
    body_bytes_ = length;
    return view;
  }

  void take(byte_span& input, std::size_t count) {
    const byte_view taken = input.first(std::min(count, input.size()));
    append(stored_, taken);
    input = input.subspan(taken.size());
  }

  tl::unexpected<error> give_up(errc code, const char* note = "") {
    failed_ = error{code, frame_offset_, note, {}};
    stored_.clear();
    return fail(*failed_);
  }

  frame_set allowed_;
  std::size_t cap_;
  byte_buffer stored_;
  std::size_t body_bytes_ = 0;  // of the frame whose header was checked last
  std::uint64_t frame_offset_ = 0;
  bool delivered_ = false;
  std::optional<error> failed_;
};

}  // namespace tallow
