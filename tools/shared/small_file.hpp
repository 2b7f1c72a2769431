// Files that a person could have written by hand: all of one, in memory.
#pragma once

#include <array>
#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <system_error>
#include <unistd.h>

#include <tallow/files/unique_fd.hpp>

namespace tallow::tools {

// No settings and no list are longer; /dev/zero is.
inline constexpr std::size_t small_file_bytes_max = std::size_t{1} << 20U;

// Appends what is in it; a pipe will do, too. What the system says when it cannot be read, and
// file_too_large where there is more.
inline std::error_code read_small_file(const std::filesystem::path& path, std::string& to) {
  const auto failure = [] { return std::error_code(errno, std::generic_category()); };
  const files::unique_fd from(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!from) return failure();
  std::array<char, 4096> piece;  // NOLINT(*-member-init): it is written before it is read
  for (std::size_t total = 0;;) {
    const auto count = ::read(from.get(), piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failure();
    if (count == 0) return {};
    to.append(piece.data(), static_cast<std::size_t>(count));
    total += static_cast<std::size_t>(count);
    if (total > small_file_bytes_max) return make_error_code(std::errc::file_too_large);
  }
}

}  // namespace tallow::tools
