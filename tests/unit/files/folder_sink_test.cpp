#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/files/folder_journal.hpp>
#include <tallow/files/folder_sink.hpp>

#include "support/code_of.hpp"
#include "unit/files/scratch.hpp"

namespace {

using tallow::chunk_index;
using tallow::entry_index;
using tallow::errc;
using tallow::transfer_id;
using tallow::files::folder_journal;
using tallow::files::folder_sink;
using tallow::transfer::chunk_set;
using tallow::transfer::entry;
using tallow::transfer::journal_identity;
using namespace tallow::test;

constexpr transfer_id first_id{std::byte{1}};
constexpr transfer_id second_id{std::byte{2}};
const journal_identity ours{65536, {std::byte{7}}};
const journal_identity other{65536, {std::byte{8}}};

// Begins, and has a chunk and its bytes written and recorded.
void begin_one(folder_sink& sink, const journal_identity& of = ours) {
  folder_journal journal(sink);
  ASSERT_TRUE(journal.begin(of));
  ASSERT_TRUE(sink.add_entry(entry_index{0}, file_entry("f", 6)));
  ASSERT_TRUE(sink.write(entry_index{0}, 0, tallow::as_bytes("abc")));
  ASSERT_TRUE(journal.record(chunk_index{0}));
  ASSERT_EQ(journal.take_unacknowledged()->size(), 1U);
}

std::string read_back(folder_sink& sink, std::uint64_t index, std::size_t count) {
  std::string text(count, '?');
  const auto bytes = std::as_writable_bytes(std::span(text));
  if (!sink.read_back(entry_index{index}, 0, bytes)) return "not there";
  return text;
}

TEST(FolderSink, LeavesNoTraceBeforeAnEntry) {
  const scratch top;
  { const folder_sink sink(top / "out", first_id); }
  EXPECT_FALSE(present(top / "out"));
}

TEST(FolderSink, KeepsWhatAJournalNames) {
  const scratch top;
  {
    folder_sink sink(top.path(), first_id);
    begin_one(sink);
    EXPECT_TRUE(sink.is_resumable());
    EXPECT_EQ(sink.hidden_folder(), top / names_in(top.path()).at(0));
  }
  ASSERT_EQ(names_in(top.path()).size(), 1U);
  folder_sink again(top.path(), second_id);
  const auto kept = again.begin(ours);
  ASSERT_TRUE(kept);
  EXPECT_TRUE(kept->contains(chunk_index{0}));
  EXPECT_EQ(names_in(top.path()).size(), 1U);
  ASSERT_TRUE(again.add_entry(entry_index{0}, file_entry("f", 6)));
  EXPECT_EQ(read_back(again, 0, 3), "abc");
  EXPECT_EQ(read_back(again, 0, 4), "not there");
  ASSERT_TRUE(again.write(entry_index{0}, 3, tallow::as_bytes("def")));
  ASSERT_TRUE(again.finish_entry(entry_index{0}));
  ASSERT_TRUE(again.commit());
  EXPECT_FALSE(again.is_resumable());
  EXPECT_EQ(names_in(top.path()), std::vector<std::string>{"f"});
  EXPECT_EQ(read_file(top / "f"), "abcdef");
}

TEST(FolderSink, KeepsNothingWhenNothingWasRecorded) {
  const scratch top;
  {
    folder_sink sink(top.path(), first_id);
    ASSERT_TRUE(sink.begin(ours));
    ASSERT_TRUE(sink.add_entry(entry_index{0}, file_entry("f", 6)));
    EXPECT_FALSE(sink.is_resumable());
  }
  EXPECT_TRUE(names_in(top.path()).empty());
}

TEST(FolderSink, LeavesOtherTransfersAlone) {
  const scratch top;
  {
    folder_sink sink(top.path(), first_id);
    begin_one(sink, other);
  }
  folder_sink running(top.path(), second_id);
  begin_one(running, ours);
  // The one is another's, the other one is being received into.
  folder_sink third(top.path(), transfer_id{std::byte{3}});
  const auto kept = third.begin(ours);
  ASSERT_TRUE(kept);
  EXPECT_TRUE(kept->empty());
  EXPECT_EQ(names_in(top.path()).size(), 3U);
}

TEST(FolderSink, TrustsNoFolderThatOthersMayEnter) {
  const scratch top;
  {
    folder_sink sink(top.path(), first_id);
    begin_one(sink);
  }
  fs::permissions(top / names_in(top.path()).at(0), fs::perms::all);
  folder_sink again(top.path(), second_id);
  EXPECT_TRUE(again.begin(ours)->empty());
}

TEST(FolderSink, MakesWhatIsThereFitTheNewList) {
  const scratch top;
  {
    folder_sink sink(top.path(), first_id);
    folder_journal journal(sink);
    ASSERT_TRUE(journal.begin(ours));
    std::uint64_t index = 0;
    for (const char* name : {"d/longer", "d/stale", "d/to folder", "d/to link"}) {
      ASSERT_TRUE(sink.add_entry(entry_index{index}, file_entry(name, 6)));
      ASSERT_TRUE(sink.write(entry_index{index}, 0, tallow::as_bytes("abcdef")));
      ASSERT_TRUE(sink.finish_entry(entry_index{index++}));
    }
    ASSERT_TRUE(sink.add_entry(entry_index{index}, link_entry("d/link", "longer")));
    ASSERT_TRUE(sink.add_entry(entry_index{index + 1}, folder_entry("d/to file")));
    ASSERT_TRUE(journal.record(chunk_index{0}));
    ASSERT_TRUE(journal.take_unacknowledged());
  }
  folder_sink again(top.path(), second_id);
  ASSERT_FALSE(again.begin(ours)->empty());
  const std::vector<entry> entries{file_entry("d/longer", 4), folder_entry("d/to folder"),
                                   link_entry("d/to link", "longer"), link_entry("d/link", "else"),
                                   file_entry("d/to file", 0)};
  for (std::uint64_t i = 0; i < entries.size(); ++i) {
    ASSERT_TRUE(again.add_entry(entry_index{i}, entries[i])) << i;
    ASSERT_TRUE(again.finish_entry(entry_index{i})) << i;
  }
  ASSERT_TRUE(again.commit());
  EXPECT_EQ(names_in(top.path()), std::vector<std::string>{"d"});
  EXPECT_EQ(names_in(top / "d"),
            (std::vector<std::string>{"link", "longer", "to file", "to folder", "to link"}));
  EXPECT_EQ(read_file(top / "d/longer"), "abcd");
  EXPECT_TRUE(fs::is_directory(top / "d/to folder"));
  EXPECT_EQ(fs::read_symlink(top / "d/link"), "else");
}

TEST(FolderSink, SaysWhenTheDiskIsFull) {
  const scratch top;
  folder_sink sink(top.path(), first_id);
  begin_one(sink);
  folder_journal journal(sink);
  ASSERT_TRUE(journal.record(chunk_index{5}));
  const full_disk limit(0);
  EXPECT_EQ(code_of(journal.take_unacknowledged()), errc::disk_full);
  EXPECT_EQ(code_of(journal.record(chunk_index{6})), errc::disk_full);
  EXPECT_TRUE(sink.is_resumable());
}

}  // namespace
