// A connection between a program and the relay, as the seeded network sees it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <tallow/base/bytes.hpp>
#include <tallow/base/time.hpp>
#include <tallow/room/relay_core.hpp>

#include "support/relayed_pair.hpp"

namespace tallow::sim {

using test::simulated_peer;

/// The program's end of a connection.
class client_end {
 public:
  virtual ~client_end() = default;
  virtual void handle(byte_span bytes, instant now) = 0;
  /// Nothing more comes, and nothing that is sent arrives; or no connection was to be had.
  virtual void end(instant now) = 0;
  virtual byte_view transmit(instant now) = 0;
  virtual void transmitted(std::size_t count) = 0;
  /// True when the program closes the connection.
  virtual bool leaves(instant now) = 0;

  /// The connection stands.
  virtual void begin(instant) {}
  /// What the end itself waits for, beside its program.
  [[nodiscard]] virtual std::optional<instant> next_timeout() const { return std::nullopt; }
  virtual void timeout(instant) {}
};

/// The end of a control connection.
class control_end final : public client_end {
 public:
  explicit control_end(simulated_peer& peer) noexcept : peer_(&peer) {}

  void handle(byte_span bytes, instant now) override { peer_->handle(bytes, now); }
  void end(instant now) override { peer_->end(now); }
  byte_view transmit(instant now) override { return peer_->transmit(now); }
  void transmitted(std::size_t count) override { peer_->transmitted(count); }
  // It has finished, or takes its connection for lost.
  bool leaves(instant now) override {
    return peer_->away() || (peer_->over() && peer_->transmit(now).empty());
  }

 private:
  simulated_peer* peer_;
};

/// Ends of lanes that want a connection each.
using waiting_ends = std::vector<std::shared_ptr<client_end>>;

enum class line_kind : std::uint8_t { control, lane };

struct parcel {
  instant at;
  byte_buffer bytes;
};

/// One direction: bytes arrive in order, and later than they were sent.
struct way {
  std::deque<parcel> parcels;
  std::size_t bytes = 0;
  bool ends = false;  ///< nothing comes behind what is on its way

  /// True when all has arrived, the end too.
  [[nodiscard]] bool has_ended() const noexcept { return ends && parcels.empty(); }

  void put(instant at, byte_buffer some) {
    if (!parcels.empty()) at = std::max(at, parcels.back().at);
    bytes += some.size();
    parcels.push_back({at, std::move(some)});
  }

  /// What has arrived by now, in the pieces that it was sent in, or smaller ones.
  [[nodiscard]] std::optional<byte_buffer> take(instant now, std::size_t count_max) {
    if (count_max == 0 || parcels.empty() || parcels.front().at > now) return std::nullopt;
    byte_buffer& first = parcels.front().bytes;
    byte_buffer some;
    if (first.size() <= count_max) {
      some = std::move(first);
      parcels.pop_front();
    } else {
      const auto part = first.begin() + static_cast<std::ptrdiff_t>(count_max);
      some.assign(first.begin(), part);
      first.erase(first.begin(), part);
    }
    bytes -= some.size();
    return some;
  }
};

/// A connection. After a cut the one end may know of it long before the other.
struct line {
  line_kind kind = line_kind::control;
  simulated_peer* peer = nullptr;  ///< whose it is
  std::shared_ptr<client_end> end;
  room::connection_id id{};
  line* other = nullptr;  ///< of a lane whose ends the relay has joined
  way up;
  way down;
  bool is_cut = false;
  std::optional<instant> peer_told;        // when it learns of the cut
  std::optional<instant> relay_told;       // likewise
  std::optional<instant> half_open_until;  // of a joined lane, of which one direction has ended
  bool peer_open = true;
  bool relay_open = true;

  /// How much may be on its way in one direction. On a lane it is little, so that chunks go over
  /// all lanes that there are, and some are lost with each that breaks.
  [[nodiscard]] std::size_t in_flight_max() const noexcept {
    return kind == line_kind::lane ? std::size_t{16} * 1024 : std::size_t{256} * 1024;
  }
  [[nodiscard]] bool has_room(const way& to) const noexcept { return to.bytes < in_flight_max(); }
};

}  // namespace tallow::sim
