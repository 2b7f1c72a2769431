#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <optional>
#include <utility>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <gtest/gtest.h>

#include <tallow/net/connect.hpp>

namespace tallow::net {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;

template <class To>
asio::awaitable<void> try_to(To to, connect_times times,
                             std::optional<result<tcp::endpoint>>& outcome) {
  const auto socket = co_await connect(std::move(to), times);
  if (!socket) {
    outcome = fail(socket.error());
  } else {
    outcome = socket->remote_endpoint();
  }
}

// Who answered, of an address or of endpoints; or why nobody did.
template <class To>
result<tcp::endpoint> reach(const To& to, connect_times times) {
  asio::io_context context;
  std::optional<result<tcp::endpoint>> outcome;
  asio::co_spawn(context, try_to(to, times, outcome), asio::detached);
  context.run_for(30s);
  EXPECT_TRUE(outcome) << "it does not end";
  return outcome.value_or(fail(errc::wrong_state));
}

std::optional<error> connect_to(const address& to, std::chrono::milliseconds timeout = 5s) {
  const auto outcome = reach(to, {250ms, timeout});
  return outcome ? std::nullopt : std::optional(outcome.error());
}

// A listener whose queue is full drops what comes, as a network that swallows everything does.
class black_hole {
 public:
  explicit black_hole(asio::io_context& context, const char* host = "127.0.0.1")
      : listener_(context), fills_(context) {
    const tcp::endpoint any(asio::ip::make_address(host), 0);
    listener_.open(any.protocol());
    listener_.bind(any);
    listener_.listen(0);
    fills_.connect(at());
  }
  [[nodiscard]] tcp::endpoint at() const { return listener_.local_endpoint(); }

 private:
  tcp::acceptor listener_;
  tcp::socket fills_;
};

std::ptrdiff_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return std::distance(begin(all), end(all));
}

bool has_ipv6() {
  asio::io_context context;
  asio::error_code trouble;
  tcp::acceptor listener(context);
  listener.open(tcp::v6(), trouble);
  if (!trouble) listener.bind({asio::ip::make_address("::1"), 0}, trouble);
  return !trouble;
}

TEST(Connect, ReachesAListener) {
  asio::io_context context;
  const tcp::acceptor listener(context, {asio::ip::make_address("127.0.0.1"), 0});
  EXPECT_FALSE(connect_to({"127.0.0.1", listener.local_endpoint().port()}));
}

// A name that may have two addresses, of which only the one of IPv4 answers.
TEST(Connect, TriesTheAddressesInTurn) {
  asio::io_context context;
  const auto loopback = asio::ip::make_address("127.0.0.1");
  std::error_code unknown;
  const auto found = tcp::resolver(context).resolve("localhost", "", unknown);
  const bool known = std::any_of(found.begin(), found.end(), [&](const auto& entry) {
    return entry.endpoint().address() == loopback;
  });
  if (!known) GTEST_SKIP() << "localhost is not 127.0.0.1 on this machine";
  const tcp::acceptor listener(context, {asio::ip::make_address("127.0.0.1"), 0});
  EXPECT_FALSE(connect_to({"localhost", listener.local_endpoint().port()}));
}

TEST(Connect, SaysThatNobodyListens) {
  asio::io_context context;
  std::uint16_t port = 0;
  {
    const tcp::acceptor gone(context, {asio::ip::make_address("127.0.0.1"), 0});
    port = gone.local_endpoint().port();
  }
  const auto why = connect_to({"127.0.0.1", port});
  ASSERT_TRUE(why);
  EXPECT_EQ(why->code, errc::connect_failed);
  EXPECT_TRUE(why->cause == std::errc::connection_refused);
}

TEST(Connect, SaysThatAHostIsUnknown) {
  const auto why = connect_to({"no-such-host.invalid", 9009});
  ASSERT_TRUE(why);
  EXPECT_EQ(why->code, errc::resolve_failed);
}

TEST(Connect, GivesUpOnAnAddressThatSaysNothing) {
  asio::io_context context;
  const black_hole hole(context);
  const auto before = std::chrono::steady_clock::now();
  const auto why = connect_to({"127.0.0.1", hole.at().port()}, 200ms);
  if (!why) GTEST_SKIP() << "this system's queue is longer than it was asked to be";
  EXPECT_EQ(why->code, errc::timed_out);
  EXPECT_LT(std::chrono::steady_clock::now() - before, 5s);
}

TEST(Connect, TakesIPv6First) {
  if (!has_ipv6()) GTEST_SKIP() << "no IPv6 here";
  asio::io_context context;
  tcp::acceptor four(context, {asio::ip::make_address("127.0.0.1"), 0});
  const tcp::acceptor six(context, {asio::ip::make_address("::1"), 0});
  // A stagger that nothing outlasts: the second is not tried at all.
  const auto found =
      reach(in_connecting_order(endpoints{four.local_endpoint(), six.local_endpoint()}), {1h, 1h});
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, six.local_endpoint());
  four.non_blocking(true);
  asio::error_code trouble;
  (void)four.accept(trouble);
  EXPECT_EQ(trouble, asio::error::would_block);
}

TEST(Connect, GoesPastAnAddressThatSaysNothing) {
  asio::io_context context;
  const char* const host = has_ipv6() ? "::1" : "127.0.0.1";
  const black_hole hole(context, host);
  if (reach(endpoints{hole.at()}, {1h, 200ms})) {
    GTEST_SKIP() << "this system's queue is longer than it was asked to be";
  }
  const tcp::acceptor listener(context, {asio::ip::make_address("127.0.0.1"), 0});
  const auto descriptors = open_descriptors();
  // The first has an hour, so that it is the second one's answer that ends it.
  const auto found = reach(endpoints{hole.at(), listener.local_endpoint()}, {50ms, 1h});
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, listener.local_endpoint());
  EXPECT_EQ(open_descriptors(), descriptors) << "the one that lost is still open";
}

TEST(Connect, DoesNotWaitBehindAnAddressThatRefuses) {
  asio::io_context context;
  const tcp::acceptor listener(context, {asio::ip::make_address("127.0.0.1"), 0});
  tcp::endpoint refuses;
  {
    const tcp::acceptor gone(context, {asio::ip::make_address("127.0.0.1"), 0});
    refuses = gone.local_endpoint();
  }
  const auto found = reach(endpoints{refuses, listener.local_endpoint()}, {1h, 1h});
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, listener.local_endpoint());
}

// The executor may end before the system has an answer for it.
TEST(Resolve, CanBeLeft) {
  for (int i = 0; i < 50; ++i) {
    asio::io_context context;
    std::optional<result<tcp::endpoint>> outcome;
    asio::co_spawn(context, try_to(address{"localhost", 9}, {}, outcome), asio::detached);
    (void)context.poll_one();
  }
}

}  // namespace
}  // namespace tallow::net
