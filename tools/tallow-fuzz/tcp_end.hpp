// A TCP connection to the relay under test. Nothing here waits longer than it is told.
#pragma once

#include <chrono>
#include <cstdint>
#include <netinet/in.h>
#include <optional>
#include <string>
#include <sys/socket.h>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/time.hpp>
#include <tallow/files/unique_fd.hpp>
#include <tallow/net/address.hpp>

namespace tallow::fuzz {

/// Where a relay is, resolved.
struct place_to_go {
  ::sockaddr_storage address{};
  ::socklen_t length = 0;

  [[nodiscard]] bool is_loopback() const noexcept;
};

/// The first address of a name.
///
/// @errors  resolve_failed
[[nodiscard]] result<place_to_go> find_place(const net::address& where);

/// One end. Reading and writing take what is possible at once.
class tcp_end {
 public:
  /// @param source  where there are several loopback addresses (IPv4), the one to come from
  /// @errors  connect_failed (with what the system said)
  [[nodiscard]] static result<tcp_end> connect(const place_to_go& to, std::uint32_t source = 1);

  /// How many bytes were taken; the rest is not sent.
  std::size_t send(byte_view bytes) noexcept;

  /// What has come, up to 64 KiB of it: nothing may mean that nothing is there yet.
  [[nodiscard]] byte_buffer read();

  /// Waits until there is something to read, or an end; false when time is over.
  [[nodiscard]] bool wait(std::chrono::milliseconds most) const noexcept;

  void half_close() noexcept { (void)::shutdown(socket_.get(), SHUT_WR); }
  /// What is on its way in either direction is lost.
  void reset() noexcept;

  /// The other end says no more.
  [[nodiscard]] bool is_ended() const noexcept { return is_ended_; }

 private:
  explicit tcp_end(files::unique_fd socket) noexcept : socket_(std::move(socket)) {}

  files::unique_fd socket_;
  bool is_ended_ = false;
};

}  // namespace tallow::fuzz
