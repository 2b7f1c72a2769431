// The keyed hash by which two peers compare what each has of a chunk.
//
// It is GMAC, whose multiplications cost a fraction of what SHA-256 costs, most of all on a machine
// without instructions for SHA-256. A key that only the two know is what makes that enough: the
// bytes lay on both disks before the key was made, so nobody could choose them to agree under it.
// Between peers who both know the key it proves nothing, and need not: either could say of its own
// bytes what it likes anyway.
//
// @source  docs/protocol/transfer.md, Resume after a restart; NIST SP 800-38D, 3 (GMAC)
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <botan/aead.h>

#include <tallow/base/assert.hpp>
#include <tallow/base/bytes.hpp>
#include <tallow/base/secret.hpp>
#include <tallow/base/units.hpp>

namespace tallow::crypto {

/// From the first handshake of a transfer; both sides keep it for as long as the transfer lives.
using claim_key = secret_bytes<32>;
using claim_digest = std::array<std::byte, 16>;

/// The hash of one chunk's plaintext.
///
/// @cost  one pass over the bytes; a key set-up, some allocations
[[nodiscard]] inline claim_digest claim_hash(const claim_key& key, chunk_index chunk,
                                             byte_view plaintext) {
  const auto gcm = Botan::AEAD_Mode::create("AES-256/GCM", Botan::Cipher_Dir::Encryption);
  TALLOW_ASSERT(gcm != nullptr);
  std::array<std::byte, 12> nonce{};
  store_big_endian(chunk.value, std::span(nonce).last<8>());
  gcm->set_key(as_u8(byte_view(key.view())));
  gcm->set_associated_data(as_u8(plaintext));
  gcm->start(as_u8(byte_view(nonce)));
  Botan::secure_vector<std::uint8_t> tag;
  gcm->finish(tag);
  claim_digest digest;
  TALLOW_ASSERT(tag.size() == digest.size());
  std::copy(tag.begin(), tag.end(), as_u8(byte_span(digest)).begin());
  return digest;
}

}  // namespace tallow::crypto
