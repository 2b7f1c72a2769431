#include <algorithm>
#include <fstream>
#include <map>
#include <ostream>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/base/errc.hpp>

#include "support/paths.hpp"

namespace {

struct row {
  std::string name;
  int number = 0;
  std::string blame;
  std::string text;
  bool operator==(const row&) const = default;
};

std::ostream& operator<<(std::ostream& out, const row& r) {
  return out << "| " << r.number << " | `" << r.name << "` | " << r.blame << " | " << r.text
             << " |";
}

const std::vector<row> rows{
#define TALLOW_X(name, number, blame, text) {#name, number, #blame, text},
    TALLOW_ERROR_CODES(TALLOW_X)
#undef TALLOW_X
};

TEST(Errc, GivesEachCodeANumberNameAndTextOfItsOwn) {
  std::set<int> numbers;
  std::set<std::string> names;
  std::map<std::string, std::string> texts;
  for (const row& r : rows) {
    EXPECT_TRUE(numbers.insert(r.number).second) << r;
    EXPECT_TRUE(names.insert(r.name).second) << r;
    EXPECT_TRUE(texts.emplace(r.text, r.name).second) << r << " has the text of " << texts[r.text];
  }
}

TEST(Errc, CountsUpwardsInTheBlocksOfTheFolders) {
  int last = 99;
  for (const row& r : rows) {
    EXPECT_GT(r.number, last) << r;
    EXPECT_LT(r.number, 900) << r;
    last = r.number;
  }
}

TEST(Errc, SpeaksShortlyAndWithoutAFullStop) {
  for (const row& r : rows) {
    EXPECT_LE(r.text.size(), 60U) << r;
    EXPECT_NE(r.text.back(), '.') << r;
    EXPECT_EQ(r.text.find_first_of("|\n"), std::string::npos) << r;
  }
}

// Rows of the form: | 200 | `truncated` | peer | the input ends too early | ... |
std::vector<row> documented() {
  std::ifstream file(tallow::test::source_path("docs/errors.md"));
  const std::regex pattern(R"(\| (\d+) \| `(\w+)` \| (\w+) \| ([^|]+) \|.*)");
  std::vector<row> found;
  for (std::string line; std::getline(file, line);) {
    std::smatch part;
    if (std::regex_match(line, part, pattern)) {
      found.push_back({part[2], std::stoi(part[1]), part[3], part[4]});
    }
  }
  return found;
}

TEST(Errc, IsDocumentedRowByRow) {
  const std::vector<row> found = documented();
  ASSERT_FALSE(found.empty()) << "docs/errors.md has no table";
  const auto has = [](const std::vector<row>& all, const row& r) {
    return std::find(all.begin(), all.end(), r) != all.end();
  };
  for (const row& r : rows) {
    EXPECT_TRUE(has(found, r)) << "docs/errors.md lacks the row\n" << r;
  }
  for (const row& r : found) {
    EXPECT_TRUE(has(rows, r)) << "docs/errors.md has a row that is no code\n" << r;
  }
  EXPECT_EQ(found, rows) << "docs/errors.md has the rows in another order, or twice";
}

}  // namespace
