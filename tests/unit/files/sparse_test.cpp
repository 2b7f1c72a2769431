#include <cstdint>
#include <cstdio>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <tallow/files/sparse.hpp>
#include <tallow/files/staging.hpp>
#include <tallow/files/unique_fd.hpp>

#include "unit/files/scratch.hpp"

namespace {

using tallow::as_bytes;
using tallow::entry_index;
using tallow::errc;
using tallow::transfer_id;
using tallow::files::ground;
using tallow::files::hole_bytes_min;
using tallow::files::staging;
using tallow::files::unique_fd;
using tallow::files::write_sparse;
using tallow::files::zero_block_bytes;
using namespace tallow::test;

constexpr std::size_t block = zero_block_bytes;
constexpr std::size_t hole = hole_bytes_min;

std::string zeros(std::size_t count) { return std::string(count, '\0'); }
std::string text(std::size_t count, char c = 'x') { return std::string(count, c); }

std::uint64_t bytes_on_disk(const fs::path& path) {
  return static_cast<std::uint64_t>(stat_of(path).st_blocks) * 512;
}

// A file of which parts are written.
class Sparse : public testing::Test {
 protected:
  void write(std::uint64_t offset, const std::string& bytes, std::uint64_t file_bytes,
             ground below = ground::fresh) {
    const auto done = write_sparse(fd_.get(), offset, as_bytes(bytes), file_bytes, below);
    EXPECT_TRUE(done) << describe(done.error());
  }
  void write_whole(const std::string& bytes, ground below = ground::fresh) {
    write(0, bytes, bytes.size(), below);
    EXPECT_TRUE(read_file(path_) == bytes);
  }

  scratch top_;
  fs::path path_ = top_ / "f";
  unique_fd fd_{::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
};

TEST_F(Sparse, LeavesHolesForLongRuns) {
  write_whole(text(block) + zeros(10 * hole) + text(block) + zeros(hole) + text(1));
  EXPECT_LE(bytes_on_disk(path_), 4 * block);
}

TEST_F(Sparse, WritesShortRuns) {
  const std::string bytes = text(block) + zeros(hole - block) + text(2 * hole);
  write_whole(bytes);
  EXPECT_GE(bytes_on_disk(path_), bytes.size());
}

TEST_F(Sparse, GivesAFileOfZerosItsSize) {
  write_whole(zeros(hole + 1));
  EXPECT_EQ(bytes_on_disk(path_), 0U);
  write_whole(zeros(3 * hole + block - 1));
  EXPECT_EQ(bytes_on_disk(path_), 0U);
}

TEST_F(Sparse, KeepsEveryByteWhereverRunsBegin) {
  for (const std::size_t shift : {std::size_t{0}, std::size_t{1}, block - 1, block, block + 1}) {
    for (const std::size_t offset : {std::size_t{0}, std::size_t{1}, block - 1, 3 * block}) {
      ASSERT_EQ(::ftruncate(fd_.get(), 0), 0);
      const std::string bytes = text(shift) + zeros(hole + 2 * block) + text(shift, 'y') +
                                zeros(2 * hole) + text(1) + zeros(hole + shift);
      write(offset, bytes, offset + bytes.size());
      EXPECT_TRUE(read_file(path_) == zeros(offset) + bytes) << shift << ' ' << offset;
    }
  }
}

TEST_F(Sparse, TakesPiecesInAnyOrder) {
  const std::string bytes = zeros(2 * hole) + text(hole) + zeros(2 * hole);
  write(4 * hole, bytes.substr(4 * hole), bytes.size());
  write(2 * hole, bytes.substr(2 * hole, 2 * hole), bytes.size());
  write(0, bytes.substr(0, 2 * hole), bytes.size());
  EXPECT_TRUE(read_file(path_) == bytes);
  EXPECT_EQ(bytes_on_disk(path_), hole);
}

TEST_F(Sparse, ReallyWritesZerosOverOldBytes) {
  write_file(path_, text(8 * hole, 'o'));
  write(hole, zeros(2 * hole), 8 * hole, ground::used);
  EXPECT_TRUE(read_file(path_) == text(hole, 'o') + zeros(2 * hole) + text(5 * hole, 'o'));
  write(7 * hole, zeros(hole), 8 * hole, ground::used);
  EXPECT_TRUE(read_file(path_) ==
              text(hole, 'o') + zeros(2 * hole) + text(4 * hole, 'o') + zeros(hole));
}

TEST_F(Sparse, IsRightInAPreallocatedFile) {
  ASSERT_EQ(::posix_fallocate(fd_.get(), 0, 4 * hole), 0);
  write_whole(text(hole) + zeros(2 * hole) + text(hole));
  write_whole(zeros(4 * hole), ground::used);
}

TEST_F(Sparse, WritesZerosBeyondTheEndOfAShorterFile) {
  write_file(path_, text(block, 'o'));
  write(0, zeros(4 * hole), 8 * hole, ground::used);
  write(4 * hole, zeros(4 * hole), 8 * hole, ground::used);
  EXPECT_TRUE(read_file(path_) == zeros(8 * hole));
}

TEST_F(Sparse, TellsThatTheDiskIsFull) {
  const full_disk small(hole);
  EXPECT_EQ(
      write_sparse(fd_.get(), 0, as_bytes(zeros(2 * hole)), 2 * hole, ground::fresh).error().code,
      errc::disk_full);
}

TEST(SparseStaging, KeepsTheHolesOfAFileThatComesInChunks) {
  const scratch top;
  constexpr std::uint64_t size = 64 << 20;
  constexpr std::size_t chunk = 256 * 1024;
  const std::string island = text(chunk / 2) + zeros(chunk / 2);
  const std::string none = zeros(chunk);
  auto into = staging::open(top.path(), transfer_id{std::byte{1}}).value();
  ASSERT_TRUE(into.add_entry(entry_index{0}, file_entry("f", size)));
  ASSERT_TRUE(into.add_entry(entry_index{1}, file_entry("at once", chunk)));
  std::uint64_t islands = 0;
  for (std::uint64_t at = 0; at < size; at += chunk) {
    const bool data = at / chunk % 100 == 50;
    islands += data ? 1U : 0U;
    ASSERT_TRUE(into.write(entry_index{0}, at, as_bytes(data ? island : none)));
  }
  ASSERT_TRUE(into.write(entry_index{1}, 0, as_bytes(none)));
  ASSERT_TRUE(into.finish_entry(entry_index{0}));
  ASSERT_TRUE(into.finish_entry(entry_index{1}));
  ASSERT_TRUE(into.commit());
  EXPECT_EQ(static_cast<std::uint64_t>(stat_of(top / "f").st_size), size);
  EXPECT_LE(bytes_on_disk(top / "f"), islands * chunk);
  EXPECT_TRUE(read_file(top / "at once") == none);
  EXPECT_EQ(bytes_on_disk(top / "at once"), 0U);
  std::ifstream in(top / "f", std::ios::binary);
  std::string read(chunk, '\0');
  for (std::uint64_t at = 0; at < size; at += chunk) {
    in.read(read.data(), chunk);
    ASSERT_TRUE(read == (at / chunk % 100 == 50 ? island : none)) << at;
  }
}

}  // namespace
