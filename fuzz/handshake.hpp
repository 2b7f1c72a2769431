// A side that finishes has taken in what the other side sent, all of it and nothing else, and has
// its keys.
//
// Input: a byte that says how they start, then steps: one byte for what happens, one for where;
// some take a number, and two take bytes behind a length.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/crypto/handshake.hpp>

#include "fuzz/violation.hpp"
#include "tests/support/test_rng.hpp"

namespace tallow::fuzz {

/// One side, and what it has said and heard.
struct handshake_end {
  using message = crypto::handshake::outgoing;

  explicit handshake_end(std::uint64_t seed) : rng(seed) {}

  test::fixed_rng rng;
  crypto::attempt_ledger ledger;
  std::optional<crypto::handshake> machine;
  std::vector<message> sent;
  std::vector<message> taken;  // and found to be good
  std::optional<error> failed;

  void collect() {
    while (auto out = machine->poll_transmit()) sent.push_back(std::move(*out));
  }

  void hear(const message& what) {
    const bool was_finished = machine->finished();
    const auto done = what.index == crypto::handshake::abort_index
                          ? machine->handle_abort(what.body)
                          : machine->handle_message(what.index, what.body, rng);
    if (failed) require(!done && !machine->finished(), "what has failed stays failed");
    if (was_finished) require(machine->finished(), "what is finished stays finished");
    if (done && what.index != crypto::handshake::abort_index) taken.push_back(what);
    const bool changes_nothing = !done && (done.error().code == errc::wrong_state ||
                                           done.error().code == errc::invalid_argument);
    if (!done && !changes_nothing && !failed) failed = done.error();
    if (done && !failed && !was_finished) collect();
  }
};

/// Two sides, and whoever carries their messages.
class handshake_game {
 public:
  handshake_game(byte_view input, bool resumes) : input_(input), r_(11), i_(22) {
    using crypto::handshake_role;
    if (resumes) {
      const crypto::resume_keys keys{crypto::resume_secret()};
      r_.machine.emplace(
          std::move(*crypto::handshake::start_resume(handshake_role::responder, keys, {}, r_.rng)));
      i_.machine.emplace(
          std::move(*crypto::handshake::start_resume(handshake_role::initiator, keys, {}, i_.rng)));
    } else {
      const auto code = crypto::code_phrase::parse("7-crossover-clockwork");
      r_.machine.emplace(std::move(*crypto::handshake::start_initial(
          handshake_role::responder, *code, r_.ledger, {}, r_.rng)));
      i_.machine.emplace(std::move(*crypto::handshake::start_initial(
          handshake_role::initiator, *code, i_.ledger, {}, i_.rng)));
    }
    r_.collect();
    i_.collect();
  }

  void play() {
    constexpr int steps_max = 32;
    for (int step = 0; step < steps_max && !input_.empty(); ++step) {
      const std::uint8_t what = next();
      const bool to_r = (next() & 1U) != 0;
      handshake_end& to = to_r ? r_ : i_;
      if (const auto said = choose(what, to_r ? i_ : r_)) to.hear(*said);
    }
    check(r_, i_);
    check(i_, r_);
    if (!r_.machine->finished() || !i_.machine->finished()) return;
    const auto a = r_.machine->take_output();
    const auto b = i_.machine->take_output();
    require(a && b, "who has finished has keys");
    require(equal(a->ts_i2r.view(), b->ts_i2r.view()) &&
                equal(a->ts_r2i.view(), b->ts_r2i.view()) &&
                equal(a->resume.view(), b->resume.view()) && a->th5 == b->th5 &&
                a->suite == b->suite && a->generation == b->generation,
            "both have the same");
    require(!equal(a->ts_i2r.view(), a->ts_r2i.view()), "each direction has keys of its own");
  }

 private:
  using message = handshake_end::message;

  std::uint8_t next() {
    if (input_.empty()) return 0;
    const auto first = std::to_integer<std::uint8_t>(input_.front());
    input_ = input_.subspan(1);
    return first;
  }

  byte_buffer some_bytes() {
    const byte_view some = input_.first(std::min<std::size_t>(next_size(), input_.size()));
    input_ = input_.subspan(some.size());
    return {some.begin(), some.end()};
  }
  std::size_t next_size() {
    const std::size_t high = next();
    return high << 8U | next();
  }

  // What the other side said and has not come yet, perhaps not as it was; or something else.
  std::optional<message> choose(std::uint8_t what, handshake_end& from) {
    std::size_t& done = &from == &r_ ? r_delivered_ : i_delivered_;
    if (what % 8 == 6) return message{next() % 6U, some_bytes()};
    if (what % 8 == 5 && done > 0) return from.sent[next() % done];
    if (done == from.sent.size()) return std::nullopt;
    message one = from.sent[done++];
    const std::size_t where = what % 8 >= 3 ? next_size() : 0;
    if (what % 8 == 3 && !one.body.empty()) {
      one.body[where % one.body.size()] ^= std::byte{1} << (what / 8U % 8U);
    } else if (what % 8 == 4 && !one.body.empty()) {
      one.body.resize(where % one.body.size());
    } else if (what % 8 == 7) {
      append(one.body, some_bytes());
    }
    return one;
  }

  static void check(const handshake_end& one, const handshake_end& other) {
    if (!one.machine->finished()) return;
    require(!one.failed, "what has failed does not finish");
    for (const message& heard : one.taken) {
      const bool was_said =
          std::any_of(other.sent.begin(), other.sent.end(), [&](const message& said) {
            return said.index == heard.index && said.body == heard.body;
          });
      require(was_said, "who finishes has heard what was said, and nothing else");
    }
    require(one.taken.size() + other.taken.size() >= 4, "nobody finishes alone");
  }

  byte_view input_;
  handshake_end r_;
  handshake_end i_;
  std::size_t r_delivered_ = 0;
  std::size_t i_delivered_ = 0;
};

inline void fuzz_handshake(byte_view input) {
  if (input.empty()) return;
  handshake_game(input.subspan(1), (input[0] & std::byte{1}) != std::byte{}).play();
}

}  // namespace tallow::fuzz
