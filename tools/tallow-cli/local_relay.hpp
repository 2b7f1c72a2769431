// A relay in the process of a sender who has named none, for the local network.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tallow/base/error.hpp>
#include <tallow/session/direct_addresses.hpp>

namespace tallow::cli {

/// What a local_relay is for.
struct local_relay_options {
  bool announces = true;                     ///< false: who comes knows where it is
  std::optional<std::uint32_t> nameplate{};  ///< which one it has to be
  std::uint16_t port = 9009;                 ///< if it is free; else any
  unsigned receivers = 1;                    ///< who come
  session::address_kinds kinds{};            ///< of whom it serves
};

/// Runs on a thread of its own, from when it was opened until it goes.
class local_relay {
 public:
  /// Listens, and finds a nameplate that nobody else here has.
  ///
  /// @errors  invalid_argument (no local network, or the nameplate that it has to be is somebody
  ///          else's), listen_failed, random_failed, crypto_failed
  [[nodiscard]] static result<std::unique_ptr<local_relay>> open(
      const local_relay_options& options);

  local_relay(const local_relay&) = delete;
  local_relay& operator=(const local_relay&) = delete;
  /// Waits until what both sides have said has come to the other, for three seconds at most.
  ~local_relay();

  /// Meaningless where nothing is announced.
  [[nodiscard]] std::uint32_t nameplate() const noexcept;
  [[nodiscard]] std::uint16_t port() const noexcept;
  /// HOST:PORT#KEY for this process.
  [[nodiscard]] std::string own_address() const;
  /// HOST:PORT for others on the local network.
  [[nodiscard]] std::vector<std::string> addresses() const;

 private:
  class running;
  explicit local_relay(std::unique_ptr<running> what);

  std::unique_ptr<running> running_;
};

}  // namespace tallow::cli
