#pragma once
// A TLS client that does what ours does not, for what a server has to bear.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <botan/credentials_manager.h>
#include <botan/system_rng.h>
#include <botan/tls_callbacks.h>
#include <botan/tls_client.h>
#include <botan/tls_policy.h>
#include <botan/tls_session_manager_noop.h>

#include <tallow/base/bytes.hpp>
#include <tallow/net/tls_channel.hpp>

namespace tallow::test {

class loose_tls_policy final : public Botan::TLS::Policy {
 public:
  bool allow_ssl_key_log_file() const override { return true; }
  std::vector<std::string> allowed_ciphers() const override { return {"AES-256/GCM"}; }
  std::vector<Botan::TLS::Group_Params> key_exchange_groups() const override {
    return {Botan::TLS::Group_Params::X25519};
  }
};

class loose_tls_events final : public Botan::TLS::Callbacks {
 public:
  byte_buffer emitted;
  mutable std::vector<std::uint8_t> handshake_secret;
  std::optional<Botan::TLS::AlertType> alert;
  bool is_active = false;

  void tls_emit_data(std::span<const std::uint8_t> data) override {
    append(emitted, std::as_bytes(data));
  }
  void tls_record_received(std::uint64_t, std::span<const std::uint8_t>) override {}
  void tls_alert(Botan::TLS::Alert one) override { alert = one.type(); }
  void tls_session_activated() override { is_active = true; }
  void tls_verify_cert_chain(const std::vector<Botan::X509_Certificate>&,
                             const std::vector<std::optional<Botan::OCSP::Response>>&,
                             const std::vector<Botan::Certificate_Store*>&, Botan::Usage_Type,
                             std::string_view, const Botan::TLS::Policy&) override {}
  void tls_ssl_key_log_data(std::string_view label, std::span<const std::uint8_t>,
                            std::span<const std::uint8_t> secret) const override {
    if (label == "CLIENT_HANDSHAKE_TRAFFIC_SECRET") {
      handshake_secret.assign(secret.begin(), secret.end());
    }
  }
};

struct loose_tls_client {
  explicit loose_tls_client(const std::vector<std::string>& protocols,
                            const std::string& host = "relay")
      : botan(events, std::make_shared<Botan::TLS::Session_Manager_Noop>(),
              std::make_shared<Botan::Credentials_Manager>(), std::make_shared<loose_tls_policy>(),
              std::make_shared<Botan::System_RNG>(), Botan::TLS::Server_Information(host),
              Botan::TLS::Protocol_Version::TLS_V13, protocols) {}

  byte_buffer take() { return std::exchange(events->emitted, {}); }
  void give(byte_view bytes) {
    try {
      botan.received_data(as_u8(bytes));
    } catch (const Botan::Exception&) {  // the alert says it
    }
  }

  std::shared_ptr<loose_tls_events> events = std::make_shared<loose_tls_events>();
  Botan::TLS::Client botan;
};

}  // namespace tallow::test
