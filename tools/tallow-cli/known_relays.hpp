// The keys of relays that were trusted on first use.
#pragma once

#include <filesystem>
#include <optional>
#include <utility>

#include <tallow/base/error.hpp>
#include <tallow/net/address.hpp>
#include <tallow/net/relay_address.hpp>

namespace tallow::cli {

/// A file of one user, 0600, in $XDG_STATE_HOME/tallow/known_relays or
/// ~/.local/state/tallow/known_relays: a line `HOST:PORT KEY` a relay.
class known_relays {
 public:
  /// Nothing where the environment names no such place: then nothing is remembered.
  [[nodiscard]] static std::optional<known_relays> find();

  /// The key that is remembered of a relay.
  ///
  /// @errors  file_failed (a line that is none), permission_denied and what else the system says
  [[nodiscard]] result<std::optional<net::key_fingerprint>> key_of(const net::address& relay) const;

  /// Remembers the key of a relay; it is on the disk when this returns. Another program may do the
  /// same at the same time.
  ///
  /// @param replaces  whether a key that is remembered already may be another one
  /// @errors  relay_key_wrong (it is, and may not be), and those of key_of()
  [[nodiscard]] result<void> remember(const net::address& relay, const net::key_fingerprint& key,
                                      bool replaces) const;

  [[nodiscard]] const std::filesystem::path& file() const noexcept { return file_; }

 private:
  explicit known_relays(std::filesystem::path file) : file_(std::move(file)) {}

  std::filesystem::path file_;
};

}  // namespace tallow::cli
