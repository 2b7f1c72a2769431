// The secret that shows who may use the admin API.
#pragma once

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

#include <spdlog/spdlog.h>

#include <tallow/base/bytes.hpp>
#include <tallow/base/secret.hpp>
#include <tallow/crypto/hash.hpp>
#include <tallow/files/unique_fd.hpp>
#include <tallow/net/system_random.hpp>

#include "setting_values.hpp"

namespace tallow::relay_tool {

// Kept as a digest under a key of its own, so that comparing tells nothing of the token, not even
// how long it is.
class admin_token {
 public:
  static constexpr std::size_t bytes_min = 16;
  static constexpr std::size_t bytes_max = 512;

  [[nodiscard]] bool is_set() const noexcept { return is_set_; }

  // `text`: at least bytes_min visible characters.
  [[nodiscard]] refusal set(byte_view text) {
    if (text.size() < bytes_min) return "a token of at least 16 characters is wanted";
    if (text.size() > bytes_max) return "a token of at most 512 characters is wanted";
    for (const std::byte b : text) {
      const auto c = std::to_integer<unsigned>(b);
      if (c <= 0x20 || c >= 0x7F) return "a token on one line, of visible characters, is wanted";
    }
    const room::random_source random = net::system_random();
    random(key_.span());
    digest_of(text, digest_);
    is_set_ = true;
    return std::nullopt;
  }

  // A file with the token and nothing else but a line feed. It is read once.
  [[nodiscard]] refusal read(const std::string& file) {
    const files::unique_fd from(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat about {};
    if (!from || ::fstat(from.get(), &about) != 0) {
      return "admin-token-file: " + file + ": " + std::strerror(errno);
    }
    secret_bytes<bytes_max + 2> bytes;
    std::size_t count = 0;
    for (;;) {
      const byte_span rest = bytes.span().subspan(count);
      const ::ssize_t more = ::read(from.get(), rest.data(), rest.size());
      if (more < 0) return "admin-token-file: " + file + ": " + std::strerror(errno);
      if (more == 0) break;
      count += static_cast<std::size_t>(more);
    }
    const auto is_end = [&](char c) {
      return count > 0 && bytes.view()[count - 1] == static_cast<std::byte>(c);
    };
    if (is_end('\n')) --count;
    if (is_end('\r')) --count;
    if (const auto why = set(byte_view(bytes.view()).first(count))) {
      return "admin-token-file: " + file + ": " + *why;
    }
    if (S_ISREG(about.st_mode) && (about.st_mode & 077U) != 0) {
      spdlog::warn("admin-token-file: others than its owner may read the file: chmod 600");
    }
    return std::nullopt;
  }

  // In a time that depends on the length of what is shown alone.
  [[nodiscard]] bool matches(byte_view shown) const {
    if (!is_set_) return false;
    secret_bytes<32> digest;
    digest_of(shown, digest);
    return digest == digest_;
  }

 private:
  void digest_of(byte_view text, secret_bytes<32>& to) const {
    crypto::digest32 digest;
    crypto::hmac(crypto::hash_kind::sha256, key_.view(), {text}, digest);
    to = secret_bytes<32>(std::span<const std::byte, 32>(digest));
    wipe(digest);
  }

  secret_bytes<32> key_;
  secret_bytes<32> digest_;
  bool is_set_ = false;
};

}  // namespace tallow::relay_tool
