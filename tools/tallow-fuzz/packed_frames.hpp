// zstd frames as a compressed chunk must not have them, made by hand: no library makes them.
//
// @source  RFC 8878, 3.1.1; docs/protocol/transfer.md, Compression
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include <tallow/base/bytes.hpp>

namespace tallow::fuzz::packed_frames {

// Bits of the frame header descriptor.
inline constexpr unsigned size_of_eight_bytes = 0xC0;
inline constexpr unsigned single_segment = 0x20;  // no window, and the content size is the window
inline constexpr unsigned reserved_flag = 0x08;
inline constexpr unsigned with_checksum = 0x04;
inline constexpr unsigned dictionary_of_one_byte = 0x01;

enum class block : std::uint8_t { raw = 0, repeated = 1, reserved = 3 };

/// A block header, which is three bytes, the lowest first.
inline void append_block_header(byte_buffer& out, block type, std::size_t bytes, bool is_last) {
  const std::size_t header = (is_last ? 1U : 0U) | static_cast<unsigned>(type) << 1U | bytes << 3U;
  for (unsigned i = 0; i < 3; ++i) out.push_back(static_cast<std::byte>(header >> 8U * i));
}

/// Blocks that unpack to `bytes` times one letter.
inline byte_buffer repeated(std::size_t bytes, std::size_t block_bytes_max) {
  byte_buffer blocks;
  while (bytes > 0) {
    const std::size_t now = std::min(bytes, block_bytes_max);
    bytes -= now;
    append_block_header(blocks, block::repeated, now, bytes == 0);
    blocks.push_back(std::byte{'x'});
  }
  return blocks;
}

/// A frame.
///
/// @param descriptor  size_of_eight_bytes is always among its bits
/// @param window      what the descriptor announces between it and the content size
inline byte_buffer frame(unsigned descriptor, byte_view window, std::uint64_t content_bytes,
                         byte_view blocks) {
  constexpr std::array magic{std::byte{0x28}, std::byte{0xB5}, std::byte{0x2F}, std::byte{0xFD}};
  byte_buffer out(magic.begin(), magic.end());
  out.push_back(static_cast<std::byte>(descriptor | size_of_eight_bytes));
  append(out, window);
  for (unsigned i = 0; i < 8; ++i) {
    out.push_back(static_cast<std::byte>(content_bytes >> 8U * i));
  }
  append(out, blocks);
  return out;
}

/// One that is all right, for a chunk of `bytes`. What follows is wrong in one thing each.
inline byte_buffer honest(std::size_t bytes) {
  return frame(single_segment, {}, bytes, repeated(bytes, bytes));
}

inline byte_buffer huge(std::size_t bytes) {
  return frame(single_segment, {}, std::uint64_t{1} << 40U, repeated(bytes, bytes));
}
inline byte_buffer less(std::size_t bytes) { return honest(bytes - 1); }
inline byte_buffer bomb(std::size_t bytes) {
  return frame(single_segment, {}, bytes, repeated(512 * bytes, bytes));
}
inline byte_buffer half(std::size_t bytes) {
  return frame(single_segment, {}, bytes, repeated(bytes / 2, bytes));
}
inline byte_buffer wide_window(std::size_t bytes) {
  return frame(0, std::array{std::byte{0xF8}}, bytes, repeated(bytes, bytes));
}
inline byte_buffer dictionary(std::size_t bytes) {
  return frame(single_segment | dictionary_of_one_byte, std::array{std::byte{7}}, bytes,
               repeated(bytes, bytes));
}
inline byte_buffer checksum(std::size_t bytes) {
  byte_buffer out = frame(single_segment | with_checksum, {}, bytes, repeated(bytes, bytes));
  append(out, byte_buffer(4));
  return out;
}
inline byte_buffer reserved_bit(std::size_t bytes) {
  return frame(single_segment | reserved_flag, {}, bytes, repeated(bytes, bytes));
}
inline byte_buffer reserved_block(std::size_t bytes) {
  byte_buffer blocks;
  append_block_header(blocks, block::reserved, bytes, true);
  return frame(single_segment, {}, bytes, blocks);
}
inline byte_buffer cut(std::size_t bytes) {
  byte_buffer out = honest(bytes);
  out.pop_back();
  return out;
}
inline byte_buffer twice(std::size_t bytes) {
  byte_buffer out = honest(bytes);
  append(out, honest(bytes));
  return out;
}
inline byte_buffer skippable(std::size_t bytes) {
  byte_buffer out = honest(bytes);
  append(out, std::array{std::byte{0x50}, std::byte{0x2A}, std::byte{0x4D}, std::byte{0x18}});
  append(out, byte_buffer(4));  // its length: nothing
  return out;
}
inline byte_buffer longer(std::size_t bytes) {
  byte_buffer blocks;
  append_block_header(blocks, block::raw, bytes, true);
  blocks.resize(blocks.size() + bytes);
  return frame(single_segment, {}, bytes, blocks);
}
inline byte_buffer empty(std::size_t) { return {}; }

}  // namespace tallow::fuzz::packed_frames
