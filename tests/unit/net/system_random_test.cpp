#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>

#include <gtest/gtest.h>

#include <tallow/net/system_random.hpp>

namespace tallow::net {
namespace {

TEST(SystemRandom, FillsAllOfAnyLength) {
  const auto random = system_random();
  for (const std::size_t count : {0U, 1U, 255U, 256U, 257U, 10'000U}) {
    byte_buffer ever_set(count);
    for (int i = 0; i < 32; ++i) {
      byte_buffer bytes(count);
      random(bytes);
      for (std::size_t k = 0; k < count; ++k) ever_set[k] |= bytes[k];
    }
    EXPECT_EQ(std::count(ever_set.begin(), ever_set.end(), std::byte{0}), 0) << count;
  }
}

TEST(SystemRandom, GivesOtherBytesEachTime) {
  const auto random = system_random();
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 100; ++i) seen.insert(random.number());
  EXPECT_EQ(seen.size(), 100U);
}

}  // namespace
}  // namespace tallow::net
