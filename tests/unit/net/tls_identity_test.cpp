#include <string>

#include <botan/ed25519.h>
#include <botan/pkcs8.h>
#include <botan/rsa.h>
#include <botan/system_rng.h>
#include <gtest/gtest.h>

#include <tallow/base/bytes.hpp>
#include <tallow/net/tls_identity.hpp>

#include "support/code_of.hpp"
#include "support/tls_pair.hpp"

namespace tallow::net {
namespace {

using test::code_of;
using test::new_identity;

private_bytes private_of(const std::string& text) { return {text.begin(), text.end()}; }

TEST(TlsIdentity, KeepsItsFingerprintWithItsKey) {
  const auto bytes = make_private_key().value();
  const auto first = make_identity(read_private_key(bytes).value()).value();
  const auto second = make_identity(read_private_key(bytes).value()).value();
  EXPECT_NE(first.chain.front(), second.chain.front());
  EXPECT_EQ(first.fingerprint(), second.fingerprint());
  EXPECT_NE(first.fingerprint(), new_identity().fingerprint());
}

TEST(TlsIdentity, LastsForYears) {
  const auto left = expiry_of(new_identity()) - std::chrono::system_clock::now();
  EXPECT_GT(left, std::chrono::hours(24) * 365 * 9);
}

TEST(TlsIdentity, ReadsChainsAndKeysAsPem) {
  const tls_identity own = new_identity();
  const tls_identity other = new_identity();
  const std::string chain = "a comment\n" + own.chain.front().PEM_encode() + "\n" +
                            other.chain.front().PEM_encode() + "\n \n";
  const auto key = read_private_key(private_of(Botan::PKCS8::PEM_encode(*own.key)));
  ASSERT_TRUE(key);
  const auto read = make_identity(as_bytes(chain), *key);
  ASSERT_TRUE(read) << describe(read.error());
  EXPECT_EQ(read->chain.size(), 2U);
  EXPECT_EQ(read->fingerprint(), own.fingerprint());
}

TEST(TlsIdentity, RefusesWhatDoesNotFitTogether) {
  const tls_identity own = new_identity();
  const std::string chain = own.chain.front().PEM_encode();
  const auto refusal = [&](const std::string& text,
                           const std::shared_ptr<Botan::Private_Key>& key) {
    const auto made = make_identity(as_bytes(text), key);
    return made ? std::string() : std::string(made.error().note);
  };
  EXPECT_EQ(refusal(chain, own.key), "");
  EXPECT_NE(refusal(chain, new_identity().key).find("not that of"), std::string::npos);
  EXPECT_NE(refusal("", own.key), "");
  EXPECT_NE(refusal("no certificate", own.key), "");
  EXPECT_NE(refusal(chain.substr(0, chain.size() / 2), own.key), "");
  EXPECT_NE(refusal(chain + chain.substr(0, chain.size() / 2), own.key), "");
}

TEST(TlsIdentity, RefusesKeysThatNoClientCouldUse) {
  Botan::System_RNG random;
  // The certificate is another one's: whether the key is usable is looked at first.
  const std::string certificate = new_identity().chain.front().PEM_encode();
  const auto is_taken = [&](const std::shared_ptr<Botan::Private_Key>& key) {
    const auto made = make_identity(as_bytes(certificate), key);
    return std::string_view(made.error().note).find("no client") == std::string_view::npos;
  };
  const auto ecdsa = [&](const char* curve) {
    return std::make_shared<Botan::ECDSA_PrivateKey>(random, Botan::EC_Group::from_name(curve));
  };
  EXPECT_TRUE(is_taken(ecdsa("secp256r1")));
  EXPECT_TRUE(is_taken(ecdsa("secp384r1")));
  EXPECT_TRUE(is_taken(ecdsa("secp521r1")));
  EXPECT_TRUE(is_taken(std::make_shared<Botan::RSA_PrivateKey>(random, 2048)));
  EXPECT_FALSE(is_taken(std::make_shared<Botan::RSA_PrivateKey>(random, 1024)));
  EXPECT_FALSE(is_taken(std::make_shared<Botan::Ed25519_PrivateKey>(random)));
}

TEST(TlsIdentity, RefusesWhatIsNoKey) {
  for (const std::string text : {"", "nothing", "-----BEGIN PRIVATE KEY-----\nAAAA\n"}) {
    EXPECT_EQ(code_of(read_private_key(private_of(text))), errc::tls_identity_invalid) << text;
  }
}

}  // namespace
}  // namespace tallow::net
