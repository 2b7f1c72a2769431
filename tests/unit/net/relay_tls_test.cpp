// Control connections in TLS, on the port of a whole relay.
#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include <tallow/net/relay_server.hpp>
#include <tallow/net/tls_channel.hpp>
#include <tallow/wire/codec.hpp>
#include <tallow/wire/frame_decoder.hpp>
#include <tallow/wire/relay_messages.hpp>

#include "support/net_world.hpp"
#include "support/tls_pair.hpp"

namespace tallow::net {
namespace {

using test::bare_socket;
using test::feed;
using test::net_world;
using test::taken_from;

struct tls_world {
  explicit tls_world(bool takes_plaintext = false)
      : identity(test::new_identity()), world("127.0.0.1", options(takes_plaintext)) {}

  relay_server_options options(bool takes_plaintext) const {
    relay_server_options made;
    made.tls.emplace(identity);
    made.takes_plaintext = takes_plaintext;
    return made;
  }

  tls_identity identity;
  net_world world;
};

/// A client whose bytes go through a bare socket in pieces.
struct tls_client {
  explicit tls_client(tls_world& w, std::size_t piece_bytes = SIZE_MAX)
      : socket(w.world),
        world(&w.world),
        piece(piece_bytes),
        channel(tls_channel::client("relay", trust_pinned(w.identity.fingerprint())).value()) {}

  // False when the relay has closed.
  bool flush() {
    const byte_buffer out = taken_from(channel);
    for (byte_view left = out; !left.empty();) {
      const std::size_t count = std::min(piece, left.size());
      if (!socket.send(left.first(count))) return false;
      left = left.subspan(count);
    }
    return true;
  }
  bool more() {
    const std::size_t before = socket.got.size();
    if (!socket.read(before + 1)) return false;
    done = feed(channel, byte_view(socket.got).subspan(before));
    return done && flush();
  }
  bool connect() {
    if (!flush()) return false;
    while (!channel.is_active() && more()) {
    }
    return channel.is_active();
  }
  template <message M>
  bool send(const M& m) {
    byte_buffer frame;
    return append_message(frame, m).has_value() && channel.send(frame).has_value() && flush();
  }
  // The type of the next frame; nothing when the connection ends before.
  std::optional<frame_type> next() {
    while (channel.received().size() < limits::frame_header_bytes ||
           channel.received().size() < limits::frame_header_bytes + length()) {
      if (channel.is_ended() || !more()) return std::nullopt;
    }
    const auto type = static_cast<frame_type>(channel.received()[4]);
    channel.take(limits::frame_header_bytes + length());
    return type;
  }
  std::size_t length() {
    return load_big_endian<std::uint32_t>(byte_view(channel.received()).first<4>());
  }

  bare_socket socket;
  net_world* world;
  std::size_t piece;
  tls_channel channel;
  result<void> done;
};

const client_hello hello{{relay_protocol_version}, "test"};

// The code of the one ERROR frame that a bare socket got.
std::optional<relay_error_code> refusal_of(byte_buffer bytes) {
  frame_decoder decoder(frame_set{frame_type::error_report});
  byte_span left = bytes;
  const auto frame = decoder.next(left);
  if (!frame || !*frame) return std::nullopt;
  const auto report = decode_body<error_report>((*frame)->body);
  return report ? std::optional(report->code) : std::nullopt;
}

TEST(RelayTls, ServesAClientInTls) {
  for (const std::size_t piece : {SIZE_MAX, std::size_t{1}}) {
    tls_world w;
    tls_client client(w, piece);
    ASSERT_TRUE(client.connect());
    EXPECT_EQ(client.channel.group(), "x25519/ML-KEM-768");
    ASSERT_TRUE(client.send(hello));
    EXPECT_EQ(client.next(), frame_type::relay_hello);
    ASSERT_TRUE(client.send(create_room{{}, want::send}));
    EXPECT_EQ(client.next(), frame_type::room_created);
  }
}

TEST(RelayTls, RefusesAPlainClientWithAWord) {
  tls_world w;
  bare_socket plain(w.world);
  ASSERT_TRUE(plain.send(hello));
  ASSERT_TRUE(plain.read_to_end());
  EXPECT_TRUE(plain.ended_in_order());
  EXPECT_EQ(refusal_of(plain.got), relay_error_code::tls_required);
}

TEST(RelayTls, ServesBothWhereTheOperatorSaysSo) {
  tls_world w(true);
  bare_socket plain(w.world);
  ASSERT_TRUE(plain.send(hello));
  ASSERT_TRUE(plain.read(limits::frame_header_bytes));
  EXPECT_EQ(plain.got[4], static_cast<std::byte>(frame_type::relay_hello));
  tls_client client(w);
  EXPECT_TRUE(client.connect());
}

TEST(RelayTls, DropsTlsWhereItHasNoCertificate) {
  net_world w;
  bare_socket socket(w);
  ASSERT_TRUE(socket.send(as_bytes(std::string("\x16\x03\x01\x00\x05 more", 10))));
  ASSERT_TRUE(socket.read_to_end());
  EXPECT_TRUE(socket.got.empty());
}

TEST(RelayTls, SaysWhyAndEndsWhenTlsFails) {
  tls_world w;
  bare_socket socket(w.world);
  ASSERT_TRUE(socket.send(as_bytes(std::string("\x16\x03\x01\x00\x05hello", 10))));
  ASSERT_TRUE(socket.read_to_end());
  ASSERT_FALSE(socket.got.empty());
  EXPECT_EQ(socket.got[0], std::byte{0x15});  // an alert
  EXPECT_TRUE(w.world.until([&] { return w.world.server.core().connection_count() == 0; }));
}

TEST(RelayTls, TellsWhomItRefusesInTlsToo) {
  tls_world w;
  tls_client client(w);
  ASSERT_TRUE(client.connect());
  ASSERT_TRUE(client.send(client_hello{{999}, "test"}));
  EXPECT_EQ(client.next(), frame_type::error_report);
  EXPECT_EQ(client.next(), std::nullopt);
  EXPECT_TRUE(client.channel.is_ended());  // with a farewell, so nobody cut anything off
}

TEST(RelayTls, AFullRelaySaysSoInTheLanguageOfTheClient) {
  const tls_identity identity = test::new_identity();
  relay_server_options options;
  options.tls.emplace(identity);
  options.relay.connections_max = 1;
  tls_world names;
  names.identity = identity;
  net_world w("127.0.0.1", std::move(options));
  bare_socket first(w);
  ASSERT_TRUE(w.until([&] { return w.server.core().connection_count() == 1; }));
  bare_socket second(w);
  ASSERT_TRUE(w.until([&] { return w.server.core().connection_count() == 2; }));
  auto channel = tls_channel::client("relay", trust_pinned(identity.fingerprint())).value();
  std::size_t seen = 0;
  while (channel.received().empty()) {
    ASSERT_TRUE(second.send(taken_from(channel)));
    ASSERT_TRUE(second.read(seen + 1));
    ASSERT_TRUE(feed(channel, byte_view(second.got).subspan(seen)));
    seen = second.got.size();
  }
  EXPECT_EQ(channel.received()[4], static_cast<std::byte>(frame_type::error_report));
}

TEST(RelayTls, ALaneIsNotOpenedInsideTls) {
  tls_world w;
  tls_client one(w);
  ASSERT_TRUE(one.connect());
  ASSERT_TRUE(one.send(lane_open{lane_ticket{}}));
  EXPECT_EQ(one.next(), std::nullopt);
}

TEST(RelayTls, ANewCertificateIsForNewConnections) {
  tls_world w;
  tls_client before(w);
  ASSERT_TRUE(before.connect());
  w.identity = test::new_identity();
  w.world.server.renew(tls_server_context(w.identity));
  ASSERT_TRUE(before.send(hello));
  EXPECT_EQ(before.next(), frame_type::relay_hello);
  tls_client after(w);  // pins the new key
  EXPECT_TRUE(after.connect());
}

TEST(RelayTls, TheFarewellOfAClientIsItsLeaving) {
  tls_world w;
  tls_client client(w);
  ASSERT_TRUE(client.connect());
  ASSERT_TRUE(client.send(hello));
  client.channel.close();
  ASSERT_TRUE(client.flush());
  EXPECT_TRUE(w.world.until([&] { return w.world.server.core().connection_count() == 0; }));
}

}  // namespace
}  // namespace tallow::net
