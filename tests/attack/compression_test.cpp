// Somebody who sees only sizes, and gets bytes of their own sent next to secret ones, wants to tell
// from the size of one chunk what is in another.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/base/bytes.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/time.hpp>
#include <tallow/transfer/chunk_codec.hpp>
#include <tallow/transfer/chunk_packer.hpp>

#include "support/chunk_data.hpp"

namespace tallow::transfer {
namespace {

constexpr std::string_view secret = "password=correct horse battery staple and some more to find";

/// Noise, but for the secret in some places: a guess that is right would shrink well.
byte_buffer chunk_with(std::string_view text, std::uint64_t seed) {
  byte_buffer chunk = test::random_bytes(limits::chunk_bytes_min * 2, seed);
  std::fill_n(chunk.begin(), chunk.size() / 4, std::byte{' '});
  for (std::size_t at = 100; at + text.size() < chunk.size(); at += 600) {
    const byte_view bytes = as_bytes(text);
    std::copy(bytes.begin(), bytes.end(), chunk.begin() + static_cast<std::ptrdiff_t>(at));
  }
  return chunk;
}

byte_buffer compressed(chunk_compressor& by, byte_view plain, int level) {
  byte_buffer out(packed_bytes_max(plain.size()));
  out.resize(by.compress(plain, level, out).value_or(0));
  return out;
}

TEST(Compression, OfAChunkDependsOnNoOtherChunk) {
  const byte_buffer a = chunk_with(secret, 1);
  // What may have come before: the same, the guess and a wrong one, other sizes, what does not
  // shrink.
  std::vector<byte_buffer> before{a,
                                  chunk_with(secret, 2),
                                  chunk_with("password=guess", 2),
                                  test::log_text(std::size_t{32} * 1024),
                                  test::random_bytes(limits::chunk_bytes_default),
                                  byte_buffer{}};
  for (int level = compression_level_min; level <= compression_level_max; ++level) {
    chunk_compressor fresh;
    const byte_buffer alone = compressed(fresh, a, level);
    ASSERT_FALSE(alone.empty());
    for (const byte_buffer& b : before) {
      for (const int level_before : {level, 1, 9}) {
        chunk_compressor used;
        (void)compressed(used, b, level_before);
        (void)used.shrinks(b);
        EXPECT_EQ(compressed(used, a, level), alone) << level << " after " << level_before;
      }
    }
    // And after all of them, in a lane that has carried a lot.
    chunk_compressor used;
    for (const byte_buffer& b : before) (void)compressed(used, b, level);
    EXPECT_EQ(compressed(used, a, level), alone) << level;
  }
}

// The same, as a lane does it.
TEST(Compression, OfAChunkDependsOnNoOtherChunkOfItsLane) {
  const auto packed_after = [](byte_view before, byte_view plain) {
    chunk_packer packer({compression_mode::fixed, 3});
    byte_buffer out(limits::chunk_bytes_default);
    const auto now = [] { return instant{}; };
    (void)packer.pack(before, out, now);
    packer.sent(before.size(), std::chrono::seconds(1), std::chrono::seconds(1));
    out.resize(packer.pack(plain, out, now).value_or(0));
    return out;
  };
  const byte_buffer a = chunk_with(secret, 1);
  const byte_buffer after_guess = packed_after(chunk_with(secret, 2), a);
  ASSERT_FALSE(after_guess.empty());
  EXPECT_EQ(after_guess, packed_after(chunk_with("password=guess", 2), a));
  EXPECT_EQ(after_guess, packed_after(test::random_bytes(limits::chunk_bytes_min), a));
}

}  // namespace
}  // namespace tallow::transfer
