// Strangers at a relay: who is not expected, speaks nonsense, or comes only to take up room.

#include <chrono>
#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/room/relay_core.hpp>

#include "support/relay_world.hpp"

namespace tallow::test {
namespace {

using namespace std::chrono_literals;

// A pair that sends a known row of bytes, step by step, while something goes on around it.
class RelayIntrusion : public ::testing::Test {
 protected:
  RelayIntrusion() { w.go_live(); }

  void SetUp() override { events_before_ = w.second.events.size(); }

  void step() {
    byte_buffer slice(1 + generator_() % 5000);
    for (std::byte& b : slice) b = static_cast<std::byte>(generator_());
    append(sent_, slice);
    ASSERT_TRUE(w.first.link.send_slice(stream_id{1}, slice));
    w.pump();
  }

  // The bystanders saw nothing, and nothing of the strangers is left.
  void TearDown() override {
    step();
    byte_buffer got;
    for (const auto& [stream, bytes] : w.second.slices) append(got, bytes);
    EXPECT_TRUE(got == sent_);
    EXPECT_EQ(w.second.events.size(), events_before_);
    EXPECT_TRUE(w.first.is_open && w.second.is_open);
    EXPECT_FALSE(w.first.failure || w.second.failure);
    EXPECT_EQ(w.core.room_count(), 1U);
    EXPECT_EQ(w.core.connection_count(), 2U);
  }

  byte_buffer hello() {
    byte_buffer bytes;
    (void)append_message(bytes, client_hello{{relay_protocol_version}, ""});
    return bytes;
  }

  paired_world w;
  std::mt19937 generator_{1};

 private:
  byte_buffer sent_;
  std::size_t events_before_ = 0;
};

TEST_F(RelayIntrusion, AThirdPeerChangesNothing) {
  for (std::uint8_t i = 0; i < 100; ++i) {
    step();
    client_end& third =
        w.join(w.room, static_cast<std::uint8_t>(100 + i), i % 2 == 0 ? want::send : want::receive);
    ASSERT_NE(third.last<room::refused>(), nullptr);
    EXPECT_EQ(third.told<room::refused>().why.code, errc::room_full);
    EXPECT_FALSE(third.is_open);
  }
}

TEST_F(RelayIntrusion, AThirdPeerThatSendsBeforeItIsAnsweredReachesNobody) {
  byte_buffer all = hello();
  ASSERT_TRUE(append_message(all, join_room{w.room, side(77), want::either}));
  ASSERT_TRUE(append_peer_slice(all, stream_id{1}, bytes_of(100, 0xEE)));
  ASSERT_TRUE(append_message(all, room_confirm{}));
  ASSERT_TRUE(append_message(all, close_room{close_reason::spent}));
  auto& stranger = w.connect_bare();
  w.send(stranger, all);
  step();
  EXPECT_FALSE(stranger.is_open);
  EXPECT_EQ(w.join(w.room, 78).told<room::refused>().why.code, errc::room_full);
}

TEST_F(RelayIntrusion, RandomBytesEndTheirOwnConnectionOnly) {
  for (int round = 0; round < 300; ++round) {
    auto& stranger = w.connect_bare();
    if (round % 2 == 0) w.send(stranger, hello());
    for (int i = 0; i < 10 && stranger.is_open; ++i) {
      byte_buffer noise(generator_() % 600);
      for (std::byte& b : noise) b = static_cast<std::byte>(generator_());
      w.send(stranger, noise);
    }
    if (round % 10 == 0) step();
    w.disconnect(stranger);
  }
}

TEST_F(RelayIntrusion, FlippedBitsEndTheirOwnConnectionOnly) {
  byte_buffer good = hello();
  ASSERT_TRUE(append_message(good, join_room{room_of(99), side(50), want::either}));
  ASSERT_TRUE(append_peer_slice(good, stream_id{1}, bytes_of(20, 1)));
  ASSERT_TRUE(append_message(good, close_room{close_reason::done}));
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    byte_buffer bad = good;
    bad[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    auto& stranger = w.connect_bare();
    w.send(stranger, bad);
    w.disconnect(stranger);
  }
  w.advance(61s);  // places that were kept
}

TEST_F(RelayIntrusion, ALengthIsRefusedBeforeABodyIsStored) {
  for (const std::uint32_t length :
       {17'000U, 65'536U, 0xFFFFFFU, 0x1000000U, 0x7FFFFFFFU, 0xFFFFFFFFU}) {
    for (const auto type : {frame_type::client_hello, frame_type::peer, frame_type::data}) {
      for (const bool has_greeted : {false, true}) {
        auto& stranger = w.connect_bare();
        if (has_greeted) w.send(stranger, hello());
        frame_header_bytes header = encode_frame_header(type, 0);
        store_big_endian(length, std::span(header).first<4>());
        w.send(stranger, header);
        EXPECT_FALSE(stranger.is_open) << length << " " << frame_name(type);
      }
    }
  }
}

TEST_F(RelayIntrusion, OtherProtocolsAreClosedWithoutAWord) {
  const std::string tls("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);
  for (const std::string& greeting :
       {tls, std::string("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), std::string("SSH-2.0-OpenSSH\r\n"),
        std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), std::string("PROXY TCP4 1.2.3.4"),
        std::string("EHLO mail\r\n"), std::string(100, '\xff')}) {
    auto& stranger = w.connect_bare();
    w.send(stranger, as_bytes(greeting));
    EXPECT_FALSE(stranger.is_open) << greeting;
    EXPECT_TRUE(stranger.got.empty()) << greeting;
    step();
  }
}

TEST_F(RelayIntrusion, OneByteASecondIsNotWaitedForLongerThanSilence) {
  byte_buffer all = hello();
  ASSERT_TRUE(append_message(all, join_room{room_of(99), side(50), want::either}));
  for (const std::size_t head : {std::size_t{0}, hello().size()}) {
    auto& slow = w.connect_bare();
    w.send(slow, byte_view(all).first(head));
    const instant begin = w.now;
    for (std::size_t i = head; i < all.size() && slow.is_open; ++i) {
      w.send(slow, byte_view(all).subspan(i, 1));
      w.advance(1s);
    }
    EXPECT_FALSE(slow.is_open);
    EXPECT_LE(w.now - begin, 11s);
  }
}

TEST_F(RelayIntrusion, PingsDoNotBuyTimeToGreet) {
  auto& slow = w.connect_bare();
  w.send(slow, hello());
  for (int i = 0; i < 30 && slow.is_open; ++i) {
    w.send(slow, relay_ping{});
    w.advance(1s);
  }
  EXPECT_FALSE(slow.is_open);
}

TEST_F(RelayIntrusion, ManySilentConnectionsAreGoneAfterTenSeconds) {
  for (int i = 0; i < 3000; ++i) w.connect_bare();
  EXPECT_GT(w.core.connection_count(), 3000U);
  w.advance(10s);
  step();
}

TEST_F(RelayIntrusion, AFloodOfPingsPinsNoMemory) {
  client_end& waits = w.join(room_of(99), 50);
  waits.reads = false;
  byte_buffer pings;
  for (int i = 0; i < 10'000; ++i) ASSERT_TRUE(append_message(pings, relay_ping{}));
  for (int i = 0; i < 10; ++i) w.send(waits, pings);
  std::size_t waiting = 0;
  while (!w.core.poll_transmit(waits.id).empty()) {
    const std::size_t count = w.core.poll_transmit(waits.id).size();
    waiting += count;
    w.core.transmitted(waits.id, count, w.now);
  }
  EXPECT_LE(waiting, 200U);
  w.disconnect(waits);
  w.advance(60s);
}

TEST_F(RelayIntrusion, JoiningByTheThousandFindsNoRoomAndEvictsNone) {
  client_end& waits = w.create(90);
  std::size_t told = 0;
  std::size_t silenced = 0;
  for (int i = 0; i < 5000; ++i) {
    room_id guess{};
    for (std::byte& b : guess) b = static_cast<std::byte>(generator_());
    client_end& guesser = w.join(i % 2 == 0 ? guess : w.room, 91, want::either, 1);
    const auto* why = guesser.last<room::refused>();
    told += why != nullptr && why->why.code == errc::rate_limited ? 1U : 0U;
    silenced += guesser.events.empty() && !guesser.is_open ? 1U : 0U;
    w.disconnect(guesser);
  }
  // Who does not hear it the first times is not worth a word.
  EXPECT_GT(told, 10U);
  EXPECT_LT(told, 200U);
  EXPECT_GT(silenced, 4000U);
  EXPECT_TRUE(waits.is_open);
  EXPECT_EQ(waits.events.size(), 1U);
  EXPECT_LE(w.core.room_count(), 1000U);
  w.disconnect(waits);
  w.advance(61s);
}

TEST_F(RelayIntrusion, AFullRelayRefusesAndEvictsNobody) {
  std::vector<client_end*> waiting;
  for (int i = 0; i < 1000; ++i) {
    room_id id = room_of(static_cast<std::uint32_t>(1000 + i));
    waiting.push_back(&w.join(id, 1));
  }
  EXPECT_EQ(waiting.back()->told<room::refused>().why.code, errc::relay_full);
  EXPECT_GT(waiting.back()->told<room::refused>().report.retry_after_ms, 0U);
  waiting.pop_back();
  for (client_end* one : waiting) EXPECT_TRUE(one->is_open);
  for (client_end* one : waiting) w.disconnect(*one);
  w.advance(61s);
}

}  // namespace
}  // namespace tallow::test
