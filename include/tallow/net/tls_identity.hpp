// A relay's certificate and its key.
//
// @source  docs/protocol/tls.md, The relay's key
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <botan/credentials_manager.h>
#include <botan/data_src.h>
#include <botan/ec_group.h>
#include <botan/ecdsa.h>
#include <botan/pkcs8.h>
#include <botan/system_rng.h>
#include <botan/tls_signature_scheme.h>
#include <botan/tls_version.h>
#include <botan/x509cert.h>
#include <botan/x509self.h>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/crypto/guard.hpp>
#include <tallow/crypto/hash.hpp>
#include <tallow/net/tls_settings.hpp>

namespace tallow::net {

/// What a pin of this certificate is.
[[nodiscard]] inline key_fingerprint fingerprint_of(const Botan::X509_Certificate& certificate) {
  return crypto::sha256({std::as_bytes(std::span(certificate.subject_public_key_info()))});
}

/// A certificate with what leads to it, and the private key, which Botan keeps in memory that it
/// wipes.
struct tls_identity {
  std::vector<Botan::X509_Certificate> chain;  ///< the relay's own first; never empty
  std::shared_ptr<Botan::Private_Key> key;

  [[nodiscard]] key_fingerprint fingerprint() const { return fingerprint_of(chain.front()); }
};

/// Bytes of a private key, wiped when they go.
using private_bytes = Botan::secure_vector<std::uint8_t>;

/// A new key, ECDSA on P-256, as PKCS #8.
///
/// @errors  random_failed, crypto_failed
[[nodiscard]] inline result<private_bytes> make_private_key() {
  return crypto::detail::guarded(errc::crypto_failed, []() -> result<private_bytes> {
    Botan::System_RNG random;
    const Botan::ECDSA_PrivateKey key(random, Botan::EC_Group::from_name("secp256r1"));
    return key.private_key_info();
  });
}

/// Reads a private key, PEM or the bytes of make_private_key().
///
/// @errors  tls_identity_invalid: error::note says why
[[nodiscard]] inline result<std::shared_ptr<Botan::Private_Key>> read_private_key(
    const private_bytes& bytes) {
  using key_pointer = std::shared_ptr<Botan::Private_Key>;
  try {
    Botan::DataSource_Memory source(bytes);
    return key_pointer(Botan::PKCS8::load_key(source));
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception&) {
    return fail(errc::tls_identity_invalid, 0, "the key is not a PKCS #8 key without a password");
  }
}

/// A certificate that the key signs itself. Who pins the key does not look at anything else in it.
///
/// @errors  random_failed, crypto_failed
[[nodiscard]] inline result<tls_identity> make_identity(std::shared_ptr<Botan::Private_Key> key) {
  return crypto::detail::guarded(errc::crypto_failed, [&]() -> result<tls_identity> {
    constexpr auto lifetime = std::chrono::hours(24) * 365 * 10;
    Botan::X509_Cert_Options about(
        "tallow-relay", static_cast<std::uint32_t>(std::chrono::seconds(lifetime).count()));
    about.dns = "tallow-relay";
    about.add_constraints(Botan::Key_Constraints(Botan::Key_Constraints::DigitalSignature));
    about.add_ex_constraint("PKIX.ServerAuth");
    Botan::System_RNG random;
    auto own = Botan::X509::create_self_signed_cert(about, *key, "SHA-256", random);
    return tls_identity{{std::move(own)}, std::move(key)};
  });
}

namespace detail {

/// Whether TLS of ours can be spoken with this key, on both sides.
[[nodiscard]] inline bool is_usable_for_tls(const Botan::Private_Key& key) {
  const tls_policy policy(tls_side::client);
  const auto schemes = policy.allowed_signature_schemes();
  const bool is_known =
      std::any_of(schemes.begin(), schemes.end(), [&](const Botan::TLS::Signature_Scheme& one) {
        return one.is_compatible_with(Botan::TLS::Protocol_Version::TLS_V13) &&
               one.is_suitable_for(key);
      });
  const bool is_long_enough =
      key.algo_name() != "RSA" || key.key_length() >= policy.minimum_rsa_bits();
  return is_known && is_long_enough;
}

}  // namespace detail

/// Puts certificates, PEM one after the other or DER, and the key of the first together.
///
/// @errors  tls_identity_invalid: error::note says why
[[nodiscard]] inline result<tls_identity> make_identity(byte_view certificates,
                                                        std::shared_ptr<Botan::Private_Key> key) {
  tls_identity made{{}, std::move(key)};
  try {
    Botan::DataSource_Memory source(as_u8(certificates));
    while (!source.end_of_data()) {
      // Text between or behind the certificates is not another one.
      if (!made.chain.empty() &&
          as_text(certificates.subspan(source.get_bytes_read())).find("-----BEGIN") ==
              std::string_view::npos) {
        break;
      }
      made.chain.emplace_back(source);
    }
    if (made.chain.empty()) return fail(errc::tls_identity_invalid, 0, "there is no certificate");
    if (!detail::is_usable_for_tls(*made.key)) {
      return fail(
          errc::tls_identity_invalid, 0,
          "a key that no client could use: ECDSA on P-256, P-384 or P-521 is wanted, or RSA "
          "of 2048 bits or more");
    }
    const auto public_key = made.key->public_key();
    if (made.chain.front().subject_public_key_info() != public_key->subject_public_key()) {
      return fail(errc::tls_identity_invalid, 0,
                  "the key is not that of the first certificate in the file");
    }
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception&) {
    return fail(errc::tls_identity_invalid, 0, "the certificate is neither PEM nor DER");
  }
  return made;
}

/// When the relay's own certificate ends.
[[nodiscard]] inline std::chrono::system_clock::time_point expiry_of(const tls_identity& identity) {
  return identity.chain.front().not_after().to_std_timepoint();
}

namespace detail {

class tls_credentials final : public Botan::Credentials_Manager {
 public:
  explicit tls_credentials(tls_identity identity) : identity_(std::move(identity)) {}

  std::vector<Botan::X509_Certificate> find_cert_chain(
      const std::vector<std::string>& key_types, const std::vector<Botan::AlgorithmIdentifier>&,
      const std::vector<Botan::X509_DN>&, const std::string& type, const std::string&) override {
    const bool fits = std::find(key_types.begin(), key_types.end(), identity_.key->algo_name()) !=
                      key_types.end();
    if (type != "tls-server" || !fits) return {};
    return identity_.chain;
  }
  std::shared_ptr<Botan::Private_Key> private_key_for(const Botan::X509_Certificate& certificate,
                                                      const std::string& type,
                                                      const std::string&) override {
    if (type != "tls-server" || certificate != identity_.chain.front()) return nullptr;
    return identity_.key;
  }

 private:
  tls_identity identity_;
};

}  // namespace detail

/// What the server ends of a relay's connections share. Cheap to copy; a connection keeps the one
/// that it began with.
struct tls_server_context {
  explicit tls_server_context(tls_identity identity)
      : shared(std::make_shared<const detail::tls_shared>(tls_side::server)),
        credentials(std::make_shared<detail::tls_credentials>(std::move(identity))) {}
  std::shared_ptr<const detail::tls_shared> shared;
  std::shared_ptr<Botan::Credentials_Manager> credentials;
};

}  // namespace tallow::net
