// One connection as its relay knows it: what may come now, what waits for it, what is due.
//
// @source  docs/protocol/room.md
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include <tallow/base/bytes.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/time.hpp>
#include <tallow/base/units.hpp>
#include <tallow/room/admission.hpp>
#include <tallow/room/notice.hpp>
#include <tallow/room/transmit_queue.hpp>
#include <tallow/wire/frame.hpp>
#include <tallow/wire/frame_decoder.hpp>

namespace tallow::room {

/// How far a connection has come.
enum class phase : std::uint8_t {
  greeting,  ///< nothing whole has come from it; who speaks something else is dropped in silence
  greeted,   ///< it has said hello and is to ask for a room
  seated,    ///< it has a place in a room
  parted,    ///< its room is over; what was on its way is ignored, and it may ask for another
  lane,      ///< it is an end of a lane: what it sends is for the other end
  ending,    ///< it was told the last thing; what it sends is not looked at any more
  dropped,   ///< it is to be closed at once
};

/// The state of one connection. What is done with it is relay_core's.
struct relay_peer {
  relay_peer(connection_id own_id, std::optional<source_id> from, instant now)
      : id(own_id), source(from), since(now), heard_at(now), progress_at(now), pinged_at(now) {}

  connection_id id;
  std::optional<source_id> source;
  bool is_pending = false;  ///< counted as one without a place
  /// The shard that what it asked for is at home in, and the question: what came since it was
  /// asked.
  std::optional<std::uint32_t> moves_to;
  byte_buffer question;
  phase at = phase::greeting;
  std::optional<room_id> room;
  place placed{};
  /// When its room went live, and how many bytes the room has carried since somebody took a place.
  std::optional<instant> live_since;
  std::uint64_t carried = 0;
  /// Bytes that were passed on and not granted yet: so long nothing more is read from it.
  std::uint64_t unpaid = 0;
  /// Told with the place in a room that was made for it.
  std::optional<std::uint32_t> nameplate;
  frame_decoder decoder{frame_set{frame_type::client_hello, frame_type::lane_open}};
  transmit_queue queue;

  /// When the phase began, as far as a phase is limited in time. The time to greet counts from the
  /// connection's first moment, whatever comes meanwhile.
  instant since;
  instant heard_at;          ///< when anything came
  instant lanes_heard_at{};  ///< when anything came on a lane of its room
  instant progress_at;       ///< when the queue got its first bytes, or lost some
  instant pinged_at;
  /// When it is looked at next; bytes that come move the real time on, not this one.
  std::optional<instant> looked_at_next;

  /// A first that waits again may have sent slices to the one that left. They must not reach the
  /// next one: what comes before the answer to this many pings is ignored.
  std::uint64_t barrier = 0;
  std::uint64_t pings = 0;
  std::uint64_t pongs = 0;

  [[nodiscard]] bool behind_barrier() const noexcept { return pongs < barrier; }

  /// True while what it sends is looked at.
  [[nodiscard]] bool is_heard() const noexcept {
    return !moves_to && at != phase::lane && at != phase::ending && at != phase::dropped;
  }

  /// It is to be asked again elsewhere: a frame, and what came behind it.
  void keep_question(const frame_view& frame, byte_view behind) {
    append(question, frame.header);
    append(question, frame.body);
    append(question, behind);
  }

  void enter(phase next, instant now) {
    at = next;
    if (next == phase::parted || next == phase::ending) since = now;
    switch (next) {
      case phase::greeting:
      case phase::lane:
      case phase::ending:
      case phase::dropped: break;
      case phase::greeted:
        decoder.allow(
            {frame_type::create_room, frame_type::join_room, frame_type::ping, frame_type::pong});
        break;
      case phase::seated: allow_slices(limits::unauthenticated_frame_bytes_max); break;
      case phase::parted:
        decoder.allow({frame_type::create_room, frame_type::join_room, frame_type::peer,
                       frame_type::room_confirm, frame_type::lane_request, frame_type::close,
                       frame_type::ping, frame_type::pong});
        break;
    }
  }

  void allow_slices(std::size_t frame_bytes) {
    decoder.allow({frame_type::peer, frame_type::room_confirm, frame_type::lane_request,
                   frame_type::close, frame_type::ping, frame_type::pong},
                  frame_bytes);
  }

  [[nodiscard]] instant ping_due() const noexcept {
    return std::max(heard_at, pinged_at) + limits::ping_interval;
  }
  [[nodiscard]] instant silence_due() const noexcept {
    return std::max(heard_at, lanes_heard_at) + limits::silence_max;
  }

  /// When the phase has lasted long enough.
  [[nodiscard]] std::optional<instant> phase_due() const noexcept {
    switch (at) {
      case phase::greeting:
      case phase::greeted:
      case phase::ending: return since + limits::relay_greeting_timeout;
      case phase::parted: return since + limits::relay_parted_timeout;
      case phase::seated:
      case phase::lane:
      case phase::dropped: break;
    }
    return std::nullopt;
  }

  /// When the connection has taken nothing for too long.
  [[nodiscard]] std::optional<instant> stall_due() const noexcept {
    if (queue.empty()) return std::nullopt;
    return progress_at + limits::relay_stall_timeout;
  }

  /// When it is to be looked at next.
  [[nodiscard]] std::optional<instant> due() const noexcept {
    if (!is_heard()) return phase_due();
    return earlier(earlier(std::min(ping_due(), silence_due()), phase_due()), stall_due());
  }
};

}  // namespace tallow::room
