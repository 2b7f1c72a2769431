#include <utility>

#include <gtest/gtest.h>

#include <tallow/transfer/word_check.hpp>

#include "support/receiver_fixture.hpp"

namespace tallow::transfer {
namespace {

setup setup_of(bool verify) {
  setup m;
  m.verify = verify;
  return m;
}

TEST(WordCheck, PassesAtOnceWhereNobodyWantsIt) {
  word_check words(false);
  EXPECT_FALSE(words.has_passed());
  words.met(setup_of(false));
  EXPECT_TRUE(words.has_passed());
  EXPECT_FALSE(words.is_due());
  EXPECT_FALSE(words.confirm_here());
}

TEST(WordCheck, WaitsForBothWhereEitherWantsIt) {
  for (const bool here : {true, false}) {
    for (const bool there_first : {true, false}) {
      word_check words(here);
      EXPECT_FALSE(words.is_due());  // the other side does not wait for an answer yet
      words.met(setup_of(!here));
      EXPECT_TRUE(words.is_due());
      EXPECT_FALSE(words.has_passed());
      if (there_first) {
        EXPECT_TRUE(words.handle(verified{}).has_value());
        EXPECT_FALSE(words.has_passed());
        EXPECT_TRUE(words.confirm_here());
      } else {
        EXPECT_TRUE(words.confirm_here());
        EXPECT_FALSE(words.confirm_here());
        EXPECT_FALSE(words.has_passed());
        EXPECT_TRUE(words.handle(verified{}).has_value());
      }
      EXPECT_TRUE(words.has_passed());
      EXPECT_FALSE(words.is_due());
    }
  }
}

TEST(WordCheck, RefusesAWordThatHasNoPlace) {
  word_check early(true);
  EXPECT_EQ(early.handle(verified{}).error().code, errc::peer_message_unexpected);
  word_check unasked(false);
  unasked.met(setup_of(false));
  EXPECT_EQ(unasked.handle(verified{}).error().code, errc::peer_message_unexpected);
  word_check twice(true);
  twice.met(setup_of(false));
  EXPECT_TRUE(twice.handle(verified{}).has_value());
  EXPECT_EQ(twice.handle(verified{}).error().code, errc::peer_message_unexpected);
}

TEST(WordCheck, KeepsAReceiverFromHearingOfFilesBefore) {
  for (const bool here : {false, true}) {
    for (const bool there : {false, true}) {
      memory_sink sink({1, 2});
      receiver_options options;
      options.verify = true;
      receiver<memory_sink> one(sink, {}, options);
      setup m = setup_of(false);
      m.chunk_bytes = limits::chunk_bytes_min;
      ASSERT_TRUE(one.handle(m, instant{}).has_value());
      if (here) one.confirm_words();
      if (there) {
        ASSERT_TRUE(one.handle(verified{}, instant{}).has_value());
      }
      manifest_page page{page_index{0}, entry_index{0}, true, {test::file_of("f", 1)}};
      const auto done = one.handle(std::move(page), instant{});
      EXPECT_EQ(done.has_value(), here && there);
      if (!done) {
        EXPECT_EQ(done.error().code, errc::peer_message_unexpected);
      }
    }
  }
}

}  // namespace
}  // namespace tallow::transfer
