#include <fcntl.h>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/files/source_tree.hpp>

#include "unit/files/scratch.hpp"

namespace {

using tallow::entry_index;
using tallow::errc;
using tallow::files::source_tree;
using tallow::transfer::entry;
using tallow::transfer::entry_kind;
using namespace tallow::test;

std::vector<entry> walk(source_tree& tree) {
  std::vector<entry> entries;
  for (;;) {
    auto next = tree.next_entry();
    if (!next) {
      ADD_FAILURE() << describe(next.error());
      return entries;
    }
    if (!*next) return entries;
    entries.push_back(std::move(**next));
  }
}

std::vector<std::string> paths_of(const std::vector<entry>& entries) {
  std::vector<std::string> paths;
  paths.reserve(entries.size());
  for (const entry& e : entries) paths.push_back(e.path);
  return paths;
}

using path_list = std::vector<std::string>;

errc read_code(source_tree& tree, std::uint64_t index, std::uint64_t offset = 0) {
  std::byte out[64];
  const auto count = tree.read(entry_index{index}, offset, out);
  return count ? errc{} : count.error().code;
}

std::string read_all(source_tree& tree, std::uint64_t index, std::uint64_t offset = 0) {
  tallow::byte_buffer out(4096);
  const auto count = tree.read(entry_index{index}, offset, out);
  return count ? std::string(tallow::as_text(tallow::byte_view(out).first(*count))) : "(error)";
}

TEST(SourceTree, GivesParentsFirstAndNamesInOrder) {
  const scratch top;
  top.folder("dir/b/inner");
  top.folder("dir/empty");
  top.file("dir/b/inner/x", "1");
  top.file("dir/b.txt", "22");
  top.file("dir/a", "333");
  top.file("dir/B");
  top.file("alone", "4444");
  source_tree tree;
  ASSERT_TRUE(tree.add_argument(top / "dir"));
  ASSERT_TRUE(tree.add_argument(top / "alone"));
  const auto entries = walk(tree);
  EXPECT_EQ(paths_of(entries), (path_list{"dir", "dir/B", "dir/a", "dir/b", "dir/b/inner",
                                          "dir/b/inner/x", "dir/b.txt", "dir/empty", "alone"}));
  EXPECT_EQ(entries[0].kind, entry_kind::directory);
  EXPECT_EQ(entries[2].size, 3U);
  EXPECT_EQ(entries[3].size, 0U);
  EXPECT_EQ(entries[8].kind, entry_kind::file);
  EXPECT_EQ(read_all(tree, 2), "333");
  EXPECT_EQ(read_all(tree, 5), "1");
  EXPECT_EQ(read_all(tree, 8), "4444");
  for (std::size_t i = 0; i < entries.size(); ++i) {
    EXPECT_EQ(tree.path(entry_index{i}), entries[i].path);
  }
  EXPECT_TRUE(tree.skipped().empty());
  EXPECT_FALSE(tree.next_entry().value().has_value());
}

TEST(SourceTree, SaysModeTimeAndLinkTarget) {
  const scratch top;
  top.folder("dir");
  top.file("dir/f", "x");
  top.link("dir/l", "../anywhere");
  fs::permissions(top / "dir/f", fs::perms(04640));
  set_mtime(top / "dir/f", -1'500'000'000);
  set_mtime(top / "dir/l", 1'700'000'000'123'456'789);
  source_tree tree;
  ASSERT_TRUE(tree.add_argument(top / "dir"));
  const auto entries = walk(tree);
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[1].mode, 0640U);
  EXPECT_EQ(entries[1].mtime_ns, -1'500'000'000);
  EXPECT_EQ(entries[2].kind, entry_kind::symlink);
  EXPECT_EQ(entries[2].link_target, "../anywhere");
  EXPECT_EQ(entries[2].size, 0U);
  EXPECT_EQ(entries[2].mtime_ns, 1'700'000'000'123'456'789);
}

TEST(SourceTree, NamesAnArgumentAsAPersonWould) {
  const scratch top;
  top.folder("dir/sub");
  top.link("alias", top / "dir");
  const fs::path before = fs::current_path();
  const auto name_of = [](const fs::path& argument) {
    source_tree tree;
    const auto added = tree.add_argument(argument);
    return added ? tree.next_entry().value()->path : describe(added.error());
  };
  EXPECT_EQ(name_of(top / "dir"), "dir");
  EXPECT_EQ(name_of(top / "dir/"), "dir");
  EXPECT_EQ(name_of(top / "dir///"), "dir");
  EXPECT_EQ(name_of(top / "dir/."), "dir");
  EXPECT_EQ(name_of(top / "dir/sub/.."), "dir");
  EXPECT_EQ(name_of(top / "alias"), "alias");
  EXPECT_EQ(name_of(top / "alias/"), "alias");
  EXPECT_EQ(name_of(top / "alias/."), "dir");
  fs::current_path(top / "dir/sub");
  EXPECT_EQ(name_of("."), "sub");
  EXPECT_EQ(name_of("./"), "sub");
  EXPECT_EQ(name_of(".."), "dir");
  EXPECT_EQ(name_of("../sub"), "sub");
  fs::current_path(before);
}

TEST(SourceTree, RefusesBadArgumentsAtOnce) {
  const scratch top;
  top.file("f");
  top.folder("other");
  top.file("other/f");
  ASSERT_EQ(::mkfifo((top / "pipe").c_str(), 0600), 0);
  source_tree tree;
  EXPECT_EQ(tree.add_argument(top / "none").error().code, errc::not_found);
  EXPECT_EQ(tree.add_argument("").error().code, errc::not_found);
  EXPECT_EQ(tree.add_argument(top / "f/x").error().code, errc::not_a_directory);
  EXPECT_EQ(tree.add_argument(top / "pipe").error().code, errc::unsupported_kind);
  EXPECT_EQ(tree.add_argument("/").error().code, errc::invalid_argument);
  EXPECT_EQ(tree.add_argument(top.link("dangling", "nowhere")).error().code, errc::not_found);
  ASSERT_TRUE(tree.add_argument(top / "f"));
  EXPECT_EQ(tree.add_argument(top / "other/f").error().code, errc::invalid_argument);
  EXPECT_STREQ(tree.add_argument(top / "other/f").error().note,
               "another argument has the same name");
  EXPECT_EQ(tree.add_argument(top.file("\xff")).error().code, errc::name_not_utf8);
  EXPECT_EQ(walk(tree).size(), 1U);
}

TEST(SourceTree, FollowsALinkThatIsAnArgument) {
  const scratch top;
  top.folder("dir");
  top.file("dir/f", "text");
  top.link("to-dir", "dir");
  top.link("to-file", "dir/f");
  source_tree tree;
  ASSERT_TRUE(tree.add_argument(top / "to-dir"));
  ASSERT_TRUE(tree.add_argument(top / "to-file"));
  const auto entries = walk(tree);
  EXPECT_EQ(paths_of(entries), (path_list{"to-dir", "to-dir/f", "to-file"}));
  EXPECT_EQ(entries[2].kind, entry_kind::file);
  EXPECT_EQ(read_all(tree, 1), "text");
  EXPECT_EQ(read_all(tree, 2), "text");
}

TEST(SourceTree, SendsWhatLinksStandForWhenToldTo) {
  const scratch top;
  top.folder("dir/sub");
  top.folder("elsewhere");
  top.file("elsewhere/f", "text");
  top.link("dir/folder", "../elsewhere");
  top.link("dir/file", "../elsewhere/f");
  top.link("dir/nowhere", "missing");
  top.link("dir/sub/up", "..");
  source_tree tree;
  tree.follow_links();
  ASSERT_TRUE(tree.add_argument(top / "dir"));
  const auto entries = walk(tree);
  EXPECT_EQ(paths_of(entries),
            (path_list{"dir", "dir/file", "dir/folder", "dir/folder/f", "dir/sub"}));
  EXPECT_EQ(entries[1].kind, entry_kind::file);
  EXPECT_EQ(entries[2].kind, entry_kind::directory);
  EXPECT_EQ(read_all(tree, 1), "text");
  EXPECT_EQ(read_all(tree, 3), "text");
  ASSERT_EQ(tree.skipped().size(), 2U);
  EXPECT_EQ(tree.skipped()[0].path, "dir/nowhere");
  EXPECT_EQ(tree.skipped()[0].reason.code, errc::not_found);
  EXPECT_EQ(tree.skipped()[1].path, "dir/sub/up");
  EXPECT_EQ(tree.skipped()[1].reason.code, errc::unsupported_kind);
}

TEST(SourceTree, SkipsAndReportsWhatCannotBeSent) {
  const scratch top;
  top.folder("dir");
  top.file("dir/good", "x");
  top.file("dir/bad\xff", "x");
  top.link("dir/link", "\xff");
  ASSERT_EQ(::mkfifo((top / "dir/pipe").c_str(), 0600), 0);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ::sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = (top / "dir/socket").native();
  ASSERT_LT(name.size(), sizeof address.sun_path);
  std::copy(name.begin(), name.end(), address.sun_path);
  ASSERT_EQ(::bind(fd, reinterpret_cast<const ::sockaddr*>(&address), sizeof address), 0);
  ::close(fd);
  source_tree tree;
  ASSERT_TRUE(tree.add_argument(top / "dir"));
  EXPECT_EQ(paths_of(walk(tree)), (path_list{"dir", "dir/good"}));
  ASSERT_EQ(tree.skipped().size(), 4U);
  EXPECT_EQ(tree.skipped()[0].path, "dir/bad\xff");
  EXPECT_EQ(tree.skipped()[0].reason.code, errc::name_not_utf8);
  EXPECT_EQ(tree.skipped()[1].path, "dir/link");
  EXPECT_EQ(tree.skipped()[1].reason.code, errc::name_not_utf8);
  EXPECT_EQ(tree.skipped()[2].path, "dir/pipe");
  EXPECT_EQ(tree.skipped()[2].reason.code, errc::unsupported_kind);
  EXPECT_EQ(tree.skipped()[3].path, "dir/socket");
  EXPECT_EQ(tree.skipped()[3].reason.code, errc::unsupported_kind);
}

TEST(SourceTree, SkipsAndReportsWhatMayNotBeRead) {
  const scratch top;
  top.folder("dir/shut");
  top.file("dir/shut/f", "x");
  top.file("dir/good", "x");
  top.file("dir/secret", "x");
  const without_privileges guard(top.path());
  if (!guard.works()) GTEST_SKIP() << "root cannot become another user here";
  fs::permissions(top / "dir/secret", fs::perms(0));
  fs::permissions(top / "dir/shut", fs::perms(0));
  source_tree tree;
  EXPECT_EQ(tree.add_argument(top / "dir/secret").error().code, errc::permission_denied);
  EXPECT_EQ(tree.add_argument(top / "dir/shut").error().code, errc::permission_denied);
  EXPECT_EQ(tree.add_argument(top / "dir/shut/f").error().code, errc::permission_denied);
  ASSERT_TRUE(tree.add_argument(top / "dir"));
  EXPECT_EQ(paths_of(walk(tree)), (path_list{"dir", "dir/good"}));
  ASSERT_EQ(tree.skipped().size(), 2U);
  EXPECT_EQ(tree.skipped()[0].path, "dir/secret");
  EXPECT_EQ(tree.skipped()[0].reason.code, errc::permission_denied);
  EXPECT_EQ(tree.skipped()[1].path, "dir/shut");
  EXPECT_EQ(tree.skipped()[1].reason.code, errc::permission_denied);
}

TEST(SourceTree, SkipsPathsThatNoReceiverTakes) {
  const scratch top;
  const fs::path before = fs::current_path();
  fs::current_path(top.folder("dir"));
  // Deeper than a transfer may be, and longer than one path may be.
  for (int i = 0; i < 300; ++i) {
    fs::create_directory(std::string(20, 'd'));
    fs::current_path(std::string(20, 'd'));
  }
  fs::current_path(before);
  source_tree tree;
  ASSERT_TRUE(tree.add_argument(top / "dir"));
  const auto entries = walk(tree);
  EXPECT_EQ(entries.size(), 195U);  // 3 + 21 * 194 bytes is the last below 4096
  ASSERT_EQ(tree.skipped().size(), 1U);
  EXPECT_EQ(tree.skipped()[0].reason.code, errc::path_too_long);
}

TEST(SourceTree, ReadsAtAnyOffset) {
  const scratch top;
  source_tree tree;
  ASSERT_TRUE(tree.add_argument(top.file("f", "0123456789")));
  ASSERT_EQ(walk(tree).size(), 1U);
  EXPECT_EQ(read_all(tree, 0, 7), "789");
  EXPECT_EQ(read_all(tree, 0, 0), "0123456789");
  EXPECT_EQ(read_all(tree, 0, 10), "");
  EXPECT_EQ(read_code(tree, 0, 11), errc::invalid_argument);
  EXPECT_EQ(read_code(tree, 1), errc::invalid_argument);
}

TEST(SourceTree, ForgetsWhatIsNotReadAgain) {
  const scratch top;
  top.folder("dir");
  top.file("dir/a", "first");
  top.file("dir/b", "second");
  for (const bool keeps : {false, true}) {
    source_tree tree;
    if (keeps) tree.keep_all();
    ASSERT_TRUE(tree.add_argument(top / "dir"));
    ASSERT_EQ(walk(tree).size(), 3U);
    tree.forget_below(entry_index{2});
    EXPECT_EQ(read_code(tree, 1), keeps ? errc{} : errc::invalid_argument);
    EXPECT_EQ(read_all(tree, 2), "second");
    EXPECT_EQ(tree.path(entry_index{1}), "dir/a");
    EXPECT_TRUE(tree.is_file(entry_index{1}));
    EXPECT_FALSE(tree.is_file(entry_index{0}));
    tree.forget_below(entry_index{99});
    EXPECT_EQ(tree.path(entry_index{2}), "dir/b");
  }
}

class ChangedSource : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    top.folder("dir/sub");
    file = top.file("dir/sub/f", "0123456789");
    set_mtime(file, 1'000'000'000);
    ASSERT_TRUE(tree.add_argument(top / "dir"));
    ASSERT_EQ(walk(tree).size(), 3U);
    // With and without a descriptor that is open already.
    if (GetParam()) {
      ASSERT_EQ(read_all(tree, 2), "0123456789");
    }
  }

  scratch top;
  fs::path file;
  source_tree tree;
};

INSTANTIATE_TEST_SUITE_P(BeforeAndAfterOpening, ChangedSource, testing::Bool(),
                         [](const auto& param) { return param.param ? "Open" : "Fresh"; });

TEST_P(ChangedSource, IsNoticedWhenItShrinks) {
  fs::resize_file(file, 5);
  set_mtime(file, 1'000'000'000);
  EXPECT_EQ(read_code(tree, 2), errc::source_changed);
}

TEST_P(ChangedSource, IsNoticedWhenItGrows) {
  fs::resize_file(file, 11);
  set_mtime(file, 1'000'000'000);
  EXPECT_EQ(read_code(tree, 2), errc::source_changed);
}

TEST_P(ChangedSource, IsNoticedWhenItIsWrittenTo) {
  write_file(file, "9876543210");
  EXPECT_EQ(read_code(tree, 2, 3), errc::source_changed);
}

TEST(SourceTree, NoticesAnotherFileOfThatName) {
  const scratch top;
  top.folder("dir");
  top.file("dir/f", "0123456789");
  top.file("other", "9876543210");
  set_mtime(top / "dir/f", 1'000'000'000);
  set_mtime(top / "other", 1'000'000'000);
  source_tree tree;
  ASSERT_TRUE(tree.add_argument(top / "dir"));
  ASSERT_EQ(walk(tree).size(), 2U);
  fs::rename(top / "other", top / "dir/f");
  EXPECT_EQ(read_code(tree, 1), errc::source_changed);
}

TEST(SourceTree, NoticesAnotherFolderOfThatName) {
  const scratch top;
  top.folder("dir");
  top.folder("other");
  top.file("other/f", "x");
  source_tree tree;
  ASSERT_TRUE(tree.add_argument(top / "dir"));
  fs::rename(top / "dir", top / "aside");
  fs::rename(top / "other", top / "dir");
  EXPECT_TRUE(walk(tree).empty());
  ASSERT_EQ(tree.skipped().size(), 1U);
  EXPECT_EQ(tree.skipped()[0].reason.code, errc::source_changed);
}

TEST(SourceTree, SaysWhenAFileIsGone) {
  const scratch top;
  source_tree tree;
  top.folder("dir");
  top.file("dir/f", "x");
  ASSERT_TRUE(tree.add_argument(top / "dir"));
  ASSERT_EQ(walk(tree).size(), 2U);
  fs::remove(top / "dir/f");
  EXPECT_EQ(read_code(tree, 1), errc::not_found);
}

TEST(SourceTree, GoesOnWhenTheTreeChangesUnderTheWalk) {
  const scratch top;
  top.folder("dir/a");
  top.file("dir/a/f");
  top.file("dir/b");
  top.file("dir/c");
  source_tree tree;
  ASSERT_TRUE(tree.add_argument(top / "dir"));
  EXPECT_EQ(tree.next_entry().value()->path, "dir");
  fs::remove(top / "dir/b");
  fs::remove_all(top / "dir/a");
  EXPECT_EQ(paths_of(walk(tree)), (path_list{"dir/c"}));
  ASSERT_EQ(tree.skipped().size(), 2U);
  EXPECT_EQ(tree.skipped()[0].reason.code, errc::not_found);
}

TEST(SourceTree, NeedsFewDescriptors) {
  const scratch top;
  std::string deep = "deep";
  for (int i = 0; i < 100; ++i) deep += "/d";
  top.folder(deep);
  top.folder("wide");
  for (int i = 0; i < 100; ++i) top.file("wide/" + std::to_string(i), std::to_string(i));
  source_tree tree;
  for (int i = 0; i < 100; ++i) {
    const std::string name = "argument" + std::to_string(i);
    top.folder(name);
    top.file(name + "/f", name);
    ASSERT_TRUE(tree.add_argument(top / name));
  }
  ASSERT_TRUE(tree.add_argument(top / "deep"));
  ASSERT_TRUE(tree.add_argument(top / "wide"));
  const resource_limit few(RLIMIT_NOFILE, open_descriptors() + 40);
  const auto entries = walk(tree);
  EXPECT_EQ(entries.size(), 200U + 101U + 101U);
  EXPECT_TRUE(tree.skipped().empty());
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (entries[i].kind != entry_kind::file) continue;
      EXPECT_EQ(read_all(tree, i).size(), entries[i].size) << entries[i].path;
    }
  }
}

TEST(SourceTree, StopsWhenTheProcessIsOutOfDescriptors) {
  const scratch top;
  top.folder("dir/sub");
  source_tree tree;
  ASSERT_TRUE(tree.add_argument(top / "dir"));
  ASSERT_TRUE(tree.next_entry());
  const resource_limit none(RLIMIT_NOFILE, 0);
  EXPECT_EQ(tree.next_entry().error().cause.value(), EMFILE);
}

}  // namespace
