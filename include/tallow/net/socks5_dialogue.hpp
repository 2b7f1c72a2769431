// What a client says to a SOCKS5 proxy to be connected, and what it understands. No socket here.
//
// @source  RFC 1928 sections 3 to 6, RFC 1929 section 2
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <asio/error_code.hpp>
#include <asio/ip/address.hpp>

#include <tallow/base/assert.hpp>
#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/secret.hpp>
#include <tallow/net/address.hpp>
#include <tallow/net/proxy_address.hpp>
#include <tallow/net/proxy_dialogue.hpp>

namespace tallow::net {

/// Asks for one connection. A name goes to the proxy as it is, and is resolved there.
///
/// Takes no byte behind the answer: that is the other end's.
class socks5_dialogue : public proxy_dialogue {
 public:
  /// @errors  address_invalid: a host that only this machine understands
  [[nodiscard]] static result<socks5_dialogue> start(const address& to,
                                                     const proxy_address& login) {
    socks5_dialogue made;
    if (auto done = made.prepare_request(to); !done) return fail(done.error());
    made.has_login_ = login.has_login();
    if (made.has_login_) made.prepare_login(login);
    made.say(made.has_login_ ? byte_view(greeting_with_login) : byte_view(greeting_alone));
    made.wanted_ = 2;
    return made;
  }

  [[nodiscard]] bool is_done() const noexcept { return step_ == step::done; }

  /// How many bytes the proxy will say next for sure; 0 when it is done.
  [[nodiscard]] std::size_t bytes_wanted() const noexcept {
    return is_done() ? 0 : wanted_ - size_;
  }

  /// The next bytes, at most bytes_wanted().
  ///
  /// @errors  proxy_refused, proxy_login_refused, proxy_not_understood
  [[nodiscard]] result<void> handle_bytes(byte_view bytes) {
    const std::size_t count = std::min(bytes.size(), bytes_wanted());
    std::copy_n(bytes.begin(), count, in_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += count;
    while (!is_done() && size_ == wanted_) {
      if (auto done = go_on(); !done) return done;
    }
    return {};
  }

 private:
  enum class step : std::uint8_t { method, login, verdict, kind, length, bound, done };

  static constexpr std::byte version{5};
  static constexpr std::byte login_version{1};
  static constexpr std::byte no_method{0xFF};
  static constexpr std::byte method_none{0};
  static constexpr std::byte method_login{2};
  static constexpr std::byte v4_address{1};
  static constexpr std::byte host_name{3};
  static constexpr std::byte v6_address{4};
  static constexpr std::array greeting_alone{version, std::byte{1}, method_none};
  static constexpr std::array greeting_with_login{version, std::byte{2}, method_none, method_login};
  // Version, verdict, reserved, kind, length, the longest name, port.
  static constexpr std::size_t answer_bytes_max = 5 + 255 + 2;

  socks5_dialogue() = default;

  [[nodiscard]] result<void> prepare_request(const address& to) {
    if (auto done = check_is_known_elsewhere(to); !done) return done;
    const auto add = [this](byte_view bytes) { append(request_, bytes); };
    add(std::array{version, std::byte{1}, std::byte{0}});
    asio::error_code is_name;
    const auto number = asio::ip::make_address(to.host, is_name);
    if (is_name) {
      TALLOW_ASSERT(to.host.size() <= 255);
      add(std::array{host_name, static_cast<std::byte>(to.host.size())});
      add(as_bytes(to.host));
    } else if (number.is_v4()) {
      const auto bytes = number.to_v4().to_bytes();
      add(std::array{v4_address});
      add(std::as_bytes(std::span(bytes)));
    } else {
      const auto bytes = number.to_v6().to_bytes();
      add(std::array{v6_address});
      add(std::as_bytes(std::span(bytes)));
    }
    std::array<std::byte, 2> port;
    store_big_endian(to.port, port);
    add(port);
    return {};
  }

  void prepare_login(const proxy_address& login) {
    login_.append(std::array{login_version, static_cast<std::byte>(login.user.size())});
    login_.append(login.user.view());
    login_.append(std::array{static_cast<std::byte>(login.password.size())});
    login_.append(login.password.view());
  }

  void next(step at, std::size_t more) noexcept {
    step_ = at;
    wanted_ += more;
  }

  void ask(step at) {
    step_ = at;
    size_ = 0;
    wanted_ = 2;
    say(at == step::login ? login_.view() : byte_view(request_));
    login_.wipe_now();
  }

  // All that was wanted is there.
  [[nodiscard]] result<void> go_on() {
    switch (step_) {
      case step::method: return choose();
      case step::login:
        if (in_[0] != login_version) return not_understood("its answer to the login");
        if (in_[1] != std::byte{0}) return fail(errc::proxy_login_refused);
        ask(step::verdict);
        return {};
      case step::verdict:
        if (in_[0] != version) return not_understood("the version of its answer");
        // Some close right behind a no, so no more is waited for.
        if (in_[1] != std::byte{0}) return refused();
        next(step::kind, 2);
        return {};
      case step::kind: return read_kind();
      case step::length: next(step::bound, std::to_integer<std::size_t>(in_[4]) + 2); return {};
      case step::bound:
      case step::done: break;
    }
    step_ = step::done;
    return {};
  }

  [[nodiscard]] result<void> choose() {
    if (in_[0] != version) return not_understood("no SOCKS5, by its first byte");
    if (in_[1] == method_none) {
      ask(step::verdict);
      return {};
    }
    if (in_[1] == no_method) {
      return fail(errc::proxy_login_refused, 0,
                  has_login_ ? "it takes logins of no kind that we have" : "it wants a login");
    }
    if (in_[1] != method_login || !has_login_) {
      return not_understood("it chose what was not offered");
    }
    ask(step::login);
    return {};
  }

  [[nodiscard]] result<void> read_kind() {
    if (in_[2] != std::byte{0}) return not_understood("a reserved byte of its answer");
    // Where it connects from tells us nothing, but stands before what the other end says.
    if (in_[3] == v4_address) {
      next(step::bound, 4 + 2);
    } else if (in_[3] == v6_address) {
      next(step::bound, 16 + 2);
    } else if (in_[3] == host_name) {
      next(step::length, 1);
    } else {
      return not_understood("the kind of address in its answer");
    }
    return {};
  }

  [[nodiscard]] tl::unexpected<error> refused() const {
    const auto verdict = std::to_integer<unsigned>(in_[1]);
    constexpr std::array notes{"",
                               "it failed, or found no such name",
                               "its rules forbid it",
                               "it cannot reach the relay's network",
                               "it cannot reach the relay's host",
                               "the relay's host refused the connection",
                               "the way to the relay is too long",
                               "it does not make connections",
                               "it does not know this kind of address"};
    return fail(errc::proxy_refused, verdict,
                verdict < notes.size() ? notes[verdict] : "for a reason of its own");
  }

  std::array<std::byte, answer_bytes_max> in_{};
  std::size_t size_ = 0;
  std::size_t wanted_ = 0;
  secret_buffer login_;
  byte_buffer request_;
  step step_ = step::method;
  bool has_login_ = false;
};

}  // namespace tallow::net
