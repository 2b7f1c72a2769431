#include <string>

#include <gtest/gtest.h>

#include <tallow/files/placing.hpp>
#include <tallow/wire/utf8.hpp>

#include "unit/files/scratch.hpp"

namespace {

using tallow::files::directory;
using tallow::files::move_to_free_name;
using tallow::files::numbered_name;
using tallow::files::placing;
using tallow::transfer::entry_kind;
using namespace tallow::test;

TEST(NumberedName, PutsTheNumberBeforeTheExtension) {
  EXPECT_EQ(numbered_name("photo.jpg", entry_kind::file, 2), "photo (2).jpg");
  EXPECT_EQ(numbered_name("data.tar.gz", entry_kind::file, 3), "data (3).tar.gz");
  EXPECT_EQ(numbered_name("plain", entry_kind::file, 2), "plain (2)");
  EXPECT_EQ(numbered_name(".bashrc", entry_kind::file, 2), ".bashrc (2)");
  EXPECT_EQ(numbered_name(".a.b", entry_kind::file, 2), ".a (2).b");
  EXPECT_EQ(numbered_name(".tar.gz", entry_kind::file, 2), ".tar (2).gz");
  EXPECT_EQ(numbered_name("dot.", entry_kind::file, 2), "dot (2).");
  EXPECT_EQ(numbered_name("v1.2", entry_kind::directory, 2), "v1.2 (2)");
}

TEST(NumberedName, StaysShortEnoughAndWhole) {
  const std::string full = std::string(251, 'x') + ".txt";
  EXPECT_EQ(numbered_name(full, entry_kind::file, 10), std::string(246, 'x') + " (10).txt");
  // Two bytes a character: one more has to go than the number needs.
  std::string wide;
  while (wide.size() < 254) wide += "\u00E9";
  const std::string numbered = numbered_name(wide, entry_kind::directory, 2);
  EXPECT_LE(numbered.size(), 255U);
  EXPECT_TRUE(tallow::is_utf8(numbered));
  const std::string only_extension = "a." + std::string(253, 'x');
  EXPECT_EQ(numbered_name(only_extension, entry_kind::file, 2).size(), 255U);
}

class Placing : public testing::TestWithParam<placing> {
 protected:
  void SetUp() override {
    from = directory::open(top.folder("from")).value();
    target = directory::open(top.folder("to")).value();
  }
  std::string move(const std::string& name, entry_kind kind) {
    return move_to_free_name(from, name, target, kind, GetParam()).value();
  }

  scratch top;
  directory from;
  directory target;
};

INSTANTIATE_TEST_SUITE_P(EachWay, Placing,
                         testing::Values(placing::rename, placing::link, placing::reserve),
                         [](const auto& param) {
                           switch (param.param) {
                             case placing::rename: return "Rename";
                             case placing::link: return "Link";
                             case placing::reserve: break;
                           }
                           return "Reserve";
                         });

TEST_P(Placing, TakesTheNameWhenItIsFree) {
  top.file("from/f", "new");
  top.folder("from/d/e");
  top.link("from/l", "nowhere");
  EXPECT_EQ(move("f", entry_kind::file), "f");
  EXPECT_EQ(move("d", entry_kind::directory), "d");
  EXPECT_EQ(move("l", entry_kind::symlink), "l");
  EXPECT_EQ(read_file(top / "to/f"), "new");
  EXPECT_TRUE(present(top / "to/d/e"));
  EXPECT_EQ(fs::read_symlink(top / "to/l"), "nowhere");
  EXPECT_TRUE(names_in(top / "from").empty());
}

TEST_P(Placing, LeavesWhatIsThereAsItIs) {
  top.file("from/f.txt", "new");
  top.file("to/f.txt", "old");
  top.folder("to/f (2).txt");
  EXPECT_EQ(move("f.txt", entry_kind::file), "f (3).txt");
  EXPECT_EQ(read_file(top / "to/f.txt"), "old");
  EXPECT_EQ(read_file(top / "to/f (3).txt"), "new");

  top.folder("from/d/x");
  top.folder("to/d");
  EXPECT_EQ(move("d", entry_kind::directory), "d (2)");
  EXPECT_TRUE(names_in(top / "to/d").empty());
  EXPECT_TRUE(names_in(top / "from").empty());
}

TEST_P(Placing, NeverGoesThroughALinkOfThatName) {
  top.folder("elsewhere");
  top.link("to/dangling", top / "elsewhere/new");
  top.link("to/folder", top / "elsewhere");
  top.file("from/dangling", "text");
  top.folder("from/folder");
  EXPECT_EQ(move("dangling", entry_kind::file), "dangling (2)");
  EXPECT_EQ(move("folder", entry_kind::directory), "folder (2)");
  EXPECT_TRUE(names_in(top / "elsewhere").empty());
}

}  // namespace
