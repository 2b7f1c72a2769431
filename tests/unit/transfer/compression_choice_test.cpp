#include <optional>
#include <string_view>

#include <gtest/gtest.h>

#include <tallow/transfer/compression_choice.hpp>

namespace tallow::transfer {
namespace {

constexpr compression_choice fixed(int level) { return {compression_mode::fixed, level}; }

TEST(CompressionChoice, IsReadFromText) {
  EXPECT_EQ(compression_choice_of("auto"), compression_choice{});
  EXPECT_EQ(compression_choice_of("off"), (compression_choice{compression_mode::off, 0}));
  EXPECT_EQ(compression_choice_of("1"), fixed(1));
  EXPECT_EQ(compression_choice_of("19"), fixed(19));
  for (const std::string_view text : {"", "0", "00", "01", "20", "-1", "+1", "1 ", " 1", "1.5",
                                      "119", "on", "Auto", "AUTO", "1x"}) {
    EXPECT_EQ(compression_choice_of(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace tallow::transfer
