// What both ends of a control connection hold TLS to.
//
// @source  docs/protocol/tls.md
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <botan/build.h>
#include <botan/system_rng.h>
#include <botan/tls_policy.h>
#include <botan/tls_session_manager_noop.h>
#include <botan/version.h>

#include <tallow/net/relay_address.hpp>

// Older ones hand over application data that came before the client's Finished (CVE-2026-34582).
#if BOTAN_VERSION_CODE < BOTAN_VERSION_CODE_FOR(3, 11, 1)
#error "Tallow needs Botan 3.11.1 or later: older ones have a known fault in their TLS 1.3"
#endif
#if !defined(BOTAN_HAS_TLS_13) || !defined(BOTAN_HAS_TLS_13_PQC)
#error "Tallow needs Botan with the modules tls13 and tls13_pqc"
#endif

namespace tallow::net {

/// What is spoken inside (ALPN): a server of something else refuses us, and we refuse it.
inline constexpr std::string_view tls_protocol = "tallow/1";

enum class tls_side : std::uint8_t { client, server };

/// TLS 1.3 with AEADs alone, X25519MLKEM768 before X25519, no tickets, no client certificates.
class tls_policy final : public Botan::TLS::Policy {
 public:
  explicit tls_policy(tls_side side) noexcept : side_(side) {}

  bool allow_tls12() const override { return false; }
  bool allow_tls13() const override { return true; }
  bool allow_dtls12() const override { return false; }
  bool allow_ssl_key_log_file() const override { return false; }

  std::vector<std::string> allowed_ciphers() const override {
    return {"AES-256/GCM", "ChaCha20Poly1305", "AES-128/GCM"};
  }
  std::vector<Botan::TLS::Group_Params> key_exchange_groups() const override {
    return {Botan::TLS::Group_Params::HYBRID_X25519_ML_KEM_768, Botan::TLS::Group_Params::X25519};
  }
  /// A default client offers a share of X25519 alone, and an end that takes the first share it
  /// understands would then take that.
  std::vector<Botan::TLS::Group_Params> key_exchange_groups_to_offer() const override {
    return {Botan::TLS::Group_Params::HYBRID_X25519_ML_KEM_768};
  }

  /// Whether the certificate still holds is for the pin, or a short life, to say.
  bool require_cert_revocation_info() const override { return false; }
  bool support_cert_status_message() const override { return false; }
  std::size_t new_session_tickets_upon_handshake_success() const override { return 0; }

  /// A stranger pins no more than this. Our own ClientHello has 1.6 KiB; a server sends
  /// certificates, of which some chains are long.
  std::size_t maximum_handshake_message_size() const override {
    return (side_ == tls_side::server ? std::size_t{8} : std::size_t{64}) * 1024;
  }

 private:
  tls_side side_;
};

namespace detail {

/// What all connections of one side share. Nothing in it changes.
struct tls_shared {
  explicit tls_shared(tls_side side)
      : policy(std::make_shared<const tls_policy>(side)),
        sessions(std::make_shared<Botan::TLS::Session_Manager_Noop>()),
        random(std::make_shared<Botan::System_RNG>()) {}
  std::shared_ptr<const Botan::TLS::Policy> policy;
  std::shared_ptr<Botan::TLS::Session_Manager> sessions;
  std::shared_ptr<Botan::RandomNumberGenerator> random;
};

}  // namespace detail

}  // namespace tallow::net
