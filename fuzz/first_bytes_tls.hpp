// Whatever a stranger sends, a relay's TLS says whole records, fails for good, and invents nothing.
//
// Input: one byte. If it is even, what a connection sends follows. If it is odd, a client of ours
// sends, and what follows are changes of its bytes, three bytes each: where, and which bits.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <botan/ec_group.h>
#include <botan/ecdsa.h>

#include <tallow/base/bytes.hpp>
#include <tallow/net/first_bytes.hpp>
#include <tallow/net/tls_channel.hpp>
#include <tallow/net/tls_identity.hpp>
#include <tallow/net/tls_trust.hpp>

#include "fuzz/seeded_random.hpp"
#include "fuzz/violation.hpp"
#include "tests/support/test_rng.hpp"

namespace tallow::fuzz {

/// A relay's certificate, the same for the whole run.
[[nodiscard]] inline const net::tls_identity& some_identity() {
  static const net::tls_identity identity = [] {
    test::fixed_rng random(1);
    return net::make_identity(std::make_shared<Botan::ECDSA_PrivateKey>(
                                  random, Botan::EC_Group::from_name("secp256r1")))
        .value();
  }();
  return identity;
}

/// A server that draws the same random numbers each time.
[[nodiscard]] inline net::tls_channel predictable_server() {
  net::tls_server_context context(some_identity());
  auto shared = std::make_shared<net::detail::tls_shared>(*context.shared);
  shared->random = std::make_shared<test::fixed_rng>(7);
  context.shared = std::move(shared);
  return net::tls_channel::server(context).value();
}

/// The first bytes tell what a connection is, and more of them tell nothing else.
inline void check_first_bytes(byte_view stream) {
  auto told = net::first_bytes::unfinished;
  for (std::size_t count = 0; count <= std::min<std::size_t>(stream.size(), 16); ++count) {
    const auto now = net::tell_apart(stream.first(count));
    require(told == net::first_bytes::unfinished || now == told, "an answer stays");
    require(count < net::first_bytes_max || now != net::first_bytes::unfinished,
            "a few bytes are enough");
    told = now;
  }
}

/// Adds all that an end has to send.
inline void take_output(net::tls_channel& from, byte_buffer& to) {
  for (byte_view some = from.poll_transmit(); !some.empty(); some = from.poll_transmit()) {
    append(to, some);
    from.transmitted(some.size());
  }
}

/// Makes sure that `output` is TLS records end to end.
inline void check_records(byte_view output) {
  constexpr std::size_t head_bytes = 5;
  constexpr std::size_t body_bytes_max = (std::size_t{1} << 14U) + 256;
  require(output.size() < std::size_t{64} * 1024, "it says a bounded amount");
  while (!output.empty()) {
    require(output.size() >= head_bytes, "a record has a head");
    const auto type = std::to_integer<unsigned>(output[0]);
    require(type >= 20 && type <= 23 && output[1] == std::byte{3}, "a record has a type");
    const auto length = load_big_endian<std::uint16_t>(output.subspan(3).first<2>());
    require(length > 0 && length <= body_bytes_max && output.size() - head_bytes >= length,
            "a record is whole");
    output = output.subspan(head_bytes + length);
  }
}

struct tls_reception {
  std::optional<error> failure;
  byte_buffer output;
  bool operator==(const tls_reception&) const = default;
};

/// What a server makes of a stream that comes in pieces.
template <class PieceBytes>
[[nodiscard]] tls_reception receive_tls(byte_view stream, PieceBytes piece_bytes) {
  net::tls_channel server = predictable_server();
  tls_reception all;
  while (!stream.empty() && !all.failure) {
    const std::size_t count = std::min(stream.size(), piece_bytes());
    const auto done = server.handle_bytes(stream.first(count));
    if (!done) all.failure = done.error();
    take_output(server, all.output);
    stream = stream.subspan(count);
  }
  require(!server.is_active() && server.received().empty(), "nobody has proved anything");
  require(!server.send(as_bytes("x")).has_value(), "nothing is sent to who is not known");
  if (all.failure) {
    const std::size_t said = all.output.size();
    require(server.handle_bytes(as_bytes("more")) == result<void>(fail(*all.failure)),
            "what failed stays so");
    take_output(server, all.output);
    require(all.output.size() == said, "what failed says nothing more");
  }
  check_records(all.output);
  return all;
}

inline void check_tls_stream(byte_view stream) {
  check_first_bytes(stream);
  const auto whole = receive_tls(stream, [&] { return stream.size(); });
  seeded_random random(seed_of(stream));
  const auto split = receive_tls(stream, [&] { return 1 + random.below(300); });
  require(whole == split, "however it came, it is answered alike");
}

/// Changes a stream on its way, as an input says.
class stream_editor {
 public:
  explicit stream_editor(byte_view changes) : changes_(changes) {}

  void pass(byte_span bytes) {
    for (byte_view rest = changes_; rest.size() >= 3; rest = rest.subspan(3)) {
      const std::size_t at = load_big_endian<std::uint16_t>(rest.first<2>());
      if (at >= passed_ && at - passed_ < bytes.size()) bytes[at - passed_] ^= rest[2];
    }
    passed_ += bytes.size();
  }

 private:
  byte_view changes_;
  std::size_t passed_ = 0;
};

inline void check_tls_changes(byte_view changes) {
  constexpr std::string_view said = "what the client says";
  net::tls_channel server = predictable_server();
  auto client =
      net::tls_channel::client("relay.example", net::trust_pinned(some_identity().fingerprint()))
          .value();
  stream_editor editor(changes);
  seeded_random random(seed_of(changes));
  byte_buffer output;
  bool has_said = false;
  for (;;) {
    if (client.is_active() && !std::exchange(has_said, true)) {
      require(client.send(as_bytes(said)).has_value(), "a client may speak");
      client.close();
    }
    byte_buffer up;
    take_output(client, up);
    if (up.empty()) break;
    editor.pass(up);
    byte_view rest = up;
    while (!rest.empty()) {
      const std::size_t count = std::min(rest.size(), 1 + random.below(700));
      const bool was_alive = server.handle_bytes(rest.first(count)).has_value();
      rest = was_alive ? rest.subspan(count) : byte_view();
    }
    byte_buffer down;
    take_output(server, down);
    append(output, down);
    (void)client.handle_bytes(down);
  }
  check_records(output);
  const std::string_view heard = as_text(server.received());
  require(heard.empty() || server.is_active(), "nothing is handed over before the handshake");
  require(heard == said.substr(0, heard.size()), "nothing is heard that was not said");
  require(!changes.empty() || heard == said, "what nobody changed arrives");
}

inline void fuzz_first_bytes_tls(byte_view input) {
  if (input.empty()) return;
  const bool is_ours = (std::to_integer<unsigned>(input[0]) & 1U) != 0;
  is_ours ? check_tls_changes(input.subspan(1)) : check_tls_stream(input.subspan(1));
}

}  // namespace tallow::fuzz
