// Whether a relay's certificate is one that a client may trust.
//
// @source  docs/protocol/tls.md, Trust
#pragma once

#include <chrono>
#include <cstdlib>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include <botan/certstor_flatfile.h>
#include <botan/certstor_system.h>
#include <botan/x509cert.h>
#include <botan/x509path.h>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/secret.hpp>
#include <tallow/net/tls_events.hpp>
#include <tallow/net/tls_identity.hpp>
#include <tallow/net/tls_settings.hpp>

namespace tallow::net {

/// Trusts the relay that has this key, whatever its certificate says.
[[nodiscard]] inline tls_judge trust_pinned(const key_fingerprint& pin) {
  return [pin](const std::vector<Botan::X509_Certificate>& chain) -> result<void> {
    if (equal_constant_time(fingerprint_of(chain.front()), pin)) return {};
    return fail(errc::relay_key_wrong);
  };
}

/// True when an authority that this system trusts vouches for `host` having this certificate. The
/// system's authorities are those of its certificate store, or of the file that SSL_CERT_FILE
/// names.
[[nodiscard]] inline bool is_vouched_for(const std::vector<Botan::X509_Certificate>& chain,
                                         const std::string& host) {
  // Loading a system's authorities takes longer than the handshake; nobody vouches for these.
  if (chain.empty() || chain.front().is_self_signed()) return false;
  try {
    std::unique_ptr<Botan::Certificate_Store> authorities;
    const char* const file = std::getenv("SSL_CERT_FILE");
    if (file != nullptr && *file != '\0') {
      authorities = std::make_unique<Botan::Flatfile_Certificate_Store>(file, true);
    } else {
      authorities = std::make_unique<Botan::System_Certificate_Store>();
    }
    const auto found =
        Botan::x509_path_validate(chain, Botan::Path_Validation_Restrictions(), *authorities, host,
                                  Botan::Usage_Type::TLS_SERVER_AUTH);
    return found.successful_validation();
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception&) {
    return false;  // no store, or one that cannot be read: nobody vouches
  }
}

}  // namespace tallow::net
