#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <gtest/gtest.h>

#include <tallow/net/route.hpp>

namespace tallow::net {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using asio::ip::tcp;

// No host of this name is known to anybody.
const address relay{"relay.invalid", 9009};

const std::string no_login = "\x05\x00"s;
const std::string connected = "\x05\x00\x00\x01\x7f\x00\x00\x01\x04\xd2"s;

// Accepts connections, hears what is said, and answers as it is told.
class other_end {
 public:
  explicit other_end(asio::io_context& context)
      : listener_(context, {asio::ip::make_address("127.0.0.1"), 0}) {
    asio::co_spawn(context, accept_all(*this), asio::detached);
  }
  [[nodiscard]] std::uint16_t port() const { return listener_.local_endpoint().port(); }
  [[nodiscard]] std::string at(const std::string& scheme) const {
    return scheme + "127.0.0.1:" + std::to_string(port());
  }

  // One after the other, each as soon as something was heard; then silence.
  std::deque<std::string> answers;
  bool hangs_up = false;  // behind the last answer
  bool trickles = false;  // a byte of a header that does not end, and again
  std::string heard;
  int connections = 0;

  void stop() { listener_.close(); }

 private:
  static asio::awaitable<void> accept_all(other_end& self) {
    for (;;) {
      auto [trouble, socket] = co_await self.listener_.async_accept(awaited);
      if (trouble) co_return;
      ++self.connections;
      asio::co_spawn(self.listener_.get_executor(), serve(self, std::move(socket)), asio::detached);
    }
  }
  static asio::awaitable<void> serve(other_end& self, tcp::socket socket) {
    std::array<char, 4096> some{};
    for (;;) {
      const auto [trouble, count] = co_await socket.async_read_some(asio::buffer(some), awaited);
      if (trouble) co_return;
      self.heard.append(some.data(), count);
      if (!self.answers.empty()) {
        const std::string answer = self.answers.front();
        self.answers.pop_front();
        (void)co_await asio::async_write(socket, asio::buffer(answer), awaited);
      } else if (self.hangs_up) {
        co_return;
      }
      if (self.trickles) break;
      if (self.answers.empty() && self.hangs_up) co_return;
    }
    asio::steady_timer pause(socket.get_executor());
    for (;;) {
      pause.expires_after(5ms);
      (void)co_await pause.async_wait(awaited);
      const auto [trouble, count] = co_await socket.async_write_some(asio::buffer("x", 1), awaited);
      if (trouble) co_return;
    }
  }

  tcp::acceptor listener_;
};

using outcome = std::optional<result<tcp::socket>>;

asio::awaitable<void> go(route way, bool again, outcome& into) {
  if (again) {
    into = co_await way.connect_again();
  } else {
    into = co_await way.connect();
  }
}

class Route : public testing::Test {
 protected:
  result<tcp::socket> connect(const route& way, bool again = false) {
    outcome got;
    asio::co_spawn(context, go(way, again, got), asio::detached);
    const auto end = std::chrono::steady_clock::now() + 30s;
    while (!got && std::chrono::steady_clock::now() < end) {
      context.restart();
      (void)context.run_one_for(50ms);
    }
    if (!got) return fail(errc::wrong_state, 0, "it does not end");
    return std::move(*got);
  }
  static route through(const std::string& proxy, std::chrono::milliseconds time = 20s) {
    return {relay, parse_proxy_address(proxy).value(), {{250ms, 5s}, time}};
  }
  // The error that a proxy with these answers leads to.
  error why(const std::string& scheme, std::deque<std::string> answers, bool hangs_up = false) {
    other_end proxy(context);
    proxy.answers = std::move(answers);
    proxy.hangs_up = hangs_up;
    const auto socket = connect(through(proxy.at(scheme)));
    proxy.stop();
    EXPECT_FALSE(socket);
    return socket ? error{} : socket.error();
  }

  asio::io_context context;
};

TEST_F(Route, GoesThroughAProxyWithoutAskingForTheName) {
  const std::pair<std::string, std::deque<std::string>> rows[] = {
      {"socks5://", {no_login, connected}},
      {"http://", {"HTTP/1.1 200 OK\r\n\r\n"}},
  };
  for (const auto& [scheme, answers] : rows) {
    other_end proxy(context);
    proxy.answers = answers;
    const route way = through(proxy.at(scheme));
    const auto socket = connect(way);
    ASSERT_TRUE(socket) << describe(socket.error());
    EXPECT_NE(proxy.heard.find("relay.invalid"), std::string::npos);
    // Another connection goes to the same proxy, and is asked for anew.
    proxy.answers = answers;
    EXPECT_TRUE(connect(way, true));
    EXPECT_EQ(proxy.connections, 2);
    proxy.stop();
  }
}

TEST_F(Route, LeavesToTheRelayWhatFollowsTheAnswer) {
  other_end proxy(context);
  proxy.answers = {no_login, connected + "of the relay"};
  auto socket = connect(through(proxy.at("socks5://")));
  ASSERT_TRUE(socket);
  std::array<char, 64> some{};
  EXPECT_EQ(std::string(some.data(), socket->read_some(asio::buffer(some))), "of the relay");
  proxy.stop();
}

TEST_F(Route, SaysThatItWasTheProxy) {
  EXPECT_EQ(why("socks5://", {no_login, "\x05\x05"s}).code, errc::proxy_refused);
  EXPECT_EQ(why("socks5://", {"\x05\xff"s}).code, errc::proxy_login_refused);
  EXPECT_EQ(why("socks5://ann:secret@", {"\x05\x02"s, "\x01\x01"s}).code,
            errc::proxy_login_refused);
  EXPECT_EQ(why("socks5://", {"HTTP/1.0 400 no\r\n\r\n"}).code, errc::proxy_not_understood);
  EXPECT_EQ(why("socks5://", {}, true).code, errc::proxy_refused);
  EXPECT_EQ(why("socks5://", {"\x05"s}, true).code, errc::proxy_refused);
  EXPECT_EQ(why("http://", {"HTTP/1.1 407 who?\r\n\r\n"}).code, errc::proxy_login_refused);
  EXPECT_EQ(why("http://", {"\x05\x00"s}).code, errc::proxy_not_understood);
  EXPECT_EQ(why("http://", {"HTTP/1.1 200 OK\r\nX: y\r\n"}, true).code, errc::proxy_refused);
  std::string long_head = "HTTP/1.1 200 OK\r\n";
  while (long_head.size() < 200'000) long_head += "X-Filler: y\r\n";
  EXPECT_EQ(why("http://", {long_head}).code, errc::proxy_not_understood);
}

TEST_F(Route, SaysThatTheProxyIsNotThere) {
  std::string nobody;
  {
    const tcp::acceptor gone(context, {asio::ip::make_address("127.0.0.1"), 0});
    nobody = "socks5://127.0.0.1:" + std::to_string(gone.local_endpoint().port());
  }
  const auto socket = connect(through(nobody));
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().code, errc::proxy_unreachable);
  EXPECT_TRUE(socket.error().cause == std::errc::connection_refused);
  const auto unknown = connect(through("http://proxy.invalid:1"));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, errc::proxy_unreachable);
}

// The time runs from the first byte to the last: a byte now and then gains nothing.
TEST_F(Route, WaitsForAProxyForOnlySoLong) {
  for (const bool trickles : {false, true}) {
    for (const char* scheme : {"socks5://", "http://"}) {
      other_end proxy(context);
      if (trickles) proxy.answers = {"HTTP/1.1 200 OK\r\nX: "};
      if (trickles && *scheme == 's') proxy.answers = {"\x05"s};
      proxy.trickles = trickles && *scheme == 'h';
      const auto before = std::chrono::steady_clock::now();
      const auto socket = connect(through(proxy.at(scheme), 200ms));
      ASSERT_FALSE(socket);
      EXPECT_EQ(socket.error().code, errc::proxy_unreachable) << describe(socket.error());
      EXPECT_GE(std::chrono::steady_clock::now() - before, 200ms);
      proxy.stop();
    }
  }
}

TEST_F(Route, ComesAgainToTheAddressThatAnswered) {
  other_end here(context);
  const route way(address{"localhost", here.port()});
  const auto first = connect(way);
  if (!first) GTEST_SKIP() << "localhost is not 127.0.0.1 on this machine";
  const route copy = way;  // which is the same route
  const auto second = connect(copy, true);
  ASSERT_TRUE(second);
  EXPECT_EQ(first->remote_endpoint(), second->remote_endpoint());
  here.stop();
}

// A name that stands for several relays, of which one has the room: its lanes go there and nowhere
// else, even when it does not answer any more.
TEST_F(Route, DoesNotGoElsewhereInstead) {
  other_end other(context);
  std::optional<other_end> first(std::in_place, context);
  const route way(address{"127.0.0.1", first->port()});
  ASSERT_TRUE(connect(way));
  first->stop();
  const auto again = connect(way, true);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, errc::connect_failed);
  EXPECT_EQ(other.connections, 0);
  other.stop();
}

}  // namespace
}  // namespace tallow::net
