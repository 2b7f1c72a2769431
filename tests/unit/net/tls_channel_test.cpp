#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <botan/aead.h>
#include <botan/kdf.h>
#include <botan/tls_client.h>
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
using test::new_identity;
using test::received_by;
using test::taken_from;
using test::tls_pair;

byte_buffer buffer_of(byte_view bytes) { return {bytes.begin(), bytes.end()}; }

bool contains(byte_view where, byte_view what) {
  return std::search(where.begin(), where.end(), what.begin(), what.end()) != where.end();
}

// RFC 8446, 7.1, with an empty context.
std::vector<std::uint8_t> expand_label(const std::vector<std::uint8_t>& secret,
                                       const std::string& label, std::size_t count) {
  std::vector<std::uint8_t> info{0, static_cast<std::uint8_t>(count)};
  const std::string full = "tls13 " + label;
  info.push_back(static_cast<std::uint8_t>(full.size()));
  info.insert(info.end(), full.begin(), full.end());
  info.push_back(0);
  const auto kdf = Botan::KDF::create_or_throw("HKDF-Expand(SHA-384)");
  return kdf->derive_key<std::vector<std::uint8_t>>(count, secret, std::span<const std::uint8_t>(),
                                                    info);
}

// The first record of application data under a client's handshake key.
byte_buffer early_record(const std::vector<std::uint8_t>& secret, const std::string& text) {
  Botan::secure_vector<std::uint8_t> sealed(text.begin(), text.end());
  sealed.push_back(0x17);
  const std::size_t count = sealed.size() + 16;
  std::vector<std::uint8_t> record{0x17, 3, 3, static_cast<std::uint8_t>(count >> 8U),
                                   static_cast<std::uint8_t>(count & 0xFFU)};
  const auto aead = Botan::AEAD_Mode::create_or_throw("AES-256/GCM", Botan::Cipher_Dir::Encryption);
  aead->set_key(expand_label(secret, "key", 32));
  aead->set_associated_data(record);
  aead->start(expand_label(secret, "iv", 12));  // sequence number 0
  aead->finish(sealed);
  record.insert(record.end(), sealed.begin(), sealed.end());
  return buffer_of(std::as_bytes(std::span(record)));
}

byte_buffer client_hello_of_tls12() {
  const std::string random(32, 'r');
  std::string body = std::string("\x03\x03", 2) + random + std::string("\0", 1) +
                     std::string("\x00\x02\xC0\x2F", 4) + std::string("\x01\x00", 2);
  std::string extensions = std::string("\x00\x0A\x00\x04\x00\x02\x00\x17", 8) +
                           std::string("\x00\x0D\x00\x04\x00\x02\x04\x03", 8) +
                           std::string("\x00\x10\x00\x0B\x00\x09\x08", 7) + "tallow/1";
  body += std::string("\0", 1) + static_cast<char>(extensions.size()) + extensions;
  const std::string message =
      std::string("\x01\x00\x00", 3) + static_cast<char>(body.size()) + body;
  const std::string record =
      std::string("\x16\x03\x01\x00", 4) + static_cast<char>(message.size()) + message;
  return buffer_of(as_bytes(record));
}

// ---- what is meant to be ----

TEST(TlsChannel, OwnEndsMeet) {
  tls_pair pair;
  pair.run();
  ASSERT_TRUE(pair.client_done && pair.server_done);
  ASSERT_TRUE(pair.client.is_active() && pair.server.is_active());
  ASSERT_TRUE(pair.client.send(as_bytes("from the client")));
  ASSERT_TRUE(pair.server.send(as_bytes("from the server")));
  pair.run();
  EXPECT_EQ(as_text(received_by(pair.server)), "from the client");
  EXPECT_EQ(as_text(received_by(pair.client)), "from the server");
}

TEST(TlsChannel, OwnEndsMeetByteByByte) {
  tls_pair pair;
  pair.run(1);
  ASSERT_TRUE(pair.client.is_active() && pair.server.is_active());
  const byte_buffer much(100'000, std::byte{7});
  ASSERT_TRUE(pair.client.send(much));
  pair.run(1);
  EXPECT_EQ(received_by(pair.server), much);
}

TEST(TlsChannel, ClientSendsThePostQuantumShareAndBothUseIt) {
  tls_pair pair;
  const byte_buffer hello = taken_from(pair.client);
  // Group 11EC with a share of 1184 + 32 bytes, and no other share.
  const std::array<std::byte, 4> share{std::byte{0x11}, std::byte{0xEC}, std::byte{0x04},
                                       std::byte{0xC0}};
  EXPECT_TRUE(contains(hello, share));
  ASSERT_TRUE(feed(pair.server, hello));
  pair.run();
  EXPECT_EQ(pair.client.group(), "x25519/ML-KEM-768");
  EXPECT_EQ(pair.server.group(), "x25519/ML-KEM-768");
}

TEST(TlsChannel, ServerFallsBackToX25519) {
  loose_tls_client client({"tallow/1"});
  auto server = tls_channel::server(tls_server_context(new_identity())).value();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(feed(server, client.take()));
    client.give(taken_from(server));
  }
  EXPECT_TRUE(server.is_active());
  EXPECT_TRUE(client.events->is_active);
  EXPECT_EQ(server.group(), "x25519");
}

TEST(TlsChannel, TellsAnOrderlyEndInEachDirection) {
  tls_pair pair;
  pair.run();
  ASSERT_TRUE(pair.client.send(as_bytes("last")));
  pair.client.close();
  EXPECT_EQ(code_of(pair.client.send(as_bytes("more"))), errc::wrong_state);
  pair.run();
  EXPECT_EQ(as_text(received_by(pair.server)), "last");
  EXPECT_TRUE(pair.server.is_ended());
  EXPECT_FALSE(pair.client.is_ended());
  ASSERT_TRUE(pair.server.send(as_bytes("answer")));
  pair.server.close();
  pair.run();
  EXPECT_EQ(as_text(received_by(pair.client)), "answer");
  EXPECT_TRUE(pair.client.is_ended());
}

TEST(TlsChannel, SendsNothingBeforeTheHandshakeIsDone) {
  tls_pair pair;
  EXPECT_EQ(code_of(pair.client.send(as_bytes("secret"))), errc::wrong_state);
  EXPECT_EQ(code_of(pair.server.send(as_bytes("secret"))), errc::wrong_state);
  ASSERT_TRUE(feed(pair.server, taken_from(pair.client)));
  EXPECT_EQ(code_of(pair.server.send(as_bytes("secret"))), errc::wrong_state);
}

TEST(TlsChannel, KeepsAViewOfWhatIsBeingSentWhileMoreIsQueued) {
  tls_pair pair;
  pair.run();
  ASSERT_TRUE(pair.client.send(as_bytes("one")));
  const byte_view view = pair.client.poll_transmit();
  const byte_buffer before = buffer_of(view);
  ASSERT_TRUE(pair.client.send(byte_buffer(50'000)));
  EXPECT_EQ(buffer_of(view), before);
  pair.client.transmitted(1);
  EXPECT_EQ(pair.client.poll_transmit().size(), before.size() - 1);
}

// ---- what is not ----

TEST(TlsChannel, ServerRefusesDataBeforeTheClientsFinished) {
  loose_tls_client client({"tallow/1"});
  auto server = tls_channel::server(tls_server_context(new_identity())).value();
  ASSERT_TRUE(feed(server, client.take()));
  client.give(taken_from(server));
  ASSERT_TRUE(client.events->is_active);
  ASSERT_EQ(client.events->handshake_secret.size(), 48U);
  const auto done = feed(server, early_record(client.events->handshake_secret, "too early"));
  EXPECT_EQ(code_of(done), errc::tls_failed);
  EXPECT_TRUE(server.received().empty());
  // Nor does it go on afterwards.
  EXPECT_EQ(code_of(feed(server, client.take())), errc::tls_failed);
  EXPECT_FALSE(server.is_active());
}

TEST(TlsChannel, DataBeforeTheEndOfAHandshakeIsRefusedWhateverBotanThinksOfIt) {
  detail::tls_events events(tls_side::server, {});
  const std::array<std::uint8_t, 3> data{1, 2, 3};
  EXPECT_THROW(events.tls_record_received(0, data), Botan::TLS::TLS_Exception);
  EXPECT_TRUE(events.received.empty());
  events.tls_session_activated();
  EXPECT_NO_THROW(events.tls_record_received(0, data));
}

TEST(TlsChannel, HandsOverNothingOfAReadThatEndsAHandshakeAndFails) {
  loose_tls_client client({"tallow/1"});
  auto server = tls_channel::server(tls_server_context(new_identity())).value();
  ASSERT_TRUE(feed(server, client.take()));
  client.give(taken_from(server));
  ASSERT_TRUE(client.events->is_active);
  client.botan.send("of nobody");
  byte_buffer bytes = client.take();
  append(bytes, as_bytes(std::string("\x17\x03\x03\x00\x11not authentic, no", 22)));
  EXPECT_EQ(code_of(feed(server, bytes)), errc::tls_failed);
  EXPECT_FALSE(server.is_active());
  EXPECT_TRUE(server.received().empty());
}

TEST(TlsChannel, ServerRefusesOtherProtocolsInside) {
  for (const auto& protocols : {std::vector<std::string>{"http/1.1", "h2"}, {}}) {
    loose_tls_client client(protocols);
    auto server = tls_channel::server(tls_server_context(new_identity())).value();
    EXPECT_EQ(code_of(feed(server, client.take())), errc::tls_failed);
    client.give(taken_from(server));
    EXPECT_EQ(client.events->alert, Botan::TLS::AlertType::NoApplicationProtocol);
    EXPECT_FALSE(server.is_active());
  }
}

TEST(TlsChannel, ServerRefusesTls12) {
  auto server = tls_channel::server(tls_server_context(new_identity())).value();
  EXPECT_EQ(code_of(feed(server, client_hello_of_tls12())), errc::tls_failed);
  const byte_buffer answer = taken_from(server);
  ASSERT_EQ(answer.size(), 7U);
  EXPECT_EQ(answer[0], std::byte{0x15});
  EXPECT_EQ(answer[6], std::byte{70});  // protocol_version
}

TEST(TlsChannel, ClientSaysThatVersionsDoNotMeet) {
  tls_pair pair;
  (void)taken_from(pair.client);
  const std::array<std::byte, 7> alert{std::byte{0x15}, std::byte{3}, std::byte{3}, std::byte{0},
                                       std::byte{2},    std::byte{2}, std::byte{70}};
  EXPECT_EQ(code_of(feed(pair.client, alert)), errc::relay_version_unknown);
}

TEST(TlsChannel, RefusesGarbage) {
  for (const std::string text : {"GET / HTTP/1.1\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n",
                                 "\x16\x03\x01\xFF\xFF more than a record", "\x17\x03\x03"}) {
    tls_pair pair;
    byte_buffer bytes = buffer_of(as_bytes(text));
    bytes.resize(70'000, std::byte{0x5A});
    EXPECT_EQ(code_of(feed(pair.server, bytes)), errc::tls_failed) << text;
    EXPECT_EQ(code_of(feed(pair.client, bytes, 1)), errc::tls_failed) << text;
    EXPECT_FALSE(pair.server.is_active() || pair.client.is_active());
  }
}

TEST(TlsChannel, RefusesAHandshakeThatWouldPinMemory) {
  auto server = tls_channel::server(tls_server_context(new_identity())).value();
  // A ClientHello of 16 MiB is announced, and comes record by record.
  byte_buffer record = buffer_of(as_bytes(std::string("\x16\x03\x01\x40\x00\x01\xFF\xFF\xFF", 9)));
  record.resize(5 + 0x4000);
  result<void> done;
  int records = 0;
  for (; done && records < 4; ++records) done = feed(server, record);
  EXPECT_EQ(code_of(done), errc::tls_failed);
  EXPECT_LE(records, 2);
}

TEST(TlsChannel, WaitsForTheRestOfWhatIsCutOff) {
  tls_pair pair;
  const byte_buffer hello = taken_from(pair.client);
  for (std::size_t count = 0; count < hello.size(); count += 97) {
    auto server = tls_channel::server(tls_server_context(new_identity())).value();
    EXPECT_TRUE(feed(server, byte_view(hello).first(count)));
    EXPECT_TRUE(taken_from(server).empty());
    EXPECT_FALSE(server.is_active() || server.is_ended());
  }
}

TEST(TlsChannel, RefusesWhatWasChangedOnTheWay) {
  tls_pair pair;
  pair.run();
  ASSERT_TRUE(pair.client.send(as_bytes("text")));
  byte_buffer record = taken_from(pair.client);
  record.back() ^= std::byte{1};
  EXPECT_EQ(code_of(feed(pair.server, record)), errc::tls_failed);
  EXPECT_TRUE(pair.server.received().empty());
  // The other end is told, and a channel that failed stays failed.
  EXPECT_EQ(code_of(feed(pair.client, taken_from(pair.server))), errc::tls_failed);
  EXPECT_EQ(code_of(pair.server.send(as_bytes("more"))), errc::tls_failed);
}

TEST(TlsChannel, ClientSendsNothingToAServerThatItsJudgeRefuses) {
  tls_pair pair(new_identity(), trust_pinned(new_identity().fingerprint()));
  pair.run();
  EXPECT_EQ(code_of(pair.client_done), errc::relay_key_wrong);
  EXPECT_EQ(code_of(pair.server_done), errc::tls_failed);
  EXPECT_FALSE(pair.client.is_active() || pair.server.is_active());
}

TEST(TlsChannel, ClientRefusesAServerWithoutTheKeyOfItsCertificate) {
  tls_identity liar = new_identity();
  const key_fingerprint pin = liar.fingerprint();
  liar.key = new_identity().key;
  tls_pair pair(liar, trust_pinned(pin));
  pair.run();
  EXPECT_FALSE(pair.client.is_active());
  EXPECT_EQ(code_of(pair.client_done), errc::tls_failed);
}

}  // namespace
}  // namespace tallow::net
