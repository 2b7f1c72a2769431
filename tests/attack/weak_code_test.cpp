// Codes that anybody could guess, and codes that only look like codes.
#include <gtest/gtest.h>

#include <tallow/crypto/code_phrase.hpp>

namespace tallow::crypto {
namespace {

errc refused(std::string_view text) {
  const auto code = code_phrase::parse(text);
  return code ? errc{} : code.error().code;
}

TEST(WeakCode, WithoutANumberIsRefused) {
  for (const char* text : {"zebra-acid-zoo", "-zebra-acid", "x7-zebra-acid", ""}) {
    EXPECT_EQ(refused(text), errc::code_without_nameplate) << text;
  }
}

TEST(WeakCode, WithoutAPasswordIsRefused) {
  for (const char* text : {"7", "7-", "7 ", "7__"}) {
    EXPECT_EQ(refused(text), errc::code_without_password) << text;
  }
}

TEST(WeakCode, BelowTheMinimumIsRefused) {
  for (const char* text : {"7-a", "7-zebra", "7-password", "7-1234", "7-zebra-", "7-zebra-7",
                           "7-aaaaaaaaaaa", "7-zebr-acid"}) {
    EXPECT_EQ(refused(text), errc::code_too_weak) << text;
  }
}

TEST(WeakCode, LookAlikesOfOtherScriptsAreRefused) {
  for (const char* text : {
           "7-zebr\xd0\xb0-acid-zoo",  // Cyrillic a
           "7-z\xce\xb5"
           "bra-acid-zoo",                 // Greek epsilon
           "\xef\xbc\x97-zebra-acid-zoo",  // full-width 7
           "7\xe2\x80\x90zebra-acid-zoo",  // U+2010 hyphen
           "7\xe2\x80\x93zebra-acid-zoo",  // en dash
           "7-zebra\xc2\xa0"
           "acid-zoo",                     // no-break space
           "7-zebra\xe2\x80\xafzoo-acid",  // narrow no-break space
           "7-ze\xe2\x80\x8b"
           "bra-acid-zoo",  // zero-width space
           "7-ze\xc2\xad"
           "bra-acid-zoo",  // soft hyphen
           "\xe2\x80\xae"
           "7-zebra-acid-zoo",  // right-to-left override
           "7-\xc4\xb1"
           "dea-zebra-zoo",             // dotless i
           "7-zebra-acid-zoo\xcc\x81",  // combining accent
           "\xef\xbb\xbf"
           "7-zebra-acid-zoo",  // byte order mark
       }) {
    EXPECT_EQ(refused(text), errc::code_bad_character) << text;
  }
}

}  // namespace
}  // namespace tallow::crypto
