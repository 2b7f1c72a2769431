#include <set>
#include <string>

#include <gtest/gtest.h>

#include <tallow/crypto/code_phrase.hpp>

#include "support/test_rng.hpp"

namespace tallow::crypto {
namespace {

std::string canonical(std::string_view text) {
  const auto code = code_phrase::parse(text);
  return code ? std::string(as_text(code->text().view())) : errc_name(code.error().code);
}

TEST(CodePhrase, ReadsWhatPeopleWrite) {
  for (const auto* text : {"7-zebra-acid", "7 zebra acid", "  7_ZEBRA__Acid-",
                           "7--zebra - acid\x20", "-7-zebra-acid"}) {
    EXPECT_EQ(canonical(text), "7-zebra-acid") << text;
  }
}

TEST(CodePhrase, SplitsIntoNumberAndPassword) {
  const auto code = code_phrase::parse("123456789-zebra-acid");
  ASSERT_TRUE(code);
  EXPECT_EQ(code->nameplate(), 123456789U);
  EXPECT_EQ(as_text(code->password()), "zebra-acid");
  EXPECT_EQ(code->room(), room_of(123456789));
  EXPECT_EQ(code_phrase::parse("0-zebra-acid")->nameplate(), 0U);
}

TEST(CodePhrase, NeedsItsNumber) {
  for (const auto* text : {"", "-", "zebra-acid", "07-zebra-acid", "00-zebra-acid",
                           "1234567890-zebra-acid", "7zebra-acid", "zebra-7-acid"}) {
    EXPECT_EQ(canonical(text), "code_without_nameplate") << text;
  }
}

TEST(CodePhrase, NeedsItsPassword) {
  for (const auto* text : {"7", "7-", "7---", " 7 "}) {
    EXPECT_EQ(canonical(text), "code_without_password") << text;
  }
}

TEST(CodePhrase, RefusesCharactersThatCodesNeverHave) {
  for (const auto* text : {"7-zebra-acid!", "7-zebra\tacid", "7-zebra.acid",
                           "7-z\xc3\xa9"
                           "bra-acid",
                           "7-zebra-acid\n"}) {
    EXPECT_EQ(canonical(text), "code_bad_character") << text;
  }
  EXPECT_EQ(code_phrase::parse("7-zebra-a!").error().at, 9U);
  using namespace std::string_view_literals;
  EXPECT_EQ(canonical("7-zebra-acid\0"sv), "code_bad_character");
}

TEST(CodePhrase, TakesTwoListedWordsOrTwelveCharacters) {
  EXPECT_EQ(canonical("7-zebra"), "code_too_weak");
  EXPECT_EQ(canonical("7-zebra-x"), "code_too_weak");
  EXPECT_EQ(canonical("7-zebra-zoo"), "7-zebra-zoo");
  EXPECT_EQ(canonical("7-aaa-bbb-ccc"), "code_too_weak");
  EXPECT_EQ(canonical("7-aaa-bbb-cccc"), "7-aaa-bbb-cccc");
  EXPECT_EQ(canonical("7-k3j9x0q2m8v"), "code_too_weak");
  EXPECT_EQ(canonical("7-k3j9x0q2m8v1"), "7-k3j9x0q2m8v1");
}

TEST(CodePhrase, GeneratesWordsOfTheList) {
  test::fixed_rng rng(5);
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) {
    const auto code = code_phrase::generate(42, code_words_default, rng);
    ASSERT_TRUE(code);
    const auto text = std::string(as_text(code->text().view()));
    EXPECT_EQ(canonical(text), text);
    std::size_t words = 0;
    std::string_view rest = as_text(code->password());
    while (!rest.empty()) {
      const auto end = std::min(rest.find('-'), rest.size());
      EXPECT_TRUE(word_index(rest.substr(0, end)).has_value()) << text;
      rest.remove_prefix(std::min(end + 1, rest.size()));
      ++words;
    }
    EXPECT_EQ(words, 3U);
    seen.insert(text);
  }
  EXPECT_EQ(seen.size(), 200U);
}

TEST(CodePhrase, GeneratesEveryWordIndex) {
  // Each of the 2,048 two-byte values below 2048 gives its own word, first byte first.
  test::fixed_rng rng(byte_buffer{std::byte{0}, std::byte{0}, std::byte{0xff}, std::byte{0xff}});
  const auto code = code_phrase::generate(1, 2, rng);
  EXPECT_EQ(as_text(code->password()), "abandon-zoo");
}

TEST(CodePhrase, RefusesToGenerateWeakOrImpossibleCodes) {
  test::fixed_rng rng;
  EXPECT_EQ(code_phrase::generate(1, 1, rng).error().code, errc::invalid_argument);
  EXPECT_EQ(code_phrase::generate(1, 17, rng).error().code, errc::invalid_argument);
  EXPECT_EQ(code_phrase::generate(1'000'000'000, 3, rng).error().code, errc::invalid_argument);
  test::failing_rng failing(1);
  EXPECT_EQ(code_phrase::generate(1, 3, failing).error().code, errc::random_failed);
}

TEST(CodePhrase, IsEmptyOnceMovedFrom) {
  auto code = *code_phrase::parse("7-zebra-acid");
  const auto copy = code.clone();
  const auto moved = std::move(code);
  EXPECT_TRUE(code.password().empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(as_text(moved.password()), as_text(copy.password()));
}

}  // namespace
}  // namespace tallow::crypto
