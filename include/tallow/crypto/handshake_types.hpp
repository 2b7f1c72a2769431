// What goes into a handshake and what comes out.
// @source docs/protocol/handshake.md, Handshake
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <tallow/base/bytes.hpp>
#include <tallow/base/secret.hpp>
#include <tallow/crypto/claim_hash.hpp>
#include <tallow/crypto/hash.hpp>
#include <tallow/crypto/hello.hpp>
#include <tallow/crypto/key_schedule.hpp>
#include <tallow/crypto/labels.hpp>
#include <tallow/crypto/suite.hpp>

namespace tallow::crypto {

/// The protocol versions that this implementation speaks.
inline constexpr std::array<std::uint8_t, 1> handshake_versions = {1};

struct handshake_options {
  /// What we offer, or take from what is offered, the best first.
  std::vector<cipher_suite> suites = {cipher_suite::aes_256_gcm, cipher_suite::chacha20_poly1305};
};

/// The keys of a session; move-only.
struct handshake_output {
  handshake_role role{};
  std::uint8_t version = 0;
  cipher_suite suite{};
  traffic_secret ts_i2r;
  traffic_secret ts_r2i;
  /// For the next reconnect, and which generation it is: 0 after a first handshake.
  resume_secret resume;
  std::uint32_t generation = 0;
  secret_bytes<64> export_secret;
  /// For claim_hash().
  claim_key claims;
  /// For verification_words().
  secret_bytes<32> sas;
  /// The hash over all five messages.
  digest64 th5{};

  [[nodiscard]] const traffic_secret& traffic(direction d) const noexcept {
    return d == direction::i2r ? ts_i2r : ts_r2i;
  }
  [[nodiscard]] direction sending() const noexcept {
    return role == handshake_role::initiator ? direction::i2r : direction::r2i;
  }
  [[nodiscard]] direction receiving() const noexcept {
    return role == handshake_role::initiator ? direction::r2i : direction::i2r;
  }
};

namespace detail {

/// All keys of the session from the handshake secret and the whole transcript.
[[nodiscard]] inline handshake_output session_keys(const schedule_secret& handshake,
                                                   const digest64& th5) {
  const schedule_secret master = expand<64>(handshake, label::master, th5);
  handshake_output out;
  out.ts_i2r = expand<64>(master, label::traffic_i2r, th5);
  out.ts_r2i = expand<64>(master, label::traffic_r2i, th5);
  out.resume = expand<64>(master, label::resume, th5);
  out.export_secret = expand<64>(master, label::exporter, th5);
  out.claims = expand<32>(master, label::claims, th5);
  out.sas = expand<32>(master, label::verification, th5);
  out.th5 = th5;
  return out;
}

}  // namespace detail

}  // namespace tallow::crypto
