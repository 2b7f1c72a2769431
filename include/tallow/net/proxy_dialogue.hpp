// What dialogues with proxies of all kinds share. No socket here.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/secret.hpp>
#include <tallow/net/address.hpp>

namespace tallow::net {

/// What is said to a proxy, a login perhaps among it; wiped once it is sent.
class proxy_dialogue {
 public:
  /// What is to be sent next; stays valid until the next call that changes something.
  [[nodiscard]] byte_view poll_transmit() const noexcept { return out_.view().subspan(sent_); }
  void transmitted(std::size_t count) noexcept {
    sent_ += std::min(count, out_.size() - sent_);
    if (sent_ < out_.size()) return;
    out_.wipe_now();
    sent_ = 0;
  }

 protected:
  proxy_dialogue() = default;

  void say(byte_view bytes) { out_.append(bytes); }
  void say(std::string_view text) { out_.append(as_bytes(text)); }

  // An interface means something on this machine alone.
  [[nodiscard]] static result<void> check_is_known_elsewhere(const address& to) {
    if (to.host.find('%') == std::string::npos) return {};
    return fail(errc::address_invalid, 0, "an address with an interface cannot go by a proxy");
  }

  [[nodiscard]] static tl::unexpected<error> not_understood(const char* what) {
    return fail(errc::proxy_not_understood, 0, what);
  }

 private:
  secret_buffer out_;
  std::size_t sent_ = 0;
};

}  // namespace tallow::net
