#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/transfer/transfer_key.hpp>

namespace tallow::transfer {
namespace {

constexpr std::uint32_t chunk_bytes = 262144;

manifest_entry file(std::string path, std::uint64_t size = 5, std::int64_t mtime_ns = 7) {
  return {std::move(path), entry_kind::file, size, 0644, mtime_ns, ""};
}

manifest_page page_of(std::vector<manifest_entry> entries) {
  manifest_page page;
  page.entries = std::move(entries);
  return page;
}

// Fixed here: a key that changes makes every journal on every disk worthless.
TEST(TransferKey, IsTheOneOfTheDocument) {
  const manifest_page page = page_of({file("a/b", 300, -1), file("c", 0, 0)});
  EXPECT_EQ(to_hex(transfer_key_of(chunk_bytes, page)), "df14e191de225742802aeabf3a3df898");
}

TEST(TransferKey, DependsOnWhatTellsFilesApart) {
  const manifest_page page = page_of({file("a"), file("b")});
  std::set<transfer_key> keys{transfer_key_of(chunk_bytes, page),
                              transfer_key_of(chunk_bytes / 2, page)};
  const auto add = [&](auto change) {
    manifest_page changed = page;
    change(changed.entries);
    keys.insert(transfer_key_of(chunk_bytes, changed));
  };
  add([](auto& e) { e[0].path = "A"; });
  add([](auto& e) { e[1].size = 6; });
  add([](auto& e) { e[1].mtime_ns = 8; });
  add([](auto& e) { e[1].mtime_ns = -7; });
  add([](auto& e) { e[0].kind = entry_kind::directory; });
  add([](auto& e) { e.pop_back(); });
  add([](auto& e) { e.push_back(file("c")); });
  add([](auto& e) { std::swap(e[0], e[1]); });
  add([](auto& e) { e.clear(); });
  EXPECT_EQ(keys.size(), 11U);
}

TEST(TransferKey, DependsOnNothingElse) {
  const manifest_page page = page_of({file("a"), file("b")});
  manifest_page other = page;
  other.last = true;
  other.page = page_index{3};
  other.entries[0].mode = 0600;
  other.entries[1].link_target = "x";
  EXPECT_EQ(transfer_key_of(chunk_bytes, page), transfer_key_of(chunk_bytes, other));
}

// What would be one text without the lengths.
TEST(TransferKey, DoesNotConfuseWhereAPathEnds) {
  const std::vector<manifest_page> pages{
      page_of({file("ab"), file("c")}), page_of({file("a"), file("bc")}), page_of({file("abc")}),
      page_of({file("a"), file("b"), file("c")}), page_of({file(std::string("ab\0c", 4))})};
  std::set<transfer_key> keys;
  for (const manifest_page& p : pages) keys.insert(transfer_key_of(chunk_bytes, p));
  EXPECT_EQ(keys.size(), pages.size());
}

}  // namespace
}  // namespace tallow::transfer
