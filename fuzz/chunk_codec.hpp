// A frame fills exactly its chunk or is refused, and a chunk that was compressed comes back.
//
// Input: two bytes, the length of the chunk less one, then the frame. What follows the first two
// bytes is also taken for a chunk and compressed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>

#include <zstd.h>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/transfer/chunk_codec.hpp>

#include "fuzz/violation.hpp"

namespace tallow::fuzz {

/// What zstd's streaming interface makes of a frame: a second way that shares no check with ours.
struct streamed_frame {
  bool whole = false;   // it has an end, and nothing stands behind it
  byte_buffer content;  // at most one byte more than was asked for
};

[[nodiscard]] inline streamed_frame stream_frame(byte_view frame, std::size_t content_bytes) {
  struct deleter {
    void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
  };
  const std::unique_ptr<ZSTD_DCtx, deleter> context(ZSTD_createDCtx());
  streamed_frame out;
  out.content.resize(content_bytes + 1);
  ZSTD_outBuffer to{out.content.data(), out.content.size(), 0};
  ZSTD_inBuffer from{frame.data(), frame.size(), 0};
  std::size_t left = 1;
  while (left != 0 && to.pos < to.size) {
    const std::size_t before = from.pos + to.pos;
    left = ZSTD_decompressStream(context.get(), &to, &from);
    if (ZSTD_isError(left) != 0 || from.pos + to.pos == before) break;
  }
  out.whole = left == 0 && from.pos == from.size;
  out.content.resize(to.pos);
  return out;
}

/// Makes sure of all that holds for a frame and the chunk it is said to be.
template <class Decompressor>
void check_chunk_frame(byte_view frame, std::size_t chunk_bytes) {
  constexpr std::byte untouched{0xA5};
  constexpr std::size_t guard_bytes = 64;
  Decompressor by;
  byte_buffer out(chunk_bytes + guard_bytes, untouched);
  const byte_span chunk = byte_span(out).first(chunk_bytes);
  const auto done = by.decompress(frame, chunk);
  require(std::count(out.begin() + static_cast<std::ptrdiff_t>(chunk_bytes), out.end(),
                     untouched) == guard_bytes,
          "nothing behind the chunk is touched");

  byte_buffer again(chunk_bytes, std::byte{0x5A});
  const auto second = by.decompress(frame, again);
  require(done.has_value() == second.has_value(), "the same frame has the same outcome");
  const streamed_frame streamed = stream_frame(frame, chunk_bytes);
  if (done) {
    require(equal(chunk, again), "a chunk has no byte that the frame does not give");
    require(frame.size() < chunk_bytes, "a compressed chunk is smaller");
    require(streamed.whole && equal(streamed.content, chunk), "a chunk is what its frame holds");
    return;
  }
  require(condition_of(done.error().code) == cond::peer, "a bad frame is the peer's fault");
  require(done.error() == second.error(), "the same frame has the same error");
  // Bit 5 of the descriptor: its content is its window; no other flag but the content's length.
  const bool plain_header = frame.size() > 4 && (frame[4] & std::byte{0x3F}) == std::byte{0x20};
  require(!(streamed.whole && plain_header && streamed.content.size() == chunk_bytes &&
            frame.size() < chunk_bytes && chunk_bytes > 0),
          "a good frame is taken");
}

/// Makes sure that `plain` survives, or is left alone.
template <class Decompressor>
void check_chunk_plain(byte_view plain, int level) {
  transfer::chunk_compressor by;
  byte_buffer frame(transfer::packed_bytes_max(plain.size()));
  (void)by.shrinks(plain);
  const auto packed = by.compress(plain, level, frame);
  if (!packed) return;
  require(*packed <= frame.size() && *packed < plain.size(), "a compressed chunk is smaller");
  byte_buffer back(plain.size());
  Decompressor decompressor;
  require(decompressor.decompress(byte_view(frame).first(*packed), back).has_value(),
          "what we send we take");
  require(equal(back, plain), "a chunk comes back as it was");
}

/// The invariant for any decompressor with the face of chunk_decompressor.
template <class Decompressor>
void check_chunk_codec(byte_view input) {
  if (input.size() < 2) return;
  const std::size_t chunk_bytes = load_big_endian<std::uint16_t>(input.first<2>()) + std::size_t{1};
  const byte_view rest = input.subspan(2);
  check_chunk_frame<Decompressor>(rest, chunk_bytes);
  check_chunk_plain<Decompressor>(rest, 1 + static_cast<int>(chunk_bytes % 4));
}

inline void fuzz_chunk_codec(byte_view input) {
  check_chunk_codec<transfer::chunk_decompressor>(input);
}

}  // namespace tallow::fuzz
