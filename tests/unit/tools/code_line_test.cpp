#include "tools/tallow-cli/code_line.hpp"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace tallow::cli {
namespace {

// Types all of it; returns what is shown.
std::string typed(code_line& line, std::string_view keys) {
  std::string shown;
  for (const char c : keys) shown += as_text(line.type(c).view());
  return shown;
}

std::string line_of(std::string_view keys) {
  code_line line("Code: ", 64);
  (void)typed(line, keys);
  const secret_buffer text = line.take();
  return std::string(as_text(text.view()));
}

TEST(CodeLine, TakesWhatIsTyped) {
  code_line line("Code: ", 64);
  EXPECT_EQ(typed(line, "7-cross"), "7-cross");
  EXPECT_EQ(line.now(), code_line::state::typing);
  EXPECT_EQ(typed(line, "\n"), "");
  EXPECT_EQ(line.now(), code_line::state::entered);
  const secret_buffer text = line.take();
  EXPECT_EQ(as_text(text.view()), "7-cross");
}

TEST(CodeLine, TabCompletesAWordThatIsClear) {
  code_line line("Code: ", 64);
  EXPECT_EQ(typed(line, "7-cros\t"), "7-cross-");
  EXPECT_EQ(typed(line, "clock\t"), "clock-");
  EXPECT_EQ(line_of("7 cros\tzeb\t"), "7 cross-zebra-");
}

TEST(CodeLine, TabGoesAsFarAsAllWordsGoAndThenShowsThem) {
  const auto words = crypto::words_with_prefix("q");
  ASSERT_GT(words.size(), 1U);
  code_line line("Code: ", 64);
  EXPECT_EQ(typed(line, "7-q\t"), "7-qu");
  const std::string shown = typed(line, "\t");
  EXPECT_TRUE(shown.starts_with("\r\n" + std::string(words.front()) + "  ")) << shown;
  EXPECT_TRUE(shown.ends_with(std::string(words.back()) + "\r\nCode: 7-qu")) << shown;
}

TEST(CodeLine, TabDoesNothingWhereItKnowsNothing) {
  EXPECT_EQ(line_of("\t"), "");
  EXPECT_EQ(line_of("7\t"), "7");
  EXPECT_EQ(line_of("7-\t"), "7-");
  EXPECT_EQ(line_of("7-xqz\t"), "7-xqz");
}

TEST(CodeLine, TakesBack) {
  code_line line("Code: ", 64);
  EXPECT_EQ(typed(line, "7-ab\x7f"), "7-ab\b \b");
  EXPECT_EQ(typed(line, "\b"), "\b \b");
  EXPECT_EQ(typed(line, "zoo\x17"), "zoo\b \b\b \b\b \b");
  EXPECT_EQ(typed(line, "\x15"), "\b \b\b \b");
  EXPECT_EQ(typed(line, "\x7f\x15\x17"), "");
  EXPECT_EQ(line_of("a\xc3\xbc\x7f"), "a");
  EXPECT_EQ(line_of("7-one-two\x17three"), "7-one-three");
}

TEST(CodeLine, PassesOverArrowsAndOtherKeys) {
  EXPECT_EQ(line_of("7\x1b[A-\x1b[1;5Cab\x1bOPc\x1bxd\x01"), "7-abcd");
}

TEST(CodeLine, EndsAtCtrlDWhereItIsEmpty) {
  code_line line("Code: ", 64);
  EXPECT_EQ(typed(line, "a\x04\x7f\x04"), "a\b \b");
  EXPECT_EQ(line.now(), code_line::state::given_up);
}

TEST(CodeLine, IsNoLongerThanItMay) { EXPECT_EQ(line_of(std::string(100, 'a')).size(), 64U); }

}  // namespace
}  // namespace tallow::cli
