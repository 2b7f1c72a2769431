// A connection to the relay under test as the relay wants it: in TLS, or plain.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <botan/x509cert.h>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/time.hpp>
#include <tallow/net/tls_channel.hpp>

#include "tools/tallow-fuzz/relay_choice.hpp"
#include "tools/tallow-fuzz/tcp_end.hpp"

namespace tallow::fuzz {

/// As tcp_end, in whatever it is wrapped.
class relay_end {
 public:
  /// Connects, and shakes hands. Whose key the relay has does not matter here.
  ///
  /// @errors  connect_failed, timed_out, and those of tls_channel
  [[nodiscard]] static result<relay_end> connect(const place_to_go& to, wrapping how,
                                                 std::chrono::milliseconds patience,
                                                 std::uint32_t source = 1) {
    auto socket = tcp_end::connect(to, source);
    if (!socket) return fail(socket.error());
    relay_end made(std::move(*socket));
    if (how == wrapping::plain) return made;
    auto channel = net::tls_channel::client(
        "localhost", [](const std::vector<Botan::X509_Certificate>&) { return result<void>{}; });
    if (!channel) return fail(channel.error());
    made.tls_.emplace(std::move(*channel));
    if (auto done = made.shake_hands(patience); !done) return fail(done.error());
    return made;
  }

  /// How many bytes were taken; in TLS all of them, though they may never leave.
  std::size_t send(byte_view bytes) {
    if (!tls_) return socket_.send(bytes);
    (void)tls_->send(bytes);
    flush();
    return bytes.size();
  }

  /// What has come: nothing may mean that nothing is there yet.
  [[nodiscard]] byte_buffer read() {
    byte_buffer bytes = socket_.read();
    if (!tls_) return bytes;
    is_broken_ = is_broken_ || !tls_->handle_bytes(bytes).has_value();
    flush();
    const byte_span plain = tls_->received();
    byte_buffer taken(plain.begin(), plain.end());
    tls_->take(plain.size());
    return taken;
  }

  /// True when something has come, or an end, before time is over.
  [[nodiscard]] bool wait(std::chrono::milliseconds most) {
    flush();
    return socket_.wait(most);
  }

  /// The relay says no more, or nothing that is TLS.
  [[nodiscard]] bool is_ended() const noexcept {
    return socket_.is_ended() || (tls_ && (is_broken_ || tls_->is_ended()));
  }

  [[nodiscard]] bool is_in_tls() const noexcept { return tls_.has_value(); }

  void half_close() noexcept {
    if (tls_) tls_->close();
    flush();
    socket_.half_close();
  }
  void reset() noexcept { socket_.reset(); }

 private:
  explicit relay_end(tcp_end socket) noexcept : socket_(std::move(socket)) {}

  // What the socket does not take waits in the channel.
  void flush() {
    if (!tls_) return;
    while (!tls_->poll_transmit().empty()) {
      const std::size_t sent = socket_.send(tls_->poll_transmit());
      if (sent == 0) return;
      tls_->transmitted(sent);
    }
  }

  [[nodiscard]] result<void> shake_hands(std::chrono::milliseconds patience) {
    const instant end = std::chrono::steady_clock::now() + patience;
    while (!tls_->is_active()) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          end - std::chrono::steady_clock::now());
      if (left.count() <= 0 || !wait(left)) return fail(errc::timed_out);
      const byte_buffer bytes = socket_.read();
      if (auto done = tls_->handle_bytes(bytes); !done) return done;
      flush();
      if (socket_.is_ended()) return fail(errc::connect_failed);
    }
    return {};
  }

  tcp_end socket_;
  std::optional<net::tls_channel> tls_;
  bool is_broken_ = false;
};

}  // namespace tallow::fuzz
