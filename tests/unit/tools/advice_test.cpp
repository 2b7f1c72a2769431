#include "tools/tallow-cli/advice.hpp"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace tallow::cli {
namespace {

TEST(Advice, IsThereForEveryError) {
#define TALLOW_X(name, number, blame, text)          \
  EXPECT_NE(*advice_for(errc::name), '\0') << #name; \
  EXPECT_NE(*name_of(side_of(errc::name)), '\0') << #name;
  TALLOW_ERROR_CODES(TALLOW_X)
#undef TALLOW_X
}

TEST(Advice, IsATextOfItsOwnForWhatMayHappenToAnybody) {
  // Only what is against the rules of the protocol shares the general sentence.
#define TALLOW_X(name, number, blame, text)                              \
  if (errc_class_of(errc::name) != errc_class::peer) {                   \
    EXPECT_STRNE(advice_for(errc::name), detail::rules_broken) << #name; \
  }
  TALLOW_ERROR_CODES(TALLOW_X)
#undef TALLOW_X
}

TEST(Advice, HasNoRowTwice) {
  std::set<errc> seen;
  for (const detail::advice_row& row : detail::advice_rows) {
    EXPECT_TRUE(seen.insert(row.code).second) << errc_name(row.code);
  }
}

TEST(Advice, NamesASideOnce) {
  EXPECT_EQ(side_suffix(errc::disk_full), ", on this side");
  EXPECT_EQ(side_suffix(errc::peer_disk_full), "");
  EXPECT_EQ(side_suffix(errc::relay_full), "");
  EXPECT_EQ(side_suffix(errc::connect_failed), ", on the way to the relay");
  EXPECT_EQ(side_suffix(errc::code_spent), "");
}

TEST(Advice, IsMadeOfSentences) {
  for (const detail::advice_row& row : detail::advice_rows) {
    const std::string text = row.text;
    EXPECT_TRUE(text.ends_with('.') || text.ends_with('?')) << text;
  }
}

}  // namespace
}  // namespace tallow::cli
