// Where a connection comes from, as a proxy in front of us says: PROXY protocol, versions 1 and 2.
//
// @source  The PROXY protocol, versions 1 & 2 (HAProxy), sections 2.1 and 2.2
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include <asio/error_code.hpp>
#include <asio/ip/address.hpp>

#include <tallow/base/bytes.hpp>

namespace tallow::net {

/// Reads one header and nothing behind it. Only what a trusted proxy sends is worth reading.
///
/// Invariant: all that take() was given belongs to the header.
class proxy_header {
 public:
  /// More than the addresses and what proxies put behind them.
  static constexpr std::size_t bytes_max = 1024;

  enum class state : std::uint8_t { reading, done, invalid };

  [[nodiscard]] state current() const noexcept { return state_; }

  /// How many bytes belong to the header for sure; 0 when it is done, or none.
  [[nodiscard]] std::size_t bytes_missing() const noexcept {
    return state_ == state::reading ? wanted_ - size_ : 0;
  }

  /// The next bytes, at most bytes_missing().
  void take(byte_view bytes) noexcept {
    const std::size_t count = std::min(bytes.size(), bytes_missing());
    std::copy_n(bytes.begin(), count, bytes_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += count;
    while (state_ == state::reading && size_ == wanted_) go_on();
  }

  /// The address of the client; nothing where the proxy speaks for itself or does not know.
  [[nodiscard]] const std::optional<asio::ip::address>& source() const noexcept { return source_; }

 private:
  static constexpr std::string_view signature{"\r\n\r\n\0\r\nQUIT\n", 12};
  static constexpr std::string_view word = "PROXY ";
  static constexpr std::size_t head_bytes = 16;  // of version 2
  static constexpr std::size_t line_max = 107;   // of version 1, with its end

  [[nodiscard]] std::string_view text() const noexcept {
    return {reinterpret_cast<const char*>(bytes_.data()), size_};
  }
  [[nodiscard]] unsigned byte_at(std::size_t i) const noexcept {
    return std::to_integer<unsigned>(bytes_[i]);
  }

  // All that was wanted is there.
  void go_on() {
    if (text().starts_with(word)) {
      read_line();
    } else if (!text().starts_with(signature)) {
      state_ = state::invalid;
    } else if (size_ == signature.size()) {
      wanted_ = head_bytes;
    } else if (size_ == head_bytes) {
      read_head();
    } else {
      read_addresses();
    }
  }

  // ---- version 1: a line of text ----

  // It has no length, so it comes byte by byte.
  void read_line() {
    if (!text().ends_with("\r\n")) {
      wanted_ = size_ + 1;
      if (size_ == line_max) state_ = state::invalid;
      return;
    }
    std::array<std::string_view, 6> fields;
    if (!split(text().substr(0, size_ - 2), fields)) return;
    const bool is_v4 = fields[1] == "TCP4";
    if (!is_v4 && fields[1] != "TCP6") {
      state_ = fields[1] == "UNKNOWN" ? state::done : state::invalid;
      return;
    }
    const auto from = address_of(fields[2]);
    const auto to = address_of(fields[3]);
    const bool is_fine = from && to && from->is_v4() == is_v4 && to->is_v4() == is_v4 &&
                         is_port(fields[4]) && is_port(fields[5]);
    state_ = is_fine ? state::done : state::invalid;
    if (is_fine) source_ = from;
  }

  // Words that are parted by one blank each. What stands behind UNKNOWN is anything.
  bool split(std::string_view line, std::array<std::string_view, 6>& fields) noexcept {
    std::size_t count = 0;
    for (; count < fields.size(); ++count) {
      const std::size_t blank = line.find(' ');
      fields[count] = line.substr(0, blank);
      if (count == 1 && fields[1] == "UNKNOWN") return true;
      if (blank == std::string_view::npos) break;
      line.remove_prefix(blank + 1);
    }
    if (count == fields.size() - 1) return true;
    state_ = state::invalid;
    return false;
  }

  [[nodiscard]] static std::optional<asio::ip::address> address_of(std::string_view text) {
    // Asio reads past an interface that it cannot use, and takes a NUL for the end.
    if (text.find_first_of({"%\0", 2}) != std::string_view::npos) return std::nullopt;
    asio::error_code trouble;
    const auto parsed = asio::ip::make_address(text, trouble);
    return trouble ? std::nullopt : std::optional(parsed);
  }

  [[nodiscard]] static bool is_port(std::string_view text) noexcept {
    std::uint16_t port = 0;
    const auto [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), port);
    const bool is_padded = text.size() > 1 && text.front() == '0';
    return trouble == std::errc{} && end == text.data() + text.size() && !is_padded;
  }

  // ---- version 2: binary ----

  void read_head() {
    const std::size_t length = (byte_at(14) << 8U) | byte_at(15);
    const unsigned command = byte_at(12);
    // Version 2, LOCAL or PROXY.
    if ((command != 0x20 && command != 0x21) || length > bytes_max - head_bytes) {
      state_ = state::invalid;
      return;
    }
    wanted_ = head_bytes + length;
    if (length == 0) read_addresses();
  }

  void read_addresses() {
    const bool is_local = byte_at(12) == 0x20;
    const unsigned family = byte_at(13) >> 4U;
    const unsigned transport = byte_at(13) & 0x0FU;
    const std::size_t length = size_ - head_bytes;
    state_ = state::done;
    if (is_local || family == 0) return;
    // Streams over IPv4 and IPv6; two addresses and two ports.
    const std::size_t needed = family == 1 ? 12 : 36;
    if (family > 2 || transport != 1 || length < needed) {
      state_ = state::invalid;
      return;
    }
    if (family == 1) {
      source_ = asio::ip::address_v4(address_bytes<asio::ip::address_v4::bytes_type>());
    } else {
      source_ = asio::ip::address_v6(address_bytes<asio::ip::address_v6::bytes_type>());
    }
  }

  template <class Bytes>
  [[nodiscard]] Bytes address_bytes() const noexcept {
    Bytes out;
    std::memcpy(out.data(), bytes_.data() + head_bytes, out.size());
    return out;
  }

  std::array<std::byte, bytes_max> bytes_{};
  std::size_t size_ = 0;
  std::size_t wanted_ = signature.size();
  state state_ = state::reading;
  std::optional<asio::ip::address> source_;
};

}  // namespace tallow::net
