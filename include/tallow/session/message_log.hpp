// The messages of the control channel across connections: what one of them lost is said again on
// the next.
//
// @source  docs/protocol/transfer.md, Reconnect
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/wire/peer_messages.hpp>

namespace tallow::session {

/// True for messages that concern one connection and are neither counted nor said again.
[[nodiscard]] constexpr bool is_per_connection(sealed_type type) noexcept {
  return type == sealed_type::lanes || type == sealed_type::direct_lanes ||
         type == sealed_type::abort || type == sealed_type::ping || type == sealed_type::pong ||
         type == sealed_type::received;
}

/// Keeps what was said until the other side has it, and counts what came.
///
/// Invariant: first_ + said_.size() messages were said, of which the other side is known to have
/// the first first_.
class message_log {
 public:
  /// Something is about to be said.
  void add(byte_view plaintext) { said_.emplace_back(plaintext.begin(), plaintext.end()); }

  /// The other side has so many messages.
  ///
  /// @errors  peer_message_unexpected: fewer than it had before, or more than were said
  /// (cond::peer)
  [[nodiscard]] result<void> confirm(std::uint64_t count) {
    if (count < first_ || count - first_ > said_.size()) {
      return fail(errc::peer_message_unexpected, count, "RECEIVED counts what was not said");
    }
    for (; first_ < count; ++first_) said_.pop_front();
    return {};
  }

  /// What was said and may not have come, oldest first.
  [[nodiscard]] const std::deque<byte_buffer>& unconfirmed() const noexcept { return said_; }

  /// A message came. Once enough came the other side is to be told, so that its log stays short.
  ///
  /// @shape  returns whether it should be told now
  [[nodiscard]] bool count(std::size_t bytes) noexcept {
    ++received_;
    untold_bytes_ += bytes;
    return received_ - told_ >= untold_messages_max || untold_bytes_ >= untold_bytes_max;
  }

  /// How many messages came; it is being told now.
  [[nodiscard]] std::uint64_t tell() noexcept {
    told_ = received_;
    untold_bytes_ = 0;
    return received_;
  }

 private:
  // A few pages of a manifest, or a few seconds of acknowledgements.
  static constexpr std::uint64_t untold_messages_max = 32;
  static constexpr std::size_t untold_bytes_max = std::size_t{256} * 1024;

  std::deque<byte_buffer> said_;
  std::uint64_t first_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t told_ = 0;
  std::size_t untold_bytes_ = 0;
};

}  // namespace tallow::session
