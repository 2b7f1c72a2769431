// Two peers with a connection of their own and no relay between them: the link that any transport
// can be. It speaks the same PEER slices, so that a session does not see the difference.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/time.hpp>
#include <tallow/base/units.hpp>
#include <tallow/room/room_client.hpp>
#include <tallow/room/transmit_queue.hpp>
#include <tallow/wire/frame_decoder.hpp>
#include <tallow/wire/message.hpp>

namespace tallow::session {

/// Carries the slices of a session over a connection straight to the other peer.
///
/// The two sides agree beforehand on who is first, as a listener and a connector do. The interface
/// is that of room::client.
class direct_link {
 public:
  explicit direct_link(place placed) noexcept : place_(placed), decoder_({frame_type::peer}) {}

  /// As room::client::next(). The first call says that the peer is there.
  ///
  /// @errors  those of frame_decoder and decode_peer_slice (all final)
  [[nodiscard]] result<std::optional<room::client_event>> next(byte_span& input, instant) {
    if (!announced_) {
      announced_ = true;
      return room::peer_arrived{place_};
    }
    if (closed_) {
      input = {};
      return std::nullopt;
    }
    const auto frame = decoder_.next(input);
    if (!frame) return fail(frame.error());
    if (!*frame) return std::nullopt;
    const auto slice = decode_peer_slice((*frame)->body);
    if (!slice) return fail(slice.error());
    return room::slice{slice->stream, slice->bytes};
  }

  /// @errors  none: peers keep each other awake with sealed pings
  [[nodiscard]] result<void> handle_timeout(instant) { return {}; }
  [[nodiscard]] std::optional<instant> next_timeout() const noexcept { return std::nullopt; }

  /// There is this one peer and no other.
  [[nodiscard]] bool may_meet_another() const noexcept { return false; }

  [[nodiscard]] byte_view poll_transmit() const noexcept { return queue_.front(); }
  void transmitted(std::size_t count) noexcept { queue_.pop(count); }
  [[nodiscard]] std::size_t queued_bytes() const noexcept { return queue_.size(); }

  /// @errors  wrong_state, message_too_large (both cond::local): nothing is sent
  [[nodiscard]] result<void> send_slice(stream_id stream, byte_view bytes) {
    if (closed_) return fail(errc::wrong_state);
    return queue_.push_slice(stream, bytes);
  }

  /// Without a relay there is no place to meet again.
  [[nodiscard]] direct_link again(const room_id&, instant) const { return direct_link(place_); }

  /// @errors  wrong_state: nobody is there to give tickets
  [[nodiscard]] result<void> request_lanes(std::uint32_t) { return fail(errc::wrong_state); }

  /// @errors  none: there is nobody to tell
  [[nodiscard]] result<void> confirm() { return {}; }

  /// Nothing is received any more. The driver closes the connection once all is sent.
  ///
  /// @errors  none
  [[nodiscard]] result<void> close(close_reason) {
    closed_ = true;
    return {};
  }

 private:
  place place_;
  frame_decoder decoder_;
  room::transmit_queue queue_;
  bool announced_ = false;
  bool closed_ = false;
};

}  // namespace tallow::session
