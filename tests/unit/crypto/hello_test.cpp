#include <gtest/gtest.h>

#include <tallow/crypto/hello.hpp>

#include "support/vectors.hpp"

namespace tallow::crypto {
namespace {

using test::hex;

hello a_hello() {
  hello h{handshake_role::responder, {1, 200}, {1, 2, 0xfafa}, 0x00000501, {}};
  for (std::size_t i = 0; i < h.nonce.size(); ++i) h.nonce[i] = static_cast<std::byte>(i);
  return h;
}

TEST(Hello, IsEncodedAsSpecified) {
  EXPECT_EQ(to_hex(encode_hello(a_hello())),
            "544c5701"
            "52"
            "0201c8"
            "0300010002fafa"
            "00000501"
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
}

TEST(Hello, DecodesWhatItEncodesAndLeavesTheRest) {
  auto bytes = encode_hello(a_hello());
  append(bytes, hex("0405"));
  byte_view rest = bytes;
  const auto decoded = decode_hello(rest);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, a_hello());
  EXPECT_EQ(to_hex(rest), "0405");
}

TEST(Hello, RefusesEveryTruncation) {
  const auto bytes = encode_hello(a_hello());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    byte_view in = byte_view(bytes).first(size);
    EXPECT_EQ(decode_hello(in).error().code, errc::handshake_malformed) << size;
    EXPECT_EQ(in.size(), size) << "nothing is taken from a bad one";
  }
}

TEST(Hello, RefusesWhatNobodySends) {
  const std::string tail = "00000000" + std::string(64, '0');
  for (const char* bad : {
           "544c5801"
           "52"
           "0101"
           "010001",  // another magic
           "544c5702"
           "52"
           "0101"
           "010001",  // another format
           "544c5701"
           "51"
           "0101"
           "010001",  // no role
           "544c5701"
           "72"
           "0101"
           "010001",  // lower case
           "544c5701"
           "52"
           "00"
           "010001",  // no version
           "544c5701"
           "52"
           "0101"
           "00",  // no suite
           "544c5701"
           "52"
           "0100"
           "010001",  // version 0
           "544c5701"
           "52"
           "0101"
           "010000",  // suite 0
           "544c5701"
           "52"
           "020101"
           "010001",  // a version twice
           "544c5701"
           "52"
           "0101"
           "0200010001",  // a suite twice
           "544c5701"
           "52"
           "09010203040506070809"
           "010001",  // more than anybody has
       }) {
    const auto bytes = hex(bad + tail);
    byte_view in = bytes;
    EXPECT_EQ(decode_hello(in).error().code, errc::handshake_malformed) << bad;
  }
}

TEST(Hello, EncodesAgainWhateverItDecodes) {
  // Every byte of a valid one changed to every value.
  const auto bytes = encode_hello(a_hello());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (unsigned value = 0; value < 256; ++value) {
      auto changed = bytes;
      changed[at] = static_cast<std::byte>(value);
      byte_view rest = changed;
      const auto decoded = decode_hello(rest);
      if (!decoded) continue;
      const auto again = encode_hello(*decoded);
      EXPECT_TRUE(equal(again, byte_view(changed).first(again.size())));
      EXPECT_EQ(again.size() + rest.size(), changed.size());
    }
  }
}

}  // namespace
}  // namespace tallow::crypto
