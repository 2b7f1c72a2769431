// A TLS server that is sent what no client sends: it refuses, or waits, and hands nothing over.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/base/bytes.hpp>
#include <tallow/net/tls_channel.hpp>

#include "support/code_of.hpp"
#include "support/loose_tls_client.hpp"
#include "support/tls_pair.hpp"

namespace tallow::net {
namespace {

using test::code_of;
using test::feed;
using test::loose_tls_client;
using test::taken_from;
using test::tls_pair;

constexpr std::size_t record_header_bytes = 5;
constexpr std::size_t message_header_bytes = 4;
// More than a server's first flight and an alert: nobody gets much for little.
constexpr std::size_t answer_bytes_max = 8 * 1024;

std::byte byte_of(std::size_t value) { return static_cast<std::byte>(value & 0xFFU); }

// A ClientHello as our own client sends it, in one record.
byte_buffer recorded_hello() {
  tls_pair pair;
  return taken_from(pair.client);
}

// Makes the lengths of record and message true again.
void mend_lengths(byte_buffer& hello) {
  const std::size_t record = hello.size() - record_header_bytes;
  hello[3] = byte_of(record >> 8U);
  hello[4] = byte_of(record);
  const std::size_t message = record - message_header_bytes;
  hello[6] = byte_of(message >> 16U);
  hello[7] = byte_of(message >> 8U);
  hello[8] = byte_of(message);
}

std::size_t length_at(byte_view bytes, std::size_t at) {
  return std::to_integer<std::size_t>(bytes[at]) << 8U |
         std::to_integer<std::size_t>(bytes[at + 1]);
}

// Where the length of the list of extensions stands.
std::size_t extensions_at(byte_view hello) {
  std::size_t at = record_header_bytes + message_header_bytes + 2 + 32;
  at += 1 + std::to_integer<std::size_t>(hello[at]);  // session id
  at += 2 + length_at(hello, at);                     // cipher suites
  return at + 1 + std::to_integer<std::size_t>(hello[at]);
}

// Where an extension stands; 0 where there is none.
std::size_t find_extension(byte_view hello, std::size_t type) {
  const std::size_t list = extensions_at(hello);
  for (std::size_t at = list + 2; at + 4 <= hello.size(); at += 4 + length_at(hello, at + 2)) {
    if (length_at(hello, at) == type) return at;
  }
  return 0;
}

// Another extension before all others, which may be told by their place.
void add_extension(byte_buffer& hello, std::size_t type, byte_view body) {
  const std::size_t list = extensions_at(hello);
  byte_buffer one{byte_of(type >> 8U), byte_of(type), byte_of(body.size() >> 8U),
                  byte_of(body.size())};
  append(one, body);
  const std::size_t length = length_at(hello, list) + one.size();
  hello[list] = byte_of(length >> 8U);
  hello[list + 1] = byte_of(length);
  hello.insert(hello.begin() + static_cast<std::ptrdiff_t>(list) + 2, one.begin(), one.end());
  mend_lengths(hello);
}

class TlsMalformed : public ::testing::Test {
 protected:
  tls_channel server() const { return tls_channel::server(context_).value(); }

  // What follows for whoever sends these bytes, and that it follows for him alone.
  result<void> refuse_or_wait(byte_view bytes, std::size_t piece = SIZE_MAX) {
    tls_channel one = server();
    auto done = feed(one, bytes, piece);
    EXPECT_FALSE(one.is_active());
    EXPECT_TRUE(one.received().empty());
    EXPECT_LE(taken_from(one).size(), answer_bytes_max);
    EXPECT_TRUE(done || done.error().code == errc::tls_failed) << describe(done.error());
    return done;
  }

  const tls_identity identity_ = test::new_identity();
  const tls_server_context context_{identity_};
};

TEST_F(TlsMalformed, HelloThatIsCutOffIsWaitedFor) {
  const byte_buffer hello = recorded_hello();
  for (std::size_t count = 0; count < hello.size(); ++count) {
    tls_channel one = server();
    ASSERT_TRUE(feed(one, byte_view(hello).first(count))) << count;
    ASSERT_TRUE(taken_from(one).empty()) << count;
  }
}

TEST_F(TlsMalformed, HelloThatEndsEarlyIsRefusedWhereverItEnds) {
  const byte_buffer hello = recorded_hello();
  const std::size_t list = extensions_at(hello);
  for (std::size_t count = record_header_bytes + message_header_bytes; count < hello.size();
       ++count) {
    byte_buffer cut(hello.begin(), hello.begin() + static_cast<std::ptrdiff_t>(count));
    mend_lengths(cut);
    EXPECT_EQ(code_of(refuse_or_wait(cut)), errc::tls_failed) << count;
    if (count < list + 2) continue;
    // And where the extensions are said to end there, too.
    const std::size_t length = count - list - 2;
    cut[list] = byte_of(length >> 8U);
    cut[list + 1] = byte_of(length);
    (void)refuse_or_wait(cut);
  }
}

TEST_F(TlsMalformed, HelloIsNeverTakenForAnythingElse) {
  const byte_buffer hello = recorded_hello();
  std::mt19937 random(20'001);
  for (int round = 0; round < 3000; ++round) {
    byte_buffer changed = hello;
    for (std::size_t i = 1 + random() % 4; i != 0; --i) {
      const auto at = static_cast<std::ptrdiff_t>(random() % changed.size());
      switch (random() % 4) {
        case 0: changed[static_cast<std::size_t>(at)] = byte_of(random()); break;
        case 1: changed.erase(changed.begin() + at); break;
        case 2: changed.insert(changed.begin() + at, byte_of(random())); break;
        case 3: changed[static_cast<std::size_t>(at)] ^= byte_of(std::size_t{1} << random() % 8);
      }
    }
    if (round % 2 == 0) mend_lengths(changed);
    (void)refuse_or_wait(changed, round % 3 == 0 ? 7 : SIZE_MAX);
  }
  tls_pair pair(identity_);
  pair.run();
  EXPECT_TRUE(pair.client.is_active() && pair.server.is_active());
}

TEST_F(TlsMalformed, AnswerIsNeverTakenForThatOfTheServer) {
  std::mt19937 random(20'002);
  for (int round = 0; round < 300; ++round) {
    tls_pair pair(identity_);
    ASSERT_TRUE(feed(pair.server, taken_from(pair.client)));
    byte_buffer flight = taken_from(pair.server);
    flight[random() % flight.size()] ^= byte_of(std::size_t{1} << random() % 8);
    (void)feed(pair.client, flight);  // it may wait for more, where a length was hit
    // The version in a record's head is for old machines alone, and is not looked at.
    if (pair.client.is_active()) pair.run();
    EXPECT_EQ(pair.client.is_active(), pair.server.is_active()) << round;
    EXPECT_TRUE(pair.client.received().empty());
    EXPECT_LE(taken_from(pair.client).size(), answer_bytes_max);
  }
}

// One certificate is for all names, so that a name decides nothing; it only must not do harm.
TEST_F(TlsMalformed, NamesDecideNothing) {
  for (const std::string& name :
       {std::string(), std::string("re\0lay", 6), std::string("\0", 1), std::string(255, 'x'),
        std::string("..\\..//\r\n%s"), std::string("\xff\xfe")}) {
    loose_tls_client client({"tallow/1"}, name);
    tls_channel one = server();
    const auto done = feed(one, client.take());
    if (done) {
      client.give(taken_from(one));
      ASSERT_TRUE(feed(one, client.take()));
      EXPECT_TRUE(one.is_active());
    } else {
      EXPECT_EQ(code_of(done), errc::tls_failed);
    }
  }
  // The lengths of the list and of the name, around a kind of name that need not be known.
  byte_buffer hello = recorded_hello();
  const std::size_t at = find_extension(hello, 0);
  ASSERT_NE(at, 0U);
  for (const std::size_t i : {at + 4, at + 5, at + 7, at + 8}) {
    byte_buffer changed = hello;
    changed[i] = std::byte{0xFF};
    EXPECT_EQ(code_of(refuse_or_wait(changed)), errc::tls_failed) << i - at;
  }
}

// There is nothing that could be replayed: no tickets are given, and data before the handshake is
// refused, whether it was announced or not.
TEST_F(TlsMalformed, DataAheadOfTheHandshakeIsRefused) {
  constexpr std::size_t early_data = 42;
  const byte_buffer record{std::byte{0x17}, std::byte{3}, std::byte{3}, std::byte{0},
                           std::byte{40}};
  for (const bool is_announced : {false, true}) {
    byte_buffer hello = recorded_hello();
    if (is_announced) add_extension(hello, early_data, {});
    append(hello, record);
    hello.resize(hello.size() + 40, std::byte{0x5A});
    EXPECT_EQ(code_of(refuse_or_wait(hello)), errc::tls_failed) << is_announced;
  }
}

TEST_F(TlsMalformed, NoTicketsAreGiven) {
  tls_pair pair(identity_);
  ASSERT_TRUE(feed(pair.server, taken_from(pair.client)));
  ASSERT_TRUE(feed(pair.client, taken_from(pair.server)));
  ASSERT_TRUE(feed(pair.server, taken_from(pair.client)));
  ASSERT_TRUE(pair.server.is_active() && pair.client.is_active());
  EXPECT_TRUE(taken_from(pair.server).empty());
}

TEST_F(TlsMalformed, HandshakeDoesNotBeginAnew) {
  tls_pair pair(identity_);
  pair.run();
  ASSERT_TRUE(pair.server.is_active());
  EXPECT_EQ(code_of(feed(pair.server, recorded_hello())), errc::tls_failed);
  EXPECT_TRUE(pair.server.received().empty());
}

TEST_F(TlsMalformed, ExtensionTwiceIsRefused) {
  for (const std::size_t type :
       {std::size_t{0}, std::size_t{10}, std::size_t{16}, std::size_t{43}, std::size_t{51}}) {
    byte_buffer hello = recorded_hello();
    const std::size_t at = find_extension(hello, type);
    ASSERT_NE(at, 0U) << type;
    const byte_buffer body(
        hello.begin() + static_cast<std::ptrdiff_t>(at) + 4,
        hello.begin() + static_cast<std::ptrdiff_t>(at + 4 + length_at(hello, at + 2)));
    add_extension(hello, type, body);
    EXPECT_EQ(code_of(refuse_or_wait(hello)), errc::tls_failed) << type;
  }
}

// Each asks for an answer, which he does not read.
TEST_F(TlsMalformed, FloodOfKeyUpdatesPinsNoMemory) {
  loose_tls_client client({"tallow/1"}, "relay");
  tls_channel one = server();
  ASSERT_TRUE(feed(one, client.take()));
  client.give(taken_from(one));
  ASSERT_TRUE(feed(one, client.take()));
  ASSERT_TRUE(one.is_active());
  for (int i = 0; i < 2000; ++i) {
    client.botan.update_traffic_keys(true);
    if (!feed(one, client.take())) break;
  }
  EXPECT_LE(taken_from(one).size(), 1024U);
}

}  // namespace
}  // namespace tallow::net
