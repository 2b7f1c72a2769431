#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include <tallow/base/limits.hpp>
#include <tallow/transfer/path_rules.hpp>

namespace {

using namespace std::string_literals;
using tallow::errc;
using tallow::transfer::check_entry;
using tallow::transfer::check_path;
using tallow::transfer::entry;
using tallow::transfer::entry_kind;
using tallow::transfer::escape_for_display;
using tallow::transfer::link_stays_inside;
using tallow::transfer::masked_mode;

errc code_of(std::string_view path) {
  const auto checked = check_path(path);
  return checked ? errc{} : checked.error().code;
}

TEST(CheckPath, AcceptsWhatPosixCallsNames) {
  for (const std::string& path : {"a"s,
                                  "a/b/c"s,
                                  " "s,
                                  "a b"s,
                                  "-rf"s,
                                  "~"s,
                                  "..."s,
                                  "..a"s,
                                  "a.."s,
                                  ".hidden"s,
                                  "a\nb"s,
                                  "back\\slash"s,
                                  "..\\x"s,
                                  "C:\\x"s,
                                  "a:b"s,
                                  "CON"s,
                                  "dot."s,
                                  "%2e%2e%2fx"s,
                                  "\x1b[31m"s,
                                  "na\u00EFve"s,
                                  "nai\u0308ve"s,
                                  "\u202F"s,
                                  "\u6587\u4EF6"s,
                                  "\u202Egpj.exe"s,
                                  "\U0001F469\u200D\U0001F4BB"s,
                                  std::string(255, 'x')}) {
    EXPECT_TRUE(check_path(path)) << escape_for_display(path);
  }
}

TEST(CheckPath, RejectsEachKindOfBadPath) {
  EXPECT_EQ(code_of(""), errc::path_empty);
  EXPECT_EQ(code_of("/"), errc::path_absolute);
  EXPECT_EQ(code_of("/etc/passwd"), errc::path_absolute);
  EXPECT_EQ(code_of("//x"), errc::path_absolute);
  EXPECT_EQ(code_of("a//b"), errc::path_empty);
  EXPECT_EQ(code_of("a/"), errc::path_empty);
  EXPECT_EQ(code_of("."), errc::path_escapes);
  EXPECT_EQ(code_of("./a"), errc::path_escapes);
  EXPECT_EQ(code_of("a/./b"), errc::path_escapes);
  EXPECT_EQ(code_of(".."), errc::path_escapes);
  EXPECT_EQ(code_of("../a"), errc::path_escapes);
  EXPECT_EQ(code_of("a/../b"), errc::path_escapes);
  EXPECT_EQ(code_of("a/.."), errc::path_escapes);
  EXPECT_EQ(code_of("a\0b"s), errc::path_bad_character);
  EXPECT_EQ(code_of("a/..\0"s), errc::path_bad_character);
  EXPECT_EQ(code_of("a\xff"), errc::utf8_invalid);
  EXPECT_EQ(code_of("..\xc0\xaf.."), errc::utf8_invalid);
  EXPECT_EQ(code_of("\xed\xa0\x80"), errc::utf8_invalid);
}

TEST(CheckPath, KeepsTheLimitsToTheByte) {
  EXPECT_EQ(code_of(std::string(256, 'x')), errc::path_too_long);
  EXPECT_EQ(code_of("a/" + std::string(256, 'x')), errc::path_too_long);

  std::string deep = "a";
  for (std::size_t i = 1; i < tallow::limits::path_depth_max; ++i) deep += "/a";
  EXPECT_TRUE(check_path(deep));
  EXPECT_EQ(code_of(deep + "/a"), errc::path_too_long);

  std::string wide;
  while (wide.size() < 4000) wide += std::string(99, 'x') + '/';
  wide += std::string(tallow::limits::path_bytes_max - wide.size(), 'y');
  EXPECT_TRUE(check_path(wide));
  EXPECT_EQ(code_of(wide + 'y'), errc::path_too_long);
}

TEST(CheckPath, PointsAtTheComponent) {
  EXPECT_EQ(check_path("ab/../c").error().at, 3U);
  EXPECT_EQ(check_path("ab//c").error().at, 3U);
}

entry link_to(std::string target) {
  return {"d/l", entry_kind::symlink, 0, 0, 0, std::move(target)};
}

TEST(CheckEntry, WantsOnlyWhatGoesWithTheKind) {
  EXPECT_TRUE(check_entry({"f", entry_kind::file, 5, 0644, 0, ""}));
  EXPECT_TRUE(check_entry({"d", entry_kind::directory, 0, 0755, INT64_MIN, ""}));
  EXPECT_TRUE(check_entry(link_to("x")));
  EXPECT_EQ(check_entry({"../f", entry_kind::file, 5, 0644, 0, ""}).error().code,
            errc::path_escapes);
  EXPECT_EQ(check_entry({"f", entry_kind::file, 5, 0644, 0, "x"}).error().code,
            errc::manifest_invalid);
  EXPECT_EQ(check_entry({"d", entry_kind::directory, 1, 0644, 0, ""}).error().code,
            errc::manifest_invalid);
  EXPECT_EQ(check_entry({"l", entry_kind::symlink, 1, 0644, 0, "x"}).error().code,
            errc::manifest_invalid);
  EXPECT_EQ(check_entry({"f", entry_kind::file, UINT64_MAX, 0644, 0, ""}).error().code,
            errc::length_above_limit);
}

TEST(CheckEntry, ChecksLinkTargets) {
  EXPECT_EQ(check_entry(link_to("")).error().code, errc::manifest_invalid);
  EXPECT_EQ(check_entry(link_to("a\0b"s)).error().code, errc::path_bad_character);
  EXPECT_EQ(check_entry(link_to("\xff")).error().code, errc::utf8_invalid);
  EXPECT_EQ(check_entry(link_to(std::string(4096, 'x'))).error().code, errc::path_too_long);
}

TEST(LinkStaysInside, CountsOnlyLeadingDots) {
  EXPECT_TRUE(link_stays_inside("l", "x"));
  EXPECT_TRUE(link_stays_inside("l", "."));
  EXPECT_TRUE(link_stays_inside("l", "./x//y/."));
  EXPECT_TRUE(link_stays_inside("a/b/l", "../x"));
  EXPECT_TRUE(link_stays_inside("a/b/l", "../../x"));
  EXPECT_TRUE(link_stays_inside("a/b/l", "./.././../x"));
  EXPECT_TRUE(link_stays_inside("l", "..x/..."));
  EXPECT_FALSE(link_stays_inside("l", ".."));
  EXPECT_FALSE(link_stays_inside("l", "../x"));
  EXPECT_FALSE(link_stays_inside("a/b/l", "../../../x"));
  EXPECT_FALSE(link_stays_inside("l", "/etc/passwd"));
  // a may be a link to b/c, and its parent is not this folder then.
  EXPECT_FALSE(link_stays_inside("d/l", "a/../x"));
}

TEST(EscapeForDisplay, LeavesPrintableTextAlone) {
  for (const std::string& text :
       {""s, "plain name.txt"s, "na\u00EFve"s, "\u6587\u4EF6"s, "a\u202Fb"s, "a\u00A0b"s,
        "\U0001F469\u200D\U0001F4BB"s, "\u2764\uFE0F"s, "\u05E9\u05DC\u05D5\u05DD"s,
        "\u0646\u0645\u06CC\u200C\u062E"s}) {
    EXPECT_EQ(escape_for_display(text), text);
  }
}

TEST(EscapeForDisplay, ShowsWhatWouldActOnAScreen) {
  EXPECT_EQ(escape_for_display("a\nb\r\t"), R"(a\nb\r\t)");
  EXPECT_EQ(escape_for_display("\x1b[2J"), R"(\x1b[2J)");
  EXPECT_EQ(escape_for_display("a\0b"s), R"(a\x00b)");
  EXPECT_EQ(escape_for_display("\x7f"), R"(\x7f)");
  EXPECT_EQ(escape_for_display("\u009B31m"), R"(\u{9b}31m)");
  EXPECT_EQ(escape_for_display("\u202Egpj.exe"), R"(\u{202e}gpj.exe)");
  EXPECT_EQ(escape_for_display("\u2066\u2069\u200E\u200F\u061C"),
            R"(\u{2066}\u{2069}\u{200e}\u{200f}\u{61c})");
  EXPECT_EQ(escape_for_display("\u2028\u2029\uFEFF"), R"(\u{2028}\u{2029}\u{feff})");
}

TEST(EscapeForDisplay, ShowsBytesThatAreNoText) {
  EXPECT_EQ(escape_for_display("a\xff\xc3"), R"(a\xff\xc3)");
  EXPECT_EQ(escape_for_display("\xc3("), R"(\xc3()");
  EXPECT_EQ(escape_for_display("\xed\xa0\x80"), R"(\xed\xa0\x80)");
}

TEST(EscapeForDisplay, NeverMakesTwoNamesLookTheSame) {
  EXPECT_EQ(escape_for_display("a\\nb"), R"(a\\nb)");
  EXPECT_NE(escape_for_display("a\\nb"), escape_for_display("a\nb"));
}

TEST(MaskedMode, DropsTheBitsThatGiveRights) {
  EXPECT_EQ(masked_mode(07777, entry_kind::file), 0777U);
  EXPECT_EQ(masked_mode(04755, entry_kind::file), 0755U);
  EXPECT_EQ(masked_mode(01777, entry_kind::directory), 0777U);
  EXPECT_EQ(masked_mode(0, entry_kind::file), 0U);
  EXPECT_EQ(masked_mode(0xFFFFFFFF, entry_kind::directory), 0777U);
  EXPECT_EQ(masked_mode(0, entry_kind::symlink), 0777U);
}

}  // namespace
