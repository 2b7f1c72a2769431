#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/transfer/path_set.hpp>

namespace {

using tallow::errc;
using tallow::transfer::entry_kind;
using tallow::transfer::path_set;

constexpr tallow::transfer::hash_key key{1, 2};

TEST(PathSet, GivesPathsBack) {
  path_set set(key);
  const auto c = set.add("a/b/c", entry_kind::file);
  const auto d = set.add("a/d", entry_kind::symlink);
  ASSERT_TRUE(c && d);
  EXPECT_EQ(set.path(*c), "a/b/c");
  EXPECT_EQ(set.path(*d), "a/d");
  EXPECT_EQ(set.name(*c), "c");
  EXPECT_EQ(set.path(set.parent(*c)), "a/b");
  EXPECT_EQ(set.parent(set.parent(set.parent(*c))), path_set::root);
  EXPECT_EQ(set.size(), 4U);
}

TEST(PathSet, RejectsTheSamePathTwice) {
  for (const auto first : {entry_kind::file, entry_kind::directory, entry_kind::symlink}) {
    for (const auto second : {entry_kind::file, entry_kind::directory, entry_kind::symlink}) {
      path_set set(key);
      ASSERT_TRUE(set.add("a/b", first));
      EXPECT_EQ(set.add("a/b", second).error().code, errc::path_duplicate);
    }
  }
}

TEST(PathSet, RejectsAFileAsAFolder) {
  path_set set(key);
  ASSERT_TRUE(set.add("f", entry_kind::file));
  ASSERT_TRUE(set.add("d/l", entry_kind::symlink));
  EXPECT_EQ(set.add("f/x", entry_kind::file).error().code, errc::manifest_invalid);
  EXPECT_EQ(set.add("d/l/x/y", entry_kind::file).error().code, errc::manifest_invalid);
  EXPECT_EQ(set.size(), 3U);
}

TEST(PathSet, RejectsAFolderAsAFile) {
  path_set set(key);
  ASSERT_TRUE(set.add("a/b", entry_kind::file));
  EXPECT_EQ(set.add("a", entry_kind::file).error().code, errc::manifest_invalid);
  EXPECT_EQ(set.add("a", entry_kind::symlink).error().code, errc::manifest_invalid);
  EXPECT_FALSE(set.announced(0));
}

TEST(PathSet, TakesAFolderAnnouncedAfterItsContent) {
  path_set set(key);
  ASSERT_TRUE(set.add("a/b", entry_kind::file));
  const auto a = set.add("a", entry_kind::directory);
  ASSERT_TRUE(a);
  EXPECT_EQ(*a, 0U);
  EXPECT_TRUE(set.announced(*a));
  EXPECT_EQ(set.add("a", entry_kind::directory).error().code, errc::path_duplicate);
}

TEST(PathSet, TellsNamesApartThatOnlyLookAlike) {
  path_set set(key);
  for (const char* path : {"a", "A", "a ", "na\u00EFve", "nai\u0308ve", "ab", "b"}) {
    EXPECT_TRUE(set.add(path, entry_kind::file)) << path;
  }
  // The same component in different folders, and components that join to the same text.
  EXPECT_TRUE(set.add("x/yz", entry_kind::file));
  EXPECT_TRUE(set.add("xy/z", entry_kind::file));
  EXPECT_TRUE(set.add("y/x", entry_kind::file));
}

// Addresses of so many bytes, and no memory behind them: whoever reads one of them crashes.
class unreadable {
 public:
  explicit unreadable(std::size_t bytes)
      : bytes_(bytes),
        at_(::mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {
  }
  unreadable(const unreadable&) = delete;
  unreadable& operator=(const unreadable&) = delete;
  ~unreadable() {
    if (is_there()) (void)::munmap(at_, bytes_);
  }

  [[nodiscard]] bool is_there() const noexcept { return at_ != MAP_FAILED; }
  [[nodiscard]] std::string_view first(std::size_t count) const noexcept {
    return {static_cast<const char*>(at_), count};
  }

 private:
  std::size_t bytes_;
  void* at_;
};

// A set that is really full takes 4 GiB. To one that is nearly empty comes a path instead that
// could fill all the rest: it is refused for its length alone.
TEST(PathSet, RefusesMoreNamesThanItCanHold) {
  path_set set(key);
  ASSERT_TRUE(set.add("a/b", entry_kind::file));
  const unreadable text(UINT32_MAX);
  if (!text.is_there()) GTEST_SKIP() << "no 4 GiB of addresses here";
  constexpr std::size_t ids = (std::size_t{1} << 29U) - 1;
  for (const std::size_t bytes : {ids - 2, ids, std::size_t{UINT32_MAX} - 1}) {
    const auto refused = set.add(text.first(bytes), entry_kind::file);
    ASSERT_FALSE(refused) << bytes;
    EXPECT_EQ(refused.error().code, errc::manifest_invalid);
  }
  EXPECT_EQ(set.size(), 2U);
  EXPECT_TRUE(set.add("a/c", entry_kind::file));
}

TEST(PathSet, FindsEveryDuplicateAmongMany) {
  path_set set(key);
  std::vector<std::string> paths;
  paths.reserve(20'000);
  for (int i = 0; i < 20'000; ++i) {
    paths.push_back("d" + std::to_string(i % 97) + "/e" + std::to_string(i % 7) + "/" +
                    std::to_string(i));
  }
  std::vector<path_set::node_id> ids;
  ids.reserve(paths.size());
  for (const auto& path : paths) ids.push_back(set.add(path, entry_kind::file).value());
  for (std::size_t i = 0; i < paths.size(); ++i) {
    EXPECT_EQ(set.path(ids[i]), paths[i]);
    EXPECT_EQ(set.add(paths[i], entry_kind::file).error().code, errc::path_duplicate);
  }
}

}  // namespace
