// What Botan's TLS calls back.
//
// @source  docs/protocol/tls.md
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <botan/tls_alert.h>
#include <botan/tls_callbacks.h>
#include <botan/tls_exceptn.h>
#include <botan/tls_extensions.h>
#include <botan/tls_session.h>
#include <botan/x509cert.h>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/net/tls_settings.hpp>

namespace tallow::net {

/// Decides whether the certificates that a server shows, its own first, make it the right one. It
/// is asked before the server has proved to have the key, so nothing may be remembered yet.
using tls_judge = std::function<result<void>(const std::vector<Botan::X509_Certificate>&)>;

namespace detail {

/// Collects what a channel of Botan has to say; tls_channel is its owner.
class tls_events final : public Botan::TLS::Callbacks {
 public:
  tls_events(tls_side side, tls_judge judge) : side_(side), judge_(std::move(judge)) {}

  byte_buffer emitted;   // for the other end
  byte_buffer received;  // plaintext
  std::optional<Botan::TLS::AlertType> refused;
  std::optional<error> judged;
  std::string group;
  bool is_active = false;
  bool is_ended = false;

  void tls_emit_data(std::span<const std::uint8_t> data) override {
    append(emitted, std::as_bytes(data));
  }

  void tls_record_received(std::uint64_t, std::span<const std::uint8_t> data) override {
    // Whoever sends before its Finished is not the one that the handshake is about.
    if (!is_active) throw Botan::TLS::Unexpected_Message("data before the end of the handshake");
    append(received, std::as_bytes(data));
  }

  void tls_alert(Botan::TLS::Alert alert) override {
    if (alert.is_fatal()) refused = alert.type();
  }

  // The answer is ours to give: there may be something on its way.
  bool tls_peer_closed_connection() override {
    is_ended = true;
    return false;
  }

  void tls_session_established(const Botan::TLS::Session_Summary& session) override {
    group = session.kex_parameters().value_or(session.kex_algo());
  }
  void tls_session_activated() override { is_active = true; }

  // Not Botan's own verification, which knows no pins and takes no leaf for an anchor.
  void tls_verify_cert_chain(const std::vector<Botan::X509_Certificate>& chain,
                             const std::vector<std::optional<Botan::OCSP::Response>>&,
                             const std::vector<Botan::Certificate_Store*>&, Botan::Usage_Type,
                             std::string_view, const Botan::TLS::Policy&) override {
    using Botan::TLS::AlertType;
    if (chain.empty() || !judge_) throw Botan::TLS::TLS_Exception(AlertType::BadCertificate);
    if (const auto done = judge_(chain); !done) {
      judged = done.error();
      throw Botan::TLS::TLS_Exception(AlertType::BadCertificate);
    }
  }

  std::string tls_server_choose_app_protocol(const std::vector<std::string>& offered) override {
    if (std::find(offered.begin(), offered.end(), tls_protocol) == offered.end()) {
      throw Botan::TLS::TLS_Exception(Botan::TLS::AlertType::NoApplicationProtocol);
    }
    return std::string(tls_protocol);
  }

  // Who offers nothing is not asked to choose.
  void tls_examine_extensions(const Botan::TLS::Extensions& all, Botan::TLS::Connection_Side which,
                              Botan::TLS::Handshake_Type what) override {
    const bool is_hello = side_ == tls_side::server &&
                          which == Botan::TLS::Connection_Side::Client &&
                          what == Botan::TLS::Handshake_Type::ClientHello;
    if (is_hello && !all.has<Botan::TLS::Application_Layer_Protocol_Notification>()) {
      throw Botan::TLS::TLS_Exception(Botan::TLS::AlertType::NoApplicationProtocol);
    }
  }

 private:
  tls_side side_;
  tls_judge judge_;
};

}  // namespace detail

}  // namespace tallow::net
