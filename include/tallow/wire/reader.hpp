// Takes the basic values of a message apart, never reading past its end.
//
// @source  docs/protocol/wire.md, Bodies; the postcard wire format, version 1
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <type_traits>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/wire/utf8.hpp>

namespace tallow {

/// A place in a body and what is left behind it. Errors carry the offset they were found at.
class reader {
 public:
  explicit reader(byte_view body) noexcept : body_(body) {}

  [[nodiscard]] std::size_t offset() const noexcept { return offset_; }
  [[nodiscard]] std::size_t left() const noexcept { return body_.size() - offset_; }

  /// One byte.
  ///
  /// @errors  truncated
  [[nodiscard]] result<std::uint8_t> u8() noexcept {
    if (left() == 0) return fail(errc::truncated, offset_);
    return std::to_integer<std::uint8_t>(body_[offset_++]);
  }

  /// An unsigned integer of at most the bits of `UInt`, in its shortest form.
  ///
  /// @errors  truncated, varint_too_long, varint_not_shortest
  template <std::unsigned_integral UInt>
  [[nodiscard]] result<UInt> varint() noexcept {
    constexpr unsigned bits = std::numeric_limits<UInt>::digits;
    const std::size_t start = offset_;
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < bits; shift += 7) {
      const auto byte = u8();
      if (!byte) return fail(errc::truncated, start);
      const std::uint64_t part = *byte & 0x7FU;
      if (bits - shift < 7 && part >> (bits - shift) != 0) {
        return fail(errc::varint_too_long, start);
      }
      value |= part << shift;
      if ((*byte & 0x80U) == 0) {
        if (part == 0 && shift != 0) return fail(errc::varint_not_shortest, start);
        return static_cast<UInt>(value);
      }
    }
    return fail(errc::varint_too_long, start);
  }

  /// A signed integer in zigzag form.
  ///
  /// @errors  as varint()
  template <std::signed_integral Int>
  [[nodiscard]] result<Int> zigzag() noexcept {
    using UInt = std::make_unsigned_t<Int>;
    const auto folded = varint<UInt>();
    if (!folded) return fail(folded.error());
    const UInt half = static_cast<UInt>(*folded >> 1U);
    return static_cast<Int>((*folded & 1U) != 0 ? static_cast<UInt>(~half) : half);
  }

  /// 0 or 1.
  ///
  /// @errors  truncated, bool_invalid
  [[nodiscard]] result<bool> boolean() noexcept {
    const std::size_t start = offset_;
    const auto byte = u8();
    if (!byte) return fail(byte.error());
    if (*byte > 1) return fail(errc::bool_invalid, start);
    return *byte == 1;
  }

  /// The next `count` bytes.
  ///
  /// @shape   returns a view into the body
  /// @errors  truncated
  [[nodiscard]] result<byte_view> raw(std::size_t count) noexcept {
    if (count > left()) return fail(errc::truncated, offset_);
    const byte_view bytes = body_.subspan(offset_, count);
    offset_ += count;
    return bytes;
  }

  /// A count and that many bytes, at most `count_max`.
  ///
  /// @shape   returns a view into the body
  /// @errors  as varint(), length_above_limit
  [[nodiscard]] result<byte_view> counted(std::size_t count_max) noexcept {
    const std::size_t start = offset_;
    const auto count = varint<std::uint64_t>();
    if (!count) return fail(count.error());
    if (*count > count_max) return fail(errc::length_above_limit, start);
    return raw(static_cast<std::size_t>(*count));
  }

  /// A count and that many bytes of UTF-8.
  ///
  /// @shape   returns a view into the body
  /// @errors  as counted(), utf8_invalid
  [[nodiscard]] result<std::string_view> text(std::size_t count_max) noexcept {
    const std::size_t start = offset_;
    const auto bytes = counted(count_max);
    if (!bytes) return fail(bytes.error());
    if (!is_utf8(as_text(*bytes))) return fail(errc::utf8_invalid, start);
    return as_text(*bytes);
  }

  /// Nothing when all was read.
  ///
  /// @errors  trailing_bytes
  [[nodiscard]] result<void> finish() const noexcept {
    if (left() != 0) return fail(errc::trailing_bytes, offset_);
    return {};
  }

 private:
  byte_view body_;
  std::size_t offset_ = 0;
};

}  // namespace tallow
