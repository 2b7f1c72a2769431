#include <sys/stat.h>

#include <gtest/gtest.h>

#include <tallow/files/ownership.hpp>

#include "unit/files/scratch.hpp"

namespace {

using tallow::errc;
using tallow::files::check_own;
using tallow::files::directory;
using namespace tallow::test;

// File systems that keep neither owners nor modes are mounted by tests/cli/test_plain_disks.py.
class Ownership : public testing::Test {
 protected:
  tallow::result<void> check(const std::string& name) {
    const auto parent = directory::open(top.path()).value();
    return check_own(parent.open_directory(name).value(), parent, "probe");
  }
  scratch top;
};

TEST_F(Ownership, TakesAFolderThatNobodyElseMayEnter) {
  top.folder("ours");
  ASSERT_EQ(::chmod((top / "ours").c_str(), 0700), 0);
  EXPECT_TRUE(check("ours"));
}

TEST_F(Ownership, RefusesAFolderThatOthersMayEnterWhereThatCouldBeKeptFromThem) {
  top.folder("open");
  for (const ::mode_t mode : {0701U, 0710U, 0770U, 0777U}) {
    ASSERT_EQ(::chmod((top / "open").c_str(), mode), 0);
    const auto refused = check("open");
    ASSERT_FALSE(refused) << mode;
    EXPECT_EQ(refused.error().code, errc::permission_denied);
    EXPECT_EQ(names_in(top.path()).size(), 1U) << "the probe is still there";
  }
}

TEST_F(Ownership, MindsNoProbeThatACrashLeftBehind) {
  top.folder("open");
  ASSERT_EQ(::chmod((top / "open").c_str(), 0755), 0);
  top.file("probe", "old");
  ASSERT_EQ(::chmod((top / "probe").c_str(), 0777), 0);
  EXPECT_FALSE(check("open"));
  EXPECT_EQ(names_in(top.path()).size(), 1U);
}

TEST_F(Ownership, FollowsNoLinkInPlaceOfTheProbe) {
  top.folder("open");
  ASSERT_EQ(::chmod((top / "open").c_str(), 0755), 0);
  top.file("elsewhere", "kept");
  top.link("probe", "elsewhere");
  EXPECT_FALSE(check("open"));
  EXPECT_EQ(read_file(top / "elsewhere"), "kept");
}

}  // namespace
