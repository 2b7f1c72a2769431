#include "tools/tallow-cli/progress_line.hpp"

#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "tools/tallow-cli/rate_window.hpp"

namespace tallow::cli {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20U;
constexpr auto start = std::chrono::steady_clock::time_point() + 1h;

progress_facts some() {
  progress_facts facts;
  facts.bytes_done = 420 * mebibyte;
  facts.bytes_total = 1000 * mebibyte;
  facts.total_known = true;
  facts.items_done = 3;
  facts.items_total = 12;
  facts.name = "photos/summer/IMG_0001.jpg";
  facts.lanes = 2;
  return facts;
}

const pace_facts steady{10.0 * mebibyte, 0s};

TEST(ProgressLine, SaysAllThatMattersWhereThereIsRoom) {
  EXPECT_EQ(progress_line(some(), steady, 119),
            " 42 %  420.0/1000.0 MiB  10.0 MiB/s  0:58 left  3/12 items  2 lanes by relay  "
            "photos/summer/IMG_0001.jpg");
}

TEST(ProgressLine, LeavesOutWhatMattersLeastWhereItIsNarrow) {
  EXPECT_EQ(progress_line(some(), steady, 79),
            " 42 %  420.0/1000.0 MiB  10.0 MiB/s  0:58 left  3/12 items  ...mer/IMG_0001.jpg");
  EXPECT_EQ(progress_line(some(), steady, 59),
            " 42 %  420.0/1000.0 MiB  10.0 MiB/s  0:58 left  3/12 items");
  EXPECT_EQ(progress_line(some(), steady, 49), " 42 %  420.0/1000.0 MiB  10.0 MiB/s  0:58 left");
  EXPECT_EQ(progress_line(some(), steady, 39), " 42 %  10.0 MiB/s  0:58 left");
  EXPECT_EQ(progress_line(some(), steady, 19), " 42 %  10.0 MiB/s");
  EXPECT_EQ(progress_line(some(), steady, 9), " 42 %");
}

TEST(ProgressLine, IsNeverWiderThanTheTerminal) {
  progress_facts facts = some();
  facts.name = "\xe5\x86\x99\xe7\x9c\x9f/\xe5\xa4\x8f\xe4\xbc\x91\xe3\x81\xbf \x1b[2J \xff.jpg";
  for (std::size_t columns = 0; columns < 200; ++columns) {
    for (const auto still : {0s, 70s}) {
      EXPECT_LE(columns_of(progress_line(facts, {steady.rate, still}, columns)), columns);
    }
  }
}

TEST(ProgressLine, CountsNoItemsWhereThereIsOne) {
  progress_facts facts = some();
  facts.items_total = 1;
  EXPECT_EQ(progress_line(facts, steady, 119),
            " 42 %  420.0/1000.0 MiB  10.0 MiB/s  0:58 left  2 lanes by relay");
}

TEST(ProgressLine, TellsNoShareOfAnUnknownWhole) {
  progress_facts facts = some();
  facts.total_known = false;
  facts.items_total = 1;
  EXPECT_EQ(progress_line(facts, steady, 79), "420.0/1000.0+ MiB  10.0 MiB/s  2 lanes by relay");
  facts.bytes_total = facts.bytes_done + mebibyte;  // a stream
  EXPECT_EQ(progress_line(facts, steady, 79), "420.0 MiB  10.0 MiB/s  2 lanes by relay");
  facts.path = "direct";
  EXPECT_EQ(progress_line(facts, steady, 79), "420.0 MiB  10.0 MiB/s  2 lanes, direct");
}

TEST(ProgressLine, SaysWhyItDoesNotMove) {
  progress_facts facts = some();
  EXPECT_EQ(progress_line(facts, {0, 75s}, 49),
            " 42 %  420.0/1000.0 MiB  stalled 1:15  3/12 items");
  EXPECT_EQ(progress_line(facts, {0, 2s}, 49), " 42 %  420.0/1000.0 MiB  3/12 items  ..._0001.jpg");
  facts.is_connected = false;
  EXPECT_EQ(progress_line(facts, {0, 75s}, 49),
            " 42 %  420.0/1000.0 MiB  reconnecting  3/12 items");
  facts.is_connected = true;
  facts.bytes_done = facts.bytes_total;
  EXPECT_EQ(progress_line(facts, {0, 75s}, 49), "100 %  1000.0/1000.0 MiB  finishing  3/12 items");
}

TEST(ProgressLine, IsNotDoneBeforeItIsDone) {
  progress_facts facts = some();
  facts.bytes_done = facts.bytes_total - 1;
  EXPECT_EQ(percent_of(facts), 99U);
  facts.bytes_done = facts.bytes_total;
  EXPECT_EQ(percent_of(facts), 100U);
  facts.bytes_total = 0;
  EXPECT_FALSE(percent_of(facts));
}

TEST(ProgressLine, TellsNoTimeThatNobodyCanKnow) {
  EXPECT_FALSE(time_left(some(), 0));
  EXPECT_FALSE(time_left(some(), 1));  // years
  EXPECT_EQ(time_left(some(), 580.0 * mebibyte), 1s);
}

TEST(ProgressLine, WritesOneUnit) {
  EXPECT_EQ(human_bytes_in(512 * 1024, "MiB"), "0.5");
  EXPECT_EQ(human_bytes_in(7, "B"), "7");
  EXPECT_EQ(human_bytes_in(std::uint64_t{3} << 40U, "GiB"), "3072.0");
}

TEST(Milestones, AreTenthsAndNotTooMany) {
  milestones told;
  progress_facts facts = some();
  facts.bytes_done = 0;
  unsigned count = 0;
  // A hundred seconds, one percent in each.
  for (int second = 0; second <= 100; ++second) {
    facts.bytes_done = static_cast<std::uint64_t>(second) * 10 * mebibyte;
    if (told.reached(facts, start + std::chrono::seconds(second))) {
      EXPECT_EQ(second % 10, 0);
      ++count;
    }
  }
  EXPECT_EQ(count, 9U);  // the last is the end, which is told anyway
  milestones quick;
  for (int tick = 0; tick <= 100; ++tick) {
    facts.bytes_done = static_cast<std::uint64_t>(tick) * 10 * mebibyte;
    EXPECT_FALSE(quick.reached(facts, start + std::chrono::milliseconds(40 * tick)));
  }
}

TEST(Milestones, AreASignOfLife) {
  milestones told;
  const progress_facts facts = some();
  EXPECT_FALSE(told.reached(facts, start));
  EXPECT_FALSE(told.reached(facts, start + 299s));
  EXPECT_TRUE(told.reached(facts, start + 300s));
  EXPECT_FALSE(told.reached(facts, start + 301s));
  progress_facts stream;
  milestones of_stream;
  EXPECT_FALSE(of_stream.reached(stream, start));
  EXPECT_TRUE(of_stream.reached(stream, start + 60s));
}

TEST(Milestones, ReadAsText) {
  EXPECT_EQ(milestone_line(some(), steady), "42 %, 420.0/1000.0 MiB, 10.0 MiB/s, 0:58 left");
}

TEST(RateWindow, TellsTheRateOfTheLastSeconds) {
  rate_window window;
  for (int tick = 0; tick <= 100; ++tick) {  // ten seconds, 10 MiB/s
    window.add(start + tick * 100ms, static_cast<std::uint64_t>(tick) * mebibyte);
  }
  EXPECT_NEAR(window.rate(), 10.0 * mebibyte, 0.5 * mebibyte);
  for (int tick = 1; tick <= 60; ++tick) {  // six more, a tenth as fast
    window.add(start + 10s + tick * 100ms,
               100 * mebibyte + static_cast<std::uint64_t>(tick) * mebibyte / 10);
  }
  EXPECT_NEAR(window.rate(), 1.0 * mebibyte, 0.1 * mebibyte);
}

TEST(RateWindow, KnowsNothingAtFirstAndNothingOfAStandstill) {
  rate_window window;
  EXPECT_EQ(window.rate(), 0);
  EXPECT_EQ(window.still_for(start), 0s);
  window.add(start, mebibyte);
  window.add(start + 400ms, 2 * mebibyte);
  EXPECT_EQ(window.rate(), 0);
  for (int tick = 5; tick <= 80; ++tick) window.add(start + tick * 100ms, 2 * mebibyte);
  EXPECT_EQ(window.rate(), 0);
  EXPECT_EQ(window.still_for(start + 8s), 7s);
}

TEST(RateWindow, BeginsAnewWhereBytesGoBack) {
  rate_window window;
  window.add(start, 100 * mebibyte);
  window.add(start + 1s, 10 * mebibyte);
  window.add(start + 2s, 11 * mebibyte);
  EXPECT_NEAR(window.rate(), 1.0 * mebibyte, 1);
}

}  // namespace
}  // namespace tallow::cli
