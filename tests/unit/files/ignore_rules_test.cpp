#include <optional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include <tallow/files/ignore_rules.hpp>

namespace tallow::files {
namespace {

TEST(Glob, StandsForWhatItSays) {
  EXPECT_TRUE(matches_glob("", ""));
  EXPECT_FALSE(matches_glob("", "a"));
  EXPECT_FALSE(matches_glob("a", ""));
  EXPECT_TRUE(matches_glob("*.o", "main.o"));
  EXPECT_TRUE(matches_glob("*.o", ".o"));
  EXPECT_TRUE(matches_glob("*", ".hidden"));
  EXPECT_FALSE(matches_glob("*.o", "main.op"));
  EXPECT_TRUE(matches_glob("a*b*c", "aXbYbZc"));
  EXPECT_FALSE(matches_glob("a*b*c", "aXbYbZ"));
  EXPECT_TRUE(matches_glob("a**", "a"));
  EXPECT_TRUE(matches_glob("?", "x"));
  EXPECT_FALSE(matches_glob("?", ""));
  EXPECT_FALSE(matches_glob("A", "a"));
}

TEST(Glob, KnowsSets) {
  EXPECT_TRUE(matches_glob("[a-c]x", "bx"));
  EXPECT_FALSE(matches_glob("[a-c]x", "dx"));
  EXPECT_TRUE(matches_glob("[!a-c]", "d"));
  EXPECT_TRUE(matches_glob("[^a-c]", "d"));
  EXPECT_FALSE(matches_glob("[^a-c]", "b"));
  EXPECT_TRUE(matches_glob("[]a]", "]"));
  EXPECT_TRUE(matches_glob("[!]a]", "b"));
  EXPECT_FALSE(matches_glob("[!]a]", "]"));
  EXPECT_TRUE(matches_glob("[a-]", "-"));
  EXPECT_TRUE(matches_glob("[[:digit:]x]", "7"));
  EXPECT_TRUE(matches_glob("[[:digit:]x]", "x"));
  EXPECT_FALSE(matches_glob("[[:digit:]x]", "y"));
  EXPECT_FALSE(matches_glob("[[:nothing:]]", "y"));
  EXPECT_TRUE(matches_glob("[\\]]", "]"));
  EXPECT_TRUE(matches_glob("[\xF0-\xFF]", "\xFE"));
}

TEST(Glob, TakesQuotedCharactersAsTheyAre) {
  EXPECT_TRUE(matches_glob("\\*", "*"));
  EXPECT_FALSE(matches_glob("\\*", "x"));
  EXPECT_TRUE(matches_glob("\\a", "a"));
}

TEST(Glob, StandsForNothingWhenItIsUnfinished) {
  for (const std::string_view pattern : {"[", "[a", "[!", "[]", "[a-", "[[:digit:]", "x\\", "\\"}) {
    for (const std::string_view name : {"[", "a", "]", "x", "\\", "x\\", "[a", "7"}) {
      EXPECT_FALSE(matches_glob(pattern, name)) << pattern << ' ' << name;
    }
  }
}

// What a pattern that goes back to each star would still be trying when the world ends.
TEST(Glob, TakesNoTimeToSpeakOf) {
  std::string pattern;
  for (int i = 0; i < 60; ++i) pattern += "*a";
  EXPECT_FALSE(matches_glob(pattern + "b", std::string(255, 'a')));
}

ignore_rules rules_of(std::string_view text) {
  ignore_rules rules;
  rules.add_lines(text);
  return rules;
}

enum class told { out, kept, nothing };

told verdict(std::string_view text, std::string_view path, bool is_folder = false) {
  const auto decided = rules_of(text).verdict(path, is_folder);
  if (!decided) return told::nothing;
  return *decided ? told::out : told::kept;
}

TEST(IgnoreRules, MeanNamesAnywhereUnlessThereIsASlash) {
  EXPECT_EQ(verdict("*.o", "main.o"), told::out);
  EXPECT_EQ(verdict("*.o", "a/b/main.o"), told::out);
  EXPECT_EQ(verdict("/*.o", "main.o"), told::out);
  EXPECT_EQ(verdict("/*.o", "a/main.o"), told::nothing);
  EXPECT_EQ(verdict("a/*.o", "a/main.o"), told::out);
  EXPECT_EQ(verdict("a/*.o", "b/a/main.o"), told::nothing);
  EXPECT_EQ(verdict("a/*.o", "a/b/main.o"), told::nothing);
}

TEST(IgnoreRules, TellFoldersApart) {
  EXPECT_EQ(verdict("build/", "build", true), told::out);
  EXPECT_EQ(verdict("build/", "build", false), told::nothing);
  EXPECT_EQ(verdict("build/", "a/build", true), told::out);
  EXPECT_EQ(verdict("/build/", "a/build", true), told::nothing);
}

TEST(IgnoreRules, TakeTwoStarsForAnyFolders) {
  EXPECT_EQ(verdict("**/foo", "foo"), told::out);
  EXPECT_EQ(verdict("**/foo", "a/b/foo"), told::out);
  EXPECT_EQ(verdict("**/foo/bar", "a/foo/bar"), told::out);
  EXPECT_EQ(verdict("**/foo/bar", "a/foo/x/bar"), told::nothing);
  EXPECT_EQ(verdict("abc/**", "abc/x/y"), told::out);
  EXPECT_EQ(verdict("abc/**", "abc", true), told::nothing);
  EXPECT_EQ(verdict("a/**/b", "a/b"), told::out);
  EXPECT_EQ(verdict("a/**/b", "a/x/y/b"), told::out);
  EXPECT_EQ(verdict("a/**/b", "a/x/y/c"), told::nothing);
  EXPECT_EQ(verdict("**", "a"), told::out);
  EXPECT_EQ(verdict("**", "a/b"), told::out);
  EXPECT_EQ(verdict("a/b**c/d", "a/bxc/d"), told::out);
  EXPECT_EQ(verdict("a/b**c/d", "a/b/c/d"), told::nothing);
}

TEST(IgnoreRules, LetTheLastOneDecide) {
  EXPECT_EQ(verdict("*.o\n!keep.o", "keep.o"), told::kept);
  EXPECT_EQ(verdict("!keep.o\n*.o", "keep.o"), told::out);
  EXPECT_EQ(verdict("*.o\n!keep.o", "other.o"), told::out);
}

TEST(IgnoreRules, ReadLinesAsGitDoes) {
  EXPECT_EQ(verdict("# a\n\n   \n", "# a"), told::nothing);
  EXPECT_EQ(verdict("\\#a", "#a"), told::out);
  EXPECT_EQ(verdict("\\!a", "!a"), told::out);
  EXPECT_EQ(verdict("a  ", "a"), told::out);
  EXPECT_EQ(verdict("a\\ ", "a "), told::out);
  EXPECT_EQ(verdict("a\r\nb\r\n", "a"), told::out);
  EXPECT_EQ(verdict("\xEF\xBB\xBF"
                    "a\n",
                    "a"),
            told::out);
  EXPECT_EQ(verdict("/", "a"), told::nothing);
  EXPECT_EQ(verdict("!", "a"), told::nothing);
  EXPECT_TRUE(rules_of("# nothing\n\n").empty());
}

}  // namespace
}  // namespace tallow::files
