#pragma once
// Two handshake machines and whoever sits between them.

#include <array>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/crypto/handshake.hpp>

#include "support/code_of.hpp"
#include "support/test_rng.hpp"

namespace tallow::test {

inline crypto::code_phrase a_code(std::string_view text = "7-crossover-clockwork") {
  auto code = crypto::code_phrase::parse(text);
  EXPECT_TRUE(code.has_value()) << describe(code.error());
  return std::move(*code);
}

/// What a peer between the two may do with a message: change it, or drop it by returning false.
using tamper = std::function<bool(unsigned index, byte_buffer& body)>;

struct handshake_pair {
  fixed_rng rng_r{11};
  fixed_rng rng_i{22};
  crypto::attempt_ledger ledger_r;
  crypto::attempt_ledger ledger_i;
  std::optional<crypto::handshake> r;
  std::optional<crypto::handshake> i;
  /// Every message and ABORT as it was sent, by sender.
  std::vector<crypto::handshake::outgoing> sent_r;
  std::vector<crypto::handshake::outgoing> sent_i;
  std::optional<error> error_r;
  std::optional<error> error_i;

  void start(const crypto::code_phrase& code_r, const crypto::code_phrase& code_i,
             const crypto::handshake_options& options_r = {},
             const crypto::handshake_options& options_i = {}) {
    using crypto::handshake_role;
    put(r, crypto::handshake::start_initial(handshake_role::responder, code_r, ledger_r, options_r,
                                            rng_r));
    put(i, crypto::handshake::start_initial(handshake_role::initiator, code_i, ledger_i, options_i,
                                            rng_i));
  }

  void start_resume(const crypto::resume_keys& keys_r, const crypto::resume_keys& keys_i) {
    using crypto::handshake_role;
    put(r, crypto::handshake::start_resume(handshake_role::responder, keys_r, {}, rng_r));
    put(i, crypto::handshake::start_resume(handshake_role::initiator, keys_i, {}, rng_i));
  }

  /// Carries messages until nobody has one; errors are kept, the first of each side.
  void run(const tamper& between = {}) {
    for (bool moved = true; moved;) {
      moved = carry(*r, *i, rng_i, sent_r, error_i, between);
      moved = carry(*i, *r, rng_r, sent_i, error_r, between) || moved;
    }
  }

  [[nodiscard]] bool both_finished() const { return r->finished() && i->finished(); }

 private:
  static void put(std::optional<crypto::handshake>& to, result<crypto::handshake> made) {
    ASSERT_TRUE(made.has_value()) << describe(made.error());
    to.emplace(std::move(*made));
  }

  static bool carry(crypto::handshake& from, crypto::handshake& to, fixed_rng& rng,
                    std::vector<crypto::handshake::outgoing>& sent, std::optional<error>& error_to,
                    const tamper& between) {
    auto out = from.poll_transmit();
    if (!out) return false;
    sent.push_back(*out);
    if (between && !between(out->index, out->body)) return true;
    const auto done = out->index == crypto::handshake::abort_index
                          ? to.handle_abort(out->body)
                          : to.handle_message(out->index, out->body, rng);
    if (!done && !error_to) error_to = done.error();
    return true;
  }
};

/// The bytes that a side sent under that index; empty if it sent none.
inline byte_buffer message(const std::vector<crypto::handshake::outgoing>& sent, unsigned index) {
  for (const auto& out : sent) {
    if (out.index == index) return out.body;
  }
  return {};
}

}  // namespace tallow::test
