// Two peers, one code, no network: five messages, and both hold the same keys.
#include <cstdio>

#include <botan/system_rng.h>

#include <tallow/crypto/code_phrase.hpp>
#include <tallow/crypto/handshake.hpp>
#include <tallow/crypto/verification_words.hpp>

namespace crypto = tallow::crypto;

int main() {
  auto& rng = Botan::system_rng();
  const auto code = crypto::code_phrase::parse("7-crossover-clockwork");
  crypto::attempt_ledger first_ledger, second_ledger;
  auto first = crypto::handshake::start_initial(crypto::handshake_role::responder, *code,
                                                first_ledger, {}, rng);
  auto second = crypto::handshake::start_initial(crypto::handshake_role::initiator, *code,
                                                 second_ledger, {}, rng);
  const auto pass_on = [&](crypto::handshake& from, crypto::handshake& to) {
    const auto message = from.poll_transmit();
    if (!message) return false;
    std::printf("message %u, %zu bytes\n", message->index, message->body.size());
    return to.handle_message(message->index, message->body, rng).has_value();
  };
  while (pass_on(*first, *second) && pass_on(*second, *first)) {
  }

  const auto here = first->take_output();
  const auto there = second->take_output();
  if (!here || !there || !(here->ts_i2r == there->ts_i2r)) return 1;
  for (const auto word : crypto::verification_words(here->sas)) std::printf("%s ", word.data());
  std::puts("on both sides");
}
