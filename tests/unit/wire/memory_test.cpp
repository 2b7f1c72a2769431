// How much memory an input may take: watched at operator new, which this program replaces.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

#include <gtest/gtest.h>

#include <tallow/base/bytes.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/wire/codec.hpp>
#include <tallow/wire/frame_decoder.hpp>
#include <tallow/wire/message.hpp>

namespace {

std::atomic<std::size_t> allocated{0};

}  // namespace

// Not inlined: where only one of a pair is, g++ takes malloc() and operator delete for a mismatch.
[[gnu::noinline]] void* operator new(std::size_t count) {
  allocated += count;
  if (void* memory = std::malloc(count)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

using namespace tallow;  // NOLINT(google-build-using-namespace)

/// All that `work` asked for, given back or not.
template <class Work>
std::size_t allocated_by(Work work) {
  const std::size_t before = allocated;
  work();
  return allocated - before;
}

TEST(FrameDecoderMemory, StoresNothingOfABodyWhoseHeaderIsRefused) {
  byte_buffer huge = *from_hex("ffffffff31000000");
  huge.resize(100'000);
  byte_buffer capped = *from_hex("0000100131000000");
  capped.resize(4096);
  const auto feed = [](byte_span input, std::size_t piece, std::size_t cap) {
    frame_decoder decoder(frames_of_lane, cap);
    while (!input.empty()) {
      byte_span part = input.first(std::min(piece, input.size()));
      input = input.subspan(part.size());
      (void)decoder.next(part);
    }
  };
  EXPECT_EQ(allocated_by([&] { feed(huge, huge.size(), limits::frame_length_limit); }), 0U);
  EXPECT_EQ(allocated_by([&] { feed(capped, capped.size(), 4096); }), 0U);
  // A header that comes in pieces is kept; growing to eight bytes takes fifteen in all.
  EXPECT_LE(allocated_by([&] { feed(huge, 1, limits::frame_length_limit); }), 16U);
  EXPECT_LE(allocated_by([&] { feed(capped, 5, 4096); }), 16U);
}

TEST(FrameDecoderMemory, TakesOneFramesLengthForABodyInPieces) {
  byte_buffer stream;
  ASSERT_TRUE(append_frame(stream, frame_type::data, byte_buffer(limits::chunk_bytes_default)));
  const std::size_t frame_bytes = stream.size();
  append(stream, byte_buffer(stream));
  for (const std::size_t piece : {std::size_t{1}, std::size_t{1000}, std::size_t{100'000}}) {
    frame_decoder decoder(frames_of_lane);
    std::size_t frames = 0;
    const std::size_t taken = allocated_by([&] {
      byte_span input(stream);
      while (!input.empty()) {
        byte_span part = input.first(std::min(piece, input.size()));
        input = input.subspan(part.size());
        while (*decoder.next(part)) ++frames;
      }
    });
    EXPECT_EQ(frames, 2U);
    EXPECT_LE(taken, frame_bytes + 16) << piece;
  }
}

TEST(CodecMemory, TakesNothingForACountThatLies) {
  // ACK with 512 ranges, HAVE with 2000 hashes, MANIFEST with 8192 entries: none of them is there.
  const byte_buffer ranges = *from_hex("8004");
  const byte_buffer hashes = *from_hex(
      "00"
      "d00f");
  const byte_buffer entries = *from_hex(
      "000000"
      "8040");
  const byte_buffer text = *from_hex(
      "00"
      "40");
  EXPECT_EQ(allocated_by([&] { (void)decode_body<ack>(ranges); }), 0U);
  EXPECT_EQ(allocated_by([&] { (void)decode_body<have>(hashes); }), 0U);
  EXPECT_EQ(allocated_by([&] { (void)decode_body<manifest_page>(entries); }), 0U);
  EXPECT_EQ(allocated_by([&] { (void)decode_body<client_hello>(text); }), 0U);
}

TEST(CodecMemory, TakesAMultipleOfTheBodyAtMost) {
  // The shortest entries a page can hold, so the most memory a page can ask for.
  manifest_page page;
  page.entries.resize(limits::page_entries_max);
  for (manifest_entry& entry : page.entries) entry.mode = 0;
  byte_buffer body;
  encode_body(body, page);
  EXPECT_LT(body.size(), limits::control_plaintext_bytes_max);
  // A vector that doubles asks for twice its last size in all.
  const std::size_t bound = 4 * limits::page_entries_max * sizeof(manifest_entry);
  EXPECT_LE(allocated_by([&] { (void)decode_body<manifest_page>(body); }), bound);
}

}  // namespace
