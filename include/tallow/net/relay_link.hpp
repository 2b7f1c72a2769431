// One connection of a relay: its socket, what it turned out to be, and how it gets to another
// shard.
//
// @source  docs/protocol/tls.md, One port
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

#include <tallow/base/bytes.hpp>
#include <tallow/base/time.hpp>
#include <tallow/net/first_bytes.hpp>
#include <tallow/net/tls_channel.hpp>
#include <tallow/room/notice.hpp>
#include <tallow/room/relay_core.hpp>

namespace tallow::net {

/// What is spoken on a connection, without its socket.
struct link_speech {
  room::connection_id id{};
  bool is_finishing = false;  ///< to be closed when all is sent

  /// What its first bytes say it is. Until then nothing is sent: it would not be understood.
  first_bytes kind = first_bytes::unfinished;
  std::unique_ptr<tls_channel> tls;  ///< of a control connection in TLS

  std::string request;       ///< of one that speaks HTTP, as far as it has come
  bool is_answered = false;  ///< and it has got its answer

  /// How many bytes may be read at most.
  [[nodiscard]] std::size_t bytes_wanted(const room::relay_core& core) const noexcept {
    if (kind == first_bytes::unfinished) return opening_.size() - opening_bytes_;
    return tls || kind == first_bytes::http ? SIZE_MAX : core.read_bytes_wanted(id);
  }

  /// Adds to its first bytes, no more than were wanted. Gives all of them as soon as its
  /// kind is known, and nothing before.
  [[nodiscard]] byte_span open_with(byte_view bytes) {
    std::copy(bytes.begin(), bytes.end(), opening_.data() + opening_bytes_);
    opening_bytes_ += bytes.size();
    const byte_span seen = byte_span(opening_).first(opening_bytes_);
    kind = tell_apart(seen);
    return kind == first_bytes::unfinished ? byte_span{} : seen;
  }

  /// True when the other end would understand what is sent to it.
  [[nodiscard]] bool can_hear() const noexcept {
    return kind != first_bytes::unfinished && (!tls || tls->is_active());
  }

  /// What is to be sent next, of what the core has for it.
  ///
  /// @shape  empty, too, while it would not be understood; returns a view that stays valid until
  ///         wrote() has consumed all of it
  [[nodiscard]] byte_view outgoing(const room::relay_core& core) {
    if (kind == first_bytes::unfinished) return {};
    if (!tls) return core.poll_transmit(id);
    if (const byte_view sealed = tls->poll_transmit(); !sealed.empty()) return sealed;
    if (!tls->is_active()) return {};
    const byte_view plain = core.poll_transmit(id);
    sealed_bytes_ = std::min(plain.size(), sealed_at_once_max);
    if (sealed_bytes_ != 0) {
      (void)tls->send(plain.first(sealed_bytes_));
    } else if (is_finishing) {
      tls->close();
    }
    return tls->poll_transmit();
  }

  /// The first `count` bytes of outgoing() were sent.
  void wrote(std::size_t count, room::relay_core& core, instant now) {
    if (!tls) return core.transmitted(id, count, now);
    tls->transmitted(count);
    if (!tls->poll_transmit().empty()) return;
    core.transmitted(id, std::exchange(sealed_bytes_, 0), now);
  }

 private:
  // One record: a client that reads slowly shows with each that it does.
  static constexpr std::size_t sealed_at_once_max = 16 * 1024;

  std::array<std::byte, first_bytes_max> opening_{};
  std::size_t opening_bytes_ = 0;
  std::size_t sealed_bytes_ = 0;  // of the core's, sealed and not all sent yet
};

/// Two coroutines run it, and two more if it is an end of a lane; they wake each other by
/// cancelling timers that never expire.
struct relay_link : link_speech {
  relay_link(asio::ip::tcp::socket s, link_speech spoken)
      : link_speech(std::move(spoken)),
        socket(std::move(s)),
        can_send(socket.get_executor(), asio::steady_timer::time_point::max()),
        can_read(socket.get_executor(), asio::steady_timer::time_point::max()),
        can_carry(socket.get_executor(), asio::steady_timer::time_point::max()) {}

  asio::ip::tcp::socket socket;
  asio::steady_timer can_send;
  asio::steady_timer can_read;
  asio::steady_timer can_carry;
  std::uint64_t granted = 0;  ///< bytes that it may pass on as an end of a lane
  std::optional<std::uint32_t>
      moves_to;  ///< the shard that takes it over when its loops have ended
  bool is_closed = false;
  int loops = 2;
};

/// A connection on its way from one shard to another; dropping it closes it.
struct relay_arrival {
  room::relay_peer peer;
  link_speech spoken;
  asio::ip::tcp::socket socket;  ///< of the context it goes to
};

}  // namespace tallow::net
