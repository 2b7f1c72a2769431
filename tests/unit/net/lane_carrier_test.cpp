#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/base/bytes.hpp>
#include <tallow/net/lane_carrier.hpp>

namespace tallow::net {
namespace {

// Two sockets that know each other.
struct socket_pair {
  socket_pair() {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
  }
  ~socket_pair() {
    for (const int end : ends) ::close(end);
  }
  socket_pair(const socket_pair&) = delete;
  socket_pair& operator=(const socket_pair&) = delete;
  std::array<int, 2> ends{};
};

class LaneCarrierTest : public ::testing::TestWithParam<lane_moving> {
 protected:
  socket_pair in_;
  socket_pair out_;
  lane_carriers pool_{GetParam()};
};

TEST_P(LaneCarrierTest, TakesWhatIsThereAndGivesAllOfIt) {
  lane_carrier carrier = pool_.take();
  EXPECT_EQ(carrier.is_pipe(), TALLOW_HAS_SPLICE != 0 && GetParam() == lane_moving::spliced);
  EXPECT_EQ(carrier.take(in_.ends[1], 1000), lane_step::blocked);
  EXPECT_EQ(carrier.size(), 0U);
  ASSERT_EQ(::write(in_.ends[0], "some bytes", 10), 10);
  EXPECT_EQ(carrier.take(in_.ends[1], 4), lane_step::moved);
  EXPECT_EQ(carrier.size(), 4U);
  EXPECT_EQ(carrier.give(out_.ends[0]), lane_step::moved);
  EXPECT_EQ(carrier.size(), 0U);
  EXPECT_EQ(carrier.take(in_.ends[1], 1000), lane_step::moved);
  EXPECT_EQ(carrier.give(out_.ends[0]), lane_step::moved);
  std::array<char, 20> got{};
  ASSERT_EQ(::read(out_.ends[1], got.data(), got.size()), 10);
  EXPECT_STREQ(got.data(), "some bytes");
  ::shutdown(in_.ends[0], SHUT_WR);
  EXPECT_EQ(carrier.take(in_.ends[1], 1000), lane_step::ended);
}

TEST_P(LaneCarrierTest, KeepsWhatABlockedSocketDoesNotTake) {
  const byte_buffer block(100'000, std::byte{7});
  std::size_t taken = 0;
  std::size_t held = 0;
  for (;;) {
    lane_carrier carrier = pool_.take();
    std::size_t at = 0;
    while (at < block.size()) {
      const auto count = ::write(in_.ends[0], block.data() + at, block.size() - at);
      if (count <= 0) break;
      at += static_cast<std::size_t>(count);
    }
    ASSERT_EQ(carrier.take(in_.ends[1], block.size()), lane_step::moved);
    taken += carrier.size();
    const lane_step step = carrier.give(out_.ends[0]);
    held = carrier.size();
    if (step == lane_step::blocked) {
      EXPECT_GT(held, 0U);
      byte_buffer drained(taken);
      std::size_t got = 0;
      while (held != 0 || got < taken) {
        const auto count = ::read(out_.ends[1], drained.data() + got, drained.size() - got);
        if (count > 0) got += static_cast<std::size_t>(count);
        if (held != 0) (void)carrier.give(out_.ends[0]);
        held = carrier.size();
      }
      EXPECT_EQ(drained, byte_buffer(taken, std::byte{7}));
      return;
    }
    ASSERT_EQ(step, lane_step::moved);
    pool_.put_back(std::move(carrier));
  }
}

TEST_P(LaneCarrierTest, FailsOnASocketThatIsGoneAndLeavesTheProgramAlone) {
  lane_carrier carrier = pool_.take();
  ASSERT_EQ(::write(in_.ends[0], "bytes", 5), 5);
  ASSERT_EQ(carrier.take(in_.ends[1], 5), lane_step::moved);
  ::shutdown(out_.ends[0], SHUT_WR);
  EXPECT_EQ(carrier.give(out_.ends[0]), lane_step::failed);
  pool_.put_back(std::move(carrier));
  EXPECT_EQ(pool_.take().size(), 0U) << "the next lane got bytes of this one";
  EXPECT_EQ(pool_.take().take(-1, 5), lane_step::failed);
}

INSTANTIATE_TEST_SUITE_P(Both, LaneCarrierTest,
                         ::testing::Values(lane_moving::spliced, lane_moving::copied));

#if TALLOW_HAS_SPLICE

int next_descriptor() {
  const int next = ::dup(0);
  ::close(next);
  return next;
}

TEST(LaneCarriers, UsePipesAgain) {
  lane_carriers pool(lane_moving::spliced);
  const int before = next_descriptor();
  pool.put_back(pool.take());
  const int with_one = next_descriptor();
  EXPECT_GT(with_one, before);
  for (int i = 0; i < 100; ++i) pool.put_back(pool.take());
  EXPECT_EQ(next_descriptor(), with_one);
}

TEST(LaneCarriers, KeepAFewPipesAndCloseTheOthers) {
  const int before = next_descriptor();
  {
    lane_carriers pool(lane_moving::spliced);
    std::vector<lane_carrier> many;
    many.reserve(50);
    for (int i = 0; i < 50; ++i) many.push_back(pool.take());
    EXPECT_GE(next_descriptor(), before + 100);
    for (auto& one : many) pool.put_back(std::move(one));
    many.clear();
    EXPECT_LE(next_descriptor(), before + 20);
  }
  EXPECT_EQ(next_descriptor(), before);
}

TEST(LaneCarriers, CopyWhenThereAreNoDescriptorsAndSpliceAgainLater) {
  lane_carriers pool(lane_moving::spliced);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(next_descriptor());
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  lane_carrier one = pool.take();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_FALSE(one.is_pipe());
  pool.put_back(std::move(one));
  EXPECT_TRUE(pool.take().is_pipe());
}

// In a process of its own: the disposition of a signal is everybody's.
TEST(LaneCarriersDeathTest, LeaveAProgramsOwnWayWithBrokenPipes) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto handler_after = [](auto set) {
    set();
    lane_carriers pool(lane_moving::spliced);
    struct sigaction now {};
    (void)::sigaction(SIGPIPE, nullptr, &now);
    return now.sa_handler;
  };
  const auto own = [](int) {};
  EXPECT_EXIT(std::exit(handler_after([] { std::signal(SIGPIPE, SIG_DFL); }) == SIG_IGN ? 0 : 1),
              ::testing::ExitedWithCode(0), "");
  EXPECT_EXIT(std::exit(handler_after([&] { std::signal(SIGPIPE, own); }) == +own ? 0 : 1),
              ::testing::ExitedWithCode(0), "");
}

#endif

}  // namespace
}  // namespace tallow::net
