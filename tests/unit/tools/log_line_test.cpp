#include "tools/tallow-cli/log_line.hpp"

#include <gtest/gtest.h>

namespace tallow::cli {
namespace {

TEST(LogLine, HasTheFieldsThatMayBeThere) {
  EXPECT_EQ(log_line({{"event", "done"}, {"entries", 3}, {"bytes", 120}, {"paths", {"a"}}}),
            "done entries=3 bytes=120");
  EXPECT_EQ(log_line({{"event", "error"}, {"code", "disk_full"}, {"exit", 7}}),
            "error code=\"disk_full\" exit=7");
}

TEST(LogLine, HasNoSecretAndNothingUnknown) {
  EXPECT_EQ(log_line({{"event", "code"}, {"code", "7-crossover-clockwork"}}), "code");
  EXPECT_EQ(log_line({{"event", "secured"}, {"words", "a-b-c-d-e-f"}}), "secured");
  EXPECT_EQ(log_line({{"event", "text"}, {"text", "a secret"}}), "text");
  EXPECT_EQ(log_line({{"event", "relay_key_new"}, {"key", "00ff"}, {"stored", true}}),
            "relay_key_new stored=true");
  EXPECT_EQ(log_line({{"event", "of tomorrow"}, {"code", "7-crossover"}}), "of tomorrow");
}

TEST(LogLine, IsOneLineWhateverANameHolds) {
  EXPECT_EQ(log_line({{"event", "error"}, {"path", "a\n\"b\" \xc2\x9b"}}),
            "error path=\"a\\n\\x22b\\x22 \\u{9b}\"");
}

}  // namespace
}  // namespace tallow::cli
