#include <algorithm>
#include <chrono>
#include <optional>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <gtest/gtest.h>

#include <tallow/net/connect.hpp>

namespace tallow::net {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;

asio::awaitable<void> try_to(address to, std::chrono::milliseconds timeout,
                             std::optional<error>& why, bool& is_connected) {
  const auto socket = co_await connect(std::move(to), timeout);
  is_connected = socket.has_value();
  if (!socket) why = socket.error();
}

std::optional<error> connect_to(const address& to, std::chrono::milliseconds timeout = 5s) {
  asio::io_context context;
  std::optional<error> why;
  bool is_connected = false;
  asio::co_spawn(context, try_to(to, timeout, why, is_connected), asio::detached);
  context.run_for(10s);
  EXPECT_NE(is_connected, why.has_value());
  return why;
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

// A listener whose queue is full drops what comes, as a network that swallows everything does.
TEST(Connect, GivesUpOnAnAddressThatSaysNothing) {
  asio::io_context context;
  tcp::acceptor listener(context);
  listener.open(tcp::v4());
  listener.bind({asio::ip::make_address("127.0.0.1"), 0});
  listener.listen(0);
  const auto to = listener.local_endpoint();
  tcp::socket fills(context);
  fills.connect(to);
  const auto before = std::chrono::steady_clock::now();
  const auto why = connect_to({"127.0.0.1", to.port()}, 200ms);
  if (!why) GTEST_SKIP() << "this system's queue is longer than it was asked to be";
  EXPECT_EQ(why->code, errc::timed_out);
  EXPECT_LT(std::chrono::steady_clock::now() - before, 5s);
}

}  // namespace
}  // namespace tallow::net
