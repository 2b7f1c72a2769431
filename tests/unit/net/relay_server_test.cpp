#include <chrono>
#include <cstddef>
#include <memory>
#include <random>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/net/relay_server.hpp>

#include "support/net_world.hpp"

namespace tallow::net {
namespace {

using namespace std::chrono_literals;
using test::bare_socket;
using test::net_client;
using test::net_world;

byte_buffer random_bytes(std::size_t count) {
  std::mt19937 generator(7);
  byte_buffer bytes(count);
  for (std::byte& b : bytes) b = static_cast<std::byte>(generator());
  return bytes;
}

// Sends `bytes` in slices, never with more than a megabyte on its way.
bool send_all(net_world& w, net_client& from, byte_view bytes) {
  while (!bytes.empty()) {
    const byte_view slice = bytes.first(std::min(bytes.size(), limits::peer_slice_bytes_max));
    if (!from.link.send_slice(stream_id{1}, slice)) return false;
    bytes = bytes.subspan(slice.size());
    from.flush();
    if (!w.until([&] { return from.link.queued_bytes() < (1U << 20U); })) return false;
  }
  return true;
}

struct live_pair {
  explicit live_pair(net_world& w) : first(w.client(1, want::send)) {
    EXPECT_TRUE(w.until([&] { return first->find<room::created>() != nullptr; }));
    room = first->find<room::created>()->room;
    second = w.client(2, want::receive, room);
    EXPECT_TRUE(w.until([&] { return first->find<room::peer_arrived>() != nullptr; }));
    EXPECT_TRUE(first->link.confirm());
    first->flush();
  }
  std::shared_ptr<net_client> first;
  room_id room{};
  std::shared_ptr<net_client> second;
};

void exchange_over(const char* host) {
  net_world w(host);
  if (w.failure) GTEST_SKIP() << "no " << host << " on this machine";
  live_pair pair(w);
  EXPECT_EQ(pair.room, crypto::room_of(pair.first->find<room::created>()->nameplate));
  const byte_buffer bytes = random_bytes(std::size_t{5} << 20U);
  ASSERT_TRUE(send_all(w, *pair.first, bytes));
  ASSERT_TRUE(w.until([&] { return pair.second->got.size() == bytes.size(); }));
  EXPECT_TRUE(pair.second->got == bytes);
  ASSERT_TRUE(send_all(w, *pair.second, byte_view(bytes).first(1000)));
  ASSERT_TRUE(w.until([&] { return pair.first->got.size() == 1000; }));
  EXPECT_EQ(w.server.core().room_count(), 1U);
}

TEST(RelayServer, CarriesBytesBothWaysOverIpv4) { exchange_over("127.0.0.1"); }
TEST(RelayServer, CarriesBytesBothWaysOverIpv6) { exchange_over("::1"); }

TEST(RelayServer, ListensOnBothFamiliesOfOnePort) {
  asio::io_context context;
  relay_server server(context, {});
  ASSERT_TRUE(server.listen({"0.0.0.0", 0}));
  const auto port = server.addresses().at(0).port;
  const auto done = server.listen({"::", port});
  if (!done && done.error().cause == std::errc::address_family_not_supported) GTEST_SKIP();
  ASSERT_TRUE(done) << describe(done.error());
  EXPECT_EQ(server.addresses().size(), 2U);
}

TEST(RelayServer, SaysThatAPortIsTaken) {
  net_world w;
  asio::io_context context;
  relay_server server(context, {});
  const auto done = server.listen(w.relay);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, errc::listen_failed);
  EXPECT_TRUE(done.error().cause == std::errc::address_in_use);
}

TEST(RelayServer, SaysThatAHostIsUnknown) {
  asio::io_context context;
  relay_server server(context, {});
  EXPECT_EQ(server.listen({"no-such-host.invalid", 0}).error().code, errc::resolve_failed);
}

TEST(RelayServer, TellsTheOtherSideWhenOneIsGone) {
  net_world w;
  live_pair pair(w);
  pair.first->disconnect();
  ASSERT_TRUE(w.until([&] { return pair.second->find<room::peer_gone>() != nullptr; }));
  EXPECT_EQ(pair.second->find<room::peer_gone>()->reason, leave_reason::disconnected);
}

TEST(RelayServer, DeliversEverythingAndThenTheEnd) {
  net_world w;
  live_pair pair(w);
  const byte_buffer bytes = random_bytes(std::size_t{2} << 20U);
  ASSERT_TRUE(send_all(w, *pair.first, bytes));
  ASSERT_TRUE(pair.first->link.close(close_reason::done));
  pair.first->flush();
  ASSERT_TRUE(w.until([&] { return pair.second->find<room::peer_gone>() != nullptr; }));
  EXPECT_EQ(pair.second->find<room::peer_gone>()->reason, leave_reason::finished);
  EXPECT_TRUE(pair.second->got == bytes);
  ASSERT_TRUE(w.until([&] { return pair.first->is_ended; }));
}

// Closing a socket with bytes unread in it resets the connection, and the other end may then never
// read the last thing that it was told.
TEST(RelayServer, LetsItsLastWordArriveAtOneThatIsStillSending) {
  net_world w;
  for (int round = 0; round < 20; ++round) {
    bare_socket talker(w);
    byte_buffer bytes;
    ASSERT_TRUE(append_message(bytes, client_hello{{99}, ""}));
    const std::size_t hello_bytes = bytes.size();
    bytes.resize(hello_bytes + 1'000'000);
    (void)talker.send(bytes);
    talker.close_sending();
    ASSERT_TRUE(talker.read_to_end());
    EXPECT_TRUE(talker.ended_in_order());
    byte_buffer expected;
    ASSERT_TRUE(append_message(
        expected, error_report{relay_error_code::version, 0, 0, {relay_protocol_version}}));
    EXPECT_EQ(talker.got, expected);
  }
}

TEST(RelayServer, EndsAStrangersConnectionInOrder) {
  net_world w;
  bare_socket browser(w);
  const std::string request = "GET / HTTP/1.1\r\nHost: " + std::string(1000, 'x') + "\r\n\r\n";
  (void)browser.send(as_bytes(request));
  ASSERT_TRUE(browser.read_to_end());
  EXPECT_TRUE(browser.ended_in_order());
  EXPECT_TRUE(browser.got.empty());
}

TEST(RelayServer, ForgetsConnectionsThatEnded) {
  net_world w;
  for (int i = 0; i < 200; ++i) {
    bare_socket visitor(w);
    w.until([&] { return w.server.core().connection_count() != 0; });
  }
  EXPECT_TRUE(w.until([&] { return w.server.core().connection_count() == 0; }));
}

TEST(RelayServer, EndsByItselfOnceItIsDrained) {
  net_world w;
  live_pair pair(w);
  auto waits = w.client(9, want::send);
  ASSERT_TRUE(w.until([&] { return waits->find<room::created>() != nullptr; }));
  bool is_ended = false;
  w.server.on_end([&] { is_ended = true; });
  w.server.drain(200ms);
  ASSERT_TRUE(w.until([&] { return pair.first->find<room::draining>() != nullptr; }));
  ASSERT_TRUE(w.until([&] { return waits->find<room::refused>() != nullptr; }));
  EXPECT_EQ(waits->find<room::refused>()->why.code, errc::relay_draining);
  ASSERT_TRUE(w.until([&] { return pair.second->find<room::refused>() != nullptr; }));
  for (auto* c : {pair.first.get(), pair.second.get(), waits.get()}) {
    ASSERT_TRUE(w.until([&] { return c->is_ended; }));
    c->disconnect();
  }
  EXPECT_TRUE(w.until([&] { return is_ended; }));
  auto late = w.client(10, want::send);
  ASSERT_TRUE(w.until([&] { return late->failure.has_value(); }));
  EXPECT_EQ(late->failure->code, errc::connect_failed);
}

TEST(RelayServer, EndsAtOnceWhenToldTo) {
  net_world w;
  live_pair pair(w);
  bool is_ended = false;
  w.server.on_end([&] { is_ended = true; });
  w.server.stop();
  EXPECT_TRUE(w.until([&] { return is_ended; }));
  EXPECT_EQ(w.server.core().connection_count(), 0U);
}

TEST(RelayServer, AppliesOtherRulesToThoseWhoComeLater) {
  net_world w;
  live_pair pair(w);
  relay_reload fresh;
  fresh.addresses.blocked.push_back(*network::parse("127.0.0.0/8"));
  w.server.apply(fresh);
  auto late = w.client(9, want::send);
  ASSERT_TRUE(w.until([&] { return late->find<room::refused>() != nullptr; }));
  EXPECT_EQ(late->find<room::refused>()->report.code, relay_error_code::blocked);
  const byte_buffer sent = random_bytes(100'000);
  ASSERT_TRUE(send_all(w, *pair.first, sent));
  ASSERT_TRUE(w.until([&] { return pair.second->got.size() == sent.size(); }));
  EXPECT_EQ(pair.second->got, sent);
  w.server.apply({});
  auto later = w.client(10, want::send);
  EXPECT_TRUE(w.until([&] { return later->find<room::created>() != nullptr; }));
}

TEST(RelayServer, EndsARoomForItsOperator) {
  net_world w;
  live_pair pair(w);
  auto bystander = w.client(9, want::send);
  ASSERT_TRUE(w.until([&] { return bystander->find<room::created>() != nullptr; }));
  const auto rooms = w.server.core().list_rooms(test::clock_now());
  ASSERT_EQ(rooms.size(), 2U);
  const std::uint64_t handle = rooms[0].is == room::state::live ? rooms[0].handle : rooms[1].handle;
  EXPECT_FALSE(w.server.end_room(handle + 1));
  EXPECT_TRUE(w.server.end_room(handle));
  for (auto* c : {pair.first.get(), pair.second.get()}) {
    ASSERT_TRUE(w.until([&] { return c->is_ended; }));
    ASSERT_NE(c->find<room::refused>(), nullptr);
    EXPECT_EQ(c->find<room::refused>()->report.code, relay_error_code::blocked);
  }
  EXPECT_FALSE(bystander->is_ended);
  EXPECT_EQ(w.server.core().list_rooms(test::clock_now()).size(), 1U);
}

TEST(RelayServer, GoesOnAcceptingAfterItRanOutOfDescriptors) {
  net_world w;
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const auto client_socket = [] { return ::socket(AF_INET, SOCK_STREAM, 0); };
  const int visitor = client_socket();
  ASSERT_GE(visitor, 0);
  // The lowest number that is free is the first that the relay would be given.
  const int next_free = ::dup(visitor);
  ::close(next_free);
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(next_free);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
  asio::ip::tcp::endpoint to(asio::ip::make_address(w.relay.host), w.relay.port);
  ASSERT_EQ(::connect(visitor, to.data(), static_cast<socklen_t>(to.size())), 0);
  std::size_t turns = 0;
  const auto end = test::clock_now() + 250ms;
  while (test::clock_now() < end) {
    w.context.restart();
    turns += w.context.run_one_for(10ms);
  }
  EXPECT_EQ(w.server.core().connection_count(), 0U);
  EXPECT_LT(turns, 30U) << "it spins";
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(w.until([&] { return w.server.core().connection_count() == 1; }));
  ::close(visitor);
}

}  // namespace
}  // namespace tallow::net
