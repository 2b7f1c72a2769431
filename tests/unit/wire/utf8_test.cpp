#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/wire/utf8.hpp>

namespace {

using namespace std::string_literals;
using tallow::is_utf8;
using tallow::next_code_point;

TEST(Utf8, AcceptsTheFirstAndLastOfEachLength) {
  for (const std::string& text :
       {""s, "\0"s, "\x7F"s, "\xC2\x80"s, "\xDF\xBF"s, "\xE0\xA0\x80"s, "\xEF\xBF\xBF"s,
        "\xF0\x90\x80\x80"s, "\xF4\x8F\xBF\xBF"s, "\xED\x9F\xBF"s, "\xEE\x80\x80"s}) {
    EXPECT_TRUE(is_utf8(text)) << text;
  }
  EXPECT_TRUE(is_utf8("na\xC3\xAFve \xE2\x80\xAF \xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x9A\x80"));
}

TEST(Utf8, RefusesContinuationBytesAlone) {
  for (unsigned byte = 0x80; byte <= 0xBF; ++byte) {
    EXPECT_FALSE(is_utf8(std::string(1, static_cast<char>(byte)))) << byte;
  }
  EXPECT_FALSE(is_utf8("a\x80"));
}

TEST(Utf8, RefusesBytesThatNeverOccur) {
  for (const unsigned byte :
       {0xC0U, 0xC1U, 0xF5U, 0xF6U, 0xF7U, 0xF8U, 0xFBU, 0xFCU, 0xFDU, 0xFEU, 0xFFU}) {
    EXPECT_FALSE(is_utf8(std::string(1, static_cast<char>(byte)) + "\x80\x80\x80\x80\x80")) << byte;
  }
}

TEST(Utf8, RefusesOverlongForms) {
  // Of '/', of NUL, and the greatest of each length (Kuhn's UTF-8 stress test, section 4).
  for (const std::string& text :
       {"\xC0\xAF"s, "\xE0\x80\xAF"s, "\xF0\x80\x80\xAF"s, "\xC0\x80"s, "\xE0\x80\x80"s,
        "\xF0\x80\x80\x80"s, "\xC1\xBF"s, "\xE0\x9F\xBF"s, "\xF0\x8F\xBF\xBF"s}) {
    EXPECT_FALSE(is_utf8(text));
  }
}

TEST(Utf8, RefusesSurrogatesAloneAndInPairs) {
  for (const std::string& text : {"\xED\xA0\x80"s, "\xED\xAD\xBF"s, "\xED\xAE\x80"s,
                                  "\xED\xBF\xBF"s, "\xED\xA0\x81\xED\xB0\x80"s}) {
    EXPECT_FALSE(is_utf8(text));
  }
}

TEST(Utf8, RefusesWhatIsAboveTheLastCodePoint) {
  EXPECT_FALSE(is_utf8("\xF4\x90\x80\x80"));
  EXPECT_FALSE(is_utf8("\xF5\x80\x80\x80"));
}

TEST(Utf8, RefusesSequencesThatAreCutShort) {
  for (const std::string& whole : {"\xC3\xA9"s, "\xE2\x82\xAC"s, "\xF0\x9F\xA6\x86"s}) {
    for (std::size_t bytes = 1; bytes < whole.size(); ++bytes) {
      EXPECT_FALSE(is_utf8(whole.substr(0, bytes)));
      EXPECT_FALSE(is_utf8(whole.substr(0, bytes) + "a"));
      EXPECT_FALSE(is_utf8(whole.substr(0, bytes) + whole));
    }
  }
}

// A second encoder, from the bit patterns of RFC 3629, section 3.
std::string encode(std::uint32_t c) {
  const auto byte = [](std::uint32_t value) { return static_cast<char>(value); };
  if (c < 0x80) return {byte(c)};
  if (c < 0x800) return {byte(0xC0 | c >> 6), byte(0x80 | (c & 0x3F))};
  if (c < 0x10000) {
    return {byte(0xE0 | c >> 12), byte(0x80 | (c >> 6 & 0x3F)), byte(0x80 | (c & 0x3F))};
  }
  return {byte(0xF0 | c >> 18), byte(0x80 | (c >> 12 & 0x3F)), byte(0x80 | (c >> 6 & 0x3F)),
          byte(0x80 | (c & 0x3F))};
}

TEST(Utf8, StepsThroughEveryCodePoint) {
  std::vector<std::uint32_t> wrong;
  for (std::uint32_t c = 0; c <= 0x110FFF; ++c) {
    const bool exists = c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);
    const std::string text = encode(c) + "z";
    const auto step = next_code_point(text);
    const bool right =
        exists ? step.code_point == c && step.bytes == text.size() - 1 : step.bytes == 0;
    if (!right) wrong.push_back(c);
  }
  EXPECT_EQ(wrong, std::vector<std::uint32_t>());
}

}  // namespace
