// Secrets are gone from memory when their owner is.
#include <array>
#include <cstring>
#include <new>

#include <gtest/gtest.h>

#include <tallow/crypto/code_phrase.hpp>
#include <tallow/crypto/handshake_types.hpp>
#include <tallow/crypto/kem.hpp>

#include "support/handshake_pair.hpp"

namespace tallow::crypto {
namespace {

/// Memory that can be looked at after its object has gone.
template <class T>
struct place {
  alignas(T) std::array<std::byte, sizeof(T)> memory{};
  template <class... Args>
  T* make(Args&&... args) {
    return new (memory.data()) T(std::forward<Args>(args)...);
  }
  bool holds(byte_view needle) const {
    const auto found = std::search(memory.begin(), memory.end(), needle.begin(), needle.end());
    return found != memory.end();
  }
};

byte_buffer pattern(std::size_t size) { return byte_buffer(size, std::byte{0xa7}); }

TEST(Wiping, LeavesNothingOfAKeySet) {
  place<handshake_output> where;
  auto* output = where.make();
  const auto bytes = pattern(64);
  output->ts_i2r = traffic_secret(std::span<const std::byte, 64>(bytes.data(), 64));
  output->resume = resume_secret(std::span<const std::byte, 64>(bytes.data(), 64));
  output->export_secret = secret_bytes<64>(std::span<const std::byte, 64>(bytes.data(), 64));
  EXPECT_TRUE(where.holds(pattern(16)));
  handshake_output moved = std::move(*output);
  EXPECT_FALSE(where.holds(pattern(8))) << "moved from";
  *output = std::move(moved);
  EXPECT_TRUE(where.holds(pattern(16)));
  output->~handshake_output();
  EXPECT_FALSE(where.holds(pattern(8))) << "destroyed";
}

TEST(Wiping, LeavesNothingOfAHandshakeThatFinishedOrFailed) {
  for (const bool fails : {false, true}) {
    test::handshake_pair pair;
    // The scalar that the responder draws at message 1, behind the nonce.
    pair.rng_r = test::fixed_rng(pattern(32 + 32));
    place<handshake> where;
    auto made = handshake::start_initial(handshake_role::responder, test::a_code(), pair.ledger_r,
                                         {}, pair.rng_r);
    auto* r = where.make(std::move(*made));
    auto i = *handshake::start_initial(handshake_role::initiator, test::a_code(), pair.ledger_i, {},
                                       pair.rng_i);
    ASSERT_TRUE(i.handle_message(0, r->poll_transmit()->body, pair.rng_i));
    pair.rng_r.add_script(pattern(64 + 96 + 32));
    ASSERT_TRUE(r->handle_message(1, i.poll_transmit()->body, pair.rng_r));
    EXPECT_TRUE(where.holds(pattern(64 + 32))) << "ML-KEM seed and X25519 secret";
    ASSERT_TRUE(i.handle_message(2, r->poll_transmit()->body, pair.rng_i));
    auto m3 = i.poll_transmit()->body;
    if (fails) m3.back() ^= std::byte{1};
    EXPECT_EQ(r->handle_message(3, m3, pair.rng_r).has_value(), !fails);
    EXPECT_FALSE(where.holds(pattern(16)));
    r->~handshake();
  }
}

}  // namespace
}  // namespace tallow::crypto
