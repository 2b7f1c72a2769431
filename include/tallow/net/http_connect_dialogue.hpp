// What a client says to an HTTP proxy to be connected, and what it understands. No socket here.
//
// @source  RFC 9110 sections 9.3.6 and 11.7.1, RFC 9112 section 4, RFC 7617
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <botan/base64.h>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/secret.hpp>
#include <tallow/net/address.hpp>
#include <tallow/net/proxy_address.hpp>
#include <tallow/net/proxy_dialogue.hpp>

namespace tallow::net {

/// Asks for one connection by CONNECT. A name goes to the proxy as it is, and is resolved there.
///
/// Of the answer only the status counts, and only that of its first line; what else its head holds
/// is read up to its end and no further: the next byte is the other end's.
class http_connect_dialogue : public proxy_dialogue {
 public:
  /// More than proxies say in front of a connection, all interim answers together.
  static constexpr std::size_t head_bytes_max = std::size_t{16} * 1024;

  /// @errors  address_invalid: a host that only this machine understands
  [[nodiscard]] static result<http_connect_dialogue> start(const address& to,
                                                           const proxy_address& login) {
    if (auto done = check_is_known_elsewhere(to); !done) return fail(done.error());
    http_connect_dialogue made;
    const std::string where = to_string(to);
    made.say("CONNECT " + where + " HTTP/1.1\r\nHost: " + where + "\r\n");
    if (login.has_login()) {
      made.say("Proxy-Authorization: Basic ");
      made.say_login(login);
      made.say("\r\n");
    }
    made.say("\r\n");
    return made;
  }

  [[nodiscard]] bool is_done() const noexcept { return is_done_; }

  /// How many bytes the proxy will say next for sure; 0 when it is done.
  [[nodiscard]] std::size_t bytes_wanted() const noexcept {
    return is_done_ ? 0 : status_line_.size() - line_size_ + end_of_head.size() - end_size_;
  }

  /// The next bytes, at most bytes_wanted().
  ///
  /// @errors  proxy_refused, proxy_login_refused, proxy_not_understood
  [[nodiscard]] result<void> handle_bytes(byte_view bytes) {
    for (const std::byte one : bytes.first(std::min(bytes.size(), bytes_wanted()))) {
      if (auto done = take(static_cast<char>(one)); !done) return done;
    }
    return {};
  }

 private:
  static constexpr std::string_view end_of_head = "\r\n\r\n";
  // With letters for digits: of the version's second half, and of the status.
  static constexpr std::string_view line_shape = "HTTP/1.v ddd";

  http_connect_dialogue() = default;

  void say_login(const proxy_address& login) {
    secret_buffer plain = login.user.clone();
    plain.append(as_bytes(":"));
    plain.append(login.password.view());
    secret_buffer encoded((plain.size() + 2) / 3 * 4);
    std::size_t consumed = 0;
    const std::size_t count =
        Botan::base64_encode(reinterpret_cast<char*>(encoded.span().data()),
                             as_u8(plain.view()).data(), plain.size(), consumed, true);
    say(encoded.view().first(count));
  }

  [[nodiscard]] result<void> take(char c) {
    if (++head_bytes_ > head_bytes_max) return not_understood("its answer does not end");
    if (line_size_ < status_line_.size()) return take_of_line(c);
    // Behind the status comes a blank, or the end of the line.
    if (std::exchange(is_behind_status_, false) && c != ' ' && c != '\r') {
      return not_understood("its answer is not HTTP");
    }
    if (c == end_of_head[end_size_]) {
      ++end_size_;
    } else if (c == '\r' || c == '\n' || c == '\0' || end_size_ % 2 == 1) {
      return not_understood("the ends of lines in its answer");
    } else {
      end_size_ = 0;
    }
    return end_size_ == end_of_head.size() ? conclude() : result<void>{};
  }

  [[nodiscard]] result<void> take_of_line(char c) {
    const char shape = line_shape[line_size_];
    const bool fits = shape == 'v'   ? c == '0' || c == '1'
                      : shape == 'd' ? c >= '0' && c <= '9'
                                     : c == shape;
    if (!fits) return not_understood("its answer is not HTTP");
    status_line_[line_size_++] = c;
    is_behind_status_ = line_size_ == status_line_.size();
    return {};
  }

  [[nodiscard]] unsigned status() const noexcept {
    unsigned value = 0;
    for (std::size_t i = 9; i < status_line_.size(); ++i) {
      value = value * 10 + static_cast<unsigned>(status_line_[i] - '0');
    }
    return value;
  }

  [[nodiscard]] result<void> conclude() {
    const unsigned said = status();
    if (said / 100 == 2) {
      is_done_ = true;
      return {};
    }
    if (said / 100 == 1 && said != 101) {  // the answer is still to come
      line_size_ = end_size_ = 0;
      return {};
    }
    // The first is meant for servers behind a proxy, but some proxies say it of themselves.
    if (said == 401 || said == 407) return fail(errc::proxy_login_refused);
    return fail(errc::proxy_refused, said, note_on(said));
  }

  [[nodiscard]] static const char* note_on(unsigned said) noexcept {
    switch (said) {
      case 400: return "it answers 400, bad request";
      case 403: return "it answers 403: its rules forbid it, perhaps the port";
      case 404: return "it answers 404: it found no such host";
      case 405: return "it answers 405: it does not make connections";
      case 429: return "it answers 429: too many requests";
      case 500: return "it answers 500: it failed, or found no such host";
      case 502: return "it answers 502: it could not reach the relay";
      case 503: return "it answers 503: it could not reach the relay";
      case 504: return "it answers 504: the relay did not answer it";
      default: return "it answers with a status that is no yes";
    }
  }

  std::array<char, line_shape.size()> status_line_{};
  std::size_t line_size_ = 0;   // of the status line
  std::size_t end_size_ = 0;    // of the end of the head
  std::size_t head_bytes_ = 0;  // in all
  bool is_behind_status_ = false;
  bool is_done_ = false;
};

}  // namespace tallow::net
