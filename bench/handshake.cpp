// A whole handshake in one thread: the first one of two peers, and the one after a lost connection.
#include <cstdint>
#include <optional>

#include <benchmark/benchmark.h>
#include <botan/system_rng.h>

#include <tallow/crypto/code_phrase.hpp>
#include <tallow/crypto/handshake.hpp>
#include <tallow/crypto/verification_words.hpp>

namespace {

namespace crypto = tallow::crypto;
using crypto::handshake, crypto::handshake_role;

// Carries the messages; true when both sides hold the same keys.
bool run(handshake& responder, handshake& initiator) {
  auto& rng = Botan::system_rng();
  const auto pass_on = [&](handshake& from, handshake& to) {
    const auto message = from.poll_transmit();
    return message && to.handle_message(message->index, message->body, rng);
  };
  while (pass_on(responder, initiator) && pass_on(initiator, responder)) {
  }
  const auto here = responder.take_output();
  const auto there = initiator.take_output();
  return here && there && here->ts_i2r == there->ts_i2r;
}

// CPace, ML-KEM-1024 and X25519, the masked key, and every key derived from them: both sides.
void first_handshake(benchmark::State& state) {
  auto& rng = Botan::system_rng();
  const auto code = crypto::code_phrase::parse("7-crossover-clockwork");
  for (auto _ : state) {
    crypto::attempt_ledger responder_ledger, initiator_ledger;
    auto responder =
        handshake::start_initial(handshake_role::responder, *code, responder_ledger, {}, rng);
    auto initiator =
        handshake::start_initial(handshake_role::initiator, *code, initiator_ledger, {}, rng);
    if (!responder || !initiator || !run(*responder, *initiator)) {
      return state.SkipWithError("the sides do not agree");
    }
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(first_handshake)->Unit(benchmark::kMicrosecond);

// The same without CPace: both sides hold a secret of the session before.
void resumed_handshake(benchmark::State& state) {
  auto& rng = Botan::system_rng();
  const crypto::resume_keys keys{crypto::resume_secret{}};
  for (auto _ : state) {
    auto responder = handshake::start_resume(handshake_role::responder, keys, {}, rng);
    auto initiator = handshake::start_resume(handshake_role::initiator, keys, {}, rng);
    if (!responder || !initiator || !run(*responder, *initiator)) {
      return state.SkipWithError("the sides do not agree");
    }
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(resumed_handshake)->Unit(benchmark::kMicrosecond);

}  // namespace
