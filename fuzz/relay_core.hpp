// Whatever happens to a relay, it keeps its limits, ends each connection once, and forgets all.
//
// Input: one byte that chooses the limits, then events: a byte for what happens, and a byte or two
// for whom and how much (relay_driver::step).
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include <tallow/base/bytes.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/time.hpp>
#include <tallow/room/relay_core.hpp>
#include <tallow/wire/codec.hpp>
#include <tallow/wire/frame.hpp>
#include <tallow/wire/frame_decoder.hpp>
#include <tallow/wire/message.hpp>
#include <tallow/wire/relay_messages.hpp>

#include "fuzz/input_reader.hpp"
#include "fuzz/seeded_random.hpp"
#include "fuzz/violation.hpp"

namespace tallow::fuzz {

/// Plays the owner of a relay by its rules, and everybody who connects to it by none.
class relay_driver {
 public:
  explicit relay_driver(unsigned choice)
      : core_(options_of(choice), room_of,
              {[](void* self, byte_span out) {
                 auto& random = *static_cast<seeded_random*>(self);
                 for (std::byte& b : out) b = random.byte();
               },
               &random_}) {}

  void step(input_reader& in) {
    const unsigned what = in.next() % 14;
    // One after the other: in what order arguments are computed is the compiler's choice, and an
    // input has to mean the same with all of them.
    const unsigned whom = what == 12 ? 0 : in.next();
    const unsigned how = takes_two(what) ? in.next() : 0;
    switch (what) {
      case 0: connect(whom); break;
      case 1: raw(pick(whom), in); break;
      case 2: greet(pick(whom)); break;
      case 3: ask_for_room(pick(whom), how); break;
      case 4: say(pick(whom), how); break;
      case 5: slice(pick(whom), how); break;
      case 6: open_lane(whom, how); break;
      case 7: carry(pick(whom), how); break;
      case 8: bandwidth(pick(whom), how); break;
      case 9: leave(pick(whom)); break;
      case 10: pass_time(whom); break;
      case 11: take(pick(whom), how); break;
      case 12: take_all(); break;
      case 13: rare(whom, how); break;
      default: break;
    }
    settle();
  }

  /// Everybody leaves, and time passes.
  void finish() {
    take_all();
    settle();
    while (!ends_.empty()) {
      leave(&ends_.front());
      settle();
    }
    require(core_.connection_count() == 0, "nobody is left");
    require(core_.lane_end_count() == 0, "no lane is left");
    for (int i = 0; i < 3; ++i) advance(std::chrono::hours(25));
    require(core_.room_count() == 0, "no room is left");
    require(!core_.next_timeout(), "nothing is left to wait for");
  }

 private:
  struct end {
    room::connection_id id{};
    bool is_finished = false;     // its last word was said
    bool is_dropped = false;      // it is to be closed at once
    bool is_lane = false;         // joined to another
    bool asks = false;            // for bandwidth
    bool has_been_ended = false;  // by an ERROR
    std::uint64_t granted = 0;
    frame_decoder decoder{frames_from_relay};
  };

  static constexpr bool takes_two(unsigned what) noexcept {
    return (what >= 3 && what <= 8) || what == 11 || what == 13;
  }

  static constexpr std::size_t rooms_max = 3;
  static constexpr std::size_t connections_max = 12;
  // What waits for one that reads nothing: its partner's slices, what was read meanwhile, answers.
  static constexpr std::size_t queued_max =
      3 * limits::relay_queue_bytes_max + (std::size_t{1} << 20U);

  static room_id room_of(std::uint32_t nameplate) {
    room_id id{};
    store_big_endian<std::uint32_t>(nameplate, std::span(id).first<4>());
    return id;
  }

  static room::relay_options options_of(unsigned choice) {
    room::relay_options options;
    options.rooms.rooms_max = rooms_max;
    options.connections_max = connections_max;
    options.admission.pending_max = 6;
    options.lanes_max = 2;
    options.software = "fuzz";
    if ((choice & 1U) != 0) options.rooms.each.bytes_max = 100'000;
    if ((choice & 2U) != 0) options.bandwidth.room_bytes_per_s = 200'000;
    if ((choice & 4U) != 0) options.bandwidth.total_bytes_per_s = 300'000;
    if ((choice & 8U) != 0) options.rooms.each.waiting_max = std::chrono::seconds(20);
    return options;
  }

  // ---- what may happen ----

  end* pick(unsigned choice) { return ends_.empty() ? nullptr : &ends_[choice % ends_.size()]; }

  void connect(unsigned choice) {
    if (ends_.size() >= 2 * connections_max) return;
    room::origin from;
    if ((choice & 1U) != 0) from = room::origin(choice % 5, choice == 0xFF);
    ends_.emplace_back();
    ends_.back().id = core_.connected(now_, from);
  }

  // As much as the relay wants to read, which in the beginning is not everything.
  void feed(end* from, byte_view bytes) {
    while (from != nullptr && !bytes.empty() && !from->is_dropped && !from->is_lane) {
      const std::size_t wanted = core_.read_bytes_wanted(from->id);
      if (wanted == 0) return;
      byte_buffer some(bytes.begin(),
                       bytes.begin() + static_cast<std::ptrdiff_t>(std::min(bytes.size(), wanted)));
      core_.handle_bytes(from->id, some, now_);
      bytes = bytes.subspan(some.size());
      const auto id = from->id;
      settle();
      from = find(id);
    }
  }

  void raw(end* from, input_reader& in) { feed(from, in.take(in.next() % 64)); }

  template <class Message>
  void send(end* from, const Message& m) {
    byte_buffer frame;
    if (append_message(frame, m)) feed(from, frame);
  }

  void greet(end* from) { send(from, client_hello{{relay_protocol_version}, "fuzz"}); }

  void ask_for_room(end* from, unsigned choice) {
    side_id side{};
    side[0] = static_cast<std::byte>(choice % 5);
    const auto wanted = std::array{want::either, want::send, want::receive}[(choice / 5) % 3];
    const bool takes_more = choice / 15 % 8 == 7;
    if (choice >= 0x80) return send(from, create_room{side, wanted, takes_more});
    send(from, join_room{room_of(1 + choice / 15 % 4), side, wanted, takes_more});
  }

  void say(end* from, unsigned choice) {
    switch (choice % 8) {
      case 0: return send(from, room_confirm{});
      case 1: return send(from, relay_ping{});
      case 2: return send(from, relay_pong{});
      case 3: return send(from, close_room{close_reason::done});
      case 4: return send(from, close_room{close_reason::spent});
      case 5: return send(from, close_room{close_reason::cancelled});
      case 6: return send(from, lane_request{choice / 8 % 20});
      default: send(from, relay_pong{}); return send(from, room_confirm{});
    }
  }

  void slice(end* from, unsigned choice) {
    const std::size_t sizes = choice % 4 == 0 ? 700 : choice % 4 == 1 ? 5 : 0;
    const byte_buffer body(choice * sizes + 8);
    byte_buffer frame;
    append(frame, encode_frame_header(frame_type::peer, static_cast<std::uint32_t>(body.size())));
    append(frame, body);
    for (int i = choice % 4 == 2 ? 20 : 1; i > 0; --i) feed(from, frame);
  }

  void open_lane(unsigned ticket, unsigned choice) {
    connect(choice);
    settle();
    if (ends_.empty()) return;
    lane_open opening;
    lane_ticket shown{};
    if (!tickets_.empty()) shown = tickets_[ticket % tickets_.size()];
    opening.right = shown;
    send(&ends_.back(), opening);
  }

  void carry(end* lane, unsigned choice) {
    if (lane != nullptr && lane->is_lane) {
      (void)core_.lane_carried(lane->id, std::uint64_t{choice} * choice, now_);
    }
  }

  void bandwidth(end* lane, unsigned choice) {
    if (lane == nullptr || !lane->is_lane) return;
    if (lane->granted > 0) {
      const std::uint64_t back = lane->granted * (choice % 3) / 2;
      lane->granted = 0;
      core_.lane_gives_back(lane->id, back, now_);
    } else if (core_.limits_bandwidth() && !std::exchange(lane->asks, true)) {
      core_.lane_asks(lane->id, now_);
    }
  }

  void leave(end* who) {
    if (who == nullptr) return;
    const auto id = who->id;
    std::erase_if(ends_, [&](const end& e) { return e.id == id; });
    core_.disconnected(id, now_);
    require(core_.poll_transmit(id).empty(), "nothing is kept for who is gone");
  }

  void pass_time(unsigned choice) {
    constexpr std::array times{
        duration(std::chrono::milliseconds(1)), duration(std::chrono::milliseconds(300)),
        duration(std::chrono::seconds(2)),      duration(std::chrono::seconds(11)),
        duration(std::chrono::seconds(31)),     duration(std::chrono::seconds(61)),
        duration(std::chrono::minutes(11))};
    advance(times[choice % times.size()]);
  }

  void take(end* who, unsigned choice) {
    if (who == nullptr) return;
    const byte_view bytes = core_.poll_transmit(who->id);
    const byte_view taken = bytes.first(std::min<std::size_t>(bytes.size(), choice * 16));
    receive(*who, taken);
    core_.transmitted(who->id, taken.size(), now_);
  }

  void take_all() {
    for (end& one : ends_) {
      std::size_t total = 0;
      for (byte_view b = core_.poll_transmit(one.id); !b.empty(); b = core_.poll_transmit(one.id)) {
        receive(one, b);
        total += b.size();
        core_.transmitted(one.id, b.size(), now_);
        require(total <= queued_max, "what waits for one connection is bounded");
      }
    }
  }

  void rare(unsigned what, unsigned whom) {
    if (what == 7) return core_.drain(now_, std::chrono::seconds(5));
    if (what % 8 != 3) return;
    if (const end* one = pick(whom)) core_.refuse(one->id, relay_error_code::tls_required, now_);
  }

  // ---- what follows ----

  [[nodiscard]] end* find(room::connection_id id) {
    const auto found =
        std::find_if(ends_.begin(), ends_.end(), [&](const end& e) { return e.id == id; });
    return found == ends_.end() ? nullptr : &*found;
  }

  // From deadline to deadline, as an owner's clock goes.
  void advance(duration time) {
    const instant until = now_ + time;
    unsigned standstills = 0;
    for (;;) {
      const auto next = core_.next_timeout();
      if (!next || *next > until) break;
      standstills = *next > now_ ? 0 : standstills + 1;
      require(standstills < 50, "what was due is done");
      now_ = std::max(now_, *next);
      core_.handle_timeout(now_);
      settle();
      // Who was dropped goes; others may take their time.
      close_dropped();
    }
    now_ = until;
  }

  void close_dropped() {
    std::vector<room::connection_id> gone;
    for (const end& e : ends_) {
      if (e.is_dropped) gone.push_back(e.id);
    }
    for (const auto id : gone) leave(find(id));
    settle();
  }

  void settle() {
    std::size_t count = 0;
    while (const auto event = core_.poll_event()) {
      require(++count < 10'000, "there is an end to what happens");
      std::visit([&](const auto& e) { on(e); }, *event);
    }
    require(core_.connection_count() == ends_.size(), "it counts who is there");
    require(core_.room_count() <= rooms_max, "there are no more rooms than allowed");
    require(core_.lane_end_count() <= ends_.size(), "a lane's end is a connection");
  }

  // An event may concern somebody who left before it was looked at.
  void on(const room::can_send&) {}
  void on(const room::can_read&) {}
  void on(const room::noted& e) {
    require(e.what != nullptr && e.why != nullptr, "words are there");
  }
  void on(const room::finish& e) {
    if (end* one = find(e.id)) {
      require(!std::exchange(one->is_finished, true) && !one->is_dropped, "it is ended once");
    }
  }
  void on(const room::drop& e) {
    if (end* one = find(e.id)) require(!std::exchange(one->is_dropped, true), "it is dropped once");
  }
  void on(const room::move_away&) { require(false, "there is nowhere else to go"); }
  void on(const room::lanes_joined& e) {
    require(e.a != e.b, "a lane has two ends");
    for (const auto id : {e.a, e.b}) {
      if (end* one = find(id)) require(!std::exchange(one->is_lane, true), "it is joined once");
    }
  }
  void on(const room::lane_granted& e) {
    end* one = find(e.id);
    if (one == nullptr) return;
    require(std::exchange(one->asks, false), "who is granted something has asked");
    one->granted = e.bytes;
  }

  // Reads what the relay says as strictly as a client does.
  void receive(end& who, byte_view bytes) {
    byte_buffer copy(bytes.begin(), bytes.end());
    byte_span rest(copy);
    for (;;) {
      const auto frame = who.decoder.next(rest);
      require(frame.has_value(), "a relay speaks in frames");
      if (!*frame) return;
      require(!who.has_been_ended, "an ERROR is the last word");
      require(!who.is_lane, "a relay says nothing on a lane");
      if ((*frame)->type == frame_type::error_report) {
        require(decode_body<error_report>((*frame)->body).has_value(), "an ERROR can be read");
        who.has_been_ended = true;
      } else if ((*frame)->type == frame_type::lane_tickets) {
        const auto m = decode_body<lane_tickets>((*frame)->body);
        require(m.has_value(), "tickets can be read");
        tickets_.insert(tickets_.end(), m->tickets.begin(), m->tickets.end());
      }
    }
  }

  seeded_random random_{3};
  instant now_{std::chrono::hours(1000)};
  room::relay_core core_;
  std::deque<end> ends_;
  std::vector<lane_ticket> tickets_;
};

inline void fuzz_relay_core(byte_view input) {
  constexpr std::size_t steps_max = 2000;
  input_reader in(input);
  relay_driver driver(in.next());
  for (std::size_t n = 0; n < steps_max && !in.empty(); ++n) driver.step(in);
  driver.finish();
}

}  // namespace tallow::fuzz
