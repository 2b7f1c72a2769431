#include <vector>

#include <gtest/gtest.h>

#include <tallow/transfer/byte_space.hpp>

namespace tallow::transfer {
namespace {

std::vector<piece> pieces_of(const byte_space& space, std::uint64_t chunk) {
  std::vector<piece> all;
  space.for_each_piece(chunk_index{chunk}, [&](const piece& p) {
    all.push_back(p);
    return true;
  });
  return all;
}

byte_space space_of(std::size_t chunk_bytes, const std::vector<std::uint64_t>& sizes) {
  byte_space space(chunk_bytes);
  for (const std::uint64_t size : sizes) EXPECT_TRUE(space.add_entry(size).has_value());
  return space;
}

TEST(ByteSpace, CountsAShortChunkOnlyWhenItIsComplete) {
  byte_space space = space_of(10, {25});
  EXPECT_EQ(space.chunk_count(), 2U);
  space.complete();
  EXPECT_EQ(space.chunk_count(), 3U);
  EXPECT_EQ(space.chunk_length(chunk_index{1}), 10U);
  EXPECT_EQ(space.chunk_length(chunk_index{2}), 5U);
}

TEST(ByteSpace, HasNoShortChunkWhenTheSizesFillTheLastOne) {
  byte_space space = space_of(10, {7, 13});
  space.complete();
  EXPECT_EQ(space.chunk_count(), 2U);
  EXPECT_EQ(space.chunk_length(chunk_index{1}), 10U);
}

TEST(ByteSpace, HasNoChunksWhenAllEntriesAreEmpty) {
  byte_space space = space_of(10, {0, 0, 0});
  space.complete();
  EXPECT_EQ(space.chunk_count(), 0U);
  EXPECT_EQ(space.entry_count(), 3U);
}

TEST(ByteSpace, CutsEntriesIntoPieces) {
  byte_space space = space_of(10, {0, 4, 0, 0, 17, 0, 3, 0});
  space.complete();
  ASSERT_EQ(space.chunk_count(), 3U);

  const auto first = pieces_of(space, 0);
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(first[0].entry.value, 1U);
  EXPECT_EQ(first[0].length, 4U);
  EXPECT_EQ(first[1].entry.value, 4U);
  EXPECT_EQ(first[1].entry_offset, 0U);
  EXPECT_EQ(first[1].chunk_offset, 4U);
  EXPECT_EQ(first[1].length, 6U);

  const auto second = pieces_of(space, 1);
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(second[0].entry_offset, 6U);
  EXPECT_EQ(second[0].length, 10U);

  const auto third = pieces_of(space, 2);
  ASSERT_EQ(third.size(), 2U);
  EXPECT_EQ(third[0].entry.value, 4U);
  EXPECT_EQ(third[0].length, 1U);
  EXPECT_EQ(third[1].entry.value, 6U);
  EXPECT_EQ(third[1].length, 3U);
}

// Whatever the sizes, the pieces of all chunks are the bytes of all entries, each once, in order.
TEST(ByteSpace, CoversEveryByteOnce) {
  std::uint32_t random = 1;
  for (int round = 0; round < 200; ++round) {
    std::vector<std::uint64_t> sizes;
    for (int i = 0; i < 30; ++i) {
      random = random * 1664525U + 1013904223U;
      sizes.push_back((random >> 24U) % 3 == 0 ? 0 : (random >> 16U) % 40);
    }
    byte_space space = space_of(1 + (random >> 20U) % 16, sizes);
    space.complete();
    std::vector<std::uint64_t> next(sizes.size(), 0);
    std::uint64_t total = 0;
    for (std::uint64_t chunk = 0; chunk < space.chunk_count(); ++chunk) {
      std::size_t at = 0;
      for (const piece& p : pieces_of(space, chunk)) {
        const auto entry = static_cast<std::size_t>(p.entry.value);
        EXPECT_EQ(p.chunk_offset, at);
        EXPECT_EQ(p.entry_offset, next[entry]);
        at += p.length;
        next[entry] += p.length;
      }
      EXPECT_EQ(at, space.chunk_length(chunk_index{chunk}));
      total += at;
    }
    EXPECT_EQ(next, sizes);
    EXPECT_EQ(total, space.byte_count());
  }
}

// What is left says of itself what it said before.
TEST(ByteSpace, ForgetsEntriesThatAreDoneWith) {
  const std::vector<std::uint64_t> sizes{0, 4, 0, 16, 17, 0, 3, 0};
  byte_space whole = space_of(10, sizes);
  whole.complete();
  for (std::uint64_t below = 0; below <= sizes.size(); ++below) {
    byte_space space = space_of(10, sizes);
    space.complete();
    space.decline(entry_index{0});
    space.forget_below(entry_index{below});
    EXPECT_EQ(space.entry_count(), sizes.size());
    EXPECT_EQ(space.chunk_count(), whole.chunk_count());
    EXPECT_FALSE(space.wanted(entry_index{0}));
    EXPECT_TRUE(space.wanted(entry_index{1}));
    const std::uint64_t known_from = below == 0 ? 0 : whole.entry_end(entry_index{below - 1});
    for (std::uint64_t e = below == 0 ? 0 : below - 1; e < sizes.size(); ++e) {
      EXPECT_EQ(space.entry_end(entry_index{e}), whole.entry_end(entry_index{e}));
    }
    for (std::uint64_t c = (known_from + 9) / 10; c < whole.chunk_count(); ++c) {
      const auto expected = pieces_of(whole, c);
      const auto got = pieces_of(space, c);
      ASSERT_EQ(got.size(), expected.size());
      for (std::size_t i = 0; i < got.size(); ++i) {
        EXPECT_EQ(got[i].entry, expected[i].entry);
        EXPECT_EQ(got[i].entry_offset, expected[i].entry_offset);
        EXPECT_EQ(got[i].length, expected[i].length);
      }
    }
  }
}

TEST(ByteSpace, WantsAChunkAsLongAsOneOfItsEntriesIsWanted) {
  byte_space space = space_of(10, {10, 5, 15});
  space.complete();
  space.decline(entry_index{0});
  EXPECT_FALSE(space.chunk_wanted(chunk_index{0}));
  space.decline(entry_index{1});
  EXPECT_TRUE(space.chunk_wanted(chunk_index{1}));
  space.decline(entry_index{2});
  EXPECT_FALSE(space.chunk_wanted(chunk_index{1}));
}

TEST(ByteSpace, FindsTheNextChunkThatIsWantedWhateverLiesBetween) {
  constexpr std::uint64_t huge = std::uint64_t{1} << 50U;
  byte_space space = space_of(10, {15, huge, 0, 25, 0});
  space.complete();
  const std::uint64_t count = space.chunk_count();
  EXPECT_EQ(space.next_wanted_chunk(chunk_index{0}, count), 0U);
  EXPECT_EQ(space.next_wanted_chunk(chunk_index{7}, count), 7U);
  space.decline(entry_index{1});
  EXPECT_EQ(space.next_wanted_chunk(chunk_index{1}, count), 1U);  // the end of the first
  EXPECT_EQ(space.next_wanted_chunk(chunk_index{2}, count), (15 + huge) / 10);
  EXPECT_EQ(space.next_wanted_chunk(chunk_index{2}, 1000), 1000U);
  space.decline(entry_index{3});
  EXPECT_EQ(space.next_wanted_chunk(chunk_index{2}, count), count);
}

TEST(ByteSpace, FindsTheSameChunksAsALookAtEach) {
  const std::vector<std::uint64_t> sizes{3, 0, 30, 0, 0, 7, 10, 41, 0, 1, 19, 0};
  for (unsigned kept = 0; kept < 1U << sizes.size(); ++kept) {
    byte_space space = space_of(10, sizes);
    space.complete();
    std::vector<bool> wanted(space.chunk_count());
    for (std::uint64_t e = 0; e < sizes.size(); ++e) {
      if ((kept >> e & 1U) == 0) space.decline(entry_index{e});
    }
    for (std::uint64_t c = 0; c < wanted.size(); ++c) {
      space.for_each_piece(chunk_index{c}, [&](const piece& p) {
        wanted[c] = wanted[c] || space.wanted(p.entry);
        return true;
      });
    }
    for (std::uint64_t c = 0; c < wanted.size(); ++c) {
      std::uint64_t expected = c;
      while (expected < wanted.size() && !wanted[expected]) ++expected;
      ASSERT_EQ(space.next_wanted_chunk(chunk_index{c}, wanted.size()), expected) << kept;
    }
  }
}

TEST(ByteSpace, RefusesSizesThatAddUpToMoreThanAnOffset) {
  byte_space space(10);
  EXPECT_TRUE(space.add_entry(limits::file_bytes_max).has_value());
  EXPECT_EQ(space.add_entry(1).error().code, errc::totals_wrong);
  EXPECT_EQ(space.add_entry(UINT64_MAX).error().code, errc::totals_wrong);
  EXPECT_EQ(space.byte_count(), limits::file_bytes_max);
  EXPECT_EQ(space.entry_count(), 1U);
}

}  // namespace
}  // namespace tallow::transfer
