#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/files/earlier_session.hpp>

#include "unit/files/scratch.hpp"

namespace {

using tallow::files::directory;
using namespace tallow::files;
using namespace tallow::test;

TEST(EarlierSession, TakesAFolderOrMakesOne) {
  const scratch top;
  const directory in = directory::open(top.path()).value();
  ASSERT_TRUE(take_folder(in, "new"));
  EXPECT_EQ(mode_of(top / "new"), 0700U);
  top.folder("old");
  top.file("old/f", "kept");
  fs::permissions(top / "old", fs::perms::none);
  ASSERT_TRUE(take_folder(in, "old"));
  EXPECT_EQ(mode_of(top / "old"), 0700U);
  EXPECT_EQ(read_file(top / "old/f"), "kept");
  top.file("file", "text");
  ASSERT_TRUE(take_folder(in, "file"));
  EXPECT_TRUE(fs::is_directory(top / "file"));
}

TEST(EarlierSession, TakesAFileThatFits) {
  const scratch top;
  const directory in = directory::open(top.path()).value();
  EXPECT_EQ(take_file(in, "none", 5).value(), false);
  top.file("short", "abc");
  top.file("long", "abcdefgh");
  fs::permissions(top / "long", fs::perms::owner_read);
  EXPECT_EQ(take_file(in, "short", 5).value(), true);
  EXPECT_EQ(take_file(in, "long", 5).value(), true);
  EXPECT_EQ(read_file(top / "short"), "abc");
  EXPECT_EQ(read_file(top / "long"), "abcde");
  EXPECT_EQ(mode_of(top / "long") & 0600U, 0600U);
}

TEST(EarlierSession, RemovesWhatIsNoFile) {
  const scratch top;
  const directory in = directory::open(top.path()).value();
  top.folder("folder/in/it");
  top.file("target", "untouched");
  fs::create_symlink("target", top / "link");
  EXPECT_EQ(take_file(in, "folder", 5).value(), false);
  EXPECT_EQ(take_file(in, "link", 1).value(), false);
  EXPECT_EQ(names_in(top.path()), std::vector<std::string>{"target"});
  EXPECT_EQ(read_file(top / "target"), "untouched");
}

TEST(EarlierSession, ListsFoldersThatLetNobodyIn) {
  for (const unsigned mode : {0U, 0100U, 0377U, 0500U}) {
    const scratch top;
    top.folder("shut/in");
    top.file("shut/in/f", "");
    fs::permissions(top / "shut/in", static_cast<fs::perms>(mode));
    fs::permissions(top / "shut", static_cast<fs::perms>(mode));
    const without_privileges guard(top.path());
    if (!guard.works()) GTEST_SKIP() << "cannot become another user here";
    const directory in = directory::open(top.path()).value();
    left_paths left;
    const auto listed = left.list(in);
    ASSERT_TRUE(listed) << mode;
    EXPECT_TRUE(left.contains("shut")) << mode;
    EXPECT_TRUE(left.contains("shut/in/f")) << mode;
    EXPECT_FALSE(left.contains("shut/f")) << mode;
  }
}

TEST(EarlierSession, RemovesWhatNobodyKnows) {
  const scratch top;
  const directory in = directory::open(top.path()).value();
  top.folder("a/b");
  top.folder("c/d");
  top.file("a/b/known", "");
  top.file("a/b/stale", "");
  top.file("a/stale", "");
  top.file("c/d/stale", "");
  fs::permissions(top / "c/d", fs::perms::none);
  ASSERT_TRUE(remove_unknown(in, [](const std::string& path) {
    return path == "a" || path == "a/b" || path == "a/b/known";
  }));
  EXPECT_EQ(names_in(top.path()), std::vector<std::string>{"a"});
  EXPECT_EQ(names_in(top / "a"), std::vector<std::string>{"b"});
  EXPECT_EQ(names_in(top / "a/b"), std::vector<std::string>{"known"});
}

}  // namespace
