#include <gtest/gtest.h>

#include <tallow/crypto/claim_hash.hpp>

#include "support/vectors.hpp"

namespace tallow::crypto {
namespace {

// 00 01 02 ... 1f, or with another last byte.
claim_key a_key(unsigned char last = 31) {
  claim_key key;
  for (std::size_t i = 0; i < key.size(); ++i) key.span()[i] = static_cast<std::byte>(i);
  key.span().back() = std::byte{last};
  return key;
}

// What `openssl mac -cipher AES-256-GCM GMAC` (OpenSSL 3.0) makes of the same key, nonce and bytes.
TEST(ClaimHash, IsGmacOfTheChunkUnderItsIndex) {
  EXPECT_EQ(to_hex(claim_hash(a_key(), chunk_index{0}, as_bytes("a"))),
            "350031cc0a72a12db19d7234ede27259");
  byte_buffer long_one;
  for (unsigned i = 0; i < 1000; ++i) long_one.push_back(static_cast<std::byte>(i * 7 % 256));
  EXPECT_EQ(to_hex(claim_hash(a_key(), chunk_index{0x0102030405060708}, long_one)),
            "862621ef4221ed5c674ca9b26cff9779");
  EXPECT_EQ(to_hex(claim_hash(a_key(), chunk_index{3}, byte_buffer(4096))),
            "51b5e0a9543a7324a13da202f86e9571");
}

TEST(ClaimHash, DependsOnKeyChunkAndEveryByte) {
  const byte_buffer bytes(100);
  const auto hash = claim_hash(a_key(), chunk_index{1}, bytes);
  EXPECT_EQ(claim_hash(a_key(), chunk_index{1}, bytes), hash);
  EXPECT_NE(claim_hash(a_key(2), chunk_index{1}, bytes), hash);
  EXPECT_NE(claim_hash(a_key(), chunk_index{2}, bytes), hash);
  EXPECT_NE(claim_hash(a_key(), chunk_index{1}, byte_buffer(101)), hash);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    byte_buffer other = bytes;
    other[i] = std::byte{1};
    EXPECT_NE(claim_hash(a_key(), chunk_index{1}, other), hash) << i;
  }
}

}  // namespace
}  // namespace tallow::crypto
