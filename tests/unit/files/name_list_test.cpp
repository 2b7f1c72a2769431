#include <string>

#include <gtest/gtest.h>

#include <tallow/files/name_list.hpp>

namespace {

using tallow::files::name_list;

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

}  // namespace
