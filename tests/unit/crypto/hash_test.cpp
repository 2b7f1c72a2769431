#include <gtest/gtest.h>

#include <tallow/base/secret.hpp>
#include <tallow/crypto/hash.hpp>

#include "support/vectors.hpp"

namespace tallow::crypto {
namespace {

using test::hex;
using test::string_of;

void check_hkdf(const char* file, hash_kind kind, int expected) {
  int cases = 0;
  for (const auto& group : test::wycheproof_groups(file)) {
    for (const auto& v : group.at("tests")) {
      ++cases;
      const auto size = v.at("size").get<std::size_t>();
      if (v.at("result") == "invalid") {
        // The one thing that can be invalid, and what the function asserts.
        EXPECT_GT(size, 255 * hash_bytes(kind)) << v.at("tcId");
        continue;
      }
      byte_buffer key(hash_bytes(kind));
      byte_buffer okm(size);
      hkdf_extract(kind, hex(v, "salt"), hex(v, "ikm"), key);
      hkdf_expand(kind, key, hex(v, "info"), okm);
      EXPECT_EQ(to_hex(okm), string_of(v, "okm")) << v.at("tcId");
    }
  }
  EXPECT_EQ(cases, expected);
}

TEST(Hkdf, PassesWycheproofWithSha256) {
  check_hkdf("hkdf_sha256_test.json", hash_kind::sha256, 86);
}

TEST(Hkdf, PassesWycheproofWithSha512) {
  check_hkdf("hkdf_sha512_test.json", hash_kind::sha512, 83);
}

TEST(Hmac, PassesWycheproofWithSha256) {
  int cases = 0;
  for (const auto& group : test::wycheproof_groups("hmac_sha256_test.json")) {
    const auto tag_bytes = group.at("tagSize").get<std::size_t>() / 8;
    for (const auto& v : group.at("tests")) {
      ++cases;
      byte_buffer tag(32);
      hmac(hash_kind::sha256, hex(v, "key"), {hex(v, "msg")}, tag);
      const bool same = equal_constant_time(byte_view(tag).first(tag_bytes), hex(v, "tag"));
      EXPECT_EQ(same, v.at("result") == "valid") << v.at("tcId");
    }
  }
  EXPECT_EQ(cases, 174);
}

TEST(Hmac, MatchesRfc4231WithSha512) {
  const byte_buffer key(20, std::byte{0x0b});
  digest64 tag;
  hmac(hash_kind::sha512, key, {as_bytes("Hi "), as_bytes("There")}, tag);
  EXPECT_EQ(to_hex(tag),
            "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
            "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854");
}

TEST(Hash, MatchesThePublishedDigestsOfAbc) {
  EXPECT_EQ(to_hex(sha256({as_bytes("a"), as_bytes("bc")})),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha3_256({as_bytes("abc")})),
            "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532");
  EXPECT_EQ(to_hex(sha512({as_bytes("abc")})),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

TEST(Sha512Stream, GivesItsValueAtSeveralPoints) {
  sha512_stream stream;
  stream.update(as_bytes("ab"));
  EXPECT_EQ(stream.digest(), sha512({as_bytes("ab")}));
  sha512_stream branch = stream.clone();
  stream.update(as_bytes("c"));
  branch.update_lv(as_bytes("c"));
  EXPECT_EQ(stream.digest(), sha512({as_bytes("abc")}));
  EXPECT_EQ(branch.digest(), sha512({as_bytes("ab"), hex("0000000163")}));
}

TEST(Shake256Stream, GivesTheSameBytesInAnyPieces) {
  shake256_stream whole;
  whole.update(as_bytes(""));
  byte_buffer a(70);
  whole.output(a);
  EXPECT_EQ(to_hex(byte_view(a).first(32)),
            "46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f");
  shake256_stream pieces;
  pieces.update({});
  byte_buffer b(70);
  pieces.output(byte_span(b).first(1));
  pieces.output(byte_span(b).subspan(1, 31));
  pieces.output(byte_span(b).subspan(32));
  EXPECT_EQ(a, b);
}

}  // namespace
}  // namespace tallow::crypto
