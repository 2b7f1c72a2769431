#include <chrono>

#include <gtest/gtest.h>

#include <tallow/transfer/memory.hpp>
#include <tallow/transfer/pace.hpp>
#include <tallow/transfer/sender.hpp>

namespace tallow::transfer {
namespace {

using std::chrono::milliseconds;

TEST(Pace, WithoutALimitNobodyWaits) {
  pace p(0);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(p.may_send());
    p.sent(1U << 20U);
  }
  EXPECT_FALSE(p.next_timeout());
}

// Sends whatever it may for so long; returns the bytes.
std::uint64_t sent_within(pace& p, std::uint64_t chunk, instant from, duration time) {
  std::uint64_t bytes = 0;
  instant now = from;
  p.handle_timeout(now);
  while (now <= from + time) {
    while (p.may_send()) {
      p.sent(chunk);
      bytes += chunk;
    }
    const auto at = p.next_timeout();
    EXPECT_TRUE(at.has_value());
    EXPECT_GT(*at, now);
    now = *at;
    p.handle_timeout(now);
  }
  return bytes;
}

TEST(Pace, HoldsOverTimeWhateverTheSizeOfChunks) {
  for (const std::uint64_t rate : {10'000U, 1'000'000U, 400'000'000U}) {
    for (const std::uint64_t chunk : {1'000U, 65'536U, 1'048'576U}) {
      pace p(rate);
      const double wanted = static_cast<double>(rate) * 60;
      const auto bytes =
          sent_within(p, chunk, instant{} + milliseconds(5), std::chrono::minutes(1));
      // One chunk may be too much, and a tenth of a second's bytes are saved up.
      EXPECT_LE(static_cast<double>(bytes), wanted * 1.005 + 2.0 * static_cast<double>(chunk));
      EXPECT_GE(static_cast<double>(bytes), wanted * 0.995 - 2.0 * static_cast<double>(chunk));
    }
  }
}

TEST(Pace, APauseSavesUpATenthOfASecond) {
  pace p(1'000'000);
  p.handle_timeout(instant{});
  p.handle_timeout(instant{} + std::chrono::hours(1));
  std::uint64_t bytes = 0;
  while (p.may_send()) {
    p.sent(1000);
    bytes += 1000;
  }
  EXPECT_LE(bytes, 101'000U);
}

TEST(Pace, WhoWasRefusedAsksAgainAtOnceWhereNoTimeIsKnown) {
  pace p(1000);
  EXPECT_TRUE(p.may_send());
  p.sent(5000);
  EXPECT_FALSE(p.may_send());
  EXPECT_EQ(p.next_timeout(), instant{});
  p.handle_timeout(instant{} + milliseconds(1));
  EXPECT_FALSE(p.may_send());
  const auto at = p.next_timeout();
  ASSERT_TRUE(at.has_value());
  p.handle_timeout(*at - milliseconds(1));
  EXPECT_FALSE(p.may_send());
  p.handle_timeout(*at);
  EXPECT_TRUE(p.may_send());
}

TEST(Pace, ASenderHandsOutChunksByIt) {
  std::vector<memory_file> files(1);
  files[0].about.path = "f";
  files[0].bytes.resize(std::size_t{10} * limits::chunk_bytes_min);
  memory_source source(files);
  sender_options options;
  options.chunk_bytes = limits::chunk_bytes_min;
  options.bytes_per_second_max = limits::chunk_bytes_min;
  sender<memory_source> from(source, options);
  setup peer;
  peer.role = transfer_role::receiver;
  ASSERT_TRUE(from.handle(peer, instant{}).has_value());
  while (*from.poll_message(instant{})) {
  }
  ASSERT_TRUE(from.handle(accept{page_index{0}, {}}, instant{}).has_value());
  chunk_job job;
  ASSERT_TRUE(from.take_chunk(stream_id{1}, job));
  from.chunk_framed(job.bytes);
  EXPECT_FALSE(from.take_chunk(stream_id{1}, job));
  from.handle_timeout(instant{});
  EXPECT_FALSE(from.take_chunk(stream_id{1}, job));
  const auto at = from.next_timeout();
  ASSERT_TRUE(at.has_value());
  EXPECT_NEAR(std::chrono::duration<double>(*at - instant{}).count(), 1, 0.01);
  from.handle_timeout(*at);
  EXPECT_TRUE(from.take_chunk(stream_id{1}, job));
}

}  // namespace
}  // namespace tallow::transfer
