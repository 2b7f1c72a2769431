// What the library does that a caller would not expect. If one of these tests fails after an
// update, the library has changed, and the code that guards against it may be looked at again.
#include <botan/ec_apoint.h>
#include <botan/ec_group.h>
#include <botan/ed25519.h>
#include <botan/ml_kem.h>
#include <botan/pubkey.h>
#include <botan/system_rng.h>
#include <botan/x25519.h>
#include <gtest/gtest.h>

#include <tallow/crypto/cpace.hpp>
#include <tallow/crypto/kem.hpp>

#include "support/vectors.hpp"

namespace tallow::crypto {
namespace {

TEST(BotanTraps, PointsAreAcceptedInFormsThatCpaceForbids) {
  const auto group = Botan::EC_Group::from_name("secp256r1");
  const auto generator = Botan::EC_AffinePoint::generator(group);
  const std::vector<std::uint8_t> identity{0};
  const auto compressed = generator.serialize_compressed();
  auto hybrid = generator.serialize_uncompressed();
  hybrid[0] = static_cast<std::uint8_t>(6U + (hybrid.back() & 1U));
  EXPECT_TRUE(Botan::EC_AffinePoint::deserialize(group, identity).has_value());
  EXPECT_TRUE(Botan::EC_AffinePoint::deserialize(group, compressed).has_value());
  for (const auto& point : {identity, compressed, hybrid}) {
    EXPECT_FALSE(detail::read_share(group, std::as_bytes(std::span(point))).has_value());
  }
  const auto plain = generator.serialize_uncompressed();
  EXPECT_TRUE(detail::read_share(group, std::as_bytes(std::span(plain))).has_value());
}

TEST(BotanTraps, X25519HandsOutZero) {
  const x25519_secret secret(std::span<const std::byte, 32>(std::array<std::byte, 32>{}));
  const Botan::X25519_PrivateKey key(as_u8(byte_view(secret.view())));
  const std::vector<std::uint8_t> low_order(32);
  EXPECT_EQ(key.agree(low_order.data(), low_order.size()), Botan::secure_vector<std::uint8_t>(32));
  EXPECT_TRUE(Botan::X25519_PublicKey(low_order).check_key(Botan::system_rng(), true));
  EXPECT_FALSE(x25519_agree(secret, std::as_bytes(std::span(low_order))).has_value());
  Botan::PK_Key_Agreement agreement(key, Botan::system_rng(), "Raw");
  EXPECT_THROW((void)agreement.derive_key(32, low_order), Botan::Exception);
}

TEST(BotanTraps, Ed25519NeedsACheckOfItsKeys) {
  // The small-order point with y = 1; signatures are not used yet.
  std::vector<std::uint8_t> identity(32);
  identity[0] = 1;
  const Botan::Ed25519_PublicKey key(identity);
  EXPECT_FALSE(key.check_key(Botan::system_rng(), true));
}

TEST(BotanTraps, MlKemRefusesKeysThatAreNotCanonical) {
  auto key = *ml_kem_public<ml_kem_1024>({});
  key[0] = std::byte{0xff};
  key[1] |= std::byte{0x0f};
  EXPECT_THROW(Botan::ML_KEM_PublicKey(as_u8(byte_view(key)), Botan::ML_KEM_Mode::ML_KEM_1024),
               Botan::Exception);
}

}  // namespace
}  // namespace tallow::crypto
