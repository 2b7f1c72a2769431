#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <utility>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/read.hpp>
#include <asio/write.hpp>
#include <gtest/gtest.h>

#include <tallow/base/bytes.hpp>
#include <tallow/net/lane_splice.hpp>

namespace tallow::net {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;

byte_buffer random_bytes(std::size_t count) {
  std::mt19937_64 generator(7);
  byte_buffer bytes(count);
  for (std::byte& b : bytes) b = static_cast<std::byte>(generator());
  return bytes;
}

// What a lane told its owner.
struct account {
  std::array<std::uint64_t, 2> bytes{};
  std::uint64_t bytes_max = UINT64_MAX;
  std::uint64_t largest_step = 0;
  int ended = 0;
  std::size_t grant_max = SIZE_MAX;
  std::uint64_t granted = 0;
  std::uint64_t given_back = 0;
};

// The two sockets of a lane, and the other ends of their connections.
class LaneSpliceTest : public ::testing::TestWithParam<lane_moving> {
 protected:
  LaneSpliceTest() : a_(context_), b_(context_), far_a_(context_), far_b_(context_) {
    connect_anew();
    options_.how = GetParam();
  }

  void connect_anew() {
    tcp::acceptor acceptor(context_, {asio::ip::address_v4::loopback(), 0});
    for (auto [far, near] : {std::pair{&far_a_, &a_}, std::pair{&far_b_, &b_}}) {
      far->close();
      near->close();
      far->connect(acceptor.local_endpoint());
      acceptor.accept(*near);
    }
  }

  struct owner {
    LaneSpliceTest* test;
    [[nodiscard]] lane_carriers& carriers() const { return test->carriers_; }
    [[nodiscard]] asio::awaitable<std::size_t> allowance(lane_end, std::size_t wanted) const {
      account& all = test->account_;
      const std::size_t grant = std::min(wanted, all.grant_max);
      // Others run meanwhile, as they do when a relay makes a lane wait.
      co_await asio::post(asio::use_awaitable);
      all.granted += grant;
      co_return grant;
    }
    void give_back(lane_end, std::size_t bytes) const { test->account_.given_back += bytes; }
    [[nodiscard]] bool may_pass(lane_end from, std::size_t bytes) const {
      account& all = test->account_;
      all.largest_step = std::max<std::uint64_t>(all.largest_step, bytes);
      if (bytes > all.bytes_max - all.bytes[0] - all.bytes[1]) return false;
      all.bytes[from == lane_end::a ? 0 : 1] += bytes;
      return true;
    }
    void close() const {
      asio::error_code ignored;
      test->a_.close(ignored);
      test->b_.close(ignored);
    }
    void ended() const { ++test->account_.ended; }
  };

  void start() { lane_splice<owner>::start(a_, b_, owner{this}, options_); }

  // Runs the lane until it has ended, with whatever else uses the far ends in other threads.
  [[nodiscard]] bool run() {
    context_.restart();
    context_.run_for(60s);
    return account_.ended == 1;
  }

  // Sends `block` so many times, and ends.
  static void send_all(tcp::socket& to, byte_view block, int times) {
    asio::error_code trouble;
    for (int i = 0; i < times && !trouble; ++i) {
      asio::write(to, asio::buffer(block.data(), block.size()), trouble);
    }
    to.shutdown(tcp::socket::shutdown_send, trouble);
  }

  // Reads to the end; how many bytes came, or nothing when they are not `block` again and again.
  static std::optional<std::size_t> receive_all(tcp::socket& from, byte_view block) {
    byte_buffer part(100'000);
    std::size_t count = 0;
    for (;;) {
      asio::error_code trouble;
      byte_view got =
          byte_view(part).first(from.read_some(asio::buffer(part.data(), part.size()), trouble));
      if (trouble) return trouble == asio::error::eof ? std::optional(count) : std::nullopt;
      while (!got.empty()) {
        const byte_view expected = block.subspan(count % block.size());
        const byte_view same = expected.first(std::min(expected.size(), got.size()));
        if (!equal(same, got.first(same.size()))) return std::nullopt;
        got = got.subspan(same.size());
        count += same.size();
      }
    }
  }

  static void reset(tcp::socket& end) {
    end.set_option(asio::socket_base::linger(true, 0));
    end.close();
  }

  asio::io_context context_;
  tcp::socket a_;
  tcp::socket b_;
  tcp::socket far_a_;
  tcp::socket far_b_;
  lane_options options_;
  lane_carriers carriers_{GetParam()};
  account account_;
};

TEST_P(LaneSpliceTest, MovesMuchBothWaysAtOnceIntact) {
  // Not a multiple of any page or buffer.
  const byte_buffer block = random_bytes(1'000'003);
  constexpr int times = 110;
  start();
  std::optional<std::size_t> got_a;
  std::optional<std::size_t> got_b;
  std::thread from_a([&] { send_all(far_a_, block, times); });
  std::thread from_b([&] { send_all(far_b_, block, times); });
  std::thread to_a([&] { got_a = receive_all(far_a_, block); });
  std::thread to_b([&] { got_b = receive_all(far_b_, block); });
  EXPECT_TRUE(run());
  for (std::thread* t : {&from_a, &from_b, &to_a, &to_b}) t->join();
  EXPECT_EQ(got_a, block.size() * times);
  EXPECT_EQ(got_b, block.size() * times);
  EXPECT_EQ(account_.bytes[0], block.size() * times);
  EXPECT_EQ(account_.bytes[1], block.size() * times);
}

// However small the portions are, and whether they are used or not.
TEST_P(LaneSpliceTest, TakesNoMoreThanItIsGranted) {
  for (const std::size_t portion : {1000U, 65536U}) {
    account_ = {};
    account_.grant_max = portion;
    const byte_buffer block = random_bytes(500'003);
    start();
    std::thread from_a([&] { send_all(far_a_, block, 2); });
    std::thread to_b([&] { EXPECT_EQ(receive_all(far_b_, block), 2 * block.size()); });
    send_all(far_b_, {}, 0);
    EXPECT_TRUE(run());
    from_a.join();
    to_b.join();
    EXPECT_LE(account_.largest_step, portion);
    EXPECT_EQ(account_.granted - account_.given_back, 2 * block.size());
    if (portion != 65536U) connect_anew();
  }
}

TEST_P(LaneSpliceTest, PassesOnWhatCameBeforeItStarted) {
  const byte_buffer block = random_bytes(10'000);
  send_all(far_a_, block, 1);
  send_all(far_b_, block, 2);
  start();
  EXPECT_TRUE(run());
  EXPECT_EQ(receive_all(far_b_, block), 10'000U);
  EXPECT_EQ(receive_all(far_a_, block), 20'000U);
}

// One side asks and ends its sending; the other answers at length, and ends.
TEST_P(LaneSpliceTest, LetsOneDirectionGoOnWhenTheOtherHasEnded) {
  const byte_buffer block = random_bytes(100'000);
  start();
  std::thread other([&] {
    EXPECT_EQ(receive_all(far_b_, block), block.size());
    send_all(far_b_, block, 30);
  });
  std::thread one([&] {
    send_all(far_a_, block, 1);
    EXPECT_EQ(receive_all(far_a_, block), 30 * block.size());
  });
  EXPECT_TRUE(run());
  one.join();
  other.join();
}

TEST_P(LaneSpliceTest, EndsWhenBothDirectionsEndedWithoutAByte) {
  start();
  send_all(far_b_, {}, 0);
  send_all(far_a_, {}, 0);
  EXPECT_TRUE(run());
  EXPECT_EQ(receive_all(far_a_, random_bytes(1)), 0U);
  EXPECT_EQ(receive_all(far_b_, random_bytes(1)), 0U);
}

TEST_P(LaneSpliceTest, BoundsTheTimeOfAnEndThatDoesNotEnd) {
  options_.half_open_max = 50ms;
  start();
  const auto since = std::chrono::steady_clock::now();
  send_all(far_a_, random_bytes(10), 1);
  EXPECT_TRUE(run());
  EXPECT_GE(std::chrono::steady_clock::now() - since, 50ms);
  EXPECT_EQ(receive_all(far_b_, random_bytes(10)), 10U);
  EXPECT_EQ(receive_all(far_a_, random_bytes(10)), 0U);
}

TEST_P(LaneSpliceTest, IsSilentForAsLongAsBothLike) {
  options_.half_open_max = 1ms;
  start();
  context_.run_for(20ms);
  EXPECT_EQ(account_.ended, 0);
  EXPECT_TRUE(a_.is_open());
  send_all(far_a_, {}, 0);
  EXPECT_TRUE(run());
}

TEST_P(LaneSpliceTest, EndsBothWhenOneIsReset) {
  for (const bool is_a : {true, false}) {
    if (!is_a) {
      tcp::acceptor acceptor(context_, {asio::ip::address_v4::loopback(), 0});
      for (auto [near, far] : {std::pair(&a_, &far_a_), std::pair(&b_, &far_b_)}) {
        far->close();
        far->connect(acceptor.local_endpoint());
        *near = acceptor.accept();
      }
      account_ = {};
    }
    start();
    tcp::socket& dies = is_a ? far_a_ : far_b_;
    tcp::socket& lives = is_a ? far_b_ : far_a_;
    asio::write(lives, asio::buffer("bytes on their way", 18));
    reset(dies);
    EXPECT_TRUE(run());
    std::array<char, 100> rest{};
    asio::error_code trouble;
    (void)asio::read(lives, asio::buffer(rest), trouble);
    EXPECT_TRUE(trouble);
  }
}

// Writing to a connection that is gone must end the lane, not the program.
TEST_P(LaneSpliceTest, SurvivesAReaderThatDiesWhileMuchIsOnItsWay) {
  start();
  const byte_buffer block = random_bytes(1'000'000);
  std::thread from_a([&] { send_all(far_a_, block, 200); });
  std::thread to_b([&] {
    byte_buffer part(1'000'000);
    asio::read(far_b_, asio::buffer(part.data(), part.size()));
    reset(far_b_);
  });
  EXPECT_TRUE(run());
  from_a.join();
  to_b.join();
}

TEST_P(LaneSpliceTest, PassesNothingOnThatItsOwnerRefuses) {
  account_.bytes_max = 3'000'000;
  start();
  const byte_buffer block = random_bytes(1'000'000);
  std::thread from_a([&] { send_all(far_a_, block, 10); });
  std::size_t got = 0;
  std::thread to_b([&] {
    byte_buffer part(100'000);
    for (asio::error_code trouble; !trouble;) {
      got += far_b_.read_some(asio::buffer(part.data(), part.size()), trouble);
    }
  });
  EXPECT_TRUE(run());
  from_a.join();
  to_b.join();
  EXPECT_LE(got, 3'000'000U);
}

TEST_P(LaneSpliceTest, EndsWhenItsOwnerClosesTheSockets) {
  start();
  const byte_buffer block = random_bytes(1'000'000);
  std::thread from_a([&] { send_all(far_a_, block, 1'000); });
  // Nobody reads: both directions wait, one to write, one to read.
  context_.run_for(20ms);
  EXPECT_EQ(account_.ended, 0);
  owner{this}.close();
  EXPECT_TRUE(run());
  from_a.join();
}

TEST_P(LaneSpliceTest, WaitsForASlowReaderWithLittleInHand) {
  start();
  std::thread from_a([&] { send_all(far_a_, random_bytes(1'000'000), 300); });
  // The system's buffers fill up, and then nothing moves any more.
  std::uint64_t before = UINT64_MAX;
  while (before != account_.bytes[0]) {
    before = account_.bytes[0];
    context_.restart();
    context_.run_for(100ms);
  }
  EXPECT_LT(account_.bytes[0], 100'000'000U);
  reset(far_b_);
  EXPECT_TRUE(run());
  from_a.join();
}

// Whatever else the program has to do comes after each turn.
TEST_P(LaneSpliceTest, GivesOthersTheirTurnWhileItIsSaturated) {
  options_.turn_bytes_max = 100'000;
  start();
  const byte_buffer block = random_bytes(1'000'000);
  std::thread from_a([&] { send_all(far_a_, block, 30); });
  std::thread to_b([&] {
    EXPECT_EQ(receive_all(far_b_, block), 30 * block.size());
    send_all(far_b_, {}, 0);
  });
  struct observer {
    asio::io_context* context;
    const account* all;
    std::uint64_t before = 0;
    std::uint64_t most = 0;
    void look() {
      most = std::max(most, all->bytes[0] - before);
      before = all->bytes[0];
      if (all->ended == 0) asio::post(*context, [this] { look(); });
    }
  } other{&context_, &account_};
  other.look();
  EXPECT_TRUE(run());
  from_a.join();
  to_b.join();
  EXPECT_GT(other.most, 0U);
  // A turn that waited for the reader may end just as the next begins.
  EXPECT_LE(other.most, 200'000U);
}

std::string name_of(const ::testing::TestParamInfo<lane_moving>& of) {
  return of.param == lane_moving::spliced ? "Spliced" : "Copied";
}
INSTANTIATE_TEST_SUITE_P(Both, LaneSpliceTest,
                         ::testing::Values(lane_moving::spliced, lane_moving::copied), name_of);

}  // namespace
}  // namespace tallow::net
