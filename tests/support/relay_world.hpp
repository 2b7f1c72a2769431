#pragma once
// A relay and its clients in memory, with a clock that is moved by hand.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/base/bytes.hpp>
#include <tallow/base/time.hpp>
#include <tallow/base/units.hpp>
#include <tallow/room/relay_core.hpp>
#include <tallow/room/room_client.hpp>

#include "support/seeded_random.hpp"

namespace tallow::test {

/// A stand-in for the hash of a nameplate: all that a room id needs is to be different.
inline room_id room_of(std::uint32_t nameplate) {
  room_id id{};
  id[0] = std::byte{0xA5};
  store_big_endian(nameplate, std::span(id).last<4>());
  return id;
}

inline side_id side(std::uint8_t number) {
  side_id id{};
  id[15] = static_cast<std::byte>(number);
  return id;
}

inline byte_buffer bytes_of(std::size_t count, std::uint8_t value) {
  return byte_buffer(count, static_cast<std::byte>(value));
}

/// One end of a connection to the relay: bytes only, so that a test may send what it likes.
struct wire_end {
  room::connection_id id{};
  bool is_open = true;
  bool reads = true;         // false: what the relay sends stays with the relay
  bool is_finished = false;  // the relay closes it when all is sent
  byte_buffer got;           // of a bare end
  byte_buffer unread;        // of a bare end: sent, and not read by the relay
};

/// A client on a connection, and what it was told. Bytes of slices are kept apart.
struct client_end : wire_end {
  client_end(room::client_options options, instant now) : link(std::move(options), now) {}
  room::client link;
  bool sends = true;  // false: what it has to say stays with it
  std::vector<room::client_event> events;
  std::vector<std::pair<stream_id, byte_buffer>> slices;
  std::optional<error> failure;

  template <class Event>
  [[nodiscard]] const Event* last() const {
    return events.empty() ? nullptr : std::get_if<Event>(&events.back());
  }
  /// The last thing it was told, which has to be an Event.
  template <class Event>
  [[nodiscard]] Event told() const {
    const auto* event = last<Event>();
    if (event != nullptr) return *event;
    ADD_FAILURE() << "the client was told something else last";
    return {};
  }
  template <class Event>
  [[nodiscard]] int count() const {
    int n = 0;
    for (const auto& e : events) n += std::holds_alternative<Event>(e) ? 1 : 0;
    return n;
  }
};

class relay_world {
 public:
  explicit relay_world(room::relay_options options = {})
      : core(std::move(options), &room_of, random.source()) {}

  instant now{std::chrono::hours(1)};
  seeded_random random{7};
  room::relay_core core;
  std::vector<std::string> notes;
  std::vector<room::lanes_joined> lanes;
  std::vector<room::lane_granted> grants;

  client_end& connect(room::client_options options, room::origin from = {}) {
    auto owned = std::make_unique<client_end>(std::move(options), now);
    client_end& end = *owned;
    end.id = core.connected(now, from);
    clients_.push_back(std::move(owned));
    open_clients_.push_back(&end);
    ends_.emplace(end.id, &end);
    pump();
    return end;
  }

  client_end& create(std::uint8_t side_number, want wanted = want::send) {
    return connect({wanted, side(side_number), std::nullopt, "test"});
  }
  client_end& join(const room_id& room, std::uint8_t side_number, want wanted = want::receive,
                   room::origin from = {}) {
    return connect({wanted, side(side_number), room, "test"}, from);
  }

  wire_end& connect_bare(room::origin from = {}) {
    auto owned = std::make_unique<wire_end>();
    owned->id = core.connected(now, from);
    wire_end& end = *owned;
    bare_.push_back(std::move(owned));
    open_bare_.push_back(&end);
    ends_.emplace(end.id, &end);
    pump();
    return end;
  }

  /// Gives the relay as much as it wants to read; the rest stays on its way.
  void send(wire_end& end, byte_view bytes) {
    append(end.unread, bytes);
    while (end.is_open && !end.unread.empty()) {
      const std::size_t count = std::min(core.read_bytes_wanted(end.id), end.unread.size());
      if (count == 0) break;
      byte_buffer part(end.unread.begin(), end.unread.begin() + static_cast<std::ptrdiff_t>(count));
      end.unread.erase(end.unread.begin(), end.unread.begin() + static_cast<std::ptrdiff_t>(count));
      core.handle_bytes(end.id, part, now);
    }
    pump();
  }
  template <message M>
  void send(wire_end& end, const M& m) {
    byte_buffer frame;
    (void)append_message(frame, m);
    send(end, frame);
  }

  void disconnect(wire_end& end) {
    if (!end.is_open) return;
    end.is_open = false;
    core.disconnected(end.id, now);
    pump();
  }

  /// Moves bytes until nobody has any more to move.
  void pump() {
    bool moved = true;
    while (moved) {
      moved = false;
      obey_relay();
      for (client_end* c : open_clients_) moved = move(*c) || moved;
      for (wire_end* b : open_bare_) moved = receive(*b) || moved;
      std::erase_if(open_clients_, [](const auto* c) { return !c->is_open; });
      std::erase_if(open_bare_, [](const auto* b) { return !b->is_open; });
    }
  }

  /// Lets time pass, with everything that is due on the way.
  void advance(duration time) {
    const instant end = now + time;
    for (;;) {
      auto next = core.next_timeout();
      for (const client_end* c : open_clients_) {
        if (!silent_) next = earlier(next, c->link.next_timeout());
      }
      if (!next || *next > end) break;
      now = std::max(now, *next);
      core.handle_timeout(now);
      for (client_end* c : open_clients_) {
        if (!c->is_open || silent_) continue;
        if (auto done = c->link.handle_timeout(now); !done) c->failure = done.error();
      }
      pump();
    }
    now = end;
    pump();
  }

  /// From now on no client does anything of its own accord.
  void silence_clients() {
    silent_ = true;
    for (client_end* c : open_clients_) c->sends = false;
  }

  [[nodiscard]] bool noted(const std::string& what) const {
    for (const auto& n : notes) {
      if (n.find(what) != std::string::npos) return true;
    }
    return false;
  }

 private:
  bool move(client_end& c) {
    bool moved = false;
    while (c.is_open && c.sends && core.wants_read(c.id)) {
      const byte_view out = c.link.poll_transmit();
      if (out.empty()) break;
      byte_buffer copy(out.begin(), out.end());
      c.link.transmitted(out.size());
      core.handle_bytes(c.id, copy, now);
      obey_relay();
      moved = true;
    }
    return receive(c, [&](byte_span in) { take(c, in); }) || moved;
  }

  bool receive(wire_end& end) {
    return receive(end, [&](byte_span in) { append(end.got, in); });
  }

  template <class Take>
  bool receive(wire_end& end, Take take_bytes) {
    bool moved = false;
    while (end.is_open && end.reads) {
      const byte_view in = core.poll_transmit(end.id);
      if (in.empty()) break;
      byte_buffer copy(in.begin(), in.end());
      core.transmitted(end.id, copy.size(), now);
      take_bytes(byte_span(copy));
      moved = true;
    }
    if (end.is_open && end.is_finished && core.poll_transmit(end.id).empty()) {
      end.is_open = false;
      core.disconnected(end.id, now);
      moved = true;
    }
    return moved;
  }

  void take(client_end& c, byte_span in) {
    for (;;) {
      const auto event = c.link.next(in, now);
      if (!event) {
        c.failure = event.error();
        return;
      }
      if (!*event) return;
      if (const auto* s = std::get_if<room::slice>(&**event)) {
        c.slices.emplace_back(s->stream, byte_buffer(s->bytes.begin(), s->bytes.end()));
      } else {
        c.events.push_back(**event);
      }
    }
  }

  void obey_relay() {
    while (const auto e = core.poll_event()) {
      if (const auto* f = std::get_if<room::finish>(&*e)) {
        if (wire_end* end = find(f->id)) end->is_finished = true;
      } else if (const auto* d = std::get_if<room::drop>(&*e)) {
        if (wire_end* end = find(d->id); end != nullptr && end->is_open) {
          end->is_open = false;
          core.disconnected(d->id, now);
        }
      } else if (const auto* l = std::get_if<room::lanes_joined>(&*e)) {
        lanes.push_back(*l);
      } else if (const auto* g = std::get_if<room::lane_granted>(&*e)) {
        grants.push_back(*g);
      } else if (const auto* n = std::get_if<room::noted>(&*e)) {
        notes.push_back(std::string(n->what) + ": " + n->why);
      }
    }
  }

  wire_end* find(room::connection_id id) {
    const auto found = ends_.find(id);
    return found == ends_.end() ? nullptr : found->second;
  }

  std::vector<std::unique_ptr<client_end>> clients_;
  std::vector<std::unique_ptr<wire_end>> bare_;
  std::vector<client_end*> open_clients_;
  std::vector<wire_end*> open_bare_;
  std::unordered_map<room::connection_id, wire_end*> ends_;
  bool silent_ = false;
};

/// A room with two in it.
struct paired_world : relay_world {
  explicit paired_world(room::relay_options options = {})
      : relay_world(std::move(options)),
        first(create(1)),
        room(made().room),
        second(join(room, 2)) {}

  const room::created& made() const { return std::get<room::created>(first.events.front()); }

  void go_live() {
    (void)first.link.confirm();
    pump();
  }

  /// Tickets that one of the two asks for and gets.
  std::vector<lane_ticket> tickets(client_end& end, std::uint32_t count) {
    EXPECT_TRUE(end.link.request_lanes(count));
    pump();
    return end.told<room::tickets_granted>().tickets;
  }

  /// A connection that shows a ticket.
  wire_end& open_lane(const lane_ticket& ticket) {
    wire_end& end = connect_bare();
    send(end, lane_open{ticket});
    return end;
  }

  client_end& first;
  room_id room;
  client_end& second;
};

}  // namespace tallow::test
