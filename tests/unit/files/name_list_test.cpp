#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/files/name_list.hpp>

namespace {

using tallow::files::name_list;
using tallow::files::name_store;

TEST(NameList, GivesNamesInTheOrderOfTheirBytes) {
  name_list names;
  EXPECT_TRUE(names.empty());
  const std::string all[] = {"b", "", "a\nb", "\xc3\xa9", "a", "B", "ab"};
  for (const std::string& name : all) EXPECT_TRUE(names.add(name));
  EXPECT_EQ(names.size(), 7U);
  EXPECT_STREQ(names[2], "a\nb");
  names.sort_backwards();
  for (const char* expected : {"", "B", "a", "a\nb", "ab", "b", "\xc3\xa9"}) {
    ASSERT_FALSE(names.empty());
    EXPECT_EQ(names.take_last(), expected);
  }
  EXPECT_TRUE(names.empty());
}

TEST(NameList, KeepsNamesOfAnyLengthInManyBlocks) {
  name_list names;
  std::vector<std::string> all;
  for (std::size_t i = 0; i < 300; ++i)
    all.emplace_back(i * 13 % 256, static_cast<char>('a' + i % 26));
  all.emplace_back(name_store::name_bytes_max, 'x');
  for (const std::string& name : all) ASSERT_TRUE(names.add(name));
  EXPECT_FALSE(names.add(std::string(name_store::name_bytes_max + 1, 'y')));
  ASSERT_EQ(names.size(), all.size());
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(names[i], all[i]) << i;
}

}  // namespace
