// ML-KEM and X25519 as one: closed as long as either of them stands.
// @source docs/protocol/handshake.md, Key encapsulation; draft-connolly-cfrg-xwing-kem-10
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/secret.hpp>
#include <tallow/crypto/hash.hpp>
#include <tallow/crypto/kem.hpp>
#include <tallow/crypto/labels.hpp>

namespace tallow::crypto {

/// X-Wing's construction over any ML-KEM parameters and label. The key is ML-KEM's followed by
/// X25519's, so is the ciphertext; `Parameters` names `kem` and `label`.
template <class Parameters>
struct hybrid_kem {
  using kem = typename Parameters::kem;

  static constexpr std::size_t key_bytes = kem::key_bytes + 32;
  static constexpr std::size_t ciphertext_bytes = kem::ciphertext_bytes + 32;

  struct secret_key {
    ml_kem_seed seed;
    x25519_secret x;
  };
  struct randomness {
    ml_kem_message message;
    x25519_secret x;
  };
  struct encapsulation {
    std::array<std::byte, ciphertext_bytes> ciphertext;
    kem_secret secret;
  };

  /// SHA3-256(ss_pq | ss_x | ct_x | pk_x | label).
  [[nodiscard]] static kem_secret combine(const kem_secret& ss_pq, const kem_secret& ss_x,
                                          byte_view ct_x, byte_view pk_x) {
    digest32 digest =
        sha3_256({ss_pq.view(), ss_x.view(), ct_x, pk_x, as_bytes(Parameters::label)});
    kem_secret combined{std::span<const std::byte, 32>(digest)};
    wipe(digest);
    return combined;
  }

  /// @errors  crypto_failed
  [[nodiscard]] static result<std::array<std::byte, key_bytes>> public_key(const secret_key& key) {
    const auto pq = ml_kem_public<kem>(key.seed);
    if (!pq) return fail(pq.error());
    const auto x = x25519_public_of(key.x);
    if (!x) return fail(x.error());
    std::array<std::byte, key_bytes> bytes;
    std::copy(x->begin(), x->end(), std::copy(pq->begin(), pq->end(), bytes.begin()));
    return bytes;
  }

  /// @errors  authentication_failed (malformed key, or an X25519 point of low order),
  ///          crypto_failed
  [[nodiscard]] static result<encapsulation> encapsulate(byte_view key, const randomness& random) {
    if (key.size() != key_bytes) return fail(errc::authentication_failed);
    const byte_view pk_x = key.subspan(kem::key_bytes);
    auto pq = ml_kem_encapsulate<kem>(key.first(kem::key_bytes), random.message);
    if (!pq) return fail(pq.error());
    const auto ct_x = x25519_public_of(random.x);
    if (!ct_x) return fail(ct_x.error());
    const auto ss_x = x25519_agree(random.x, pk_x);
    if (!ss_x) return fail(ss_x.error());

    encapsulation out;
    const auto& ct_pq = pq->ciphertext;
    std::copy(ct_x->begin(), ct_x->end(),
              std::copy(ct_pq.begin(), ct_pq.end(), out.ciphertext.begin()));
    out.secret = combine(pq->secret, *ss_x, *ct_x, pk_x);
    return out;
  }

  /// @errors  authentication_failed (wrong length, or an X25519 point of low order), crypto_failed
  [[nodiscard]] static result<kem_secret> decapsulate(const secret_key& key, byte_view ciphertext) {
    if (ciphertext.size() != ciphertext_bytes) return fail(errc::authentication_failed);
    const byte_view ct_x = ciphertext.subspan(kem::ciphertext_bytes);
    const auto pk_x = x25519_public_of(key.x);
    if (!pk_x) return fail(pk_x.error());
    const auto ss_pq = ml_kem_decapsulate<kem>(key.seed, ciphertext.first(kem::ciphertext_bytes));
    if (!ss_pq) return fail(ss_pq.error());
    const auto ss_x = x25519_agree(key.x, ct_x);
    if (!ss_x) return fail(ss_x.error());
    return combine(*ss_pq, *ss_x, ct_x, *pk_x);
  }
};

/// The protocol's own.
struct tallow_hybrid {
  using kem = ml_kem_1024;
  static constexpr std::string_view label = label::hybrid;
};
using tallow_kem = hybrid_kem<tallow_hybrid>;

/// X-Wing, whose published vectors test the construction above.
struct x_wing_hybrid {
  using kem = ml_kem_768;
  static constexpr std::string_view label = label::x_wing;
};
using x_wing = hybrid_kem<x_wing_hybrid>;

/// X-Wing's expansion of its 32-byte secret key: SHAKE256(seed, 96).
[[nodiscard]] inline x_wing::secret_key x_wing_expand(const secret_bytes<32>& seed) {
  shake256_stream shake;
  shake.update(seed.view());
  x_wing::secret_key key;
  shake.output(key.seed.span());
  shake.output(key.x.span());
  return key;
}

}  // namespace tallow::crypto
