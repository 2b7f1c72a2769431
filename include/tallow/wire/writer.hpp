// Puts the basic values of a message behind each other.
//
// @source  docs/protocol/wire.md, Bodies; the postcard wire format, version 1
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include <tallow/base/bytes.hpp>

namespace tallow {

/// Appends encoded values to a buffer that the caller owns.
class writer {
 public:
  explicit writer(byte_buffer& out) noexcept : out_(&out) {}

  /// One byte as it is.
  void u8(std::uint8_t value) { out_->push_back(static_cast<std::byte>(value)); }

  /// Seven bits a byte, lowest first, the top bit set while more follow; always the shortest form.
  template <std::unsigned_integral UInt>
  void varint(UInt value) {
    std::uint64_t rest = value;
    while (rest >= 0x80) {
      u8(static_cast<std::uint8_t>(rest | 0x80U));
      rest >>= 7U;
    }
    u8(static_cast<std::uint8_t>(rest));
  }

  /// A signed integer, folded so that small absolute values stay short: 0, -1, 1, -2 are 0 to 3.
  template <std::signed_integral Int>
  void zigzag(Int value) {
    const auto wide = static_cast<std::int64_t>(value);
    varint((static_cast<std::uint64_t>(wide) << 1U) ^ static_cast<std::uint64_t>(wide >> 63));
  }

  /// 0 or 1.
  void boolean(bool value) { u8(value ? 1 : 0); }

  /// Bytes without their count.
  void raw(byte_view bytes) { append(*out_, bytes); }

  /// The count as a varint, then the bytes.
  void counted(byte_view bytes) {
    varint(bytes.size());
    raw(bytes);
  }

 private:
  byte_buffer* out_;
};

}  // namespace tallow
