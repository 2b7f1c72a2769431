#include <cerrno>
#include <string>
#include <string_view>
#include <sys/mount.h>
#include <sys/stat.h>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/files/conflicts.hpp>
#include <tallow/files/staging.hpp>

#include "unit/files/scratch.hpp"

namespace {

using tallow::entry_index;
using tallow::errc;
using tallow::transfer_id;
using tallow::files::conflict_rules;
using tallow::files::directory;
using tallow::files::move_over;
using tallow::files::on_conflict;
using tallow::files::staging;
using tallow::files::staging_options;
using tallow::transfer::entry;
using tallow::transfer::entry_kind;
using namespace tallow::test;

using name_list = std::vector<std::string>;

// A transfer into `target`, whose files hold "new".
class arrival {
 public:
  arrival(const fs::path& target, conflict_rules rules) : into_(open(target, std::move(rules))) {}

  // What add_entry() says; what it takes is written and finished.
  errc add(entry e) {
    const entry_index index{next_++};
    const bool is_file = e.kind == entry_kind::file;
    if (is_file && e.size == 0) e.size = 3;
    const auto added = into_.add_entry(index, e);
    if (!added) return added.error().code;
    if (is_file && !into_.write(index, 0, tallow::as_bytes(std::string_view("new")))) {
      ADD_FAILURE() << "cannot write " << e.path;
    }
    EXPECT_TRUE(into_.finish_entry(index)) << e.path;
    return errc{};
  }
  bool take(const entry& e) { return add(e) == errc{}; }
  bool leaves_out(const entry& e) { return add(e) == errc::already_exists; }

  staging& operator*() { return into_; }
  staging* operator->() { return &into_; }

 private:
  static staging open(const fs::path& target, conflict_rules rules) {
    staging_options options;
    options.conflicts = std::move(rules);
    return staging::open(target, transfer_id{std::byte{1}}, options).value();
  }

  staging into_;
  std::uint64_t next_ = 0;
};

TEST(ConflictRules, GoByTheTopLevelName) {
  conflict_rules rules;
  EXPECT_TRUE(rules.only_renames());
  rules.set("a", on_conflict::skip);
  EXPECT_FALSE(rules.only_renames());
  EXPECT_EQ(rules.of("a"), on_conflict::skip);
  EXPECT_EQ(rules.of("b"), on_conflict::rename);
  rules.set_others(on_conflict::overwrite);
  EXPECT_EQ(rules.of("a"), on_conflict::skip);
  EXPECT_EQ(rules.of("b"), on_conflict::overwrite);

  tallow::transfer::path_set paths({1, 2});
  const auto inside = paths.add("a/b", entry_kind::file).value();
  const auto other = paths.add("b/a", entry_kind::file).value();
  EXPECT_EQ(rules.of(paths, inside), on_conflict::skip);
  EXPECT_EQ(rules.of(paths, other), on_conflict::overwrite);
}

TEST(Overwrite, ReplacesFilesAndLinksByEachOther) {
  const scratch top;
  top.file("file", "old");
  top.file("becomes link", "old");
  top.link("link", "file");
  top.link("to folder", ".");
  arrival in(top.path(), conflict_rules(on_conflict::overwrite));
  EXPECT_TRUE(in.take(file_entry("file", 3, 0640, 5)));
  EXPECT_TRUE(in.take(link_entry("becomes link", "elsewhere")));
  EXPECT_TRUE(in.take(file_entry("link")));
  EXPECT_TRUE(in.take(file_entry("to folder")));
  EXPECT_TRUE(in.take(file_entry("free")));
  EXPECT_EQ(read_file(top / "file"), "old");
  ASSERT_TRUE(in->commit());
  EXPECT_EQ(names_in(top.path()), (name_list{"becomes link", "file", "free", "link", "to folder"}));
  EXPECT_EQ(read_file(top / "file"), "new");
  EXPECT_EQ(mode_of(top / "file"), 0640U);
  EXPECT_EQ(mtime_of(top / "file"), 5);
  EXPECT_EQ(fs::read_symlink(top / "becomes link"), "elsewhere");
  // The link itself is replaced; what it led to is not written to.
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(top / "link")));
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(top / "to folder")));
}

TEST(Overwrite, MergesFoldersAndRemovesNothing) {
  const scratch top;
  top.folder("d/sub/deep");
  top.file("d/kept", "old");
  top.file("d/both", "old");
  top.file("d/sub/both", "old");
  ASSERT_EQ(::chmod((top / "d").c_str(), 0710), 0);
  arrival in(top.path(), conflict_rules(on_conflict::overwrite));
  EXPECT_TRUE(in.take(folder_entry("d", 0700, 7)));
  EXPECT_TRUE(in.take(file_entry("d/both")));
  EXPECT_TRUE(in.take(file_entry("d/sub/both")));
  EXPECT_TRUE(in.take(file_entry("d/sub/deep/new")));
  EXPECT_TRUE(in.take(folder_entry("d/fresh", 0500, 9)));
  EXPECT_TRUE(in.take(file_entry("d/fresh/inner/new")));
  EXPECT_TRUE(in.take(folder_entry("d/fresh/inner", 0500, 8)));
  EXPECT_TRUE(in.take(folder_entry("d/sub/empty", 0555)));
  ASSERT_TRUE(in->commit());
  EXPECT_EQ(names_in(top.path()), name_list{"d"});
  EXPECT_EQ(names_in(top / "d"), (name_list{"both", "fresh", "kept", "sub"}));
  EXPECT_EQ(names_in(top / "d/sub"), (name_list{"both", "deep", "empty"}));
  EXPECT_EQ(read_file(top / "d/kept"), "old");
  EXPECT_EQ(read_file(top / "d/both"), "new");
  EXPECT_EQ(read_file(top / "d/sub/both"), "new");
  EXPECT_EQ(read_file(top / "d/sub/deep/new"), "new");
  EXPECT_EQ(read_file(top / "d/fresh/inner/new"), "new");
  // What was there keeps its mode, what is new has that of the sender.
  EXPECT_EQ(mode_of(top / "d"), 0710U);
  EXPECT_EQ(mode_of(top / "d/fresh"), 0500U);
  EXPECT_EQ(mtime_of(top / "d/fresh"), 9);
  EXPECT_EQ(mode_of(top / "d/fresh/inner"), 0500U);
  EXPECT_EQ(mtime_of(top / "d/fresh/inner"), 8);
  EXPECT_EQ(mode_of(top / "d/sub/empty"), 0555U);
  ASSERT_EQ(in->placed().size(), 1U);
  EXPECT_EQ(in->placed()[0].final_name, "d");
  EXPECT_TRUE(in->renamed_inside().empty());
}

TEST(Overwrite, RenamesWhereKindsDoNotMeet) {
  const scratch top;
  top.folder("d/was folder");
  top.file("d/was file", "old");
  top.file("file", "old");
  top.folder("folder");
  top.folder("elsewhere");
  top.link("linked", "elsewhere");
  ASSERT_EQ(::mkfifo((top / "pipe").c_str(), 0600), 0);
  arrival in(top.path(), conflict_rules(on_conflict::overwrite));
  EXPECT_TRUE(in.take(file_entry("d/was folder")));
  EXPECT_TRUE(in.take(file_entry("d/was file/x")));
  EXPECT_TRUE(in.take(folder_entry("file")));
  EXPECT_TRUE(in.take(file_entry("folder")));
  EXPECT_TRUE(in.take(file_entry("linked/x")));
  EXPECT_TRUE(in.take(file_entry("pipe")));
  ASSERT_TRUE(in->commit());
  EXPECT_EQ(names_in(top.path()),
            (name_list{"d", "elsewhere", "file", "file (2)", "folder", "folder (2)", "linked",
                       "linked (2)", "pipe", "pipe (2)"}));
  EXPECT_EQ(names_in(top / "d"),
            (name_list{"was file", "was file (2)", "was folder", "was folder (2)"}));
  EXPECT_EQ(read_file(top / "d/was file"), "old");
  EXPECT_EQ(read_file(top / "d/was file (2)/x"), "new");
  EXPECT_TRUE(names_in(top / "elsewhere").empty());
  ASSERT_EQ(in->renamed_inside().size(), 2U);
  EXPECT_EQ(in->renamed_inside()[0].name, "d/was folder");
  EXPECT_EQ(in->renamed_inside()[0].final_name, "d/was folder (2)");
  EXPECT_EQ(in->renamed_inside()[1].final_name, "d/was file (2)");
}

TEST(Overwrite, TouchesNothingBeforeItIsCommitted) {
  const scratch top;
  top.folder("d");
  top.file("d/f", "old");
  const auto before = snapshot(top / "d");
  {
    arrival in(top.path(), conflict_rules(on_conflict::overwrite));
    EXPECT_TRUE(in.take(file_entry("d/f")));
    EXPECT_EQ(snapshot(top / "d"), before);
    ASSERT_TRUE(in->discard_entry(entry_index{0}));
    ASSERT_TRUE(in->commit());
  }
  EXPECT_EQ(snapshot(top / "d"), before);
}

TEST(Overwrite, RenamesWhereAnotherFileSystemIsMounted) {
  const scratch top;
  const fs::path disk = top.folder("disk");
  if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=64k") != 0) {
    GTEST_SKIP() << "mounting is not allowed here";
  }
  {
    arrival in(top.path(), conflict_rules(on_conflict::overwrite));
    EXPECT_TRUE(in.take(file_entry("disk/f")));
    EXPECT_TRUE(in->commit());
  }
  EXPECT_TRUE(names_in(disk).empty());
  EXPECT_EQ(read_file(top / "disk (2)/f"), "new");
  EXPECT_EQ(::umount(disk.c_str()), 0);
}

TEST(Overwrite, RenamesWhereNothingMayBeAdded) {
  const scratch top;
  top.folder("d");
  top.file("d/f", "old");
  const without_privileges nobody(top.path());
  if (!nobody.works()) GTEST_SKIP() << "root may not become somebody else here";
  ASSERT_EQ(::chmod((top / "d").c_str(), 0555), 0);
  arrival in(top.path(), conflict_rules(on_conflict::overwrite));
  EXPECT_TRUE(in.take(file_entry("d/f")));
  EXPECT_TRUE(in.take(folder_entry("d", 0500)));
  ASSERT_TRUE(in->commit());
  EXPECT_EQ(read_file(top / "d/f"), "old");
  EXPECT_EQ(read_file(top / "d (2)/f"), "new");
  EXPECT_EQ(mode_of(top / "d (2)"), 0500U);
}

TEST(Overwrite, MovesFoldersWithoutWriteRightsOutOfAStagedOne) {
  const scratch top;
  top.folder("d");
  const without_privileges nobody(top.path());
  if (!nobody.works()) GTEST_SKIP() << "root may not become somebody else here";
  arrival in(top.path(), conflict_rules(on_conflict::overwrite));
  EXPECT_TRUE(in.take(folder_entry("d", 0500)));
  EXPECT_TRUE(in.take(folder_entry("d/closed", 0500)));
  EXPECT_TRUE(in.take(file_entry("d/closed/f")));
  ASSERT_TRUE(in->commit());
  EXPECT_EQ(names_in(top.path()), name_list{"d"});
  EXPECT_EQ(mode_of(top / "d/closed"), 0500U);
  EXPECT_EQ(read_file(top / "d/closed/f"), "new");
}

TEST(Skip, LeavesOutWhatIsThere) {
  const scratch top;
  top.file("file", "old");
  top.link("link", "nowhere");
  top.folder("folder");
  arrival in(top.path(), conflict_rules(on_conflict::skip));
  EXPECT_TRUE(in.leaves_out(file_entry("file")));
  EXPECT_TRUE(in.leaves_out(link_entry("link", "x")));
  EXPECT_TRUE(in.leaves_out(file_entry("folder")));
  EXPECT_TRUE(in.take(file_entry("free")));
  EXPECT_TRUE(in.take(link_entry("free link", "x")));
  EXPECT_TRUE(in.take(folder_entry("free folder")));
  ASSERT_TRUE(in->commit());
  EXPECT_EQ(read_file(top / "file"), "old");
  EXPECT_EQ(names_in(top.path()),
            (name_list{"file", "folder", "free", "free folder", "free link", "link"}));
}

TEST(Skip, LooksIntoFolders) {
  const scratch top;
  top.folder("d/sub");
  top.file("d/both", "old");
  top.file("d/sub/both", "old");
  top.file("d/no folder", "old");
  arrival in(top.path(), conflict_rules(on_conflict::skip));
  // Without the folders themselves first: they are implied by what is left out.
  EXPECT_TRUE(in.leaves_out(file_entry("d/sub/both")));
  EXPECT_TRUE(in.take(file_entry("d/sub/new")));
  EXPECT_TRUE(in.take(folder_entry("d", 0700)));
  EXPECT_TRUE(in.leaves_out(file_entry("d/both")));
  EXPECT_TRUE(in.leaves_out(folder_entry("d/no folder")));
  EXPECT_TRUE(in.leaves_out(file_entry("d/no folder/a/b")));
  EXPECT_TRUE(in.take(file_entry("d/new/deep")));
  ASSERT_TRUE(in->commit());
  EXPECT_EQ(names_in(top / "d"), (name_list{"both", "new", "no folder", "sub"}));
  EXPECT_EQ(names_in(top / "d/sub"), (name_list{"both", "new"}));
  for (const char* const kept : {"d/both", "d/sub/both", "d/no folder"}) {
    EXPECT_EQ(read_file(top / kept), "old") << kept;
  }
  EXPECT_EQ(read_file(top / "d/new/deep"), "new");
}

TEST(Skip, ReplacesNothingThatCameMeanwhile) {
  const scratch top;
  top.folder("d");
  arrival in(top.path(), conflict_rules(on_conflict::skip));
  EXPECT_TRUE(in.take(file_entry("d/f")));
  EXPECT_TRUE(in.take(file_entry("g")));
  top.file("d/f", "old");
  top.file("g", "old");
  ASSERT_TRUE(in->commit());
  EXPECT_EQ(read_file(top / "d/f"), "old");
  EXPECT_EQ(read_file(top / "d/f (2)"), "new");
  EXPECT_EQ(read_file(top / "g"), "old");
  EXPECT_EQ(read_file(top / "g (2)"), "new");
}

TEST(Skip, LeavesNothingOutForALinkOnTheWay) {
  const scratch top;
  top.folder("outside");
  top.file("outside/f", "old");
  top.link("d", "outside");
  arrival in(top.path(), conflict_rules(on_conflict::skip));
  // A link is something else than a folder: what was to lie in it stays out, unseen behind it.
  EXPECT_TRUE(in.leaves_out(file_entry("d/f")));
  EXPECT_TRUE(in.leaves_out(file_entry("d/g")));
  ASSERT_TRUE(in->commit());
  EXPECT_EQ(names_in(top / "outside"), name_list{"f"});
}

TEST(ConflictsOfNames, AreDecidedOneByOne) {
  const scratch top;
  for (const char* const name : {"a", "b", "c"}) top.file(name, "old");
  conflict_rules rules;
  rules.set("a", on_conflict::overwrite);
  rules.set("b", on_conflict::skip);
  arrival in(top.path(), rules);
  EXPECT_TRUE(in.take(file_entry("a")));
  EXPECT_TRUE(in.leaves_out(file_entry("b")));
  EXPECT_TRUE(in.take(file_entry("c")));
  ASSERT_TRUE(in->commit());
  EXPECT_EQ(names_in(top.path()), (name_list{"a", "b", "c", "c (2)"}));
  EXPECT_EQ(read_file(top / "a"), "new");
  EXPECT_EQ(read_file(top / "b"), "old");
  EXPECT_EQ(read_file(top / "c"), "old");
}

TEST(ConflictsOfNames, AreKnownToWhoeverReadsTheFilesAgain) {
  const scratch top;
  top.folder("merged/was folder");
  top.file("renamed", "old");
  top.file("skipped", "old");
  conflict_rules rules(on_conflict::overwrite);
  rules.set("renamed", on_conflict::rename);
  rules.set("skipped", on_conflict::skip);
  arrival in(top.path(), rules);
  EXPECT_TRUE(in.take(folder_entry("merged")));
  EXPECT_TRUE(in.take(file_entry("merged/was folder")));
  EXPECT_TRUE(in.take(file_entry("merged/new/f")));
  EXPECT_TRUE(in.take(file_entry("renamed")));
  EXPECT_TRUE(in.leaves_out(file_entry("skipped")));
  EXPECT_TRUE(in.take(link_entry("link", "renamed")));
  ASSERT_TRUE(in->commit());
  name_list found;
  in->for_each_file([&](const std::string& path) { found.push_back(path); });
  EXPECT_EQ(found, (name_list{"merged/was folder (2)", "merged/new/f", "renamed (2)"}));
  for (const std::string& path : found) EXPECT_EQ(read_file(top / path), "new") << path;
}

TEST(MoveOver, TakesAFreeNameToo) {
  const scratch top;
  top.folder("from");
  top.folder("to");
  top.file("from/f", "new");
  const auto from = directory::open(top / "from").value();
  const auto to = directory::open(top / "to").value();
  EXPECT_EQ(move_over(from, "f", to, entry_kind::file).value(), "f");
  EXPECT_EQ(read_file(top / "to/f"), "new");
}

}  // namespace
