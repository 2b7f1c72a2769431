// The lanes of a program in a seeded network: what net/lane_set.hpp does with sockets and threads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/time.hpp>
#include <tallow/base/units.hpp>
#include <tallow/session/events.hpp>
#include <tallow/session/faults.hpp>
#include <tallow/session/lane_pump.hpp>
#include <tallow/transfer/chunk_job.hpp>
#include <tallow/transfer/record_buffer.hpp>
#include <tallow/wire/message.hpp>

#include "sim/line.hpp"
#include "support/relayed_pair.hpp"

namespace tallow::sim {

/// What became of lanes, of all programs that are told to count here.
struct lane_tally {
  std::uint64_t opened = 0;         ///< ends whose other end has proved that it holds the key
  std::uint64_t broken = 0;         ///< of those that send, which ended before their session
  std::uint64_t forged = 0;         ///< ends that a record ended which did not open
  std::uint64_t chunks = 0;         ///< that arrived over lanes
  std::uint64_t packed_chunks = 0;  ///< of these, those that came compressed

  lane_tally& operator+=(const lane_tally& more) noexcept {
    opened += more.opened;
    broken += more.broken;
    forged += more.forged;
    chunks += more.chunks;
    packed_chunks += more.packed_chunks;
    return *this;
  }
};

/// One end of a lane. It does what greet() does first, and send_chunks() or receive_chunks() then.
template <class Transfer>
class simulated_lane final : public client_end {
 public:
  simulated_lane(test::session_peer<Transfer>& peer, const session::lane_granted& granted,
                 session::lane_ends keys, lane_tally& tally)
      : peer_(&peer),
        tally_(&tally),
        id_(granted.lane),
        keys_(std::move(keys)),
        buffer_(sends ? 0 : peer.inside().transfer().chunk_bytes()) {
    (void)append_message(opening_, lane_open{granted.ticket});
    append(opening_, keys_.out.hello().value());
    frame_ = opening_;
  }

  void begin(instant now) override { heard_at_ = now; }

  void handle(byte_span bytes, instant now) override {
    heard_at_ = now;
    // A sender hears no more once it has been greeted.
    while (!bytes.empty() && !is_over() && !(sends && is_open_)) {
      const byte_span space = buffer_.space();
      const std::size_t count = std::min(space.size(), bytes.size());
      std::copy_n(bytes.begin(), count, space.begin());
      buffer_.filled(count);
      bytes = bytes.subspan(count);
      for (byte_span frame = buffer_.frame(); !frame.empty() && !is_over();
           frame = buffer_.frame()) {
        take(frame, now);
      }
    }
  }

  // One that sends is told, too: it looks whether the connection stands when it has nothing to
  // send.
  void end(instant now) override { finish(error{errc::connection_lost}, now); }

  // Between records there may be silence.
  [[nodiscard]] std::optional<instant> next_timeout() const override {
    const bool is_awaited = !is_open_ || !buffer_.is_empty();
    return is_awaited && !is_over() ? std::optional(heard_at_ + session::lane_silence_max)
                                    : std::nullopt;
  }
  void timeout(instant now) override { finish(error{errc::timed_out}, now); }

  byte_view transmit(instant now) override {
    if (is_over()) return {};
    if (frame_.empty() && sends && is_open_) make_frame(now);
    return frame_;
  }
  void transmitted(std::size_t count) override { frame_ = frame_.subspan(count); }

  // With the session's connection, and with its end, all lanes end, and nothing is told of them.
  bool leaves(instant) override { return is_over(); }

 private:
  static constexpr bool sends = Transfer::role == transfer_role::sender;

  [[nodiscard]] bool is_over() const { return has_ended_ || peer_->away() || peer_->over(); }

  void take(byte_span frame, instant now) {
    const auto data = keys_.in.next(frame);
    if (!data) return finish(data.error(), now);
    if (keys_.in.greeted() && !std::exchange(is_open_, true)) {
      ++tally_->opened;
      peer_->inside().lane_opened(id_);
      peer_->drain(now);
    }
    if constexpr (!sends) {
      if (*data) deliver(**data, now);
    }
  }

  void deliver(const data_view& data, instant now) {
    const auto settles = keys_.in.deliver(data, peer_->inside().transfer(), job_, now);
    if (!settles) return finish(settles.error(), now);
    ++tally_->chunks;
    if (data.codec != chunk_codec::none) ++tally_->packed_chunks;
    if (*settles) tell_progress(now);
  }

  void make_frame(instant now) {
    if constexpr (sends) {
      const auto frame = keys_.out.next_frame(peer_->inside().transfer(), [now] { return now; });
      if (!frame) return finish(frame.error(), now);
      frame_ = *frame;
      if (!frame_.empty()) keys_.out.sent(frame_.size(), {}, {});
      // Whoever had chunks and has none any more may have something to say.
      if (std::exchange(has_sent_, !frame_.empty()) && frame_.empty()) tell_progress(now);
    }
  }

  void tell_progress(instant now) {
    (void)peer_->inside().handle_progress(now);
    peer_->drain(now);
  }

  void finish(const error& why, instant now) {
    if (is_over()) return;
    has_ended_ = true;
    frame_ = {};
    if (sends && is_open_) ++tally_->broken;
    if (session::is_forgery(why.code)) ++tally_->forged;
    (void)peer_->inside().lane_ended(id_, why, now);
    peer_->drain(now);
  }

  test::session_peer<Transfer>* peer_;
  lane_tally* tally_;
  stream_id id_;
  session::lane_ends keys_;
  transfer::record_buffer buffer_;
  transfer::chunk_job job_;
  instant heard_at_{};
  byte_buffer opening_;
  byte_view frame_;  // what is left of it, or of what opens the lane
  bool is_open_ = false;
  bool has_sent_ = false;
  bool has_ended_ = false;
};

/// The lanes of one program. Those that wait for a connection, the network takes from here.
template <class Transfer>
class simulated_lanes {
 public:
  simulated_lanes(test::session_peer<Transfer>& peer, lane_tally& tally)
      : peer_(&peer), tally_(&tally) {}

  /// The relay lets a lane through.
  void open(const session::lane_granted& granted) {
    auto keys = peer_->inside().take_lane(granted.lane);
    if (!keys) return;  // its connection is lost already, and nobody is told
    waiting_.push_back(
        std::make_shared<simulated_lane<Transfer>>(*peer_, granted, std::move(*keys), *tally_));
  }

  [[nodiscard]] waiting_ends& waiting() noexcept { return waiting_; }

 private:
  test::session_peer<Transfer>* peer_;
  lane_tally* tally_;
  waiting_ends waiting_;
};

}  // namespace tallow::sim
