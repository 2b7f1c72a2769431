// The relay's certificate and key as files: the operator's, or ones that are made at first start.
#pragma once

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <spdlog/spdlog.h>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/files/unique_fd.hpp>
#include <tallow/files/write_at.hpp>
#include <tallow/net/tls_identity.hpp>

#include "settings.hpp"

namespace tallow::relay_tool {

// An identity, or why there is none.
struct found_identity {
  std::optional<net::tls_identity> identity;
  std::string trouble;
};

class identity_files {
 public:
  /// Where they are. A refusal when there is no place for them.
  static refusal find(const settings& chosen, identity_files& to) {
    to.are_own_ = chosen.tls_certificate.empty();
    if (!to.are_own_) {
      to.certificate_ = chosen.tls_certificate;
      to.key_ = chosen.tls_key;
      return std::nullopt;
    }
    const auto folder = state_folder(chosen);
    if (folder.empty()) {
      return "there is no place for the relay's key: name one with --state-dir DIR, or give "
             "--tls-certificate and --tls-key";
    }
    to.certificate_ = folder / "tls-certificate.pem";
    to.key_ = folder / "tls-key.der";
    return std::nullopt;
  }

  /// Reads them; makes them where they are ours and not there yet.
  found_identity load() {
    seen_ = stamps();
    if (are_own_) {
      if (auto why = make_key_if_missing()) return {std::nullopt, *why};
    }
    net::private_bytes bytes;
    if (auto why = read(key_, bytes)) return {std::nullopt, *why};
    auto key = net::read_private_key(bytes);
    if (!key) return {std::nullopt, key_.native() + ": " + describe(key.error())};
    auto found = are_own_ ? own_certificate(std::move(*key)) : given_certificate(std::move(*key));
    seen_ = stamps();
    if (found.identity) note_expiry(*found.identity);
    return found;
  }

  [[nodiscard]] const std::filesystem::path& certificate() const noexcept { return certificate_; }
  [[nodiscard]] const std::filesystem::path& key() const noexcept { return key_; }
  /// True when load() makes them, in a folder of their own.
  [[nodiscard]] bool are_own() const noexcept { return are_own_; }

  /// When the certificate ends that load() gave last.
  [[nodiscard]] std::chrono::system_clock::time_point expires_at() const noexcept {
    return expires_at_;
  }

  /// True when a file is another one, or was written, since load().
  [[nodiscard]] bool have_changed() const { return stamps() != seen_; }

 private:
  using path = std::filesystem::path;

  struct stamp {
    ::ino_t number = 0;
    ::off_t size = 0;
    std::int64_t seconds = 0;
    long nanoseconds = 0;
    bool operator==(const stamp&) const = default;
  };
  using both_stamps = std::array<stamp, 2>;

  static constexpr std::size_t file_bytes_max = 256 * 1024;
  static constexpr auto renewed_before_end = std::chrono::hours(24) * 30;
  static constexpr auto warned_before_end = std::chrono::hours(24) * 14;

  // That of the service manager, of the command line, or the user's own.
  static path state_folder(const settings& chosen) {
    if (!chosen.state_dir.empty()) return chosen.state_dir;
    const auto absolute = [](const char* name) -> path {
      const char* const value = std::getenv(name);
      return value != nullptr && *value == '/' ? path(value) : path();
    };
    // A manager may name several, divided by colons; any of them is ours.
    if (const auto ours = absolute("STATE_DIRECTORY"); !ours.empty()) {
      return ours.native().substr(0, ours.native().find(':'));
    }
    if (const auto state = absolute("XDG_STATE_HOME"); !state.empty()) {
      return state / "tallow-relay";
    }
    const auto home = absolute("HOME");
    return home.empty() ? path() : home / ".local/state/tallow-relay";
  }

  static std::string failure(const path& file) {
    return file.native() + ": " + std::generic_category().message(errno);
  }

  static stamp stamp_of(const path& file) {
    struct ::stat found {};
    if (::stat(file.c_str(), &found) != 0) return {};
    return {found.st_ino, found.st_size, found.st_mtim.tv_sec, found.st_mtim.tv_nsec};
  }
  [[nodiscard]] both_stamps stamps() const { return {stamp_of(certificate_), stamp_of(key_)}; }

  static refusal read(const path& file, net::private_bytes& into) {
    const files::unique_fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct ::stat found {};
    if (!fd || ::fstat(fd.get(), &found) != 0) return failure(file);
    if (!S_ISREG(found.st_mode) || found.st_size > static_cast<::off_t>(file_bytes_max)) {
      return file.native() + ": not a file of a certificate or a key";
    }
    into.resize(static_cast<std::size_t>(found.st_size));
    std::size_t done = 0;
    while (done < into.size()) {
      const auto count = ::read(fd.get(), into.data() + done, into.size() - done);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return failure(file);
      if (count == 0) return file.native() + ": it became shorter while it was read";
      done += static_cast<std::size_t>(count);
    }
    return std::nullopt;
  }

  // Under a temporary name, whole and on the disk.
  static refusal write_temporary(const path& file, byte_view bytes) {
    (void)::unlink(file.c_str());
    const files::unique_fd fd(
        ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) return failure(file);
    const auto done = files::write_at(fd.get(), 0, bytes);
    if (done && ::fsync(fd.get()) == 0) return std::nullopt;
    auto why = done ? failure(file) : file.native() + ": " + describe(done.error());
    (void)::unlink(file.c_str());
    return why;
  }

  [[nodiscard]] static path temporary_of(const path& file) {
    return file.native() + ".new-" + std::to_string(::getpid());
  }

  refusal make_key_if_missing() const {
    std::error_code trouble;
    const path folder = key_.parent_path();
    std::filesystem::create_directories(folder.parent_path(), trouble);
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return failure(folder);
    if (::access(key_.c_str(), F_OK) == 0) return std::nullopt;
    const auto key = net::make_private_key();
    if (!key) return describe(key.error());
    const path fresh = temporary_of(key_);
    if (auto why = write_temporary(fresh, std::as_bytes(std::span(*key)))) return why;
    // Not rename(): of two relays that start together the later takes the key of the earlier.
    const bool is_made = ::link(fresh.c_str(), key_.c_str()) == 0;
    auto why = is_made || errno == EEXIST ? refusal() : failure(key_);
    (void)::unlink(fresh.c_str());
    if (is_made) spdlog::info("made a key for TLS: {}", key_.native());
    return why;
  }

  // The one that is kept, or a new one from the same key: what is pinned stays.
  found_identity own_certificate(std::shared_ptr<Botan::Private_Key> key) const {
    net::private_bytes bytes;
    if (!read(certificate_, bytes)) {
      auto kept = net::make_identity(std::as_bytes(std::span(bytes)), key);
      const auto now = std::chrono::system_clock::now();
      if (kept && net::expiry_of(*kept) > now + renewed_before_end) return {std::move(*kept), {}};
    }
    auto made = net::make_identity(std::move(key));
    if (!made) return {std::nullopt, describe(made.error())};
    const path fresh = temporary_of(certificate_);
    if (auto why = write_temporary(fresh, as_bytes(made->chain.front().PEM_encode()))) {
      return {std::nullopt, *why};
    }
    if (::rename(fresh.c_str(), certificate_.c_str()) != 0) {
      return {std::nullopt, failure(certificate_)};
    }
    return {std::move(*made), {}};
  }

  found_identity given_certificate(std::shared_ptr<Botan::Private_Key> key) const {
    net::private_bytes bytes;
    if (auto why = read(certificate_, bytes)) return {std::nullopt, *why};
    auto made = net::make_identity(std::as_bytes(std::span(bytes)), std::move(key));
    if (!made) {
      return {std::nullopt, certificate_.native() + ": " + std::string(made.error().note)};
    }
    return {std::move(*made), {}};
  }

  void note_expiry(const net::tls_identity& identity) {
    expires_at_ = net::expiry_of(identity);
    const auto left = expires_at_ - std::chrono::system_clock::now();
    if (left > warned_before_end) return;
    spdlog::warn("{}: {}", certificate_.native(),
                 left.count() < 0 ? "the certificate has expired" : "the certificate expires soon");
  }

  path certificate_;
  path key_;
  bool are_own_ = true;
  std::chrono::system_clock::time_point expires_at_;
  both_stamps seen_;
};

}  // namespace tallow::relay_tool
