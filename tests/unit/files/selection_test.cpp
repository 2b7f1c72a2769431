#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/files/selection.hpp>
#include <tallow/files/source_tree.hpp>

#include "unit/files/scratch.hpp"

namespace tallow::files {
namespace {

using test::scratch;
using path_list = std::vector<std::string>;

struct walked {
  path_list paths;
  path_list skipped;
  std::uint64_t left_out = 0;
};

walked walk(selection chosen, const std::vector<std::filesystem::path>& arguments) {
  source_tree tree;
  tree.set_selection(std::move(chosen));
  for (const auto& one : arguments) EXPECT_TRUE(tree.add_argument(one));
  walked all;
  for (auto next = tree.next_entry(); next && *next; next = tree.next_entry()) {
    all.paths.push_back((*next)->path);
  }
  for (const skipped_path& s : tree.skipped()) all.skipped.push_back(s.path);
  all.left_out = tree.left_out_count();
  return all;
}

selection excluding(const path_list& patterns) {
  selection chosen;
  for (const std::string& one : patterns) chosen.exclude(one);
  return chosen;
}

selection of_git() {
  selection chosen;
  chosen.obey_gitignore();
  return chosen;
}

TEST(Selection, LeavesOutWhatPatternsSay) {
  const scratch top;
  top.folder("dir/sub");
  top.folder("dir/cache");
  top.file("dir/a.o", "x");
  top.file("dir/a.c", "x");
  top.file("dir/sub/b.o", "x");
  top.file("dir/cache/c.c", "x");
  top.file("lone.o", "x");
  const auto all = walk(excluding({"*.o", "cache/"}), {top / "dir", top / "lone.o"});
  EXPECT_EQ(all.paths, (path_list{"dir", "dir/a.c", "dir/sub"}));
  EXPECT_EQ(all.left_out, 4U);
  EXPECT_TRUE(all.skipped.empty());
}

TEST(Selection, MeansAPatternWithASlashFromTheArgumentOn) {
  const scratch top;
  top.folder("dir/sub");
  top.file("dir/a", "x");
  top.file("dir/sub/a", "x");
  EXPECT_EQ(walk(excluding({"dir/a"}), {top / "dir"}).paths,
            (path_list{"dir", "dir/sub", "dir/sub/a"}));
}

TEST(Selection, LeavesAllInWithoutBeingAsked) {
  const scratch top;
  top.folder("dir/.git");
  top.file("dir/.gitignore", "*\n");
  top.file("dir/a", "x");
  const auto all = walk(selection(), {top / "dir"});
  EXPECT_EQ(all.paths, (path_list{"dir", "dir/.git", "dir/.gitignore", "dir/a"}));
  EXPECT_EQ(all.left_out, 0U);
}

TEST(Selection, ObeysTheFilesOfEachFolder) {
  const scratch top;
  top.folder("repo/.git/info");
  top.folder("repo/src/deep");
  top.file("repo/.git/info/exclude", "private\n");
  top.file("repo/.gitignore", "*.o\n/out\n");
  top.file("repo/src/.gitignore", "!kept.o\nlocal\n");
  top.file("repo/private", "x");
  top.file("repo/out", "x");
  top.file("repo/a.o", "x");
  top.file("repo/kept.o", "x");
  top.file("repo/local", "x");
  top.file("repo/src/out", "x");
  top.file("repo/src/kept.o", "x");
  top.file("repo/src/deep/kept.o", "x");
  top.file("repo/src/deep/b.o", "x");
  top.file("repo/src/deep/local", "x");
  EXPECT_EQ(
      walk(of_git(), {top / "repo"}).paths,
      (path_list{"repo", "repo/.gitignore", "repo/local", "repo/src", "repo/src/.gitignore",
                 "repo/src/deep", "repo/src/deep/kept.o", "repo/src/kept.o", "repo/src/out"}));
}

TEST(Selection, LooksAboveTheArgumentAsFarAsTheRepository) {
  const scratch top;
  top.file(".gitignore", "a\n");  // outside of the repository
  top.folder("repo/.git/info");
  top.folder("repo/src");
  top.file("repo/.git/info/exclude", "c\n");
  top.file("repo/.gitignore", "/src/b\n");
  for (const char* name : {"a", "b", "c", "d"}) {
    top.file(std::string("repo/src/") + name, "x");
  }
  EXPECT_EQ(walk(of_git(), {top / "repo/src"}).paths, (path_list{"src", "src/a", "src/d"}));
  EXPECT_EQ(walk(of_git(), {top / "repo/src/b", top / "repo/src/d"}).paths, (path_list{"d"}));
}

TEST(Selection, LooksAboveNoRepositoryOfItsOwn) {
  const scratch top;
  top.folder("outer/.git");
  top.folder("outer/inner/.git");
  top.file("outer/.gitignore", "a\n");
  top.file("outer/inner/a", "x");
  EXPECT_EQ(walk(of_git(), {top / "outer/inner"}).paths, (path_list{"inner", "inner/a"}));
}

TEST(Selection, FollowsNoLinkToPatterns) {
  const scratch top;
  top.folder("repo/.git");
  top.file("patterns", "a\n");
  top.link("repo/.gitignore", "../patterns");
  top.file("repo/a", "x");
  EXPECT_EQ(walk(of_git(), {top / "repo"}).paths, (path_list{"repo", "repo/.gitignore", "repo/a"}));
}

TEST(Selection, SendsNothingOfAFolderWhosePatternsAreTooMany) {
  const scratch top;
  top.folder("repo/.git");
  top.folder("repo/src");
  top.file("repo/src/.gitignore", std::string((std::size_t{1} << 20U) + 1, 'x'));
  top.file("repo/src/a", "x");
  top.file("repo/b", "x");
  const auto all = walk(of_git(), {top / "repo"});
  EXPECT_EQ(all.paths, (path_list{"repo", "repo/b", "repo/src"}));
  EXPECT_EQ(all.skipped, (path_list{"repo/src"}));
}

}  // namespace
}  // namespace tallow::files
