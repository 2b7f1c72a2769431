#include <chrono>
#include <cstddef>
#include <optional>

#include <gtest/gtest.h>

#include <tallow/base/bytes.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/time.hpp>
#include <tallow/transfer/chunk_packer.hpp>

#include "support/chunk_data.hpp"

namespace tallow::transfer {
namespace {

using namespace std::chrono_literals;

/// A packer that is asked chunk by chunk, and a clock that it moves by a millisecond each time.
class ChunkPacker : public testing::Test {
 protected:
  std::optional<std::size_t> pack(chunk_packer& by, byte_view plain) {
    out_.resize(packed_bytes_max(plain.size()));
    const auto packed = by.pack(plain, out_, [&] {
      ++asked_;
      return now_ += 1ms;
    });
    by.sent(packed.value_or(plain.size()), 20ms, 25ms);
    return packed;
  }

  instant now_{};
  int asked_ = 0;
  byte_buffer out_;
  const byte_buffer text_ = test::log_text(limits::chunk_bytes_default);
  const byte_buffer noise_ = test::random_bytes(limits::chunk_bytes_default);
};

TEST_F(ChunkPacker, CompressesWhatShrinks) {
  chunk_packer packer({compression_mode::fixed, 3});
  const auto packed = pack(packer, text_);
  ASSERT_TRUE(packed);
  byte_buffer back(text_.size());
  chunk_decompressor decompressor;
  ASSERT_TRUE(decompressor.decompress(byte_view(out_).first(*packed), back));
  EXPECT_TRUE(back == text_);
}

TEST_F(ChunkPacker, LeavesAloneWhatDoesNotShrinkAndGoesOnLater) {
  chunk_packer packer(compression_choice{});
  EXPECT_FALSE(pack(packer, noise_));
  EXPECT_EQ(asked_, 2);  // around the sample, and nothing was compressed
  std::size_t chunks = 1;
  while (!pack(packer, text_) && chunks < 100) ++chunks;
  EXPECT_LT(chunks, 10U);
  EXPECT_FALSE(pack(packer, noise_));
}

TEST_F(ChunkPacker, AsksForNoTimeWhenItIsOff) {
  chunk_packer packer({compression_mode::off, 0});
  EXPECT_FALSE(pack(packer, text_));
  EXPECT_EQ(asked_, 0);
}

}  // namespace
}  // namespace tallow::transfer
