// The two loops of a lane on a connection of its own: chunks out, chunks in. They wait in the
// transport's calls; whoever has threads runs each lane on one.
//
// @source  docs/protocol/transfer.md, Lanes
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/time.hpp>
#include <tallow/session/transport.hpp>
#include <tallow/transfer/chunk_job.hpp>
#include <tallow/transfer/lane.hpp>
#include <tallow/transfer/record_buffer.hpp>

namespace tallow::session {

/// How long the other end of a lane may say nothing before its LANE_HELLO and within a record. A
/// relay that shares little bandwidth among many lanes may let one wait for its turn.
inline constexpr duration lane_silence_max = std::chrono::minutes(5);

/// Both halves of a lane, whose keys serve this one connection.
struct lane_ends {
  transfer::outgoing_lane out;
  transfer::incoming_lane in;
};

namespace detail {

template <sync_transport Transport>
result<void> send_one(Transport& to, byte_view bytes) {
  return to.write_all(byte_views(&bytes, 1));
}

// More bytes into the buffer.
template <sync_transport Transport>
result<void> fill(transfer::record_buffer& buffer, Transport& from) {
  const auto count = from.read_some(buffer.space());
  if (!count) return fail(count.error());
  if (*count == 0) return fail(errc::connection_lost, 0, "the lane's other end has closed it");
  buffer.filled(*count);
  return {};
}

// Whether the other end is still there, as far as the transport can tell without reading.
template <sync_transport Transport>
result<void> check_standing(Transport& connection) {
  if constexpr (requires { connection.has_ended(); }) {
    if (connection.has_ended()) return fail(errc::connection_lost, 0, "while nothing was sent");
  }
  return {};
}

}  // namespace detail

/// Says our LANE_HELLO and waits for the other side's.
///
/// @errors  connection_lost and what else the transport says; those of incoming_lane::next()
template <sync_transport Transport>
[[nodiscard]] result<void> greet(lane_ends& lane, Transport& connection,
                                 transfer::record_buffer& buffer) {
  const auto hello = lane.out.hello();
  if (!hello) return fail(hello.error());
  if (auto done = detail::send_one(connection, *hello); !done) return done;
  while (!lane.in.greeted()) {
    byte_span frame = buffer.frame();
    if (frame.empty()) {
      if (auto done = detail::fill(buffer, connection); !done) return done;
      continue;
    }
    const auto nothing = lane.in.next(frame);
    if (!nothing) return fail(nothing.error());
  }
  return {};
}

/// Sends chunks of `from` until the transfer is over or the lane breaks.
///
/// @param gate   what tells that there may be chunks again: gate.count() is a number that changes
///               then, gate.wait(number) returns once it is another one, false when all is over
/// @param clock  gives the time
/// @param progress  called when no chunk may be sent now: the owner of `from` has something to say
/// @errors  connection_lost and what else the transport says; those of outgoing_lane::next_frame()
/// @cost    a chunk is read, sealed and written where it lies: no copy, no allocation
template <sync_transport Transport, class Sender, class Gate, class Clock, class Progress>
[[nodiscard]] result<void> send_chunks(lane_ends& lane, Transport& connection, Sender& from,
                                       Gate& gate, Clock clock, Progress progress) {
  for (;;) {
    const std::uint64_t seen = gate.count();
    const instant begun = clock();
    const auto frame = lane.out.next_frame(from, clock);
    if (!frame) return fail(frame.error());
    if (frame->empty()) {
      progress();
      if (!gate.wait(seen)) return {};
      // Nobody else would ever tell, and what was lost with it would be waited for.
      if (auto stands = detail::check_standing(connection); !stands) return stands;
      continue;
    }
    const instant sealed = clock();
    if (auto done = detail::send_one(connection, *frame); !done) return done;
    const instant sent = clock();
    lane.out.sent(frame->size(), sent - sealed, sent - begun);
  }
}

/// Receives chunks into `into` until the lane ends. Between records there may be silence: there a
/// read that says timed_out is only another try. Within a record it ends the lane.
///
/// @param buffer    the one that greet() was given
/// @param clock     gives the time
/// @param progress  called when the owner of `into` should settle() it
/// @errors  connection_lost and what else the transport says; those of incoming_lane::next(),
///          begin_chunk(), write_chunk() and end_chunk()
/// @cost    a chunk is opened and written where it lies: no copy, no allocation
template <sync_transport Transport, class Receiver, class Clock, class Progress>
[[nodiscard]] result<void> receive_chunks(lane_ends& lane, Transport& connection,
                                          transfer::record_buffer& buffer, Receiver& into,
                                          Clock clock, Progress progress) {
  transfer::chunk_job job;
  for (;;) {
    byte_span frame = buffer.frame();
    if (frame.empty()) {
      const auto done = detail::fill(buffer, connection);
      const bool is_pause = !done && done.error().code == errc::timed_out && buffer.is_empty();
      if (!done && !is_pause) return done;
      continue;
    }
    const auto data = lane.in.next(frame);
    if (!data) return fail(data.error());
    if (!*data) continue;
    const auto settle = lane.in.deliver(**data, into, job, clock());
    if (!settle) return fail(settle.error());
    if (*settle) progress();
  }
}

}  // namespace tallow::session
