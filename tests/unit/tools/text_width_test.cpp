#include "tools/tallow-cli/text_width.hpp"

#include <string>

#include <gtest/gtest.h>

namespace tallow::cli {
namespace {

TEST(TextWidth, CountsColumnsAndNotBytes) {
  EXPECT_EQ(columns_of(""), 0U);
  EXPECT_EQ(columns_of("abc"), 3U);
  EXPECT_EQ(columns_of("gr\xc3\xbc\xc3\x9f"), 4U);        // u with two dots, sharp s
  EXPECT_EQ(columns_of("\xe5\x86\x99\xe7\x9c\x9f"), 4U);  // two Chinese characters
  EXPECT_EQ(columns_of("e\xcc\x81"), 1U);                 // e and a combining accent
  EXPECT_EQ(columns_of("\xf0\x9f\x98\x80"), 2U);          // a face
  EXPECT_EQ(columns_of("a\xe2\x80\x8d"
                       "b"),
            2U);  // a joiner
}

TEST(TextWidth, KeepsTheEndOfAName) {
  EXPECT_EQ(shown_name("folder/file.txt", 15), "folder/file.txt");
  EXPECT_EQ(shown_name("folder/file.txt", 11), "...file.txt");
  EXPECT_EQ(shown_name("folder/file.txt", 3), "...");
  EXPECT_EQ(shown_name("folder/file.txt", 1), ".");
  EXPECT_EQ(shown_name("folder/file.txt", 0), "");
}

TEST(TextWidth, TearsNoCharacter) {
  const std::string name = "a\xe5\x86\x99\xe7\x9c\x9f";  // 5 columns
  EXPECT_EQ(shown_name(name, 5), name);
  EXPECT_EQ(shown_name("xyz" + name, 7), "...\xe5\x86\x99\xe7\x9c\x9f");
  EXPECT_EQ(shown_name("xyz" + name, 6), "...\xe7\x9c\x9f");
  // The accent belongs to the letter that is gone.
  EXPECT_EQ(shown_name("12345e\xcc\x81xy", 5), "...xy");
}

TEST(TextWidth, TearsNoEscape) {
  EXPECT_EQ(shown_name("\x1b[2J", 20), "\\x1b[2J");
  EXPECT_EQ(shown_name("12345\x1b[2J", 8), "...[2J");
  EXPECT_EQ(shown_name("1234\xffz", 8), "...\\xffz");
}

}  // namespace
}  // namespace tallow::cli
