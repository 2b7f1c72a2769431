// Somebody who speaks to a relay as nobody should, and listens to what it says to that.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <tallow/base/bytes.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/net/first_bytes.hpp>
#include <tallow/wire/frame_decoder.hpp>
#include <tallow/wire/message.hpp>
#include <tallow/wire/relay_messages.hpp>

#include "fuzz/samples.hpp"
#include "fuzz/seeded_random.hpp"
#include "fuzz/violation.hpp"
#include "tools/tallow-fuzz/mutator.hpp"
#include "tools/tallow-fuzz/relay_choice.hpp"
#include "tools/tallow-fuzz/relay_end.hpp"

namespace tallow::fuzz {

/// A random message of those between clients and relays, whoever should say it, in its frame.
[[nodiscard]] inline byte_buffer any_message(seeded_random& random) {
  const std::size_t chosen = random.below(std::tuple_size_v<relay_messages>);
  const fullness how = random.below(8) == 0 ? fullness::least : fullness::random;
  const std::uint64_t seed = random.next();
  byte_buffer framed;
  std::size_t index = 0;
  for_each_message<relay_messages>([&]<class M>(std::type_identity<M>) {
    if (index++ == chosen) (void)append_message(framed, sample<M>(how, seed));
  });
  return framed;
}

/// One connection. What comes back has to be what a client of its kind understands.
class bad_client {
 public:
  explicit bad_client(relay_end end) : end_(std::move(end)) {}

  void say(byte_view bytes) {
    for (const std::byte b : bytes.first(std::min(bytes.size(), net::first_bytes_max))) {
      if (first_.size() < net::first_bytes_max) first_.push_back(b);
    }
    end_.send(bytes);
  }

  template <message M>
  void say(const M& m) {
    byte_buffer framed;
    if (append_message(framed, m)) say(byte_view(framed));
  }

  /// Reads what comes within some time.
  ///
  /// @errors  throws violation when the relay says what it must not
  void listen(std::chrono::milliseconds most) {
    while (!end_.is_ended() && end_.wait(most)) {
      byte_buffer heard = end_.read();
      check(heard);
      most = {};
    }
  }

  void half_close() noexcept { end_.half_close(); }
  void reset() noexcept { end_.reset(); }

  /// Tickets that it was given, and has not shown.
  std::vector<lane_ticket> tickets;

 private:
  void check(byte_span heard) {
    const net::first_bytes kind = net::tell_apart(first_);
    if (end_.is_in_tls() || kind == net::first_bytes::control) return check_frames(heard);
    const bool is_heard = kind == net::first_bytes::tls || kind == net::first_bytes::http ||
                          kind == net::first_bytes::lane;  // there others speak
    require(is_heard || heard.empty(), "the relay answers somebody who speaks nothing it knows");
  }

  void check_frames(byte_span heard) {
    for (;;) {
      const auto frame = from_relay_.next(heard);
      require(frame.has_value(), "the relay sends a frame that no client takes");
      if (!*frame) return;
      require(!is_last_word_said_, "the relay goes on after its last word");
      is_last_word_said_ = (*frame)->type == frame_type::error_report;
      bool is_understood = false;
      for_each_message<relay_messages>([&]<class M>(std::type_identity<M>) {
        if (M::type != (*frame)->type) return;
        const auto said = decode_body<M>((*frame)->body);
        is_understood = said.has_value();
        if constexpr (std::is_same_v<M, lane_tickets>) {
          if (said) tickets.insert(tickets.end(), said->tickets.begin(), said->tickets.end());
        }
      });
      require(is_understood, "the relay sends a message that no client understands");
    }
  }

  relay_end end_;
  byte_buffer first_;
  frame_decoder from_relay_{frames_from_relay};
  bool is_last_word_said_ = false;
};

/// A few clients who behave badly for a while, in one room and beside it.
class bad_company {
 public:
  bad_company(const relay_choice& choice, std::uint64_t seed) : choice_(&choice), random_(seed) {
    for (std::byte& b : room_) b = random_.byte();
  }

  /// @errors  throws violation when the relay says what it must not, or takes nobody
  void run() {
    for (std::size_t left = 4 + random_.below(28); left > 0; --left) {
      if (clients_.empty() || (clients_.size() < clients_max && random_.below(6) == 0)) arrive();
      act(clients_[random_.below(clients_.size())]);
    }
    while (!clients_.empty()) leave();
  }

  [[nodiscard]] std::size_t connections() const noexcept { return connections_; }

 private:
  static constexpr std::size_t clients_max = 5;

  bad_client& connect(wrapping how) {
    const auto source = static_cast<std::uint32_t>(2 + random_.below(1U << 16U));
    auto end = relay_end::connect(choice_->relay, how, choice_->patience, source);
    require(end.has_value(), "the relay takes no connection");
    ++connections_;
    return clients_.emplace_back(std::move(*end));
  }

  void arrive() {
    const bool is_odd = random_.below(8) == 0;
    bad_client& one = connect(is_odd ? wrapping::plain : choice_->how);
    if (random_.below(8) == 0) return;  // the first word is left to chance
    one.say(client_hello{{relay_protocol_version}, "tallow-fuzz"});
    if (random_.below(8) != 0) join(one);
  }

  void join(bad_client& one) {
    join_room m = sample<join_room>(fullness::random, random_.next());
    m.room = room_;
    if (random_.below(4) != 0) m.wanted = want::either;
    one.say(m);
  }

  void act(bad_client& one) {
    switch (random_.below(16)) {
      case 0: one.say(client_hello{{relay_protocol_version}, "again"}); break;
      case 1: join(one); break;
      case 2: one.say(sample<create_room>(fullness::random, random_.next())); break;
      case 3: one.say(byte_view(any_message(random_))); break;
      case 4: damaged(one); break;
      case 5: slice(one); break;
      case 6: one.say(room_confirm{}); break;
      case 7: one.say(lane_request{static_cast<std::uint32_t>(random_.below(20))}); break;
      case 8: lane(); break;
      case 9: noise(one); break;
      case 10: promise(one); break;
      case 11: half(one); break;
      case 12: one.half_close(); break;
      case 13:
      case 14: one.listen(std::chrono::milliseconds(random_.below(4))); break;
      case 15: leave(); break;
      default: break;
    }
  }

  void damaged(bad_client& one) {
    byte_buffer bytes = any_message(random_);
    mutate(bytes, random_);
    one.say(byte_view(bytes));
  }

  void slice(bad_client& one) {
    const std::size_t size = random_.below(limits::peer_slice_bytes_max + 1);
    byte_buffer bytes(size, random_.byte());
    byte_buffer framed;
    const stream_id to{static_cast<std::uint32_t>(random_.below(3))};
    (void)append_peer_slice(framed, to, bytes);
    for (std::size_t times = 1 + random_.below(8); times > 0; --times) one.say(byte_view(framed));
  }

  // With a ticket that somebody has, or one that nobody has. What is random here does not depend on
  // what the relay has said so far: what comes behind would not be the same the next time.
  void lane() {
    if (clients_.size() >= clients_max) return;
    lane_ticket ticket{};
    for (std::byte& b : ticket) b = random_.byte();
    const bool is_invented = random_.below(4) == 0;
    const bool is_shown_again = random_.below(2) == 0;
    for (bad_client& one : clients_) {
      one.listen(std::chrono::milliseconds(1));
      if (is_invented || one.tickets.empty()) continue;
      ticket = one.tickets.back();
      if (!is_shown_again) one.tickets.pop_back();
      break;
    }
    bad_client& one = connect(wrapping::plain);
    one.say(lane_open{ticket});
    noise(one);
  }

  void noise(bad_client& one) {
    byte_buffer bytes(1 + random_.below(2000));
    for (std::byte& b : bytes) b = random_.byte();
    one.say(byte_view(bytes));
  }

  // A header whose body may never come.
  void promise(bad_client& one) {
    byte_buffer header(limits::frame_header_bytes);
    for (std::byte& b : header) b = random_.byte();
    if (random_.below(2) == 0) header[0] = std::byte{0};
    if (random_.below(2) == 0) header[4] = static_cast<std::byte>(random_.below(24));
    one.say(byte_view(header));
  }

  void half(bad_client& one) {
    const byte_buffer bytes = any_message(random_);
    one.say(byte_view(bytes).first(random_.below(bytes.size() + 1)));
  }

  void leave() {
    const auto which =
        clients_.begin() + static_cast<std::ptrdiff_t>(random_.below(clients_.size()));
    if (random_.below(2) == 0) which->listen(std::chrono::milliseconds(2));
    if (random_.below(3) == 0) which->say(sample<close_room>(fullness::random, random_.next()));
    if (random_.below(3) == 0) which->reset();
    clients_.erase(which);
  }

  const relay_choice* choice_;
  seeded_random random_;
  room_id room_{};
  std::vector<bad_client> clients_;
  std::size_t connections_ = 0;
};

}  // namespace tallow::fuzz
