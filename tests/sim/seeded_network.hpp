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

#include "sim/line.hpp"
#include "sim/weather.hpp"
#include "support/relayed_pair.hpp"

namespace tallow::sim {

class seeded_network {
 public:
  seeded_network(seeded_random& random, weather how)
      : random_(&random), how_(how), relay_random_(random.next()) {
    plan_.add(trouble::cut, how.cuts, how.arrivals, random);
    plan_.add(trouble::partition, how.partitions, how.arrivals, random);
    plan_.add(trouble::restart, how.relay_restarts, how.arrivals, random);
    plan_.add(trouble::flip, how.flipped_bits, how.arrivals, random);
    lane_plan_.add(trouble::cut, how.lane_cuts, how.lane_arrivals, random);
    lane_plan_.add(trouble::flip, how.lane_flipped_bits, how.lane_arrivals, random);
    make_relay();
  }

  /// @param lanes  where its lanes wait for connections
  void add(simulated_peer& peer, waiting_ends& lanes) {
    peers_.push_back({&peer, &lanes});
    connect(peer);
  }

  /// From now on what was planned goes wrong.
  void let_go_wrong() noexcept { is_rough_ = true; }

  /// It is killed, and never heard of again. Its system tells the relay.
  void kill(simulated_peer& peer) {
    for (const auto& l : lines_) {
      if (l->peer != &peer || !std::exchange(l->peer_open, false)) continue;
      cut(*l);
      l->relay_told = now;
    }
    std::erase_if(dialled_, [&](const auto& one) { return one.peer == &peer; });
    std::erase_if(peers_, [&](const auto& one) { return one.peer == &peer; });
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
  [[nodiscard]] std::size_t arrivals() const noexcept { return plan_.arrivals(); }

  instant now{};

 private:
  // A program that runs.
  struct client {
    simulated_peer* peer = nullptr;
    waiting_ends* lanes = nullptr;
  };

  // A connection that is being made for a lane.
  struct dialled {
    instant at;
    simulated_peer* peer = nullptr;
    std::shared_ptr<client_end> end;
  };

  // Whoever has more to do in one moment never ends.
  static constexpr std::size_t steps_at_once_max = 200'000;

  void make_relay() {
    core_.emplace(room::relay_options(), crypto::room_of, relay_random_.source());
  }

  milliseconds some_time(milliseconds most) {
    return milliseconds(random_->below(static_cast<std::size_t>(most.count()) + 1));
  }

  line* line_of(const simulated_peer& peer) {
    for (const auto& l : lines_) {
      const bool is_control = l->kind == line_kind::control;
      if (is_control && l->peer == &peer && l->peer_open) return l.get();
    }
    return nullptr;
  }

  void connect(simulated_peer& peer) {
    make_line(line_kind::control, peer, std::make_shared<control_end>(peer));
    peer.handle({}, now);
  }

  void make_line(line_kind kind, simulated_peer& peer, std::shared_ptr<client_end> end) {
    auto made = std::make_unique<line>();
    made->kind = kind;
    made->peer = &peer;
    made->end = std::move(end);
    made->id = core_->connected(now);
    made->end->begin(now);
    lines_.push_back(std::move(made));
  }

  // ---- lanes ----

  // Connects what waits for a connection. Whoever cannot reach the relay is told so.
  bool dial() {
    bool moved = false;
    for (const client& one : peers_) {
      for (auto& end : std::exchange(*one.lanes, {})) {
        dialled_.push_back({now + some_time(how_.latency_max), one.peer, std::move(end)});
      }
    }
    for (std::size_t i = 0; i < dialled_.size();) {
      const bool leaves = dialled_[i].end->leaves(now);
      if (!leaves && now < dialled_[i].at) {
        ++i;
        continue;
      }
      const dialled one = std::move(dialled_[i]);
      dialled_.erase(dialled_.begin() + static_cast<std::ptrdiff_t>(i));
      moved = true;
      if (leaves) continue;
      if (now < unreachable_until_) {
        one.end->end(now);
      } else {
        make_line(line_kind::lane, *one.peer, one.end);
      }
    }
    return moved;
  }

  void join(const room::lanes_joined& joined) {
    line* const a = lane_at_relay(joined.a);
    line* const b = lane_at_relay(joined.b);
    if (a == nullptr || b == nullptr) return;  // it is closing, and the relay will hear of it
    a->other = b;
    b->other = a;
  }

  line* lane_at_relay(room::connection_id id) {
    for (const auto& l : lines_) {
      if (l->id.value == id.value && l->relay_open) return l.get();
    }
    return nullptr;
  }

  // What came from the one end goes to the other, and so does the end of it.
  bool pass_on(line& from) {
    line& to = *from.other;
    if (from.up.has_ended() && !from.is_cut) {
      if (std::exchange(to.down.ends, true)) return false;
      if (from.down.ends) {
        close_lane(from);
      } else {
        from.half_open_until = now + limits::lane_half_open_time;
      }
      return true;
    }
    if (!to.has_room(to.down)) return false;
    auto bytes = take(from, from.up, SIZE_MAX);
    if (!bytes || from.other == nullptr || from.is_cut) return bytes.has_value();
    if (!core_->lane_carried(from.id, bytes->size(), now)) {
      close_lane(from);
    } else if (!to.is_cut) {
      to.down.put(now + some_time(how_.latency_max), std::move(*bytes));
    }
    return true;
  }

  // Both its connections, at the relay.
  void close_lane(line& one) {
    for (line* l : {std::exchange(one.other->other, nullptr), std::exchange(one.other, nullptr)}) {
      // Where bytes were not read yet, it is a reset, and what is on its way is lost with it.
      if (random_->below(2) == 0) l->down = {};
      l->down.ends = true;
      l->relay_open = false;
      l->half_open_until.reset();
      core_->disconnected(l->id, now);
    }
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
      l->other = nullptr;
      l->relay_open = false;
      l->relay_told.reset();
      l->half_open_until.reset();
    }
    make_relay();
  }

  // Many pieces begin with a frame, so every other bit is one of a length.
  std::size_t place_to_flip(std::size_t bytes) {
    return random_->below(random_->below(2) == 0 ? std::min<std::size_t>(4, bytes) : bytes);
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
        arriving[place_to_flip(arriving.size())] ^= std::byte{1} << random_->below(8);
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
      moved = look_at_clock(l) || moved;
      moved = send(l) || moved;
      moved = arrive_up(l) || moved;
      moved = arrive_down(l) || moved;
    }
    std::erase_if(lines_, [](const auto& l) { return !l->peer_open && !l->relay_open; });
    moved = dial() || moved;
    if (const auto due = core_->next_timeout(); due && now >= *due) {
      core_->handle_timeout(now);
      moved = true;
    }
    for (std::size_t i = 0; i < peers_.size(); ++i) moved = wake(*peers_[i].peer) || moved;
    while (const auto e = core_->poll_event()) {
      moved = true;
      if (const auto* f = std::get_if<room::finish>(&*e)) end_of_relay(f->id);
      if (const auto* d = std::get_if<room::drop>(&*e)) end_of_relay(d->id);
      if (const auto* j = std::get_if<room::lanes_joined>(&*e)) join(*j);
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
        l.end->end(now);
        moved = true;
      }
    }
    if (l.relay_told && now >= *l.relay_told) {
      l.relay_told.reset();
      moved = l.relay_open || moved;
      close_at_relay(l);
    }
    if (l.half_open_until && now >= *l.half_open_until) {
      close_lane(l);
      moved = true;
    }
    return moved;
  }

  void close_at_relay(line& l) {
    if (l.other != nullptr) return close_lane(l);
    if (std::exchange(l.relay_open, false)) core_->disconnected(l.id, now);
  }

  bool leave(line& l) {
    if (!l.peer_open || !l.end->leaves(now)) return false;
    l.peer_open = false;
    l.up.ends = true;
    if (l.is_cut && !l.relay_told) l.relay_told = now;
    return true;
  }

  bool look_at_clock(line& l) {
    const auto due = l.peer_open ? l.end->next_timeout() : std::nullopt;
    if (!due || now < *due) return false;
    l.end->timeout(now);
    return true;
  }

  bool send(line& l) {
    bool moved = false;
    if (l.peer_open) {
      const byte_view bytes = l.end->transmit(now);
      moved = put(l, l.up, bytes, [&](std::size_t count) { l.end->transmitted(count); }) || moved;
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
    if (bytes.empty() || !l.has_room(to)) return false;
    const byte_view some = bytes.first(std::min(bytes.size(), 1 + random_->below(how_.piece_max)));
    const instant at = now + some_time(how_.latency_max);
    byte_buffer copy(some.begin(), some.end());
    taken(copy.size());
    if (l.is_cut) {
      // It is never heard of again, and takes no more room than what could be.
      if (l.kind == line_kind::lane) to.bytes += copy.size();
      return true;
    }
    to.put(at, std::move(copy));
    return true;
  }

  std::optional<byte_buffer> take(line& l, way& from, std::size_t count_max) {
    auto bytes = from.take(now, count_max);
    if (!bytes) return std::nullopt;
    if (is_rough_) plan_.count_arrival();
    if (is_rough_ && l.kind == line_kind::lane) lane_plan_.count_arrival();
    while (const auto what = plan_.take_due()) befall(*what, l, *bytes);
    if (l.kind == line_kind::lane) {
      while (const auto what = lane_plan_.take_due()) befall(*what, l, *bytes);
    }
    return bytes;
  }

  bool arrive_up(line& l) {
    if (!l.relay_open) return false;
    if (l.other != nullptr) return pass_on(l);
    if (l.up.has_ended() && !l.is_cut) {
      close_at_relay(l);
      return true;
    }
    auto bytes = take(l, l.up, core_->read_bytes_wanted(l.id));
    if (bytes && l.relay_open && !l.is_cut) core_->handle_bytes(l.id, *bytes, now);
    return bytes.has_value();
  }

  bool arrive_down(line& l) {
    if (!l.peer_open) return false;
    if (l.down.has_ended() && !l.is_cut) {
      l.peer_open = false;
      l.up.ends = true;
      l.end->end(now);
      return true;
    }
    auto bytes = take(l, l.down, SIZE_MAX);
    if (bytes && l.peer_open && !l.is_cut) l.end->handle(*bytes, now);
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
        if (!l->is_cut) l->down.put(now, std::move(copy));
      }
      l->down.ends = true;
      close_at_relay(*l);
    }
  }

  [[nodiscard]] bool is_read_at_relay(const line& l) const {
    if (l.other != nullptr) return l.other->has_room(l.other->down);
    return l.relay_open && core_->read_bytes_wanted(l.id) != 0;
  }

  [[nodiscard]] std::optional<instant> next_event() const {
    auto at = core_->next_timeout();
    for (const auto& l : lines_) {
      at = earlier(earlier(at, l->peer_told), earlier(l->relay_told, l->half_open_until));
      if (is_read_at_relay(*l) && !l->up.parcels.empty()) {
        at = earlier(at, l->up.parcels.front().at);
      }
      if (l->peer_open) at = earlier(at, l->end->next_timeout());
      if (l->peer_open && !l->down.parcels.empty()) at = earlier(at, l->down.parcels.front().at);
    }
    for (const dialled& one : dialled_) at = earlier(at, one.at);
    for (const auto& [peer, lanes] : peers_) {
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
  planned_troubles plan_;
  planned_troubles lane_plan_;  // of lanes alone
  std::optional<room::relay_core> core_;
  std::vector<std::unique_ptr<line>> lines_;
  std::vector<client> peers_;
  std::vector<dialled> dialled_;
  instant unreachable_until_{};
  bool is_rough_ = false;
};

}  // namespace tallow::sim
