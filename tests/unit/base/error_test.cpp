#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

#include <gtest/gtest.h>

#include <tallow/base/error.hpp>

namespace {

using tallow::cond;
using tallow::errc;
using tallow::error;
using tallow::fail;
using tallow::result;

TEST(Error, ConvertsToAnErrorCodeOfTallow) {
  const std::error_code code = error{errc::truncated, 17};
  EXPECT_EQ(code.value(), 200);
  EXPECT_EQ(&code.category(), &tallow::error_category());
  EXPECT_STREQ(code.category().name(), "tallow");
  EXPECT_EQ(code.message(), "the input ends too early");
  EXPECT_EQ(code, errc::truncated);
  EXPECT_EQ(make_error_code(error{errc::truncated}), errc::truncated);
}

TEST(Error, IsSortedByWhoIsToBlame) {
  const std::error_code by_peer = errc::authentication_failed;
  EXPECT_EQ(by_peer, cond::peer);
  EXPECT_NE(by_peer, cond::local);
  EXPECT_NE(by_peer, cond::environment);
  EXPECT_EQ(std::error_code(errc::code_too_weak), cond::local);
  EXPECT_EQ(std::error_code(errc::connection_lost), cond::environment);
}

TEST(Error, HasTheConditionAndTextOfItsRow) {
#define TALLOW_X(name, number, blame, text)                 \
  EXPECT_EQ(std::error_code(errc::name).value(), number);   \
  EXPECT_EQ(std::error_code(errc::name), cond::blame);      \
  EXPECT_EQ(tallow::condition_of(errc::name), cond::blame); \
  EXPECT_EQ(std::error_code(errc::name).message(), text);   \
  EXPECT_STREQ(tallow::errc_name(errc::name), #name);
  TALLOW_ERROR_CODES(TALLOW_X)
#undef TALLOW_X
}

TEST(Error, IsNoConditionOfAnotherCategory) {
  EXPECT_NE(std::make_error_code(std::errc::timed_out), cond::environment);
  EXPECT_NE(std::error_code(errc::timed_out), std::errc::timed_out);
}

TEST(Error, HasAConditionForEveryName) {
  EXPECT_STREQ(make_error_condition(cond::peer).category().name(), "tallow condition");
  EXPECT_EQ(make_error_condition(cond::peer).message(), "the other side broke the protocol");
  EXPECT_EQ(make_error_condition(cond::local).message(), "bad local use or input");
  EXPECT_EQ(make_error_condition(cond::environment).message(), "the environment failed");
}

TEST(Error, StandsForNumbersThatAreNoCode) {
  EXPECT_EQ(tallow::error_category().message(1), "unknown error");
  EXPECT_STREQ(tallow::errc_name(static_cast<errc>(1)), "unknown");
  EXPECT_EQ(tallow::condition_of(static_cast<errc>(1)), cond::environment);
}

TEST(Error, IsDescribedInOneLine) {
  EXPECT_EQ(describe(error{errc::truncated}), "the input ends too early");
  EXPECT_EQ(describe(error{errc::truncated, 3, "in the list"}),
            "the input ends too early: in the list");
  const std::error_code cause = std::make_error_code(std::errc::no_space_on_device);
  EXPECT_EQ(describe(error{errc::disk_full, 0, "while writing", cause}),
            "the disk is full: while writing (" + cause.message() + ")");
}

TEST(Error, IsEqualByCodePlaceAndCause) {
  const error e{errc::truncated, 3, "here"};
  EXPECT_EQ(e, (error{errc::truncated, 3, "there"}));
  EXPECT_FALSE(e == (error{errc::truncated, 4}));
  EXPECT_FALSE(e == (error{errc::trailing_bytes, 3}));
  EXPECT_FALSE(e == (error{errc::truncated, 3, "", std::make_error_code(std::errc::io_error)}));
}

TEST(Fail, MakesTheErrorOfAResult) {
  const result<int> at = fail(errc::truncated, 5, "note");
  ASSERT_FALSE(at);
  EXPECT_EQ(at.error().code, errc::truncated);
  EXPECT_EQ(at.error().at, 5U);
  EXPECT_STREQ(at.error().note, "note");

  const std::error_code cause = std::make_error_code(std::errc::io_error);
  const result<void> caused = fail(errc::file_failed, cause, "note");
  ASSERT_FALSE(caused);
  EXPECT_EQ(caused.error().cause, cause);
  EXPECT_EQ(caused.error().at, 0U);

  const result<std::string> passed = fail(at.error());
  ASSERT_FALSE(passed);
  EXPECT_EQ(passed.error(), at.error());
}

}  // namespace
