#include "tools/tallow-cli/wanted_entries.hpp"

#include <string>

#include <gtest/gtest.h>

namespace tallow::cli {
namespace {

transfer::entry entry_of(std::string path, transfer::entry_kind kind = transfer::entry_kind::file) {
  transfer::entry e;
  e.path = std::move(path);
  e.kind = kind;
  return e;
}

bool has(std::initializer_list<const char*> patterns, std::string path,
         transfer::entry_kind kind = transfer::entry_kind::file) {
  wanted_entries wanted;
  for (const char* one : patterns) wanted.add(one);
  return wanted.has(entry_of(std::move(path), kind));
}

TEST(WantedEntries, WithoutPatternsAllIs) {
  EXPECT_TRUE(has({}, "a"));
  EXPECT_TRUE(has({}, "a/b", transfer::entry_kind::directory));
}

TEST(WantedEntries, NamesAnywhereAndFromTheTop) {
  EXPECT_TRUE(has({"*.txt"}, "a.txt"));
  EXPECT_TRUE(has({"*.txt"}, "deep/in/a.txt"));
  EXPECT_FALSE(has({"*.txt"}, "a.text"));
  EXPECT_TRUE(has({"/a.txt"}, "a.txt"));
  EXPECT_FALSE(has({"/a.txt"}, "deep/a.txt"));
  EXPECT_TRUE(has({"*.txt", "*.md"}, "b.md"));
}

TEST(WantedEntries, WhatLiesInAFolderGoesWithIt) {
  EXPECT_TRUE(has({"docs"}, "docs", transfer::entry_kind::directory));
  EXPECT_TRUE(has({"docs/"}, "docs/a/b"));
  EXPECT_TRUE(has({"docs/"}, "more/docs/a"));
  EXPECT_FALSE(has({"docs/"}, "docs"));  // a file
  EXPECT_FALSE(has({"docs"}, "documents/a"));
  EXPECT_FALSE(has({"docs", "!*.o"}, "docs/a.o"));
  EXPECT_TRUE(has({"docs", "!*.o"}, "docs/a.c"));
  EXPECT_FALSE(has({"docs", "!docs/private"}, "docs/private/a"));
}

TEST(WantedEntries, ANameThatWasPickedIsMeantAsItIs) {
  for (const char* name : {"a", "*", "a b", " ", "tail ", "[x]", "q?", "back\\slash", "!x", "#x"}) {
    const std::string pattern = wanted_entries::pattern_of(name);
    wanted_entries wanted;
    wanted.add(pattern);
    EXPECT_TRUE(wanted.has(entry_of(name))) << pattern;
    EXPECT_TRUE(wanted.has(entry_of(std::string(name) + "/below"))) << pattern;
    EXPECT_FALSE(wanted.has(entry_of("other"))) << pattern;
    EXPECT_FALSE(wanted.has(entry_of(std::string("x/") + name))) << pattern;
  }
}

TEST(WantedEntries, NumbersOfAList) {
  using numbers = std::vector<std::size_t>;
  EXPECT_EQ(parse_numbers("1", 3), (numbers{1}));
  EXPECT_EQ(parse_numbers(" 3 1 , 1", 3), (numbers{1, 3}));
  EXPECT_EQ(parse_numbers("1-3", 3), (numbers{1, 2, 3}));
  EXPECT_EQ(parse_numbers("2-2,1", 3), (numbers{1, 2}));
  for (const char* wrong : {"", " ", "0", "4", "2-1", "1-", "-1", "1-4", "x", "1x", "1 - 2",
                            "99999999999999999999", "1-3-2"}) {
    EXPECT_FALSE(parse_numbers(wrong, 3)) << wrong;
  }
}

}  // namespace
}  // namespace tallow::cli
