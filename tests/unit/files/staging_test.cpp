#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <sys/mount.h>
#include <sys/stat.h>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/files/source_tree.hpp>
#include <tallow/files/staging.hpp>

#include "unit/files/scratch.hpp"

namespace {

using tallow::entry_index;
using tallow::errc;
using tallow::transfer_id;
using tallow::files::placing;
using tallow::files::resolver;
using tallow::files::source_tree;
using tallow::files::staging;
using tallow::files::staging_options;
using tallow::transfer::entry;
using tallow::transfer::entry_kind;
using namespace tallow::test;

using name_list = std::vector<std::string>;

constexpr transfer_id id_of_test{std::byte{0xAB}, std::byte{0x01}};
constexpr const char* folder_of_test = ".tallow-ab010000000000000000000000000000.part";

staging open_staging(const fs::path& target, const staging_options& options = {}) {
  return staging::open(target, id_of_test, options).value();
}

// Adds, writes and finishes a file in one go.
void receive_file(staging& into, std::uint64_t index, entry e, std::string_view text) {
  e.size = text.size();
  auto done = into.add_entry(entry_index{index}, e);
  if (done) done = into.write(entry_index{index}, 0, tallow::as_bytes(text));
  if (done) done = into.finish_entry(entry_index{index});
  if (!done) ADD_FAILURE() << describe(done.error());
}

void receive(staging& into, std::uint64_t index, const entry& e) {
  auto done = into.add_entry(entry_index{index}, e);
  if (done) done = into.finish_entry(entry_index{index});
  if (!done) ADD_FAILURE() << describe(done.error());
}

name_list final_names(const staging& of) {
  name_list names;
  for (const auto& placed : of.placed()) names.push_back(placed.final_name);
  return names;
}

// As where the file system takes two names for one, and the other entry has come first.
TEST(Staging, RemovesNoFileThatAnEntryCouldNotMake) {
  const scratch top;
  staging into = open_staging(top / "out");
  for (const std::uint64_t size : {std::uint64_t{3}, std::uint64_t{300'000}}) {
    const entry_index index{size == 3 ? 0U : 1U};
    entry e = file_entry("f" + std::to_string(size));
    e.size = size;
    ASSERT_TRUE(into.add_entry(index, e));
    const fs::path taken = top / "out" / folder_of_test / "files" / e.path;
    write_file(taken, "of another");
    EXPECT_EQ(into.write(index, 0, tallow::as_bytes("abc")).error().code, errc::already_exists);
    EXPECT_TRUE(into.discard_entry(index));
    EXPECT_EQ(read_file(taken), "of another");
  }
}

TEST(Staging, ShowsNothingBeforeCommit) {
  const scratch top;
  staging into = open_staging(top / "out");
  receive_file(into, 0, file_entry("f"), "text");
  receive(into, 1, folder_entry("d"));
  EXPECT_EQ(names_in(top / "out"), name_list{folder_of_test});
  EXPECT_EQ(mode_of(top / "out" / folder_of_test), 0700U);
  ASSERT_TRUE(into.commit());
  EXPECT_EQ(names_in(top / "out"), (name_list{"d", "f"}));
  EXPECT_EQ(read_file(top / "out/f"), "text");
  EXPECT_EQ(final_names(into), (name_list{"f", "d"}));
}

TEST(Staging, TakesAFileThatGrows) {
  const scratch top;
  staging into = open_staging(top / "out");
  entry e = file_entry("stream");
  e.mode = 0640;
  e.mtime_ns = 1'000'000'007;
  ASSERT_TRUE(into.add_entry(entry_index{0}, e));
  ASSERT_TRUE(into.add_entry(entry_index{1}, file_entry("empty")));
  ASSERT_TRUE(into.add_entry(entry_index{2}, folder_entry("d")));
  std::uint64_t size = 0;
  for (const char* part : {"one ", "two ", "three"}) {
    const auto bytes = tallow::as_bytes(std::string_view(part));
    ASSERT_TRUE(into.resize_entry(entry_index{0}, size + bytes.size()));
    ASSERT_TRUE(into.write(entry_index{0}, size, bytes));
    size += bytes.size();
  }
  ASSERT_TRUE(into.resize_entry(entry_index{1}, 0));
  EXPECT_EQ(into.resize_entry(entry_index{2}, 0).error().code, errc::wrong_state);
  for (const std::uint64_t i : {0U, 1U, 2U}) ASSERT_TRUE(into.finish_entry(entry_index{i}));
  ASSERT_TRUE(into.commit());
  EXPECT_EQ(read_file(top / "out/stream"), "one two three");
  EXPECT_EQ(read_file(top / "out/empty"), "");
  EXPECT_EQ(mode_of(top / "out/stream"), 0640U);
  EXPECT_EQ(mtime_of(top / "out/stream"), 1'000'000'007);
}

TEST(Staging, CreatesTheTargetWithItsParents) {
  const scratch top;
  {
    staging into = open_staging(top / "a/b/c");
    receive_file(into, 0, file_entry("f"), "");
    ASSERT_TRUE(into.commit());
  }
  EXPECT_EQ(names_in(top / "a/b/c"), name_list{"f"});
  EXPECT_EQ(staging::open(top / "a/b/c/f", id_of_test).error().code, errc::not_a_directory);
}

TEST(Staging, LeavesNothingBehindUncommitted) {
  const scratch top;
  {
    staging into = open_staging(top.path());
    receive_file(into, 0, file_entry("d/e/f"), "text");
    ASSERT_TRUE(into.add_entry(entry_index{1}, link_entry("d/l", "e")));
    staging moved = std::move(into);
    EXPECT_EQ(names_in(top.path()), name_list{folder_of_test});
  }
  EXPECT_TRUE(names_in(top.path()).empty());
  staging again = open_staging(top.path());
  EXPECT_TRUE(again.abandon());
  EXPECT_TRUE(again.abandon());
  EXPECT_TRUE(names_in(top.path()).empty());
  EXPECT_EQ(again.commit().error().code, errc::wrong_state);
}

TEST(Staging, RefusesAFolderOfThatIdThatIsThere) {
  const scratch top;
  top.folder(folder_of_test);
  top.file(std::string(folder_of_test) + "/f", "of another");
  EXPECT_EQ(staging::open(top.path(), id_of_test).error().code, errc::already_exists);
  EXPECT_EQ(read_file(top / folder_of_test / "f"), "of another");
}

TEST(Staging, WritesAtAnyOffsetInAnyOrder) {
  const scratch top;
  staging into = open_staging(top.path());
  ASSERT_TRUE(into.add_entry(entry_index{0}, file_entry("f", 9)));
  EXPECT_TRUE(into.write(entry_index{0}, 6, tallow::as_bytes("ghi")));
  EXPECT_TRUE(into.write(entry_index{0}, 0, tallow::as_bytes("abc")));
  EXPECT_TRUE(into.write(entry_index{0}, 3, tallow::as_bytes("def")));
  EXPECT_TRUE(into.write(entry_index{0}, 9, {}));
  EXPECT_EQ(into.write(entry_index{0}, 9, tallow::as_bytes("j")).error().code,
            errc::invalid_argument);
  EXPECT_EQ(into.write(entry_index{0}, UINT64_MAX, tallow::as_bytes("j")).error().code,
            errc::invalid_argument);
  EXPECT_TRUE(into.finish_entry(entry_index{0}));
  ASSERT_TRUE(into.commit());
  EXPECT_EQ(read_file(top / "f"), "abcdefghi");
}

TEST(Staging, KeepsModeAndTimeOfFilesFoldersAndLinks) {
  const scratch top;
  staging into = open_staging(top.path());
  receive(into, 0, folder_entry("d", 0750, 1'000'000'001));
  receive_file(into, 1, file_entry("d/f", 0, 0640, 1'700'000'000'123'456'789), "text");
  entry link = link_entry("d/l", "f");
  link.mtime_ns = 2'000'000'002;
  receive(into, 2, link);
  receive(into, 3, folder_entry("d/e", 0711, 3'000'000'003));
  receive_file(into, 4, file_entry("d/e/g", 0, 0755, -5), "text");
  receive_file(into, 5, file_entry("top", 0, 0600, 6), "text");
  ASSERT_TRUE(into.commit());
  EXPECT_EQ(mode_of(top / "d"), 0750U);
  EXPECT_EQ(mtime_of(top / "d"), 1'000'000'001);
  EXPECT_EQ(mode_of(top / "d/f"), 0640U);
  EXPECT_EQ(mtime_of(top / "d/f"), 1'700'000'000'123'456'789);
  EXPECT_EQ(fs::read_symlink(top / "d/l"), "f");
  EXPECT_EQ(mtime_of(top / "d/l"), 2'000'000'002);
  EXPECT_EQ(mode_of(top / "d/e"), 0711U);
  EXPECT_EQ(mtime_of(top / "d/e"), 3'000'000'003);
  EXPECT_EQ(mode_of(top / "d/e/g"), 0755U);
  EXPECT_EQ(mtime_of(top / "d/e/g"), -5);
  EXPECT_EQ(mtime_of(top / "top"), 6);
}

TEST(Staging, FillsFoldersThatNobodyMayWriteTo) {
  const scratch top;
  const without_privileges guard(top.path());
  if (!guard.works()) GTEST_SKIP() << "root cannot become another user here";
  staging into = open_staging(top.path());
  receive(into, 0, folder_entry("readonly", 0555, 1));
  receive(into, 1, folder_entry("readonly/shut", 0, 2));
  receive_file(into, 2, file_entry("readonly/shut/f", 0, 0, 3), "text");
  receive(into, 3, folder_entry("shut", 0, 4));
  receive_file(into, 4, file_entry("shut/f"), "text");
  receive(into, 5, folder_entry("readonly/shut/inner", 0555, 5));
  const auto done = into.commit();
  ASSERT_TRUE(done) << describe(done.error());
  EXPECT_EQ(names_in(top.path()), (name_list{"readonly", "shut"}));
  EXPECT_EQ(mode_of(top / "readonly"), 0555U);
  EXPECT_EQ(mtime_of(top / "readonly"), 1);
  EXPECT_EQ(mode_of(top / "readonly/shut"), 0U);
  EXPECT_EQ(mtime_of(top / "readonly/shut"), 2);
  EXPECT_EQ(mode_of(top / "shut"), 0U);
  EXPECT_EQ(mtime_of(top / "shut"), 4);
  fs::permissions(top / "readonly/shut", fs::perms(0700));
  ASSERT_TRUE(present(top / "readonly/shut/f"));
  EXPECT_EQ(mode_of(top / "readonly/shut/f"), 0U);
  EXPECT_EQ(mode_of(top / "readonly/shut/inner"), 0555U);
  EXPECT_EQ(mtime_of(top / "readonly/shut/inner"), 5);
}

TEST(Staging, MakesParentsThatWereNotAnnounced) {
  const scratch top;
  staging into = open_staging(top.path());
  receive_file(into, 0, file_entry("a/b/f"), "text");
  receive_file(into, 1, file_entry("a/g"), "text");
  // Announced after its content.
  receive(into, 2, folder_entry("a/b", 0700, 7));
  ASSERT_TRUE(into.commit());
  EXPECT_EQ(read_file(top / "a/b/f"), "text");
  EXPECT_EQ(mode_of(top / "a"), 0755U);
  EXPECT_EQ(mode_of(top / "a/b"), 0700U);
  EXPECT_EQ(mtime_of(top / "a/b"), 7);
}

TEST(Staging, RemovesWhatIsDiscarded) {
  const scratch top;
  staging into = open_staging(top.path());
  ASSERT_TRUE(into.add_entry(entry_index{0}, folder_entry("d")));
  ASSERT_TRUE(into.add_entry(entry_index{1}, file_entry("d/bad", 4)));
  ASSERT_TRUE(into.write(entry_index{1}, 0, tallow::as_bytes("ab")));
  receive_file(into, 2, file_entry("d/good"), "text");
  receive_file(into, 3, file_entry("late"), "text");
  ASSERT_TRUE(into.add_entry(entry_index{4}, folder_entry("gone")));
  ASSERT_TRUE(into.add_entry(entry_index{5}, file_entry("implied/bad")));
  // Removing a folder changes the time of the one it was in.
  receive(into, 6, folder_entry("kept/inner", 0755, 7));
  ASSERT_TRUE(into.add_entry(entry_index{7}, folder_entry("kept/inner/gone")));
  for (const std::uint64_t i : {0U, 1U, 3U, 4U, 5U, 7U}) {
    EXPECT_TRUE(into.discard_entry(entry_index{i}));
    EXPECT_EQ(into.discard_entry(entry_index{i}).error().code, errc::wrong_state);
  }
  ASSERT_TRUE(into.commit());
  EXPECT_EQ(names_in(top.path()), (name_list{"d", "kept"}));
  EXPECT_EQ(names_in(top / "d"), name_list{"good"});
  EXPECT_EQ(names_in(top / "kept"), name_list{"inner"});
  EXPECT_EQ(mtime_of(top / "kept/inner"), 7);
  EXPECT_EQ(into.path(entry_index{1}), "d/bad");
}

TEST(Staging, PlacesNothingThatIsNotWhole) {
  const scratch top;
  staging into = open_staging(top.path());
  ASSERT_TRUE(into.add_entry(entry_index{0}, file_entry("f", 4)));
  EXPECT_EQ(into.finish_entry(entry_index{0}).error().code, errc::transfer_incomplete);
  ASSERT_TRUE(into.write(entry_index{0}, 0, tallow::as_bytes("abc")));
  EXPECT_EQ(into.finish_entry(entry_index{0}).error().code, errc::transfer_incomplete);
  EXPECT_EQ(into.commit().error().code, errc::wrong_state);
  EXPECT_EQ(names_in(top.path()), name_list{folder_of_test});
  ASSERT_TRUE(into.write(entry_index{0}, 3, tallow::as_bytes("d")));
  ASSERT_TRUE(into.finish_entry(entry_index{0}));
  EXPECT_EQ(into.write(entry_index{0}, 0, tallow::as_bytes("x")).error().code, errc::wrong_state);
  ASSERT_TRUE(into.commit());
  EXPECT_EQ(read_file(top / "f"), "abcd");
}

TEST(Staging, RefusesIndicesThatDoNotAscend) {
  const scratch top;
  staging into = open_staging(top.path());
  receive_file(into, 5, file_entry("f"), "text");
  EXPECT_EQ(into.add_entry(entry_index{5}, file_entry("g")).error().code, errc::invalid_argument);
  EXPECT_EQ(into.add_entry(entry_index{0}, file_entry("g")).error().code, errc::invalid_argument);
  EXPECT_EQ(into.write(entry_index{0}, 0, {}).error().code, errc::wrong_state);
  EXPECT_EQ(into.finish_entry(entry_index{6}).error().code, errc::wrong_state);
  EXPECT_EQ(into.path(entry_index{5}), "f");
  EXPECT_EQ(into.path(entry_index{0}), "");
}

TEST(Staging, LeavesExistingFilesAsTheyAre) {
  for (const auto place : {placing::rename, placing::link}) {
    const scratch top;
    top.file("f.txt", "old");
    top.folder("d");
    top.file("d/f", "old");
    top.link("l", "nowhere");
    staging_options options;
    options.place = place;
    staging into = open_staging(top.path(), options);
    receive_file(into, 0, file_entry("f.txt"), "new");
    receive(into, 1, folder_entry("d"));
    receive_file(into, 2, file_entry("d/f"), "new");
    receive_file(into, 3, file_entry("l"), "new");
    ASSERT_TRUE(into.commit());
    EXPECT_EQ(final_names(into), (name_list{"f (2).txt", "d (2)", "l (2)"}));
    EXPECT_EQ(into.placed()[0].name, "f.txt");
    EXPECT_EQ(read_file(top / "f.txt"), "old");
    EXPECT_EQ(read_file(top / "d/f"), "old");
    EXPECT_FALSE(present(top / "nowhere"));
    EXPECT_EQ(read_file(top / "f (2).txt"), "new");
    EXPECT_EQ(read_file(top / "d (2)/f"), "new");
    EXPECT_EQ(read_file(top / "l (2)"), "new");
  }
}

TEST(Staging, MayBeCommittedAgainAfterAFailure) {
  const scratch top;
  top.folder("out");
  const without_privileges guard(top.path());
  if (!guard.works()) GTEST_SKIP() << "root cannot become another user here";
  staging into = open_staging(top / "out");
  receive(into, 0, folder_entry("d", 0555, 1));
  receive(into, 1, folder_entry("d/shut", 0, 2));
  receive_file(into, 2, file_entry("d/shut/f"), "text");
  fs::permissions(top / "out", fs::perms(0555));
  EXPECT_EQ(into.commit().error().code, errc::permission_denied);
  EXPECT_TRUE(into.placed().empty());
  fs::permissions(top / "out", fs::perms(0755));
  ASSERT_TRUE(into.commit());
  EXPECT_EQ(names_in(top / "out"), name_list{"d"});
  EXPECT_EQ(mode_of(top / "out/d"), 0555U);
  ASSERT_TRUE(present(top / "out/d/shut"));
  EXPECT_EQ(mode_of(top / "out/d/shut"), 0U);
}

TEST(Staging, SaysThatTheDiskIsFull) {
  const scratch top;
  staging into = open_staging(top.path());
  ASSERT_TRUE(into.add_entry(entry_index{0}, file_entry("f", 8192)));
  const tallow::byte_buffer bytes(8192);
  {
    const full_disk limit(4096);
    EXPECT_EQ(into.write(entry_index{0}, 0, bytes).error().code, errc::disk_full);
  }
  EXPECT_GT(into.free_bytes().value(), 0U);
  EXPECT_TRUE(into.write(entry_index{0}, 0, bytes));
}

// As where the file system takes two names for one: what was left has the other spelling, and is
// found under this one all the same.
TEST(Staging, TakesFromAnEarlierSessionOnlyWhatIsSpeltLikeThat) {
  const scratch top;
  {
    staging first = open_staging(top.path());
    receive_file(first, 0, file_entry("t/README"), "first");
    first.keep();
  }
  const fs::path files = top / folder_of_test / "files";
  staging into = staging::reopen(top.path(), folder_of_test).value();
  receive_file(into, 0, file_entry("t/other"), "text");
  // Since that has been looked at: what a disk finds under names that nobody has left.
  write_file(files / "t/readme", "first");
  fs::create_directory(files / "T");
  entry e = file_entry("t/readme");
  e.size = 5;
  ASSERT_TRUE(into.add_entry(entry_index{1}, e));
  EXPECT_EQ(into.write(entry_index{1}, 0, tallow::as_bytes("other")).error().code,
            errc::already_exists);
  EXPECT_TRUE(into.discard_entry(entry_index{1}));
  EXPECT_EQ(read_file(files / "t/readme"), "first");
  EXPECT_EQ(into.add_entry(entry_index{2}, folder_entry("T")).error().code, errc::file_failed);
  // What could be made under a folder that could not is another's, too.
  EXPECT_EQ(into.add_entry(entry_index{3}, file_entry("T/f")).error().code, errc::file_failed);
  ASSERT_TRUE(into.commit());
  EXPECT_FALSE(present(top / "t/README")) << "left by the other, and not of this session";
  EXPECT_EQ(read_file(top / "t/readme"), "first");
}

TEST(Staging, WritesNoFileThatWasGivenUpBefore) {
  const scratch top;
  staging into = open_staging(top.path());
  for (const std::uint64_t i : {0U, 1U}) {
    entry e = file_entry("f" + std::to_string(i));
    e.size = 3 + i * 300'000;
    ASSERT_TRUE(into.add_entry(entry_index{i}, e));
    ASSERT_TRUE(into.discard_entry(entry_index{i}));
    EXPECT_EQ(into.write(entry_index{i}, 0, tallow::as_bytes("abc")).error().code,
              errc::wrong_state);
  }
  EXPECT_TRUE(names_in(top / folder_of_test / "files").empty());
}

// What is mounted there stands for what FUSE and NFS keep while it is open.
void expect_removed_later(bool reopened) {
  const scratch top;
  const fs::path busy = top / folder_of_test / "busy";
  if (reopened) open_staging(top.path()).keep();
  {
    staging into =
        reopened ? staging::reopen(top.path(), folder_of_test).value() : open_staging(top.path());
    receive_file(into, 0, file_entry("f"), "text");
    fs::create_directory(busy);
    if (::mount("tmpfs", busy.c_str(), "tmpfs", 0, nullptr) != 0) {
      GTEST_SKIP() << "mounting needs root: " << std::strerror(errno);
    }
    EXPECT_TRUE(into.commit());
    EXPECT_EQ(into.commit().error().code, errc::wrong_state);
    EXPECT_EQ(names_in(top.path()), (name_list{folder_of_test, "f"}));
    EXPECT_FALSE(into.abandon());
    ASSERT_EQ(::umount(busy.c_str()), 0);
  }
  EXPECT_EQ(names_in(top.path()), name_list{"f"});
}

TEST(Staging, RemovesLaterWhatItCouldNotRemoveAtOnce) { expect_removed_later(false); }

TEST(Staging, RemovesLaterWhatAnEarlierSessionLeft) { expect_removed_later(true); }

TEST(Staging, SaysThatASmallFileSystemIsFull) {
  const scratch top;
  const fs::path disk = top.folder("disk");
  if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=64k,nr_inodes=16") != 0) {
    GTEST_SKIP() << "mounting needs root: " << std::strerror(errno);
  }
  {
    staging into = open_staging(disk);
    EXPECT_LE(into.free_bytes().value(), 65536U);
    ASSERT_TRUE(into.add_entry(entry_index{0}, file_entry("f", 1 << 20U)));
    const tallow::byte_buffer bytes(1 << 20U, std::byte{1});
    EXPECT_EQ(into.write(entry_index{0}, 0, bytes).error().code, errc::disk_full);
    errc code{};
    for (std::uint64_t i = 1; i < 32 && code == errc{}; ++i) {
      const auto added = into.add_entry(entry_index{i}, folder_entry("d" + std::to_string(i)));
      if (!added) code = added.error().code;
    }
    EXPECT_EQ(code, errc::disk_full);
  }
  EXPECT_TRUE(names_in(disk).empty());
  EXPECT_EQ(::umount(disk.c_str()), 0);
}

TEST(Staging, NeedsFewDescriptors) {
  const scratch top;
  constexpr std::uint64_t count = 200;
  staging into = open_staging(top.path());
  const resource_limit few(RLIMIT_NOFILE, open_descriptors() + 24);
  std::string deep = "deep";
  for (int i = 0; i < 200; ++i) deep += "/d";
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string name = std::to_string(i);
    ASSERT_TRUE(into.add_entry(entry_index{i}, file_entry(i % 2 != 0 ? name : deep + name, 2)));
  }
  for (std::uint64_t offset = 0; offset < 2; ++offset) {
    for (std::uint64_t i = 0; i < count; ++i) {
      ASSERT_TRUE(into.write(entry_index{i}, offset, tallow::as_bytes("x")));
    }
  }
  for (std::uint64_t i = 0; i < count; ++i) ASSERT_TRUE(into.finish_entry(entry_index{i}));
  ASSERT_TRUE(into.commit());
  EXPECT_EQ(into.placed().size(), count / 2 + 1);
  EXPECT_EQ(read_file(top / (deep + "0")), "xx");
}

// ---- from a source to a sink ----

void copy(source_tree& from, staging& into) {
  std::vector<entry> entries;
  for (;;) {
    auto next = from.next_entry().value();
    if (!next) break;
    const entry_index index{entries.size()};
    const auto added = into.add_entry(index, *next);
    if (!added) ADD_FAILURE() << next->path << ": " << describe(added.error());
    entries.push_back(std::move(*next));
  }
  tallow::byte_buffer bytes(4096);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    for (std::uint64_t offset = 0; offset < entries[i].size;) {
      const auto count = from.read(entry_index{i}, offset, bytes);
      if (!count) FAIL() << entries[i].path << ": " << describe(count.error());
      ASSERT_TRUE(into.write(entry_index{i}, offset, tallow::byte_view(bytes).first(*count)));
      offset += *count;
    }
    const auto done = into.finish_entry(entry_index{i});
    if (!done) FAIL() << entries[i].path << ": " << describe(done.error());
  }
}

TEST(Staging, ReceivesATreeAsItWas) {
  for (const auto how : {resolver::kernel, resolver::components}) {
    const scratch top;
    top.folder("from/tree/empty folder");
    const name_list odd{"a space",
                        " ",
                        "new\nline",
                        "-rf",
                        "\U0001F469\u200D\U0001F4BB",
                        "narrow\u202Fspace",
                        std::string(255, 'n'),
                        "back\\slash",
                        "C:",
                        "*?",
                        "\u202Egpj.exe",
                        "\x1b[31mred",
                        "...",
                        "na\u00EFve",
                        "nai\u0308ve",
                        "\u6587\u4EF6"};
    std::int64_t time = 1'600'000'000'000'000'001;
    for (int i = 0; i < 1000; ++i) {
      const std::string folder = "from/tree/" + odd[static_cast<std::size_t>(i) % odd.size()];
      if (i < static_cast<int>(odd.size())) top.folder(folder);
      const std::size_t other = static_cast<std::size_t>(i / 16) % odd.size();
      std::string name = "/" + std::to_string(i) + odd[other];
      if (name.size() > 256) name.resize(256);
      const fs::path file = top.file(folder + name, std::string(static_cast<std::size_t>(i), 'x'));
      fs::permissions(file, fs::perms(i % 2 != 0 ? 0640 : 0755));
      set_mtime(file, time += 1'000'000'007);
    }
    top.link("from/tree/link", "empty folder");
    set_mtime(top / "from/tree/link", 77);
    for (const auto& item : fs::directory_iterator(top / "from/tree")) {
      if (item.is_directory() && !item.is_symlink()) set_mtime(item.path(), time += 3);
    }
    set_mtime(top / "from/tree", 5);
    source_tree from(how);
    staging_options options;
    options.how = how;
    ASSERT_TRUE(from.add_argument(top / "from/tree"));
    staging into = open_staging(top / "to", options);
    copy(from, into);
    ASSERT_TRUE(into.commit());
    EXPECT_TRUE(from.skipped().empty());
    EXPECT_EQ(snapshot(top / "to"), snapshot(top / "from"));
  }
}

}  // namespace
