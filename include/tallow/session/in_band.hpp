// The lane inside the control connection, for when no other can be had.
//
// @source  docs/protocol/wire.md, In-band streams
#pragma once

#include <optional>
#include <utility>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/time.hpp>
#include <tallow/base/units.hpp>
#include <tallow/session/lane_pump.hpp>
#include <tallow/transfer/chunk_job.hpp>

namespace tallow::session {

/// At most one lane at a time, whose frames the session cuts into slices.
class in_band_lane {
 public:
  /// Opens it, in place of an earlier one.
  void open(lane_ends lane) {
    lane_.emplace(std::move(lane));
    greeted_ = false;
  }

  [[nodiscard]] bool is_open() const noexcept { return lane_.has_value(); }
  [[nodiscard]] stream_id id() const noexcept { return lane_->in.stream(); }
  [[nodiscard]] bool is(stream_id id) const noexcept { return lane_ && lane_->in.stream() == id; }

  /// Our LANE_HELLO, once.
  ///
  /// @errors  those of outgoing_lane::hello()
  [[nodiscard]] result<byte_buffer> take_hello() {
    if (!lane_ || std::exchange(greeted_, true)) return byte_buffer{};
    return lane_->out.hello();
  }

  /// A frame with the next chunk of `from`; empty when it has none to send now.
  ///
  /// @errors  those of outgoing_lane::next_frame()
  template <class Sender>
  [[nodiscard]] result<byte_view> next_frame(Sender& from) {
    return lane_->out.next_frame(from);
  }

  /// Gives the chunks in `bytes` to a receiver.
  ///
  /// @errors  those of incoming_lane::next() and incoming_lane::deliver()
  template <class Receiver>
  [[nodiscard]] result<void> handle_bytes(byte_span& bytes, Receiver& into, instant now) {
    for (;;) {
      const auto data = lane_->in.next(bytes);
      if (!data) return fail(data.error());
      if (!*data) return {};
      const auto settle = lane_->in.deliver(**data, into, job_, now);
      if (!settle) return fail(settle.error());
      if (!*settle) continue;
      if (auto done = into.settle(); !done) return done;
    }
  }

  /// The same on the side that sends chunks: a greeting may come, and nothing else.
  ///
  /// @errors  those of incoming_lane::next(); peer_message_unexpected
  [[nodiscard]] result<void> handle_greeting(byte_span& bytes) {
    const auto data = lane_->in.next(bytes);
    if (!data) return fail(data.error());
    if (*data) return fail(errc::peer_message_unexpected, 0, "DATA from the receiver");
    return {};
  }

 private:
  std::optional<lane_ends> lane_;
  transfer::chunk_job job_;
  bool greeted_ = false;  // our LANE_HELLO was sent
};

}  // namespace tallow::session
