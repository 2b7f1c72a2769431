// A chunk as one zstd frame, and back.
//
// Each chunk stands alone: no dictionary, no prefix, no history of the chunk before. So the length
// of one tells nothing about another, and chunks may take any lane in any order.
//
// @source  docs/protocol/transfer.md, Compression; RFC 8878, 3.1.1
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include <zstd.h>

#include <tallow/base/assert.hpp>
#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/transfer/compression_choice.hpp>

namespace tallow::transfer {

/// The most bytes that a chunk of `plain_bytes` may take when compressed. What saves less than a
/// thirty-second is not worth the receiver's time.
[[nodiscard]] constexpr std::size_t packed_bytes_max(std::size_t plain_bytes) noexcept {
  return plain_bytes - std::min(plain_bytes, plain_bytes / 32 + 1);
}

namespace detail {

struct zstd_deleter {
  void operator()(ZSTD_CCtx* context) const noexcept { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
};

/// What the header of a zstd frame says.
struct zstd_frame_header {
  std::uint64_t content_bytes = 0;
  std::uint64_t window_bytes = 0;
};

// zstd has a reader of its own, which is not part of its stable interface.
[[nodiscard]] inline std::optional<zstd_frame_header> read_zstd_header(byte_view frame) noexcept {
  constexpr std::array magic{std::byte{0x28}, std::byte{0xB5}, std::byte{0x2F}, std::byte{0xFD}};
  if (frame.size() < magic.size() + 1 || !equal(frame.first(magic.size()), magic)) return {};
  const auto descriptor = std::to_integer<unsigned>(frame[magic.size()]);
  // Bits 0 and 1: a dictionary; bit 2: a checksum; bits 3 and 4: reserved and unused.
  if ((descriptor & 0x1FU) != 0) return {};
  const bool single_segment = (descriptor & 0x20U) != 0;
  byte_view rest = frame.subspan(magic.size() + 1);

  zstd_frame_header header;
  if (!single_segment) {
    if (rest.empty()) return {};
    const auto window = std::to_integer<unsigned>(rest[0]);
    const std::uint64_t base = std::uint64_t{1} << (10U + (window >> 3U));
    header.window_bytes = base + base / 8 * (window & 7U);
    rest = rest.subspan(1);
  }
  const unsigned size_flag = descriptor >> 6U;
  if (size_flag == 0 && !single_segment) return {};  // no content size
  const std::size_t field_bytes = std::size_t{1} << size_flag;
  if (rest.size() < field_bytes) return {};
  for (std::size_t i = field_bytes; i > 0; --i) {
    header.content_bytes = header.content_bytes << 8U | std::to_integer<std::uint64_t>(rest[i - 1]);
  }
  if (size_flag == 1) header.content_bytes += 256;
  if (single_segment) header.window_bytes = header.content_bytes;
  return header;
}

}  // namespace detail

/// Compresses chunks. One for each lane, used by one thread at a time; its memory is kept from
/// chunk to chunk, and is below 6 MiB for every level and chunk size.
class chunk_compressor {
 public:
  /// How much of a chunk shrinks() looks at, and in how many places: files have a head that is
  /// unlike their body, and a chunk may hold many files.
  static constexpr std::size_t sample_bytes = std::size_t{8} * 1024;
  static constexpr std::size_t sample_pieces = 4;

  /// Compresses one chunk.
  ///
  /// @param level  compression_level_min to compression_level_max
  /// @param out    at least packed_bytes_max(plain.size()) bytes; not where `plain` lies
  /// @shape  returns how many bytes of `out` are the frame; nothing when the chunk does not shrink,
  ///         or memory is short: then it is sent as it is
  /// @cost   allocates at the first chunk of a level alone
  [[nodiscard]] std::optional<std::size_t> compress(byte_view plain, int level, byte_span out) {
    TALLOW_ASSERT(level >= compression_level_min && level <= compression_level_max);
    const std::size_t room = packed_bytes_max(plain.size());
    TALLOW_ASSERT(out.size() >= room);
    if (!set_level(level)) return std::nullopt;
    // Ends early, with an error, when the room does not do.
    const std::size_t packed =
        ZSTD_compress2(context_.get(), out.data(), room, plain.data(), plain.size());
    if (ZSTD_isError(packed) != 0) return std::nullopt;
    return packed;
  }

  /// Whether a sample of a chunk shrinks. Chunks of up to sample_bytes are a sample themselves.
  ///
  /// @cost  9 us for random bytes and 25 to 55 us for others, where a whole chunk of the default
  ///        size takes 74 and 700 to 1100 us at level 1
  [[nodiscard]] bool shrinks(byte_view plain) {
    std::array<std::byte, sample_bytes> packed;
    if (plain.size() <= sample_bytes) return compress(plain, 1, packed).has_value();
    std::array<std::byte, sample_bytes> sample;
    constexpr std::size_t piece_bytes = sample_bytes / sample_pieces;
    const std::size_t step = (plain.size() - piece_bytes) / (sample_pieces - 1);
    for (std::size_t i = 0; i < sample_pieces; ++i) {
      std::copy_n(plain.data() + i * step, piece_bytes, sample.data() + i * piece_bytes);
    }
    return compress(sample, 1, packed).has_value();
  }

  /// What the context has allocated.
  [[nodiscard]] std::size_t memory_bytes() const noexcept {
    return context_ ? ZSTD_sizeof_CCtx(context_.get()) : 0;
  }

 private:
  // A window as large as the default chunk: the memory of higher levels grows with it, 66 MiB for
  // level 15 and chunks of 4 MiB, and the ratio hardly does.
  static constexpr int window_log = 18;

  [[nodiscard]] bool set_level(int level) {
    if (!context_) {
      context_.reset(ZSTD_createCCtx());
      if (!context_) return false;
      // No checksum: the record's tag proves every byte. The content size is there by default.
      const auto set = [&](ZSTD_cParameter parameter, int value) {
        const std::size_t done = ZSTD_CCtx_setParameter(context_.get(), parameter, value);
        TALLOW_ASSERT(ZSTD_isError(done) == 0);
      };
      set(ZSTD_c_checksumFlag, 0);
      set(ZSTD_c_dictIDFlag, 0);
      set(ZSTD_c_contentSizeFlag, 1);
      set(ZSTD_c_windowLog, window_log);
    }
    if (level != level_) {
      const std::size_t done =
          ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, level);
      TALLOW_ASSERT(ZSTD_isError(done) == 0);
      level_ = level;
    }
    return true;
  }

  std::unique_ptr<ZSTD_CCtx, detail::zstd_deleter> context_;
  int level_ = 0;
};

/// Decompresses chunks. One for each lane, used by one thread at a time; 93 KiB, whatever a frame
/// says about itself.
class chunk_decompressor {
 public:
  /// Fills `out`, the whole chunk, from a frame.
  ///
  /// The bytes of `out` mean nothing after an error; those behind it are never touched.
  ///
  /// @errors  chunk_length_wrong, chunk_malformed (cond::peer); out_of_memory
  /// @cost    one pass; allocates at the first chunk alone
  [[nodiscard]] result<void> decompress(byte_view frame, byte_span out) {
    if (auto done = check_frame(frame, out.size()); !done) return done;
    if (!context_) context_.reset(ZSTD_createDCtx());
    if (!context_) return fail(errc::out_of_memory);
    // Straight into `out`, which is also the window: nothing is allocated on the frame's word.
    const std::size_t filled =
        ZSTD_decompressDCtx(context_.get(), out.data(), out.size(), frame.data(), frame.size());
    if (ZSTD_isError(filled) != 0 || filled != out.size()) {
      return fail(errc::chunk_malformed, 0, "its blocks");
    }
    return {};
  }

  /// What the context has allocated.
  [[nodiscard]] std::size_t memory_bytes() const noexcept {
    return context_ ? ZSTD_sizeof_DCtx(context_.get()) : 0;
  }

 private:
  static result<void> check_frame(byte_view frame, std::size_t chunk_bytes) {
    // Else it would have come as it is; and no frame holds a chunk of no bytes.
    if (frame.size() >= chunk_bytes) return fail(errc::chunk_malformed, 0, "it did not shrink");
    const auto header = detail::read_zstd_header(frame);
    if (!header) return fail(errc::chunk_malformed, 0, "its frame header");
    if (header->content_bytes != chunk_bytes) return fail(errc::chunk_length_wrong);
    if (header->window_bytes > chunk_bytes) return fail(errc::chunk_malformed, 0, "its window");
    // zstd would go on with what follows, another frame or one to be skipped.
    if (ZSTD_findFrameCompressedSize(frame.data(), frame.size()) != frame.size()) {
      return fail(errc::chunk_malformed, 0, "it is not one frame");
    }
    return {};
  }

  std::unique_ptr<ZSTD_DCtx, detail::zstd_deleter> context_;
};

}  // namespace tallow::transfer
