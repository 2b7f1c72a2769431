#include <cstdint>
#include <optional>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/files/journal_file.hpp>

#include "support/code_of.hpp"
#include "unit/files/scratch.hpp"

namespace {

using tallow::byte_buffer;
using tallow::chunk_index;
using tallow::chunk_range;
using tallow::errc;
using tallow::files::directory;
using tallow::files::journal_file;
using tallow::transfer::journal_encoder;
using namespace tallow::test;

constexpr tallow::transfer::journal_identity ours{262144, {std::byte{1}}};

directory folder_at(const fs::path& path) { return directory::open(path).value(); }

journal_file begin(const directory& folder) {
  byte_buffer image;
  const journal_encoder encoder(image, {ours, {}});
  return journal_file::create(folder, image, encoder).value();
}

auto adding(const std::vector<chunk_range>& ranges) {
  return [ranges](journal_encoder& encoder, byte_buffer& out) { encoder.add_written(out, ranges); };
}

std::optional<tallow::transfer::journal_content> content_of(const directory& folder) {
  const auto file = tallow::files::read_journal_file(folder);
  return file ? tallow::transfer::replay_journal(*file, ours) : std::nullopt;
}

TEST(JournalFile, KnowsThisRunOfTheMachine) {
  const auto id = tallow::files::current_boot_id();
  EXPECT_EQ(id, tallow::files::current_boot_id());
  std::string text = read_file("/proc/sys/kernel/random/boot_id");
  if (text.empty()) GTEST_SKIP() << "no boot id here";
  std::erase_if(text, [](char c) { return c == '-' || c == '\n'; });
  EXPECT_EQ(tallow::to_hex(id), text);
}

TEST(JournalFile, IsReadBackOnceItHasTakenItsPlace) {
  const scratch top;
  const directory folder = folder_at(top.path());
  journal_file file = begin(folder);
  EXPECT_FALSE(tallow::files::read_journal_file(folder));
  ASSERT_TRUE(file.append(adding({{chunk_index{3}, 4}})));
  ASSERT_TRUE(file.take_place(folder));
  EXPECT_EQ(names_in(top.path()), std::vector<std::string>{"journal"});
  EXPECT_EQ(mode_of(top / "journal"), 0600U);
  EXPECT_EQ(content_of(folder)->written.chunk_count(), 4U);
  ASSERT_TRUE(file.append(adding({{chunk_index{9}, 1}})));
  EXPECT_EQ(content_of(folder)->written.chunk_count(), 5U);
  EXPECT_EQ(content_of(folder)->bytes, file.bytes());
}

TEST(JournalFile, RemovesWhatACrashLeftBehind) {
  const scratch top;
  top.file("elsewhere", "text");
  const directory folder = folder_at(top.path());
  for (int kind = 0; kind < 3; ++kind) {
    if (kind == 0) {
      top.file("journal.new", "torn");
    }
    if (kind == 1) {
      top.link("journal.new", "elsewhere");
    }
    if (kind == 2) {
      EXPECT_EQ(::mkfifo((top / "journal.new").c_str(), 0600), 0);
    }
    ASSERT_TRUE(begin(folder).take_place(folder)) << kind;
    EXPECT_TRUE(content_of(folder)) << kind;
  }
  EXPECT_EQ(read_file(top / "elsewhere"), "text");
}

TEST(JournalFile, IsWhatItWasAfterTheDiskWasFull) {
  const scratch top;
  const directory folder = folder_at(top.path());
  journal_file file = begin(folder);
  ASSERT_TRUE(file.append(adding({{chunk_index{0}, 1}})));
  ASSERT_TRUE(file.take_place(folder));
  const std::string before = read_file(top / "journal");
  std::vector<chunk_range> many;
  for (std::uint64_t i = 0; i < 500; ++i) many.push_back({chunk_index{1000 + 2 * i}, 1});
  for (const std::size_t more : {0U, 1U, 10U, 100U}) {
    const full_disk limit(before.size() + more);
    EXPECT_EQ(code_of(file.append(adding(many))), errc::disk_full);
    EXPECT_EQ(read_file(top / "journal"), before);
    byte_buffer image;
    const journal_encoder encoder(image, {ours, {}});
    image.resize(before.size() + more + 1);
    EXPECT_EQ(code_of(journal_file::create(folder, image, encoder)), errc::disk_full);
    EXPECT_EQ(names_in(top.path()), std::vector<std::string>{"journal"});
  }
  ASSERT_TRUE(file.append(adding(many)));
  EXPECT_EQ(content_of(folder)->written.chunk_count(), 501U);
}

TEST(JournalFile, TrustsNothingButAFileOfItsOwner) {
  const scratch top;
  const directory folder = folder_at(top.path());
  ASSERT_TRUE(begin(folder).take_place(folder));
  const std::string good = read_file(top / "journal");
  ASSERT_TRUE(content_of(folder));
  top.file("elsewhere", good);
  fs::remove(top / "journal");
  EXPECT_FALSE(content_of(folder));
  top.link("journal", "elsewhere");
  EXPECT_FALSE(content_of(folder));
  fs::remove(top / "journal");
  ASSERT_EQ(::mkfifo((top / "journal").c_str(), 0600), 0);
  EXPECT_FALSE(content_of(folder));
  fs::remove(top / "journal");
  top.folder("journal");
  EXPECT_FALSE(content_of(folder));
  fs::remove(top / "journal");
  top.file("journal", good);
  EXPECT_TRUE(content_of(folder));
  fs::resize_file(top / "journal", tallow::transfer::journal_bytes_max);
  EXPECT_TRUE(content_of(folder));
  fs::resize_file(top / "journal", tallow::transfer::journal_bytes_max + 1);
  EXPECT_FALSE(content_of(folder));
  fs::resize_file(top / "journal", good.size());
  EXPECT_TRUE(content_of(folder));
  if (::chown((top / "journal").c_str(), 12345, 12345) != 0) {
    GTEST_SKIP() << "only root can give a file away";
  }
  EXPECT_FALSE(content_of(folder));
}

}  // namespace
