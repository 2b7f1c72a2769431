// Connections whose other end is gone without a word, and some that only seem to be.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <sys/socket.h>
#include <vector>

#include <asio/connect.hpp>
#include <gtest/gtest.h>

#include <tallow/base/limits.hpp>
#include <tallow/room/relay_core.hpp>
#include <tallow/wire/frame_decoder.hpp>

#include "support/bystanders.hpp"
#include "support/net_world.hpp"
#include "support/relay_world.hpp"

namespace tallow::room {
namespace {

using namespace std::chrono_literals;
using test::beside_bystanders;
using test::bystanders;
using test::bytes_of;
using test::client_end;
using test::relay_world;
using test::room_of;
using test::side;
using test::wire_end;

// Nothing comes from it any more, and nothing tells the relay why.
void swallow(client_end& end) { end.sends = false; }

// ---- half-open connections ----

TEST(RelayHalfOpen, ConnectionsAreGoneInTimeWhereverTheyStood) {
  relay_world w(beside_bystanders());
  bystanders others(w);
  (void)w.connect_bare();
  w.send(w.connect_bare(), client_hello{{relay_protocol_version}, ""});
  swallow(w.join(room_of(1), 1, want::send));
  client_end& parted = w.join(room_of(2), 1, want::send);
  client_end& leaves = w.join(room_of(2), 2, want::receive);
  ASSERT_TRUE(parted.link.confirm());
  w.pump();
  w.disconnect(leaves);
  swallow(parted);
  w.advance(limits::silence_max + limits::room_reclaim_time + 1s);
  others.expect_alone();
}

TEST(RelayHalfOpen, PartnersAreToldInTime) {
  for (const bool is_live : {false, true}) {
    for (const bool first_goes : {false, true}) {
      relay_world w(beside_bystanders());
      bystanders others(w);
      client_end& first = w.join(room_of(1), 1, want::send);
      client_end& second = w.join(room_of(1), 2, want::receive);
      if (is_live) {
        ASSERT_TRUE(first.link.confirm());
        w.pump();
      }
      client_end& gone = first_goes ? first : second;
      client_end& stays = first_goes ? second : first;
      swallow(gone);
      const auto since = w.now;
      while (stays.count<peer_gone>() == 0 && stays.count<refused>() == 0 && w.now < since + 2min) {
        w.advance(1s);
        others.talk();
      }
      EXPECT_LE(w.now - since, limits::silence_max + 1s) << is_live << first_goes;
      EXPECT_LE(w.now - since, is_live ? limits::silence_max + 1s : 31s) << first_goes;
    }
  }
}

// Bytes on a lane are a sign of life of both sides: without any the silence counts.
TEST(RelayHalfOpen, SidesOfALaneAreGoneWithIt) {
  test::paired_world w;
  w.go_live();
  const auto of_first = w.tickets(w.first, 1);
  const auto of_second = w.tickets(w.second, 1);
  const wire_end& a = w.open_lane(of_first.at(0));
  const wire_end& b = w.open_lane(of_second.at(0));
  swallow(w.first);
  swallow(w.second);
  for (int i = 0; i < 100; ++i) {
    w.advance(1s);
    ASSERT_TRUE(w.core.lane_carried(a.id, 1000, w.now));
  }
  EXPECT_TRUE(a.is_open && b.is_open && w.first.is_open && w.second.is_open);
  w.advance(limits::silence_max + limits::relay_greeting_timeout + 1s);
  EXPECT_EQ(w.core.connection_count(), 0U);
  EXPECT_FALSE(w.core.lane_carried(a.id, 1000, w.now));
}

// The relay's own socket of a connection that has `port` at its other end; or nothing.
int socket_to(std::uint16_t port) {
  for (int fd = 0; fd < 1024; ++fd) {
    sockaddr_in peer{};
    socklen_t length = sizeof peer;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &length) != 0) continue;
    if (peer.sin_family == AF_INET && ntohs(peer.sin_port) == port) return fd;
  }
  return -1;
}

// What was sent and is not acknowledged ends a connection long before the 15 minutes that a system
// tries by itself: a lane has no other sign of life.
TEST(RelayHalfOpen, SystemGivesUpOnItInHalfAMinute) {
  test::net_world w;
  asio::ip::tcp::socket client(w.context);
  client.connect({asio::ip::make_address(w.relay.host), w.relay.port});
  ASSERT_TRUE(w.until([&] { return w.server.core().connection_count() == 1; }));
  const int relays = socket_to(client.local_endpoint().port());
  ASSERT_GE(relays, 0);
  unsigned timeout_ms = 0;
  socklen_t length = sizeof timeout_ms;
  ASSERT_EQ(::getsockopt(relays, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, &length), 0);
  EXPECT_EQ(timeout_ms, 30'000U);
}

// A service manager waits a few seconds longer than transfers are given, and then kills.
TEST(RelayHalfOpen, ConnectionsDoNotHoldUpTheEndOfARelay) {
  relay_world w;
  (void)w.connect_bare();
  wire_end& greeted = w.connect_bare();
  w.send(greeted, client_hello{{relay_protocol_version}, ""});
  client_end& first = w.join(room_of(1), 1, want::send);
  client_end& second = w.join(room_of(1), 2, want::receive);
  ASSERT_TRUE(first.link.confirm());
  w.pump();
  for (wire_end* end : {&greeted, static_cast<wire_end*>(&first), static_cast<wire_end*>(&second)})
    end->reads = false;
  w.core.drain(w.now, 2s);
  w.advance(2s);
  EXPECT_GE(w.core.connection_count(), 3U);
  w.advance(relay_core::farewell_time);
  EXPECT_EQ(w.core.connection_count(), 0U);
  EXPECT_EQ(w.core.room_count(), 0U);
}

// ---- full connections ----

// One whose network carries four kilobytes a second, and for whom much more waits: it says nothing
// but the answers to PINGs, and these only once it has got them.
class narrow_reader {
 public:
  narrow_reader(relay_world& w, const room_id& room) : world_(&w), end_(&w.connect_bare()) {
    w.send(*end_, client_hello{{relay_protocol_version}, ""});
    w.send(*end_, join_room{room, side(2), want::receive});
    end_->reads = false;
  }

  void read_for_a_second() {
    for (std::size_t left = 4000; left != 0 && end_->is_open;) {
      const byte_view waiting = world_->core.poll_transmit(end_->id);
      if (waiting.empty()) return;
      byte_buffer got(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(
                                                             std::min(left, waiting.size())));
      left -= got.size();
      world_->core.transmitted(end_->id, got.size(), world_->now);
      take(got);
    }
  }

  [[nodiscard]] bool is_open() const { return end_->is_open; }
  [[nodiscard]] int pings() const { return pings_; }

 private:
  void take(byte_span got) {
    for (;;) {
      const auto frame = decoder_.next(got);
      ASSERT_TRUE(frame);
      if (!*frame) return;
      if ((*frame)->type != frame_type::ping) continue;
      ++pings_;
      byte_buffer pong;
      ASSERT_TRUE(append_message(pong, relay_pong{}));
      world_->core.handle_bytes(end_->id, pong, world_->now);
    }
  }

  relay_world* world_;
  wire_end* end_;
  frame_decoder decoder_{frame_set{frame_type::ping, frame_type::pong, frame_type::peer,
                                   frame_type::relay_hello, frame_type::room_joined}};
  int pings_ = 0;
};

// A full connection is no dead one: the question overtakes what waits.
TEST(RelaySaturation, IsNotTakenForSilence) {
  relay_world w(beside_bystanders());
  bystanders others(w);
  wire_end& first = w.connect_bare();
  w.send(first, client_hello{{relay_protocol_version}, ""});
  w.send(first, join_room{room_of(1), side(1), want::send});
  narrow_reader second(w, room_of(1));
  w.send(first, room_confirm{});
  for (int second_of = 0; second_of < 300; ++second_of) {
    while (w.core.wants_read(first.id) && second.is_open()) {
      w.send(first, peer_slice{stream_id{1}, bytes_of(16'000, 1)});
    }
    second.read_for_a_second();
    w.advance(1s);
    ASSERT_TRUE(second.is_open() && first.is_open) << second_of;
    if (second_of % 30 == 0) others.talk();
  }
  EXPECT_GE(second.pings(), 7);
}

}  // namespace
}  // namespace tallow::room
