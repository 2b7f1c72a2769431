#include <fstream>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include <tallow/crypto/wordlist.hpp>

#include "support/paths.hpp"

namespace tallow::crypto {
namespace {

TEST(Wordlist, IsThePublishedList) {
  std::ifstream in(test::vector_path("words-english.txt"));
  std::string word;
  std::size_t index = 0;
  while (std::getline(in, word)) {
    ASSERT_LT(index, wordlist.size());
    EXPECT_EQ(wordlist[index++], word);
  }
  EXPECT_EQ(index, wordlist.size());
}

TEST(Wordlist, HasWordsThatFourLettersTellApart) {
  std::set<std::string_view> beginnings;
  for (const auto word : wordlist) beginnings.insert(word.substr(0, 4));
  EXPECT_EQ(beginnings.size(), wordlist.size());
  EXPECT_TRUE(std::is_sorted(wordlist.begin(), wordlist.end()));
}

TEST(Wordlist, FindsEveryWordAndNothingElse) {
  for (std::size_t i = 0; i < wordlist.size(); ++i) EXPECT_EQ(word_index(wordlist[i]), i);
  for (const auto other : {"", "a", "zzz", "abandonn", "aban", "Zoo", "zoo "}) {
    EXPECT_FALSE(word_index(other).has_value()) << other;
  }
}

TEST(Wordlist, CompletesPrefixes) {
  const auto cross = words_with_prefix("cro");
  for (const auto word : cross) EXPECT_EQ(word.substr(0, 3), "cro");
  EXPECT_EQ(cross.front(), "crop");
  EXPECT_EQ(words_with_prefix("crosso").size(), 0U);
  EXPECT_EQ(words_with_prefix("zoo").size(), 1U);
  EXPECT_EQ(words_with_prefix("").size(), wordlist.size());
}

}  // namespace
}  // namespace tallow::crypto
