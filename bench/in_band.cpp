// Two whole sessions in one thread and in memory, from the handshake to the end, with the chunks
// inside the control connection: what a transfer costs where no lane can be had.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <variant>
#include <vector>

#include <benchmark/benchmark.h>

#include <tallow/crypto/code_phrase.hpp>
#include <tallow/session/direct_link.hpp>
#include <tallow/session/session.hpp>
#include <tallow/transfer/memory.hpp>
#include <tallow/transfer/receiver.hpp>
#include <tallow/transfer/sender.hpp>

#include "support/test_rng.hpp"
#include "whole_transfer.hpp"

namespace {

namespace session = tallow::session;
namespace transfer = tallow::transfer;
using tallow::byte_buffer, tallow::byte_view;

session::session_options with_code() {
  return {tallow::crypto::code_phrase::parse("7-crossover-clockwork").value()};
}

// Carries what one side has to send to the other. The copy is what a socket would do.
template <class From, class To>
bool carry(From& from, To& to, byte_buffer& wire, tallow::instant now) {
  const byte_view bytes = from.poll_transmit(now);
  if (bytes.empty()) return false;
  wire.assign(bytes.begin(), bytes.end());
  from.transmitted(wire.size());
  (void)to.handle_bytes(wire, now);
  return true;
}

// The clock is ours and the random numbers are the same every time, so that each run is the same:
// bench/instructions counts its instructions.
[[gnu::noinline]] std::size_t measured_transfer(const std::vector<transfer::memory_file>& files) {
  transfer::memory_source source(files);
  transfer::memory_sink sink({1, 2});
  transfer::sender sender(source, {});
  transfer::receiver receiver(sink);
  tallow::test::fixed_rng sender_rng(1);
  tallow::test::fixed_rng receiver_rng(2);
  session::session sending(session::direct_link(tallow::place::first), sender, with_code(),
                           sender_rng);
  session::session receiving(session::direct_link(tallow::place::second), receiver, with_code(),
                             receiver_rng);
  byte_buffer wire;
  tallow::instant now{};
  (void)sending.handle_bytes({}, now);
  (void)receiving.handle_bytes({}, now);
  while (!sending.over()) {
    while (const auto event = receiving.poll_event()) {
      if (std::holds_alternative<session::offered>(*event)) (void)receiving.accept_offer(now);
    }
    const bool there = carry(sending, receiving, wire, now);
    const bool back = carry(receiving, sending, wire, now);
    if (there || back) {
      now += std::chrono::microseconds(100);
      continue;
    }
    // Nobody has anything to say before a deadline: that of the next acknowledgement.
    const auto next = tallow::earlier(sending.next_timeout(), receiving.next_timeout());
    if (!next) return 0;
    now = std::max(now, *next);
    (void)sending.handle_timeout(now);
    (void)receiving.handle_timeout(now);
  }
  return tallow::bench::bytes_in(sink);
}

void in_band(benchmark::State& state) { tallow::bench::send_repeatedly(state, measured_transfer); }
BENCHMARK(in_band)->ArgName("MiB")->Arg(8)->Arg(40)->Unit(benchmark::kMillisecond);

}  // namespace
