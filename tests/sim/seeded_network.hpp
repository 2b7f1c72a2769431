// A relay, its clients and the network between them, all of which a seed decides: when bytes arrive
// and in which pieces, and what goes wrong.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include <tallow/room/relay_core.hpp>

#include "fuzz/seeded_random.hpp"
#include "support/relayed_pair.hpp"

namespace tallow::sim {

using fuzz::seeded_random;
using std::chrono::milliseconds;
using test::simulated_peer;

/// How bad it is.
struct weather {
  milliseconds latency_max{40};
  std::size_t piece_max = 32 * 1024;  ///< what arrives at once
  unsigned cuts = 0;                  ///< connections that break
  unsigned partitions = 0;            ///< a time in which nobody reaches the relay
  unsigned relay_restarts = 0;
  unsigned flipped_bits = 0;  ///< on the way from the relay
  /// Of so many arrivals each trouble falls upon one.
  std::size_t arrivals = 400;
};

class seeded_network {
 public:
  seeded_network(seeded_random& random, weather how)
      : random_(&random), how_(how), relay_random_(random.next()) {
    plan(trouble::cut, how.cuts);
    plan(trouble::partition, how.partitions);
    plan(trouble::restart, how.relay_restarts);
    plan(trouble::flip, how.flipped_bits);
    std::sort(plan_.begin(), plan_.end());
    make_relay();
  }

  void add(simulated_peer& peer) {
    peers_.push_back(&peer);
    connect(peer);
  }

  /// From now on what was planned goes wrong.
  void let_go_wrong() noexcept { is_rough_ = true; }

  /// It is killed, and never heard of again. Its system tells the relay.
  void kill(simulated_peer& peer) {
    if (line* l = line_of(peer)) {
      cut(*l);
      l->relay_told = now;
    }
    std::erase(peers_, &peer);
  }

  /// Runs until `until` says so, or nobody has anything to do any more.
  ///
  /// @shape  false: somebody still waits, and nothing will ever happen, or not before `limit`
  bool run(duration limit, const std::function<bool()>& until) {
    const instant stop = now + limit;
    for (std::size_t steps = 0; !until(); ++steps) {
      if (steps == steps_at_once_max) return false;
      if (step()) continue;
      const auto next = next_event();
      if (!next || *next > stop) return false;
      if (*next > now) steps = 0;
      now = std::max(now, *next);
    }
    return true;
  }

  /// Since things may go wrong.
  [[nodiscard]] std::size_t arrivals() const noexcept { return arrivals_; }

  instant now{};

 private:
  enum class trouble : std::uint8_t { cut, partition, restart, flip };

  struct parcel {
    instant at;
    byte_buffer bytes;
  };

  // One direction: bytes arrive in order, and later than they were sent.
  struct way {
    std::deque<parcel> parcels;
    std::size_t bytes = 0;
    bool ends = false;  // nothing comes behind what is on its way
  };

  // A connection. After a cut the one end may know of it long before the other.
  struct line {
    simulated_peer* peer = nullptr;
    room::connection_id id{};
    way up;
    way down;
    bool is_cut = false;
    std::optional<instant> peer_told;   // when it learns of the cut
    std::optional<instant> relay_told;  // likewise
    bool peer_open = true;
    bool relay_open = true;
  };

  static constexpr std::size_t in_flight_max = 256 * 1024;
  // Whoever has more to do in one moment never ends.
  static constexpr std::size_t steps_at_once_max = 200'000;

  void plan(trouble what, unsigned times) {
    for (unsigned i = 0; i < times; ++i) plan_.emplace_back(random_->below(how_.arrivals), what);
  }

  void make_relay() {
    core_.emplace(room::relay_options(), crypto::room_of, relay_random_.source());
  }

  milliseconds some_time(milliseconds most) {
    return milliseconds(random_->below(static_cast<std::size_t>(most.count()) + 1));
  }

  line* line_of(const simulated_peer& peer) {
    for (const auto& l : lines_) {
      if (l->peer == &peer && l->peer_open) return l.get();
    }
    return nullptr;
  }

  void connect(simulated_peer& peer) {
    auto made = std::make_unique<line>();
    made->peer = &peer;
    made->id = core_->connected(now);
    peer.connected = true;
    lines_.push_back(std::move(made));
    peer.handle({}, now);
  }

  // ---- what goes wrong ----

  void cut(line& l) {
    if (std::exchange(l.is_cut, true)) return;
    l.up = {};
    l.down = {};
    // The end that does not send anything may not learn of it for a while.
    l.peer_told = now + some_time(milliseconds(random_->below(4) == 0 ? 15'000 : 100));
    l.relay_told = now + some_time(milliseconds(random_->below(4) == 0 ? 15'000 : 100));
  }

  void cut_all() {
    for (const auto& l : lines_) cut(*l);
  }

  void restart_relay() {
    for (const auto& l : lines_) {
      cut(*l);
      l->relay_open = false;
      l->relay_told.reset();
    }
    make_relay();
  }

  void befall(trouble what, line& l, byte_buffer& arriving) {
    switch (what) {
      case trouble::cut: return cut(l);
      case trouble::partition:
        unreachable_until_ = now + some_time(milliseconds(20'000));
        return cut_all();
      case trouble::restart: return restart_relay();
      case trouble::flip:
        if (arriving.empty()) return;
        arriving[random_->below(arriving.size())] ^= std::byte{1} << random_->below(8);
    }
  }

  // ---- what moves ----

  bool step() {
    bool moved = false;
    // By index: connections are added meanwhile.
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      line& l = *lines_[i];
      moved = tell_of_cut(l) || moved;
      moved = leave(l) || moved;
      moved = send(l) || moved;
      moved = arrive_up(l) || moved;
      moved = arrive_down(l) || moved;
    }
    std::erase_if(lines_, [](const auto& l) { return !l->peer_open && !l->relay_open; });
    if (const auto due = core_->next_timeout(); due && now >= *due) {
      core_->handle_timeout(now);
      moved = true;
    }
    for (std::size_t i = 0; i < peers_.size(); ++i) moved = wake(*peers_[i]) || moved;
    while (const auto e = core_->poll_event()) {
      moved = true;
      if (const auto* f = std::get_if<room::finish>(&*e)) end_of_relay(f->id);
      if (const auto* d = std::get_if<room::drop>(&*e)) end_of_relay(d->id);
    }
    return moved;
  }

  bool wake(simulated_peer& peer) {
    if (const auto due = peer.next_timeout(); due && now >= *due && !peer.over()) {
      peer.timeout(now);
      return true;
    }
    const auto again = peer.reconnect_at();
    if (!again || now < *again || now < unreachable_until_ || line_of(peer) != nullptr)
      return false;
    peer.resume(now);
    connect(peer);
    return true;
  }

  bool tell_of_cut(line& l) {
    bool moved = false;
    if (l.peer_told && now >= *l.peer_told) {
      l.peer_told.reset();
      if (std::exchange(l.peer_open, false)) {
        l.peer->connected = false;
        l.peer->end(now);
        moved = true;
      }
    }
    if (l.relay_told && now >= *l.relay_told) {
      l.relay_told.reset();
      if (std::exchange(l.relay_open, false)) {
        core_->disconnected(l.id, now);
        moved = true;
      }
    }
    return moved;
  }

  // A client that has finished, or takes its connection for lost, closes it.
  bool leave(line& l) {
    if (!l.peer_open) return false;
    const bool is_done = l.peer->over() && l.peer->transmit(now).empty();
    if (!is_done && !l.peer->away()) return false;
    l.peer_open = false;
    l.peer->connected = false;
    l.up.ends = true;
    if (l.is_cut && !l.relay_told) l.relay_told = now;
    return true;
  }

  bool send(line& l) {
    bool moved = false;
    if (l.peer_open) {
      const byte_view bytes = l.peer->transmit(now);
      moved = put(l, l.up, bytes, [&](std::size_t count) { l.peer->transmitted(count); }) || moved;
    }
    if (l.relay_open && !l.down.ends) {
      const byte_view bytes = core_->poll_transmit(l.id);
      moved =
          put(l, l.down, bytes, [&](std::size_t count) { core_->transmitted(l.id, count, now); }) ||
          moved;
    }
    return moved;
  }

  template <class Taken>
  bool put(const line& l, way& to, byte_view bytes, Taken taken) {
    if (bytes.empty() || to.bytes >= in_flight_max) return false;
    const byte_view some = bytes.first(std::min(bytes.size(), 1 + random_->below(how_.piece_max)));
    instant at = now + some_time(how_.latency_max);
    if (!to.parcels.empty()) at = std::max(at, to.parcels.back().at);
    byte_buffer copy(some.begin(), some.end());
    taken(copy.size());
    if (l.is_cut) return true;  // it is never heard of again
    to.bytes += copy.size();
    to.parcels.push_back({at, std::move(copy)});
    return true;
  }

  std::optional<byte_buffer> take(line& l, way& from) {
    if (from.parcels.empty() || from.parcels.front().at > now) return std::nullopt;
    byte_buffer bytes = std::move(from.parcels.front().bytes);
    from.parcels.pop_front();
    from.bytes -= bytes.size();
    if (is_rough_) ++arrivals_;
    while (!plan_.empty() && plan_.front().first < arrivals_) {
      const trouble what = plan_.front().second;
      plan_.pop_front();
      befall(what, l, bytes);
    }
    return bytes;
  }

  bool arrive_up(line& l) {
    if (!l.relay_open) return false;
    if (l.up.ends && l.up.parcels.empty() && !l.is_cut) {
      l.relay_open = false;
      core_->disconnected(l.id, now);
      return true;
    }
    if (l.up.parcels.empty() || !core_->wants_read(l.id)) return false;
    auto bytes = take(l, l.up);
    if (bytes && l.relay_open && !l.is_cut) core_->handle_bytes(l.id, *bytes, now);
    return bytes.has_value();
  }

  bool arrive_down(line& l) {
    if (!l.peer_open) return false;
    if (l.down.ends && l.down.parcels.empty() && !l.is_cut) {
      l.peer_open = false;
      l.peer->connected = false;
      l.peer->end(now);
      return true;
    }
    auto bytes = take(l, l.down);
    if (bytes && l.peer_open && !l.is_cut) l.peer->handle(*bytes, now);
    return bytes.has_value();
  }

  // The relay has said all that it wants to say there.
  void end_of_relay(room::connection_id id) {
    for (const auto& l : lines_) {
      if (l->id.value != id.value || !l->relay_open) continue;
      for (;;) {
        const byte_view bytes = core_->poll_transmit(id);
        if (bytes.empty()) break;
        byte_buffer copy(bytes.begin(), bytes.end());
        core_->transmitted(id, copy.size(), now);
        if (!l->is_cut) l->down.parcels.push_back({now, std::move(copy)});
      }
      l->down.ends = true;
      l->relay_open = false;
      core_->disconnected(id, now);
    }
  }

  [[nodiscard]] std::optional<instant> next_event() const {
    auto at = core_->next_timeout();
    for (const auto& l : lines_) {
      at = earlier(earlier(at, l->peer_told), l->relay_told);
      const bool is_up_read = l->relay_open && core_->wants_read(l->id);
      if (is_up_read && !l->up.parcels.empty()) at = earlier(at, l->up.parcels.front().at);
      if (l->peer_open && !l->down.parcels.empty()) at = earlier(at, l->down.parcels.front().at);
    }
    for (const simulated_peer* peer : peers_) {
      if (!peer->over()) at = earlier(at, peer->next_timeout());
      if (const auto again = peer->reconnect_at()) {
        at = earlier(at, std::max(*again, unreachable_until_));
      }
    }
    return at;
  }

  seeded_random* random_;
  weather how_;
  test::seeded_random relay_random_;
  std::deque<std::pair<std::size_t, trouble>> plan_;  // by number of arrivals, ascending
  std::optional<room::relay_core> core_;
  std::vector<std::unique_ptr<line>> lines_;
  std::vector<simulated_peer*> peers_;
  instant unreachable_until_{};
  bool is_rough_ = false;
  std::size_t arrivals_ = 0;  // since it is
};

}  // namespace tallow::sim
