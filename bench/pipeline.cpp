// What a lane does with each chunk, in one thread and in memory: read, sealed, carried, opened,
// written. What is left of a transfer's cost when neither sockets nor files are counted.
#include <cstddef>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include <tallow/crypto/record.hpp>
#include <tallow/transfer/chunk_job.hpp>
#include <tallow/transfer/lane.hpp>
#include <tallow/transfer/memory.hpp>
#include <tallow/transfer/receiver.hpp>
#include <tallow/transfer/sender.hpp>
#include <tallow/wire/message.hpp>

#include "whole_transfer.hpp"

namespace {

namespace crypto = tallow::crypto;
namespace transfer = tallow::transfer;

// Hands over what one side has to say on the control channel, which is not sealed here.
template <class From, class To>
void talk(From& from, To& to, tallow::instant now) {
  for (;;) {
    const auto said = from.poll_message(now);
    if (!said || !*said) return;
    (void)tallow::visit_sealed(
        **said, [&](auto&& m) { return to.handle(std::forward<decltype(m)>(m), now); });
  }
}

// bench/instructions counts the instructions of this one: the argument sets the amount alone.
[[gnu::noinline]] std::size_t measured_transfer(const std::vector<transfer::memory_file>& files) {
  constexpr auto suite = crypto::cipher_suite::aes_256_gcm;
  constexpr tallow::stream_id id{1};
  constexpr std::size_t chunk_bytes = tallow::limits::chunk_bytes_default;
  const crypto::traffic_secret secret;
  transfer::outgoing_lane out(id, crypto::record_sealer::make(suite, secret, id).value(),
                              chunk_bytes);
  transfer::incoming_lane in(id, crypto::record_opener::make(suite, secret, id).value(),
                             chunk_bytes);
  transfer::memory_source source(files);
  transfer::memory_sink sink({1, 2});
  transfer::sender sender(source, {});
  transfer::receiver receiver(sink);
  transfer::chunk_job job;
  tallow::byte_buffer wire = out.hello().value();
  tallow::byte_span greeting(wire);
  (void)in.next(greeting);
  bool accepted = false;
  tallow::instant now{};
  while (!sender.done()) {
    talk(sender, receiver, now);
    if (!accepted && receiver.offer_ready()) accepted = receiver.accept_offer().has_value();
    talk(receiver, sender, now);
    const auto frame = out.next_frame(sender);
    if (!frame) return 0;
    if (frame->empty()) {
      now += tallow::limits::ack_interval;
      continue;
    }
    wire.assign(frame->begin(), frame->end());  // the copy that a socket makes
    tallow::byte_span record(wire);
    const auto data = in.next(record);
    if (!data || !*data) return 0;
    const auto settle = in.deliver(**data, receiver, job, now);
    if (!settle || (*settle && !receiver.settle())) return 0;
  }
  return tallow::bench::bytes_in(sink);
}

void pipeline(benchmark::State& state) { tallow::bench::send_repeatedly(state, measured_transfer); }
BENCHMARK(pipeline)->ArgName("MiB")->Arg(8)->Arg(40)->Unit(benchmark::kMillisecond);

}  // namespace
