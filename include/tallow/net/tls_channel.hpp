// One end of a TLS 1.3 connection without its socket: bytes in, plaintext out, and back.
//
// @source  docs/protocol/tls.md
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <botan/exceptn.h>
#include <botan/tls_alert.h>
#include <botan/tls_client.h>
#include <botan/tls_exceptn.h>
#include <botan/tls_server.h>
#include <botan/x509cert.h>

#include <tallow/base/assert.hpp>
#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/net/tls_events.hpp>
#include <tallow/net/tls_identity.hpp>
#include <tallow/net/tls_settings.hpp>

namespace tallow::net {

/// Owner's rules: after each call, send what poll_transmit() gives and use what received() holds;
/// one thread. After an error nothing can be done but to send what is left, which says why to the
/// other end. Nothing is sent inside before is_active().
class tls_channel {
 public:
  /// The end that a relay keeps; it answers whoever comes.
  ///
  /// @errors  crypto_failed, random_failed
  [[nodiscard]] static result<tls_channel> server(const tls_server_context& context) {
    tls_channel made(tls_side::server, {});
    const auto& shared = context.shared;
    auto done = made.guarded([&] {
      made.botan_ =
          std::make_unique<Botan::TLS::Server>(made.events_, shared->sessions, context.credentials,
                                               shared->policy, shared->random, false, buffer_bytes);
    });
    if (!done) return fail(done.error());
    return made;
  }

  /// The end of a client; it speaks first.
  ///
  /// @param host   for the server, which may have several certificates; may be a number
  /// @param judge  decides whether the server is the right one
  /// @errors  crypto_failed, random_failed
  [[nodiscard]] static result<tls_channel> client(const std::string& host, tls_judge judge) {
    static const detail::tls_shared shared(tls_side::client);
    static const auto nobody = std::make_shared<Botan::Credentials_Manager>();
    tls_channel made(tls_side::client, std::move(judge));
    auto done = made.guarded([&] {
      made.botan_ = std::make_unique<Botan::TLS::Client>(
          made.events_, shared.sessions, nobody, shared.policy, shared.random,
          Botan::TLS::Server_Information(host), Botan::TLS::Protocol_Version::TLS_V13,
          std::vector<std::string>{std::string(tls_protocol)}, buffer_bytes);
    });
    if (!done) return fail(done.error());
    return made;
  }

  /// Bytes came from the other end. What was received before an error stays.
  ///
  /// @errors  tls_failed (the other end, or somebody in between, broke the rules), those of the
  ///          judge, relay_version_unknown (the server speaks something else), crypto_failed
  result<void> handle_bytes(byte_view bytes) {
    if (failure_) return fail(*failure_);
    if (is_ended()) return {};
    auto done = guarded([&] { (void)botan_->received_data(as_u8(bytes)); });
    if (!done) return done;
    if (events_->refused) return fail_for(*events_->refused, "the other end refused");
    if (!is_active_ && events_->is_active) return activate();
    return {};
  }

  /// Plaintext that came and was not taken yet; none before is_active().
  ///
  /// @shape  returns a view that is valid until the next call of anything else
  [[nodiscard]] byte_span received() noexcept {
    // One read may end the handshake, bring data, and fail.
    if (!is_active_) return {};
    return byte_span(events_->received).subspan(taken_);
  }

  /// The first `count` bytes of received() are not needed any more.
  void take(std::size_t count) {
    TALLOW_ASSERT(count <= received().size());
    taken_ += count;
    if (taken_ < events_->received.size()) return;
    empty(events_->received);
    taken_ = 0;
  }

  /// Seals plaintext for the other end.
  ///
  /// @errors  wrong_state (before is_active(), or after close()), crypto_failed
  result<void> send(byte_view bytes) {
    if (failure_) return fail(*failure_);
    if (!is_active_ || is_closed_) return fail(errc::wrong_state);
    return guarded([&] { botan_->send(as_u8(bytes)); });
  }

  /// Tells the other end that nothing more comes; what it sends may still be received.
  void close() {
    if (is_closed_ || failure_) return;
    is_closed_ = true;
    (void)guarded([&] { botan_->close(); });
  }

  /// Bytes for the other end; empty when there are none.
  ///
  /// @shape  returns a view that stays valid until transmitted() has consumed all of it
  [[nodiscard]] byte_view poll_transmit() {
    if (sending_.empty()) std::swap(sending_, events_->emitted);
    return byte_view(sending_).subspan(sent_);
  }

  /// The first `count` bytes of poll_transmit() were sent.
  void transmitted(std::size_t count) {
    TALLOW_ASSERT(count <= sending_.size() - sent_);
    sent_ += count;
    if (sent_ < sending_.size()) return;
    empty(sending_);
    sent_ = 0;
  }

  /// The handshake is done, and the other end is the one it should be.
  [[nodiscard]] bool is_active() const noexcept { return is_active_; }
  /// The other end said that nothing more comes from it. An end of the connection without that may
  /// be somebody else's doing.
  [[nodiscard]] bool is_ended() const noexcept { return events_->is_ended; }
  /// What the keys were agreed on with, once it is active.
  [[nodiscard]] const std::string& group() const noexcept { return events_->group; }

 private:
  // Record buffers of idle connections grow only when they are needed.
  static constexpr std::size_t buffer_bytes = 0;
  // A buffer that is larger is given back when it is empty: most connections are idle.
  static constexpr std::size_t kept_bytes_max = 1024;

  tls_channel(tls_side side, tls_judge judge)
      : side_(side), events_(std::make_shared<detail::tls_events>(side, std::move(judge))) {}

  static void empty(byte_buffer& buffer) {
    if (buffer.capacity() > kept_bytes_max) {
      byte_buffer().swap(buffer);
    } else {
      buffer.clear();
    }
  }

  result<void> activate() {
    // A server that knows no ALPN would leave it out and go on.
    if (botan_->application_protocol() != tls_protocol) {
      return fail_for(Botan::TLS::AlertType::NoApplicationProtocol, "");
    }
    is_active_ = true;
    return {};
  }

  // Calls Botan; its exceptions end here.
  template <class Call>
  result<void> guarded(Call call) {
    try {
      call();
      return {};
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const Botan::TLS::TLS_Exception& e) {
      if (events_->judged) return remember(*events_->judged);
      return fail_for(e.type(), "the other end broke the rules");
    } catch (const Botan::Invalid_Authentication_Tag&) {
      return remember({errc::tls_failed, 0, "a record is not authentic", {}});
    } catch (const Botan::Decoding_Error&) {
      return remember({errc::tls_failed, 0, "the other end sent what is not TLS", {}});
    } catch (const Botan::System_Error&) {
      return remember({errc::random_failed});
    } catch (const std::exception&) {
      return remember({errc::crypto_failed});
    }
  }

  result<void> fail_for(Botan::TLS::AlertType why, const char* note) {
    using Botan::TLS::AlertType;
    const bool is_other =
        why == AlertType::ProtocolVersion || why == AlertType::NoApplicationProtocol;
    if (is_other && side_ == tls_side::client) return remember({errc::relay_version_unknown});
    return remember({errc::tls_failed, 0, note, {}});
  }

  result<void> remember(const error& why) {
    failure_ = why;
    return fail(why);
  }

  tls_side side_;
  bool is_active_ = false;
  bool is_closed_ = false;
  std::shared_ptr<detail::tls_events> events_;  // Botan shares it
  std::unique_ptr<Botan::TLS::Channel> botan_;
  std::optional<error> failure_;
  byte_buffer sending_;
  std::size_t sent_ = 0;   // of sending_
  std::size_t taken_ = 0;  // of what was received
};

}  // namespace tallow::net
