#pragma once
// Both ends of a TLS connection in memory, and the bytes between them.

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/net/tls_channel.hpp>
#include <tallow/net/tls_identity.hpp>
#include <tallow/net/tls_trust.hpp>

namespace tallow::test {

/// A self-signed identity; a new key with each call.
inline net::tls_identity new_identity() {
  const auto bytes = net::make_private_key();
  return net::make_identity(net::read_private_key(bytes.value()).value()).value();
}

/// All that an end has to send.
template <class Channel>
byte_buffer taken_from(Channel& channel) {
  byte_buffer all;
  for (byte_view some = channel.poll_transmit(); !some.empty(); some = channel.poll_transmit()) {
    append(all, some);
    channel.transmitted(some.size());
  }
  return all;
}

/// Everything received so far.
inline byte_buffer received_by(net::tls_channel& channel) {
  const byte_span got = channel.received();
  byte_buffer all(got.begin(), got.end());
  channel.take(got.size());
  return all;
}

/// Hands bytes over in pieces; stops at the first error.
inline result<void> feed(net::tls_channel& to, byte_view bytes, std::size_t piece = SIZE_MAX) {
  while (!bytes.empty()) {
    const std::size_t count = std::min(piece, bytes.size());
    if (auto done = to.handle_bytes(bytes.first(count)); !done) return done;
    bytes = bytes.subspan(count);
  }
  return {};
}

struct tls_pair {
  explicit tls_pair(net::tls_identity identity = new_identity())
      : tls_pair(identity, net::trust_pinned(identity.fingerprint())) {}
  tls_pair(const net::tls_identity& identity, net::tls_judge judge)
      : server(net::tls_channel::server(net::tls_server_context(identity)).value()),
        client(net::tls_channel::client("relay.example", std::move(judge)).value()) {}

  /// Passes on what both have to send until neither has anything, or one fails.
  void run(std::size_t piece = SIZE_MAX) {
    for (;;) {
      const byte_buffer up = taken_from(client);
      if (server_done) server_done = feed(server, up, piece);
      const byte_buffer down = taken_from(server);
      if (client_done) client_done = feed(client, down, piece);
      if (up.empty() && down.empty()) return;
    }
  }

  net::tls_channel server;
  net::tls_channel client;
  result<void> server_done;
  result<void> client_done;
};

}  // namespace tallow::test
