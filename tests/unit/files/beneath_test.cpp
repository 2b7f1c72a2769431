#include <fcntl.h>
#include <string>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include <tallow/files/beneath.hpp>

#include "unit/files/scratch.hpp"

namespace {

using tallow::errc;
using tallow::files::directory;
using tallow::files::resolver;
using tallow::transfer::entry_kind;
using namespace tallow::test;

class Beneath : public testing::TestWithParam<resolver> {
 protected:
  void SetUp() override {
    if (GetParam() == resolver::kernel && tallow::files::best_resolver() != resolver::kernel) {
      GTEST_SKIP() << "no openat2 here";
    }
    top.folder("in/sub");
    top.folder("out");
    top.file("in/sub/f", "inside");
    top.file("out/f", "outside");
    in = directory::open(top / "in", GetParam()).value();
  }

  scratch top;
  directory in;
};

INSTANTIATE_TEST_SUITE_P(BothWays, Beneath, testing::Values(resolver::kernel, resolver::components),
                         [](const auto& param) {
                           return param.param == resolver::kernel ? "Kernel" : "Components";
                         });

TEST_P(Beneath, OpensWhatIsInside) {
  const auto fd = in.open_file("sub/f", O_RDONLY);
  ASSERT_TRUE(fd);
  char text[7] = {};
  EXPECT_EQ(::read(fd->get(), text, 6), 6);
  EXPECT_STREQ(text, "inside");
  EXPECT_NE(::fcntl(fd->get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_P(Beneath, CreatesFilesFoldersAndLinks) {
  EXPECT_TRUE(in.make_directory("sub/new", 0700));
  EXPECT_TRUE(in.open_file("sub/new/f", O_WRONLY | O_CREAT | O_EXCL, 0600));
  EXPECT_TRUE(in.make_link("sub/new/l", "f"));
  EXPECT_EQ(in.status("sub/new")->kind, entry_kind::directory);
  EXPECT_EQ(in.status("sub/new/f")->kind, entry_kind::file);
  EXPECT_EQ(in.status("sub/new/l")->kind, entry_kind::symlink);
  EXPECT_EQ(in.read_link("sub/new/l").value(), "f");
  EXPECT_EQ(in.make_directory("sub/new", 0700).error().code, errc::already_exists);
  EXPECT_EQ(in.open_file("sub/new/f", O_WRONLY | O_CREAT | O_EXCL, 0600).error().code,
            errc::already_exists);
  EXPECT_TRUE(in.remove_file("sub/new/l"));
  EXPECT_TRUE(in.remove_file("sub/new/f"));
  EXPECT_TRUE(in.remove_directory("sub/new"));
}

TEST_P(Beneath, SaysWhatIsWrong) {
  EXPECT_EQ(in.open_file("none", O_RDONLY).error().code, errc::not_found);
  EXPECT_EQ(in.open_file("none/f", O_RDONLY).error().code, errc::not_found);
  EXPECT_EQ(in.open_file("sub/f/x", O_RDONLY).error().code, errc::not_a_directory);
  EXPECT_EQ(in.open_directory("sub/f").error().code, errc::not_a_directory);
  EXPECT_EQ(in.remove_directory("sub").error().code, errc::already_exists);
}

TEST_P(Beneath, RefusesPathsThatLeadOut) {
  for (const std::string path : {"..", "../out/f", "sub/../../out/f", "sub/../sub/f", "./sub/f",
                                 "sub/./f", "sub//f", "sub/", "", "/etc/passwd"}) {
    EXPECT_FALSE(in.open_file(path, O_RDONLY)) << path;
    EXPECT_FALSE(in.make_directory(path, 0700)) << path;
    EXPECT_FALSE(in.status(path)) << path;
  }
  EXPECT_FALSE(in.open_file(std::string("sub/f\0x", 7), O_RDONLY));
}

TEST_P(Beneath, FollowsNoLinkAtAnyStep) {
  top.link("in/escape", top / "out");
  top.link("in/relative", "../out");
  top.link("in/harmless", "sub");
  top.link("in/sub/file", top / "out/f");
  const auto before = snapshot(top.path());
  for (const std::string path : {"escape", "relative", "harmless"}) {
    EXPECT_EQ(in.open_directory(path).error().code, errc::path_escapes) << path;
    EXPECT_EQ(in.open_file(path + "/f", O_RDONLY).error().code, errc::path_escapes) << path;
    EXPECT_EQ(in.open_file(path + "/new", O_WRONLY | O_CREAT, 0600).error().code,
              errc::path_escapes);
    EXPECT_EQ(in.make_directory(path + "/new", 0700).error().code, errc::path_escapes) << path;
    EXPECT_EQ(in.make_link(path + "/new", "x").error().code, errc::path_escapes) << path;
    EXPECT_EQ(in.status(path + "/f").error().code, errc::path_escapes) << path;
    EXPECT_EQ(in.remove_file(path + "/f").error().code, errc::path_escapes) << path;
    EXPECT_EQ(in.set_link_mtime(path + "/f", 0).error().code, errc::path_escapes) << path;
  }
  EXPECT_EQ(in.open_file("sub/file", O_WRONLY | O_TRUNC).error().code, errc::path_escapes);
  EXPECT_EQ(snapshot(top.path()), before);
}

TEST_P(Beneath, StaysWithTheFolderThatWasOpened) {
  fs::rename(top / "in", top / "moved");
  top.link("in", top / "out");
  EXPECT_TRUE(in.make_directory("new", 0700));
  EXPECT_TRUE(present(top / "moved/new"));
  EXPECT_FALSE(present(top / "out/new"));
}

TEST_P(Beneath, OutlivesTheOneItWasDuplicatedFrom) {
  auto other = in.duplicate();
  ASSERT_TRUE(other);
  EXPECT_NE(other->fd(), in.fd());
  EXPECT_NE(::fcntl(other->fd(), F_GETFD) & FD_CLOEXEC, 0);
  in = directory();
  EXPECT_TRUE(other->open_file("sub/f", O_RDONLY));
  EXPECT_EQ(directory().duplicate().error().code, errc::file_failed);
}

TEST_P(Beneath, ListsNamesEachTimeFromTheStart) {
  top.file("in/a\nb");
  for (int i = 0; i < 2; ++i) {
    auto names = in.names().value();
    names.sort_backwards();
    ASSERT_EQ(names.size(), 2U);
    EXPECT_EQ(names.take_last(), "a\nb");
    EXPECT_EQ(names.take_last(), "sub");
  }
}

TEST_P(Beneath, ChangesTheTimeOfALinkItself) {
  const fs::path link = top.link("in/l", top / "out/f");
  const auto before = mtime_of(top / "out/f");
  ASSERT_TRUE(in.set_link_mtime("l", 1'000'000'001));
  EXPECT_EQ(mtime_of(link), 1'000'000'001);
  EXPECT_EQ(mtime_of(top / "out/f"), before);
}

TEST(PosixError, MapsToOurCodes) {
  using tallow::files::errc_of_errno;
  EXPECT_EQ(errc_of_errno(ENOSPC), errc::disk_full);
  EXPECT_EQ(errc_of_errno(EDQUOT), errc::disk_full);
  EXPECT_EQ(errc_of_errno(EFBIG), errc::disk_full);
  EXPECT_EQ(errc_of_errno(EACCES), errc::permission_denied);
  EXPECT_EQ(errc_of_errno(EROFS), errc::permission_denied);
  EXPECT_EQ(errc_of_errno(ELOOP), errc::path_escapes);
  EXPECT_EQ(errc_of_errno(EIO), errc::file_failed);
  EXPECT_EQ(tallow::files::posix_error(ENOENT).cause.value(), ENOENT);
}

TEST(FileStatus, ConvertsTimesBothWays) {
  using tallow::files::ns_of;
  using tallow::files::timespec_of;
  for (const std::int64_t ns :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{-1}, std::int64_t{1'700'000'000'123'456'789},
        std::int64_t{-1'000'000'000}, std::int64_t{-999'999'999}}) {
    const auto t = timespec_of(ns);
    EXPECT_GE(t.tv_nsec, 0);
    EXPECT_LT(t.tv_nsec, 1'000'000'000);
    EXPECT_EQ(ns_of(t), ns);
  }
  // What 64 bits of nanoseconds cannot hold becomes the nearest that they can.
  EXPECT_EQ(ns_of({INT64_MAX, 0}), INT64_MAX);
  EXPECT_EQ(ns_of({INT64_MIN, 0}), INT64_MIN);
  EXPECT_GE(timespec_of(INT64_MIN).tv_nsec, 0);
}

}  // namespace
