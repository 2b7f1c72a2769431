#pragma once
// A sender, a receiver and a relay in memory, with a clock of their own and somebody in between.

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tallow/room/relay_core.hpp>
#include <tallow/session/session.hpp>
#include <tallow/transfer/memory.hpp>
#include <tallow/transfer/receiver.hpp>
#include <tallow/transfer/sender.hpp>

#include "support/seeded_random.hpp"
#include "support/test_rng.hpp"

namespace tallow::test {

/// Changes the frames that the relay sends to a client: returns what arrives instead.
using frame_tap = std::function<std::vector<byte_buffer>(byte_buffer frame)>;

/// One client of the simulated relay.
class simulated_peer {
 public:
  virtual ~simulated_peer() = default;
  virtual void handle(byte_span bytes, instant now) = 0;
  virtual void end(instant now) = 0;
  virtual void timeout(instant now) = 0;
  virtual byte_view transmit(instant now) = 0;
  virtual void transmitted(std::size_t count) = 0;
  [[nodiscard]] virtual std::optional<instant> next_timeout() const = 0;
  [[nodiscard]] virtual bool over() const = 0;
  /// Its connection is lost, and it wants another at reconnect_at().
  [[nodiscard]] virtual bool away() const = 0;
  [[nodiscard]] virtual std::optional<instant> reconnect_at() const = 0;
  virtual void resume(instant now) = 0;

  room::connection_id connection{};
  bool connected = false;
  bool gone = false;  ///< no byte goes in or out any more, and nobody is told
  byte_buffer arrived;
  frame_tap tap;
};

/// A session as a client; remembers its events.
template <class Transfer>
class session_peer final : public simulated_peer {
 public:
  session_peer(Transfer& transfer, want wanted, std::optional<std::string_view> code,
               std::uint64_t seed, instant now, duration outage_max = {}, bool takes_more = false,
               const std::function<void(session::session_options&)>& change = {})
      : rng_(seed),
        session_(make_client(wanted, room_of(code), rng_, now, takes_more), transfer,
                 options(code, outage_max, change), rng_) {}
  /// One that was started anew with stored keys.
  session_peer(Transfer& transfer, want wanted, const crypto::resume_keys& keys, std::uint64_t seed,
               instant now, duration outage_max,
               const std::function<void(session::session_options&)>& change = {})
      : rng_(seed),
        session_(make_client(wanted, keys.room(), rng_, now), transfer,
                 with_keys(keys, outage_max, change), rng_) {}

  void handle(byte_span bytes, instant now) override {
    (void)session_.handle_bytes(bytes, now);
    drain(now);
  }
  void end(instant now) override {
    (void)session_.handle_end(now);
    drain(now);
  }
  void timeout(instant now) override {
    (void)session_.handle_timeout(now);
    drain(now);
  }
  byte_view transmit(instant now) override {
    const byte_view bytes = session_.poll_transmit(now);
    drain(now);
    return bytes;
  }
  void transmitted(std::size_t count) override { session_.transmitted(count); }
  [[nodiscard]] std::optional<instant> next_timeout() const override {
    return session_.next_timeout();
  }
  [[nodiscard]] bool over() const override { return session_.over(); }
  [[nodiscard]] bool away() const override { return session_.away(); }
  [[nodiscard]] std::optional<instant> reconnect_at() const override {
    return session_.reconnect_at();
  }
  void resume(instant now) override { session_.resume(now); }

  [[nodiscard]] session::session<Transfer>& inside() noexcept { return session_; }

  /// Takes out what happened. To be called by whoever did something to inside().
  void drain(instant now) {
    Transfer& transfer = session_.transfer();
    while (transfer.has_stream() && transfer.pump_stream(now) == transfer::stream_step::worked) {
      (void)session_.handle_progress(now);
    }
    while (auto e = session_.poll_event()) {
      events_.push_back(*e);
      if (on_event) on_event(*e);
      if constexpr (Transfer::role == transfer_role::receiver) {
        if (std::holds_alternative<session::offered>(*e)) {
          if (on_offer) {
            on_offer(session_, now);
          } else {
            (void)session_.accept_offer(now);
          }
        }
      }
    }
  }

  template <class Event>
  [[nodiscard]] std::size_t count() const {
    std::size_t n = 0;
    for (const auto& e : events_) n += std::holds_alternative<Event>(e) ? 1U : 0U;
    return n;
  }
  [[nodiscard]] std::optional<errc> failure() const {
    const auto& why = session_.failure();
    return why ? std::optional(why->code) : std::nullopt;
  }
  [[nodiscard]] bool succeeded() const { return count<session::done>() == 1 && !failure(); }

  template <class Event>
  [[nodiscard]] std::vector<Event> all_of() const {
    std::vector<Event> found;
    for (const auto& e : events_) {
      if (const auto* one = std::get_if<Event>(&e)) found.push_back(*one);
    }
    return found;
  }

  /// What a receiver does when it is asked; accepts unless told otherwise.
  std::function<void(session::session<Transfer>&, instant)> on_offer;
  /// Called for every event.
  std::function<void(const session::event&)> on_event;

 private:
  static session::session_options with_keys(
      const crypto::resume_keys& keys, duration outage_max,
      const std::function<void(session::session_options&)>& change) {
    session::session_options made = options(std::nullopt, outage_max, change);
    made.family = keys.clone();
    return made;
  }

  static session::session_options options(
      std::optional<std::string_view> code, duration outage_max,
      const std::function<void(session::session_options&)>& change = {}) {
    session::session_options made;
    made.outage_max = outage_max;
    if (change) change(made);
    if (code) made.code = crypto::code_phrase::parse(*code).value();
    return made;
  }

  static room::client make_client(want wanted, std::optional<room_id> room, fixed_rng& rng,
                                  instant now, bool takes_more = false) {
    room::client_options made;
    made.takes_more = takes_more;
    made.wanted = wanted;
    rng.randomize(as_u8(byte_span(made.side)));
    made.room = room;
    return room::client(std::move(made), now);
  }

  static std::optional<room_id> room_of(std::optional<std::string_view> code) {
    if (!code) return std::nullopt;
    return crypto::code_phrase::parse(*code).value().room();
  }

  fixed_rng rng_;
  session::session<Transfer> session_;
  std::vector<session::event> events_;
};

/// The relay, its clients and the time.
class simulated_relay {
 public:
  explicit simulated_relay(room::relay_options options = {})
      : core_(std::in_place, std::move(options), crypto::room_of, random_.source()) {}

  void connect(simulated_peer& peer) {
    peer.connection = core_->connected(now);
    peer.connected = true;
    peers_.push_back(&peer);
    peer.handle({}, now);
  }

  /// The connection breaks, and both ends are told.
  void disconnect(simulated_peer& peer) {
    if (!std::exchange(peer.connected, false)) return;
    core_->disconnected(peer.connection, now);
    peer.end(now);
  }

  /// A client that is gone for good.
  void forget(const simulated_peer& peer) { std::erase(peers_, &peer); }

  /// Another one in its place, which knows nothing of what was before.
  void restart() {
    for (simulated_peer* peer : peers_) disconnect(*peer);
    core_.emplace(room::relay_options(core_->options()), crypto::room_of, random_.source());
  }

  /// Runs until nobody has anything to do before `limit` has passed, or `until` says so.
  void run(duration limit = std::chrono::minutes(10), const std::function<bool()>& until = {}) {
    const instant stop = now + limit;
    while (!until || !until()) {
      if (step()) continue;
      const auto next = next_timeout();
      if (all_over() || !next || *next > stop) return;
      now = std::max(now, *next);
      core_->handle_timeout(now);
      for (simulated_peer* peer : peers_) {
        if (peer->connected || peer->away()) peer->timeout(now);
        if (const auto at = peer->reconnect_at(); at && now >= *at) reconnect(*peer);
      }
    }
  }

  /// False: whoever wants a new connection gets none.
  bool reachable = true;
  /// Connections made again so far.
  unsigned reconnects = 0;

  [[nodiscard]] room::relay_core& core() noexcept { return *core_; }

  instant now{};

 private:
  void reconnect(simulated_peer& peer) {
    if (!reachable) return;
    ++reconnects;
    peer.arrived.clear();
    peer.connection = core_->connected(now);
    peer.connected = true;
    peer.resume(now);
    peer.handle({}, now);
  }

  bool step() {
    bool moved = false;
    for (simulated_peer* peer : peers_) {
      if (peer->connected && peer->away()) {
        while (to_relay(*peer)) {
        }
        peer->connected = false;
        core_->disconnected(peer->connection, now);
        moved = true;
      }
      if (!peer->connected) continue;
      moved = to_relay(*peer) || moved;
      moved = from_relay(*peer) || moved;
      if (peer->over() && peer->transmit(now).empty()) disconnect(*peer);
    }
    while (auto e = core_->poll_event()) {
      moved = true;
      if (const auto* f = std::get_if<room::finish>(&*e)) end(f->id);
      if (const auto* d = std::get_if<room::drop>(&*e)) end(d->id);
    }
    return moved;
  }

  bool to_relay(simulated_peer& peer) {
    if (peer.gone || !core_->wants_read(peer.connection)) return false;
    const byte_view bytes = peer.transmit(now);
    if (bytes.empty()) return false;
    byte_buffer copy(bytes.begin(), bytes.end());
    peer.transmitted(copy.size());
    core_->handle_bytes(peer.connection, copy, now);
    return true;
  }

  bool from_relay(simulated_peer& peer) {
    if (peer.gone) return false;
    const byte_view bytes = core_->poll_transmit(peer.connection);
    if (bytes.empty()) return false;
    append(peer.arrived, bytes);
    core_->transmitted(peer.connection, bytes.size(), now);
    deliver(peer);
    return true;
  }

  // Cuts what arrived into frames, so that a tap sees whole ones.
  void deliver(simulated_peer& peer) {
    while (peer.arrived.size() >= limits::frame_header_bytes) {
      const auto length = load_big_endian<std::uint32_t>(std::span(peer.arrived).first<4>());
      const std::size_t whole = limits::frame_header_bytes + length;
      if (peer.arrived.size() < whole) return;
      byte_buffer frame(peer.arrived.begin(),
                        peer.arrived.begin() + static_cast<std::ptrdiff_t>(whole));
      peer.arrived.erase(peer.arrived.begin(),
                         peer.arrived.begin() + static_cast<std::ptrdiff_t>(whole));
      std::vector<byte_buffer> frames;
      if (peer.tap) {
        frames = peer.tap(std::move(frame));
      } else {
        frames.push_back(std::move(frame));
      }
      for (byte_buffer& f : frames) peer.handle(f, now);
    }
  }

  void end(room::connection_id id) {
    for (simulated_peer* peer : peers_) {
      if (peer->connected && peer->connection.value == id.value) {
        while (from_relay(*peer)) {
        }
        disconnect(*peer);
      }
    }
  }

  [[nodiscard]] bool all_over() const {
    for (const simulated_peer* peer : peers_) {
      if (peer->connected || peer->away()) return false;
    }
    return true;
  }

  [[nodiscard]] std::optional<instant> next_timeout() const {
    auto at = core_->next_timeout();
    for (const simulated_peer* peer : peers_) {
      if (peer->connected || peer->away()) at = earlier(at, peer->next_timeout());
      if (reachable) at = earlier(at, peer->reconnect_at());
    }
    return at;
  }

  seeded_random random_{7};
  std::optional<room::relay_core> core_;
  std::vector<simulated_peer*> peers_;
};

using memory_sender = transfer::sender<transfer::memory_source>;
using memory_receiver = transfer::receiver<transfer::memory_sink>;

/// A file whose bytes tell their place, so that none can be taken for another.
inline transfer::memory_file numbered_file(std::string path, std::size_t size,
                                           std::uint32_t seed = 1) {
  transfer::memory_file file;
  file.about.path = std::move(path);
  file.about.mode = 0644;
  file.about.mtime_ns = 1'700'000'000'123'456'789;
  file.bytes.resize(size);
  std::uint32_t state = seed;
  for (std::byte& b : file.bytes) {
    state = state * 1664525U + 1013904223U;
    b = static_cast<std::byte>(state >> 24U);
  }
  return file;
}

/// A transfer from the one to the other, to be run.
struct relayed_pair {
  explicit relayed_pair(std::vector<transfer::memory_file> to_send,
                        std::string_view sender_code = "7-crossover-clockwork",
                        std::string_view receiver_code = "7-crossover-clockwork",
                        room::relay_options options = {}, duration outage_max = {})
      : files(std::move(to_send)),
        relay(std::move(options)),
        sending(sender, want::send, sender_code, 1, relay.now, outage_max),
        receiving(receiver, want::receive, receiver_code, 2, relay.now, outage_max) {}
  /// Both sides were started anew with the keys that each has stored.
  relayed_pair(std::vector<transfer::memory_file> to_send, const crypto::resume_keys& sender_keys,
               const crypto::resume_keys& receiver_keys, duration outage_max)
      : files(std::move(to_send)),
        sending(sender, want::send, sender_keys, 3, relay.now, outage_max),
        receiving(receiver, want::receive, receiver_keys, 4, relay.now, outage_max) {}

  void run() {
    relay.connect(sending);
    relay.connect(receiving);
    relay.run();
  }

  [[nodiscard]] bool arrived_identical() const {
    const auto& got = sink.files();
    if (got.size() != files.size()) return false;
    for (std::size_t i = 0; i < files.size(); ++i) {
      transfer::entry about = files[i].about;
      about.size = files[i].bytes.size();
      if (got[i].about != about || got[i].bytes != files[i].bytes) return false;
    }
    return true;
  }

  std::vector<transfer::memory_file> files;
  transfer::memory_source source{files};
  transfer::memory_sink sink{{3, 4}};
  memory_sender sender{source, {{}, limits::chunk_bytes_min}};
  memory_receiver receiver{sink};
  simulated_relay relay;
  session_peer<memory_sender> sending;
  session_peer<memory_receiver> receiving;
};

}  // namespace tallow::test
