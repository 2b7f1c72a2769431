// Writes files without their zeros: where a long run of them stands, the file gets a hole.
//
// The wire knows no holes; zeros are data there. What a hole is good for is the receiver's disk, so
// the receiver finds them, whatever the sender's file looked like.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/files/posix_error.hpp>
#include <tallow/files/write_at.hpp>

namespace tallow::files {

/// What a file holds where somebody is about to write.
enum class ground : std::uint8_t {
  fresh,  ///< nothing was written there since the file was made
  used,   ///< anything: left by an earlier process, say
};

/// Zeros are looked for in blocks of this size: a page, and the block of most file systems.
inline constexpr std::size_t zero_block_bytes = 4096;
/// Shorter runs are written: each hole costs another call and another extent, and saves no more
/// than the clusters of disk images are long.
inline constexpr std::size_t hole_bytes_min = 64 * 1024;

/// Writes all of `bytes` at `offset`, but leaves holes for zeros, and makes them where the ground
/// is used. A hole at the end of the file counts to its size: then the file has `file_bytes` bytes.
///
/// @param file_bytes  the size the file will have; nobody writes beyond
/// @errors  those of write_at()
/// @cost    for data without zeros one look at each block's first byte
[[nodiscard]] result<void> write_sparse(int fd, std::uint64_t offset, byte_view bytes,
                                        std::uint64_t file_bytes, ground below);

// ---- implementation ----

namespace detail {

[[nodiscard]] inline bool is_zero(byte_view bytes) noexcept {
  // Each byte equals the one before, and the first is zero.
  return bytes.front() == std::byte{0} &&
         std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

// Makes a run read as zeros.
[[nodiscard]] inline result<void> make_hole(int fd, std::uint64_t offset, byte_view zeros,
                                            ground below) {
  if (below == ground::fresh) return {};
  constexpr int how = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
  if (::fallocate(fd, how, static_cast<::off_t>(offset), static_cast<::off_t>(zeros.size())) == 0) {
    return {};
  }
  // Not every file system can do that.
  return write_at(fd, offset, zeros);
}

}  // namespace detail

inline result<void> write_sparse(int fd, std::uint64_t offset, byte_view bytes,
                                 std::uint64_t file_bytes, ground below) {
  if (bytes.size() < hole_bytes_min) return write_at(fd, offset, bytes);
  const bool at_end = offset + bytes.size() == file_bytes;
  const auto end_of_block = [&](std::size_t at) {
    return std::min(at + zero_block_bytes, bytes.size());
  };
  // A block that is cut off fills one of the file only if the file ends there.
  const auto is_zero_block = [&](std::size_t at) {
    const std::size_t end = end_of_block(at);
    return (end - at == zero_block_bytes || at_end) && detail::is_zero(bytes.subspan(at, end - at));
  };
  const auto unaligned = static_cast<std::size_t>(offset % zero_block_bytes);
  std::size_t written = 0;
  for (std::size_t at = unaligned == 0 ? 0 : zero_block_bytes - unaligned; at < bytes.size();) {
    const std::size_t start = at;
    while (at < bytes.size() && is_zero_block(at)) at = end_of_block(at);
    if (at - start >= hole_bytes_min) {
      auto done = write_at(fd, offset + written, bytes.subspan(written, start - written));
      if (done)
        done = detail::make_hole(fd, offset + start, bytes.subspan(start, at - start), below);
      if (!done) return done;
      written = at;
    }
    if (at < bytes.size()) at = end_of_block(at);
  }
  if (written < bytes.size()) return write_at(fd, offset + written, bytes.subspan(written));
  // Never shorter than what others have written meanwhile: nobody writes beyond this size.
  if (at_end && ::ftruncate(fd, static_cast<::off_t>(file_bytes)) != 0) return fail_errno();
  return {};
}

}  // namespace tallow::files
