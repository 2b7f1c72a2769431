// A decoder and two codecs that are wrong on purpose: tallow-fuzz has to find out.
#pragma once

#include <cstddef>
#include <optional>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/transfer/chunk_codec.hpp>
#include <tallow/wire/codec.hpp>
#include <tallow/wire/frame.hpp>
#include <tallow/wire/frame_decoder.hpp>

namespace tallow::fuzz {

/// Loses the last byte of a frame that came in pieces when its body fills whole blocks of 32.
class planted_decoder {
 public:
  planted_decoder(frame_set allowed, std::size_t body_bytes_cap)
      : decoder_(allowed, body_bytes_cap) {}

  [[nodiscard]] result<std::optional<frame_view>> next(byte_span& input) {
    const bool in_pieces = !decoder_.between_frames();
    auto frame = decoder_.next(input);
    if (in_pieces && frame && *frame) {
      byte_span& body = (*frame)->body;
      if (!body.empty() && body.size() % 32 == 0) body = body.first(body.size() - 1);
    }
    return frame;
  }

  [[nodiscard]] bool between_frames() const noexcept { return decoder_.between_frames(); }

 private:
  frame_decoder decoder_;
};

/// Overlooks what stands behind the end of a message.
struct planted_codec {
  template <message M>
  [[nodiscard]] static result<M> decode(byte_view body) {
    auto decoded = decode_body<M>(body);
    if (decoded || decoded.error().code != errc::trailing_bytes) return decoded;
    return decode_body<M>(body.first(static_cast<std::size_t>(decoded.error().at)));
  }
};

/// Fills the beginning of a chunk that is longer than its frame says.
class planted_decompressor {
 public:
  [[nodiscard]] result<void> decompress(byte_view frame, byte_span out) {
    auto done = by_.decompress(frame, out);
    while (!done && done.error().code == errc::chunk_length_wrong && !out.empty()) {
      out = out.first(out.size() - 1);
      done = by_.decompress(frame, out);
    }
    return done;
  }

 private:
  transfer::chunk_decompressor by_;
};

}  // namespace tallow::fuzz
