// Lasting identities: an Ed25519 and an ML-DSA-65 key pair, of which both sign.
// @source docs/protocol/handshake.md, Identities; RFC 8032; FIPS 204
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <botan/ed25519.h>
#include <botan/ml_dsa.h>
#include <botan/pubkey.h>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/secret.hpp>
#include <tallow/crypto/guard.hpp>
#include <tallow/crypto/handshake_types.hpp>
#include <tallow/crypto/hash.hpp>
#include <tallow/crypto/key_schedule.hpp>
#include <tallow/crypto/labels.hpp>
#include <tallow/crypto/rng.hpp>

namespace tallow::crypto {

/// What an identity is known by: the first half of a SHA-512 over both public keys.
using identity_fingerprint = std::array<std::byte, 32>;
/// The seeds of both key pairs: Ed25519's, then FIPS 204's xi.
using identity_seed = secret_bytes<64>;
/// What ties a signature to one session. Only its two sides have it.
using ident_binding = secret_bytes<64>;

/// Bytes of a statement: both public keys, then both signatures.
struct identity_layout {
  static constexpr std::size_t ed25519_key = 32;
  static constexpr std::size_t ml_dsa_key = 1952;
  static constexpr std::size_t keys = ed25519_key + ml_dsa_key;
  static constexpr std::size_t ed25519_signature = 64;
  static constexpr std::size_t ml_dsa_signature = 3309;
  static constexpr std::size_t statement = keys + ed25519_signature + ml_dsa_signature;
};

[[nodiscard]] inline ident_binding ident_binding_of(const handshake_output& keys) {
  return expand<64>(keys.export_secret, label::ident, keys.th5);
}

namespace detail {

inline void append_lv(byte_buffer& out, byte_view bytes) {
  append(out, length_prefix(bytes.size()));
  append(out, bytes);
}

[[nodiscard]] inline identity_fingerprint fingerprint_of(byte_view keys) {
  const byte_view ed25519 = keys.first(identity_layout::ed25519_key);
  const byte_view ml_dsa = keys.subspan(identity_layout::ed25519_key);
  const digest64 digest =
      sha512({length_prefix(ed25519.size()), ed25519, length_prefix(ml_dsa.size()), ml_dsa});
  identity_fingerprint print;
  std::copy_n(digest.begin(), print.size(), print.begin());
  return print;
}

// What both keys sign: in which session, and on which side of it.
[[nodiscard]] inline byte_buffer ident_text(handshake_role signer,
                                            const identity_fingerprint& print,
                                            const ident_binding& binding) {
  const std::array<std::byte, 1> role{signer == handshake_role::responder ? std::byte{'R'}
                                                                          : std::byte{'I'}};
  byte_buffer text;
  append_lv(text, as_bytes(label::ident_statement));
  append_lv(text, role);
  append_lv(text, print);
  append_lv(text, binding.view());
  return text;
}

[[nodiscard]] inline bool is_signed_by(const Botan::Public_Key& key, byte_view text,
                                       byte_view signature) {
  // A verifier that has seen a bad signature may not be asked again (Botan before 3.11.1).
  Botan::PK_Verifier verifier(key, "");
  return verifier.verify_message(as_u8(text), as_u8(signature));
}

}  // namespace detail

/// One's own identity. Move-only; it holds both private keys.
class identity {
 public:
  /// @errors  random_failed, crypto_failed
  [[nodiscard]] static result<identity> make(random_generator& rng) {
    identity_seed seed;
    auto drawn = detail::guarded(errc::crypto_failed, [&]() -> result<void> {
      rng.randomize(as_u8(byte_span(seed.span())));
      return {};
    });
    if (!drawn) return fail(drawn.error());
    return from_seed(std::move(seed));
  }

  /// @errors  crypto_failed
  [[nodiscard]] static result<identity> from_seed(identity_seed seed) {
    return detail::guarded(errc::crypto_failed, [&]() -> result<identity> {
      const auto halves = as_u8(byte_view(seed.view()));
      auto ed25519 = std::make_unique<Botan::Ed25519_PrivateKey>(
          Botan::Ed25519_PrivateKey::from_seed(halves.first(32)));
      auto ml_dsa = std::make_unique<Botan::ML_DSA_PrivateKey>(halves.last(32),
                                                               Botan::ML_DSA_Mode::ML_DSA_6x5);
      return identity(std::move(seed), std::move(ed25519), std::move(ml_dsa));
    });
  }

  /// What is to be stored. A secret.
  [[nodiscard]] const identity_seed& seed() const noexcept { return seed_; }
  [[nodiscard]] const identity_fingerprint& fingerprint() const noexcept { return fingerprint_; }
  /// Ed25519's and ML-DSA's.
  [[nodiscard]] byte_view public_keys() const noexcept { return keys_; }

  /// Says to the other side of one session who this is.
  ///
  /// @param role  of the one who says it
  /// @shape   identity_layout::statement bytes
  /// @errors  random_failed, crypto_failed
  /// @cost    about half a millisecond, nearly all of it ML-DSA
  [[nodiscard]] result<byte_buffer> state(handshake_role role, const ident_binding& binding,
                                          random_generator& rng) const {
    return detail::guarded(errc::crypto_failed, [&]() -> result<byte_buffer> {
      const byte_buffer text = detail::ident_text(role, fingerprint_, binding);
      byte_buffer statement = keys_;
      append_signature(statement, *ed25519_, "", text, rng);
      append_signature(statement, *ml_dsa_, "Randomized", text, rng);
      TALLOW_ASSERT(statement.size() == identity_layout::statement);
      return statement;
    });
  }

 private:
  identity(identity_seed seed, std::unique_ptr<Botan::Ed25519_PrivateKey> ed25519,
           std::unique_ptr<Botan::ML_DSA_PrivateKey> ml_dsa)
      : seed_(std::move(seed)), ed25519_(std::move(ed25519)), ml_dsa_(std::move(ml_dsa)) {
    for (const auto& bits : {ed25519_->public_key_bits(), ml_dsa_->public_key_bits()}) {
      append(keys_, std::as_bytes(std::span(bits)));
    }
    TALLOW_ASSERT(keys_.size() == identity_layout::keys);
    fingerprint_ = detail::fingerprint_of(keys_);
  }

  static void append_signature(byte_buffer& to, const Botan::Private_Key& key, const char* how,
                               byte_view text, random_generator& rng) {
    Botan::PK_Signer signer(key, rng, how);
    const std::vector<std::uint8_t> signature = signer.sign_message(as_u8(text), rng);
    append(to, std::as_bytes(std::span(signature)));
  }

  identity_seed seed_;
  std::unique_ptr<Botan::Ed25519_PrivateKey> ed25519_;
  std::unique_ptr<Botan::ML_DSA_PrivateKey> ml_dsa_;
  byte_buffer keys_;
  identity_fingerprint fingerprint_{};
};

/// Finds out who a statement's maker is.
///
/// @param signer  the role of the one from whom it came
/// @errors  identity_invalid (cond::peer): of another session or side, or no statement at all;
///          crypto_failed
[[nodiscard]] inline result<identity_fingerprint> check_statement(byte_view statement,
                                                                  handshake_role signer,
                                                                  const ident_binding& binding) {
  if (statement.size() != identity_layout::statement) return fail(errc::identity_invalid);
  const byte_view keys = statement.first(identity_layout::keys);
  const byte_view signatures = statement.subspan(identity_layout::keys);
  return detail::guarded(errc::identity_invalid, [&]() -> result<identity_fingerprint> {
    const Botan::Ed25519_PublicKey ed25519(as_u8(keys.first(identity_layout::ed25519_key)));
    // Keys of small or mixed order verify signatures that nobody made.
    Botan::Null_RNG none;
    if (!ed25519.check_key(none, true)) return fail(errc::identity_invalid);
    const Botan::ML_DSA_PublicKey ml_dsa(as_u8(keys.subspan(identity_layout::ed25519_key)),
                                         Botan::ML_DSA_Mode::ML_DSA_6x5);
    const identity_fingerprint print = detail::fingerprint_of(keys);
    const byte_buffer text = detail::ident_text(signer, print, binding);
    const bool is_classic =
        detail::is_signed_by(ed25519, text, signatures.first(identity_layout::ed25519_signature));
    const bool is_quantum_safe =
        detail::is_signed_by(ml_dsa, text, signatures.subspan(identity_layout::ed25519_signature));
    if (!is_classic || !is_quantum_safe) return fail(errc::identity_invalid);
    return print;
  });
}

}  // namespace tallow::crypto
