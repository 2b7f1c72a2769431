#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <zstd.h>

#include <tallow/base/bytes.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/transfer/chunk_codec.hpp>

#include "support/chunk_data.hpp"
#include "support/code_of.hpp"

namespace tallow::transfer {
namespace {

constexpr std::size_t chunk = 4096;

std::optional<byte_buffer> packed(chunk_compressor& by, byte_view plain, int level = 3) {
  byte_buffer out(packed_bytes_max(plain.size()));
  const auto bytes = by.compress(plain, level, out);
  if (!bytes) return std::nullopt;
  out.resize(*bytes);
  return out;
}

byte_buffer packed_text(std::size_t bytes = chunk) {
  chunk_compressor by;
  return packed(by, test::log_text(bytes)).value_or(byte_buffer{});
}

/// What comes out for a chunk of `chunk_bytes`, or the error. Fails when a byte behind it changes.
result<byte_buffer> unpacked(chunk_decompressor& by, byte_view frame, std::size_t chunk_bytes) {
  constexpr std::byte untouched{0xA5};
  byte_buffer out(chunk_bytes + 64, untouched);
  const auto done = by.decompress(frame, byte_span(out).first(chunk_bytes));
  EXPECT_EQ(std::count(out.end() - 64, out.end(), untouched), 64);
  if (!done) return fail(done.error());
  out.resize(chunk_bytes);
  return out;
}

errc refusal(byte_view frame, std::size_t chunk_bytes = chunk) {
  chunk_decompressor by;
  return test::code_of(unpacked(by, frame, chunk_bytes));
}

// ---- frames by hand: RFC 8878, 3.1.1 ----

/// Magic number, then what `hex` says.
byte_buffer frame_of(std::string_view hex) {
  byte_buffer frame = *from_hex("28b52ffd");
  append(frame, *from_hex(hex));
  return frame;
}

/// A block header: 3 bytes, little-endian.
void append_block(byte_buffer& frame, bool last, unsigned type, std::size_t bytes) {
  const std::size_t header = (last ? 1U : 0U) | type << 1U | bytes << 3U;
  for (unsigned shift : {0U, 8U, 16U}) {
    frame.push_back(static_cast<std::byte>(header >> shift & 0xFFU));
  }
}

/// A run of `bytes` times the letter x.
void append_run(byte_buffer& frame, bool last, std::size_t bytes) {
  append_block(frame, last, 1, bytes);
  frame.push_back(std::byte{'x'});
}

/// Single segment, content size 4096, and one run of `bytes`.
byte_buffer run_frame(std::size_t bytes) {
  byte_buffer frame = frame_of(
      "60"
      "000f");  // 3840 + 256
  append_run(frame, true, bytes);
  return frame;
}

// ---- what a sender makes ----

TEST(ChunkCodec, GivesBackWhatItTook) {
  chunk_compressor compressor;
  chunk_decompressor decompressor;
  for (const std::size_t bytes : {std::size_t{200}, std::size_t{1000}, chunk, std::size_t{65'791},
                                  limits::chunk_bytes_default, limits::chunk_bytes_max}) {
    const byte_buffer plain = test::log_text(bytes);
    for (const int level : {1, 3, 9}) {
      const auto frame = packed(compressor, plain, level);
      ASSERT_TRUE(frame) << bytes;
      EXPECT_TRUE(unpacked(decompressor, *frame, bytes) == plain) << bytes << " at " << level;
    }
  }
}

TEST(ChunkCodec, TakesEveryLevel) {
  chunk_compressor compressor;
  chunk_decompressor decompressor;
  const byte_buffer plain = test::log_text(std::size_t{64} * 1024);
  for (int level = compression_level_min; level <= compression_level_max; ++level) {
    const auto frame = packed(compressor, plain, level);
    ASSERT_TRUE(frame) << level;
    EXPECT_TRUE(unpacked(decompressor, *frame, plain.size()) == plain) << level;
  }
}

TEST(ChunkCodec, LeavesAloneWhatDoesNotShrink) {
  chunk_compressor compressor;
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, std::size_t{31}, std::size_t{32},
                                  chunk, limits::chunk_bytes_default}) {
    EXPECT_FALSE(packed(compressor, test::random_bytes(bytes), 3)) << bytes;
  }
}

TEST(ChunkCodec, AsksForAThirtySecondPart) {
  EXPECT_EQ(packed_bytes_max(0), 0U);
  EXPECT_EQ(packed_bytes_max(1), 0U);
  EXPECT_EQ(packed_bytes_max(31), 30U);
  EXPECT_EQ(packed_bytes_max(3200), 3099U);
  // Random, but for a part that is nothing at all.
  chunk_compressor compressor;
  byte_buffer plain = test::random_bytes(limits::chunk_bytes_default);
  const auto blank = [&](std::size_t bytes) { std::fill_n(plain.begin(), bytes, std::byte{0}); };
  blank(plain.size() / 40);
  EXPECT_FALSE(packed(compressor, plain));
  blank(plain.size() / 25);
  EXPECT_TRUE(packed(compressor, plain));
}

TEST(ChunkCodec, WritesNothingBehindTheRoomItNeeds) {
  chunk_compressor compressor;
  const byte_buffer plain = test::random_bytes(chunk);
  byte_buffer out(2 * chunk, std::byte{0xA5});
  EXPECT_FALSE(compressor.compress(plain, 3, out));
  EXPECT_EQ(std::count(out.begin() + static_cast<std::ptrdiff_t>(packed_bytes_max(chunk)),
                       out.end(), std::byte{0xA5}),
            static_cast<std::ptrdiff_t>(2 * chunk - packed_bytes_max(chunk)));
}

TEST(ChunkCodec, WritesTheHeaderThatTheProtocolAsksFor) {
  // Content size and single segment; no checksum, no dictionary.
  const byte_buffer frame = packed_text();
  EXPECT_EQ(to_hex(byte_view(frame).first(7)), "28b52ffd60000f");
  // A window of 256 KiB in a chunk of 4 MiB.
  const byte_buffer large = packed_text(limits::chunk_bytes_max);
  EXPECT_EQ(to_hex(byte_view(large).first(10)), "28b52ffd804000004000");
}

TEST(ChunkCodec, KeepsItsMemoryFromChunkToChunk) {
  chunk_compressor compressor;
  chunk_decompressor decompressor;
  EXPECT_EQ(compressor.memory_bytes(), 0U);
  for (const int level : {1, 9, 1}) {
    const byte_buffer plain = test::log_text(std::size_t{64} * 1024);
    std::optional<byte_buffer> frame = packed(compressor, plain, level);
    const std::size_t before = compressor.memory_bytes();
    ASSERT_TRUE(frame && unpacked(decompressor, *frame, plain.size()));
    const std::size_t decompressor_before = decompressor.memory_bytes();
    for (int i = 0; i < 20; ++i) {
      (void)compressor.shrinks(plain);
      frame = packed(compressor, plain, level);
      ASSERT_TRUE(frame && unpacked(decompressor, *frame, plain.size()));
    }
    EXPECT_EQ(compressor.memory_bytes(), before) << level;
    EXPECT_EQ(decompressor.memory_bytes(), decompressor_before);
  }
}

TEST(ChunkCodec, TakesLittleMemoryWhateverTheLevelAndTheChunk) {
  byte_buffer plain = test::log_text(limits::chunk_bytes_max);
  std::fill(plain.begin() + 65'536, plain.end(), std::byte{0});  // quick at any level
  for (const int level : {1, 9, 12, 15, 19}) {
    chunk_compressor compressor;
    const auto frame = packed(compressor, plain, level);
    ASSERT_TRUE(frame);
    EXPECT_LT(compressor.memory_bytes(), std::size_t{6} << 20U) << level;
    chunk_decompressor decompressor;
    ASSERT_TRUE(unpacked(decompressor, *frame, plain.size()));
    EXPECT_LT(decompressor.memory_bytes(), std::size_t{256} << 10U);
  }
}

TEST(ChunkCodec, TellsFromASampleWhetherAChunkShrinks) {
  chunk_compressor compressor;
  for (const std::size_t bytes :
       {chunk_compressor::sample_bytes / 2, chunk_compressor::sample_bytes + 1,
        limits::chunk_bytes_default}) {
    EXPECT_TRUE(compressor.shrinks(test::log_text(bytes))) << bytes;
    EXPECT_FALSE(compressor.shrinks(test::random_bytes(bytes))) << bytes;
  }
  EXPECT_FALSE(compressor.shrinks({}));
  // A head that shrinks is not enough, and a head that does not is no reason to give up.
  byte_buffer picture = test::random_bytes(limits::chunk_bytes_default);
  std::fill_n(picture.begin(), 64, std::byte{0});
  EXPECT_FALSE(compressor.shrinks(picture));
  byte_buffer table = test::log_text(limits::chunk_bytes_default);
  const byte_buffer noise = test::random_bytes(chunk_compressor::sample_bytes);
  std::copy(noise.begin(), noise.end(), table.begin());
  EXPECT_TRUE(compressor.shrinks(table));
}

// ---- what a receiver refuses ----

TEST(ChunkCodec, TakesAFrameMadeByHand) {
  chunk_decompressor by;
  EXPECT_TRUE(unpacked(by, run_frame(chunk), chunk) == byte_buffer(chunk, std::byte{'x'}));
}

TEST(ChunkCodec, RefusesAFrameThatHoldsMoreThanItSays) {
  EXPECT_EQ(refusal(run_frame(chunk + 1)), errc::chunk_malformed);
  byte_buffer bomb = frame_of(
      "60"
      "000f");
  for (int i = 0; i < 900; ++i) append_run(bomb, i == 899, chunk);
  EXPECT_EQ(refusal(bomb), errc::chunk_malformed);
}

TEST(ChunkCodec, RefusesAFrameThatHoldsLessThanItSays) {
  EXPECT_EQ(refusal(run_frame(chunk - 1)), errc::chunk_malformed);
  EXPECT_EQ(refusal(run_frame(0)), errc::chunk_malformed);
}

TEST(ChunkCodec, RefusesAFrameOfAnotherLength) {
  const byte_buffer frame = packed_text();
  EXPECT_EQ(refusal(frame, chunk - 1), errc::chunk_length_wrong);
  EXPECT_EQ(refusal(frame, chunk + 1), errc::chunk_length_wrong);
  // 2^64 - 1, and a number that is 4096 in its low 32 bits.
  byte_buffer huge = frame_of(
      "e0"
      "ffffffffffffffff");
  append_run(huge, true, chunk);
  EXPECT_EQ(refusal(huge), errc::chunk_length_wrong);
  byte_buffer wide = frame_of(
      "e0"
      "0010000001000000");
  append_run(wide, true, chunk);
  EXPECT_EQ(refusal(wide), errc::chunk_length_wrong);
}

TEST(ChunkCodec, RefusesAFrameThatDoesNotSayItsLength) {
  byte_buffer frame = frame_of(
      "00"
      "10");  // a window of 4 KiB
  append_run(frame, true, chunk);
  EXPECT_EQ(refusal(frame), errc::chunk_malformed);
}

TEST(ChunkCodec, RefusesAWindowLargerThanTheChunk) {
  const auto with_window = [](std::string_view hex) {
    byte_buffer frame = frame_of("40");
    append(frame, *from_hex(hex));
    append(frame, *from_hex("000f"));
    append_run(frame, true, chunk);
    return frame;
  };
  EXPECT_EQ(refusal(with_window("10")), errc{});  // 4 KiB
  EXPECT_EQ(refusal(with_window("11")), errc::chunk_malformed);
  EXPECT_EQ(refusal(with_window("ff")), errc::chunk_malformed);
}

TEST(ChunkCodec, RefusesWhatIsBehindTheFrame) {
  const byte_buffer good = packed_text();
  for (const std::string_view hex : {
           "00",                        // a byte
           "28b52ffd2000010000",        // an empty frame
           "28b52ffd200109000078",      // a frame of one byte
           "502a4d1800000000",          // a frame to be skipped
           "5f2a4d180400000001020304",  // another
       }) {
    byte_buffer frame = good;
    append(frame, *from_hex(hex));
    EXPECT_EQ(refusal(frame), errc::chunk_malformed) << hex;
    // In front of it as well.
    byte_buffer behind = *from_hex(hex);
    append(behind, good);
    EXPECT_NE(refusal(behind), errc{}) << hex;
  }
}

TEST(ChunkCodec, RefusesFlagsThatAreNotInTheProtocol) {
  const auto with_flags = [](std::string_view descriptor, std::string_view dictionary) {
    byte_buffer frame = frame_of(descriptor);
    append(frame, *from_hex(dictionary));
    append(frame, *from_hex("000f"));
    append_run(frame, true, chunk);
    return frame;
  };
  EXPECT_EQ(refusal(with_flags("60", "")), errc{});
  EXPECT_EQ(refusal(with_flags("61", "00")), errc::chunk_malformed);  // dictionary 0
  EXPECT_EQ(refusal(with_flags("61", "07")), errc::chunk_malformed);  // dictionary 7
  EXPECT_EQ(refusal(with_flags("62", "0700")), errc::chunk_malformed);
  EXPECT_EQ(refusal(with_flags("63", "07000000")), errc::chunk_malformed);
  EXPECT_EQ(refusal(with_flags("68", "")), errc::chunk_malformed);  // reserved
  EXPECT_EQ(refusal(with_flags("70", "")), errc::chunk_malformed);  // unused
}

TEST(ChunkCodec, RefusesAChecksum) {
  const byte_buffer plain = test::log_text(chunk);
  byte_buffer frame(chunk);
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  frame.resize(ZSTD_compress2(context, frame.data(), frame.size(), plain.data(), plain.size()));
  EXPECT_EQ(refusal(frame), errc::chunk_malformed);
  ZSTD_freeCCtx(context);
}

TEST(ChunkCodec, RefusesAFrameThatNeedsBytesBeforeIt) {
  const byte_buffer before = test::log_text(chunk);
  const byte_buffer plain(before.begin(), before.end());  // zstd asks for two places
  byte_buffer frame(2 * chunk);
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, 20);
  ZSTD_CCtx_refPrefix(context, before.data(), before.size());
  frame.resize(ZSTD_compress2(context, frame.data(), frame.size(), plain.data(), plain.size()));
  ZSTD_freeCCtx(context);
  ASSERT_LT(frame.size(), 50U);
  chunk_decompressor by;
  // Not even when these bytes were the chunk before, in the same place.
  byte_buffer out = before;
  EXPECT_EQ(test::code_of(by.decompress(frame, out)), errc::chunk_malformed);
}

TEST(ChunkCodec, RefusesOtherFormats) {
  byte_buffer frame = packed_text();
  for (const std::string_view magic : {"22b52ffd", "25b52ffd", "27b52ffd",  // older zstd
                                       "502a4d18", "04224d18", "1f8b0800", "00000000"}) {
    const byte_buffer other = *from_hex(magic);
    std::copy(other.begin(), other.end(), frame.begin());
    EXPECT_EQ(refusal(frame), errc::chunk_malformed) << magic;
  }
  EXPECT_EQ(refusal(byte_view(packed_text()).subspan(4)), errc::chunk_malformed);
  EXPECT_EQ(refusal(test::random_bytes(1000)), errc::chunk_malformed);
}

TEST(ChunkCodec, RefusesAFrameThatDidNotShrink) {
  byte_buffer frame = frame_of(
      "60"
      "000f");
  append_block(frame, true, 0, chunk);
  append(frame, test::random_bytes(chunk));
  EXPECT_EQ(refusal(frame), errc::chunk_malformed);
  EXPECT_EQ(refusal({}, 0), errc::chunk_malformed);
  EXPECT_EQ(refusal(frame_of("20"
                             "00"
                             "010000"),
                    0),
            errc::chunk_malformed);
}

TEST(ChunkCodec, RefusesAFrameThatIsCutAnywhere) {
  const byte_buffer frame = packed_text();
  for (std::size_t bytes = 0; bytes < frame.size(); ++bytes) {
    // A copy of exactly this size, so that a sanitizer sees a read past the end.
    const byte_buffer cut(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(bytes));
    EXPECT_EQ(refusal(cut), errc::chunk_malformed) << bytes;
  }
}

TEST(ChunkCodec, FillsTheChunkOrFailsWhateverBitIsFlipped) {
  chunk_decompressor by;
  const byte_buffer frame = packed_text();
  std::size_t refused = 0;
  for (std::size_t bit = 0; bit < frame.size() * 8; ++bit) {
    byte_buffer flipped = frame;
    flipped[bit / 8] ^= std::byte{1} << (bit % 8);
    const auto out = unpacked(by, flipped, chunk);
    if (out) continue;
    ++refused;
    EXPECT_EQ(condition_of(out.error().code), cond::peer) << bit;
  }
  EXPECT_GT(refused, std::size_t{7} * 8);  // the header at least
  // And a bad frame does not spoil the next.
  EXPECT_TRUE(unpacked(by, frame, chunk) == test::log_text(chunk));
}

}  // namespace
}  // namespace tallow::transfer
