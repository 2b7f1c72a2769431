#include <string>

#include <gtest/gtest.h>

#include <tallow/files/remove_tree.hpp>

#include "unit/files/scratch.hpp"

namespace {

using tallow::files::directory;
using tallow::files::remove_contents;
using tallow::files::resolver;
using namespace tallow::test;

TEST(RemoveContents, RemovesLinksAndNotWhatTheyName) {
  const scratch top;
  top.folder("tree/a/b");
  top.folder("out");
  top.file("out/f", "precious");
  top.file("tree/a/b/f");
  top.link("tree/a/folder", top / "out");
  top.link("tree/file", top / "out/f");
  for (const auto how : {resolver::kernel, resolver::components}) {
    const auto root = directory::open(top / "tree", how).value();
    ASSERT_TRUE(remove_contents(root));
    EXPECT_TRUE(names_in(top / "tree").empty());
    EXPECT_EQ(read_file(top / "out/f"), "precious");
    top.folder("tree/a");
    top.link("tree/a/folder", "../../out");
  }
}

TEST(RemoveContents, OpensFoldersThatNobodyMayEnter) {
  const scratch top;
  top.folder("tree/shut/deeper");
  top.file("tree/shut/deeper/f");
  const without_privileges guard(top.path());
  if (!guard.works()) GTEST_SKIP() << "root cannot become another user here";
  fs::permissions(top / "tree/shut/deeper", fs::perms(0555));
  fs::permissions(top / "tree/shut", fs::perms(0));
  ASSERT_TRUE(remove_contents(directory::open(top / "tree").value()));
  EXPECT_TRUE(names_in(top / "tree").empty());
}

TEST(RemoveContents, NeedsFewDescriptorsHoweverDeepTheTree) {
  const scratch top;
  std::string path = "tree";
  for (int i = 0; i < 250; ++i) path += "/d";
  top.folder(path);
  const auto root = directory::open(top / "tree").value();
  const resource_limit few(RLIMIT_NOFILE, open_descriptors() + 8);
  ASSERT_TRUE(remove_contents(root));
}

}  // namespace
