// Frames around sealed records: the control channel and every lane are made of these two.
//
// @source  docs/protocol/handshake.md, Records; docs/protocol/wire.md, Frames
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include <tallow/base/assert.hpp>
#include <tallow/base/bytes.hpp>
#include <tallow/base/checked.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/crypto/record.hpp>
#include <tallow/wire/frame.hpp>
#include <tallow/wire/frame_decoder.hpp>

namespace tallow::transfer {

/// Bytes that a sealed frame has besides its plaintext.
inline constexpr std::size_t sealed_overhead_bytes =
    limits::frame_header_bytes + limits::record_tag_bytes;

/// Seals frames of one stream in one direction.
class sealed_writer {
 public:
  explicit sealed_writer(crypto::record_sealer sealer) noexcept : sealer_(std::move(sealer)) {}

  /// Makes a sealed frame of a buffer that has its plaintext in the right place already: behind
  /// room for the header, before room for the tag.
  ///
  /// @errors  those of record_sealer::seal
  /// @cost    one pass over the bytes, no copy, no allocation
  [[nodiscard]] result<void> seal_frame(frame_type type, byte_span frame) {
    TALLOW_ASSERT(frame.size() >= sealed_overhead_bytes);
    const std::size_t body = frame.size() - limits::frame_header_bytes;
    const auto header = encode_frame_header(type, narrow<std::uint32_t>(body));
    std::copy(header.begin(), header.end(), frame.begin());
    return sealer_.seal(frame.first<limits::frame_header_bytes>(),
                        frame.subspan(limits::frame_header_bytes, body - limits::record_tag_bytes),
                        frame.last<limits::record_tag_bytes>());
  }

  /// Seals a copy of `plaintext`.
  ///
  /// @shape   returns the whole frame
  /// @errors  those of record_sealer::seal
  [[nodiscard]] result<byte_buffer> seal(frame_type type, byte_view plaintext) {
    TALLOW_ASSERT(plaintext.size() < limits::frame_length_limit);
    byte_buffer frame(limits::frame_header_bytes);
    frame.reserve(plaintext.size() + sealed_overhead_bytes);
    append(frame, plaintext);
    frame.resize(frame.size() + limits::record_tag_bytes);
    if (auto done = seal_frame(type, frame); !done) return fail(done.error());
    return frame;
  }

 private:
  crypto::record_sealer sealer_;
};

/// Opens the frames of one stream in one direction.
class sealed_reader {
 public:
  /// @param decoder  where the stream's frames have been decoded so far; it may hold a part of one
  sealed_reader(crypto::record_opener opener, frame_decoder decoder) noexcept
      : opener_(std::move(opener)), decoder_(std::move(decoder)) {}

  /// A record whose tag was right.
  struct opened {
    frame_type type{};
    byte_span plaintext;
  };

  /// Takes the next record out of `input`, in place, and removes what was consumed.
  ///
  /// @shape   returns a view into `input` or this object, valid until the next call
  /// @errors  those of frame_decoder and record_opener::open (all final)
  [[nodiscard]] result<std::optional<opened>> next(byte_span& input) {
    const auto frame = decoder_.next(input);
    if (!frame) return fail(frame.error());
    if (!*frame) return std::nullopt;
    const auto plaintext = opener_.open((*frame)->header, (*frame)->body);
    if (!plaintext) return fail(plaintext.error());
    return opened{(*frame)->type, *plaintext};
  }

 private:
  crypto::record_opener opener_;
  frame_decoder decoder_;
};

}  // namespace tallow::transfer
