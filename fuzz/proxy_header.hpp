// A PROXY header is read to its end and not beyond, however it comes, and says what its text says.
//
// Input: what a proxy sends: a header, and what its client said behind it.
#pragma once

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <asio/ip/address.hpp>

#include <tallow/base/bytes.hpp>
#include <tallow/net/proxy_header.hpp>

#include "fuzz/seeded_random.hpp"
#include "fuzz/violation.hpp"

namespace tallow::fuzz {

/// What was made of a stream.
struct proxy_reading {
  net::proxy_header::state state{};
  std::size_t bytes = 0;  ///< that were taken
  std::optional<asio::ip::address> source;
  bool operator==(const proxy_reading&) const = default;
};

/// Hands over what is missing, in pieces of at most `piece_bytes()`.
template <class Header, class PieceBytes>
[[nodiscard]] proxy_reading read_proxy(byte_view stream, PieceBytes piece_bytes) {
  Header header;
  proxy_reading all;
  while (header.bytes_missing() != 0 && all.bytes < stream.size()) {
    const std::size_t count =
        std::min({header.bytes_missing(), piece_bytes(), stream.size() - all.bytes});
    header.take(stream.subspan(all.bytes, count));
    all.bytes += count;
  }
  all.state = header.current();
  all.source = header.source();
  using state = net::proxy_header::state;
  require((all.state == state::reading) == (header.bytes_missing() != 0),
          "it wants more exactly while it reads");
  require(all.bytes <= Header::bytes_max, "a header has a length");
  return all;
}

/// The address in the third word of a line, as the system reads it.
[[nodiscard]] inline std::optional<asio::ip::address> source_in_line(std::string_view line) {
  const bool is_v4 = line.starts_with("PROXY TCP4 ");
  if (!is_v4 && !line.starts_with("PROXY TCP6 ")) return std::nullopt;
  line.remove_prefix(std::string_view("PROXY TCP4 ").size());
  const std::string word(line.substr(0, line.find(' ')));
  std::array<unsigned char, 16> bytes{};
  require(word.find('\0') == std::string::npos, "an address is text");
  require(::inet_pton(is_v4 ? AF_INET : AF_INET6, word.c_str(), bytes.data()) == 1,
          "what is taken for an address is one");
  if (!is_v4) return asio::ip::address_v6(bytes);
  return asio::ip::address_v4({bytes[0], bytes[1], bytes[2], bytes[3]});
}

/// The address behind the head of version 2.
[[nodiscard]] inline std::optional<asio::ip::address> source_in_block(byte_view header) {
  const auto at = [&](std::size_t i) { return std::to_integer<std::uint8_t>(header[i]); };
  if (at(12) == 0x20 || (at(13) & 0xF0U) == 0) return std::nullopt;
  if (at(13) == 0x11) return asio::ip::address_v4({at(16), at(17), at(18), at(19)});
  require(at(13) == 0x21, "no other kind of connection is taken");
  asio::ip::address_v6::bytes_type bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = at(16 + i);
  return asio::ip::address_v6(bytes);
}

/// Makes sure that `read` is what the first bytes of `stream` say.
inline void check_reading(byte_view stream, const proxy_reading& read) {
  using state = net::proxy_header::state;
  if (read.state != state::done) {
    require(!read.source, "half a header names nobody");
    require(read.state == state::invalid || read.bytes == stream.size(),
            "it goes on as long as there is something");
    return;
  }
  const byte_view header = stream.first(read.bytes);
  const std::string_view text = as_text(header);
  if (text.starts_with("PROXY ")) {
    require(text.size() <= 107 && text.find("\r\n") == text.size() - 2, "a line is a line");
    require(read.source == source_in_line(text.substr(0, text.size() - 2)),
            "the address is that of the line");
    return;
  }
  require(header.size() >= 16 && text.starts_with(std::string_view("\r\n\r\n\0\r\nQUIT\n", 12)),
          "anything else begins with the signature");
  const auto length = load_big_endian<std::uint16_t>(header.subspan(14).first<2>());
  require(header.size() == std::size_t{16} + length, "a block is as long as it says");
  require(read.source == source_in_block(header), "the address is that of the block");
}

/// The invariant for any reader with the face of proxy_header.
template <class Header>
void check_proxy_header(byte_view stream) {
  const proxy_reading whole = read_proxy<Header>(stream, [] { return SIZE_MAX; });
  check_reading(stream, whole);
  require(read_proxy<Header>(stream, [] { return std::size_t{1}; }) == whole,
          "byte by byte gives what the whole gives");
  seeded_random random(seed_of(stream));
  require(read_proxy<Header>(stream, [&] { return 1 + random.below(20); }) == whole,
          "randomly split gives what the whole gives");
}

inline void fuzz_proxy_header(byte_view input) { check_proxy_header<net::proxy_header>(input); }

}  // namespace tallow::fuzz
