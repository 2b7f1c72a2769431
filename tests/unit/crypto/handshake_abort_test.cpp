#include <gtest/gtest.h>

#include <tallow/crypto/handshake_abort.hpp>

#include "support/vectors.hpp"

namespace tallow::crypto {
namespace {

using test::hex;

TEST(HandshakeAbort, NamesWhatIsSpoken) {
  EXPECT_EQ(to_hex(encode_abort()), "00");
  EXPECT_EQ(to_hex(encode_abort_versions(std::array<std::uint8_t, 2>{1, 3})), "01020103");
  EXPECT_EQ(to_hex(encode_abort_suites(std::array<std::uint16_t, 2>{1, 0x102})), "020200010102");
}

TEST(HandshakeAbort, IsReadWithTheHighestNumber) {
  const auto versions = error_of_abort(hex("01020301"));
  EXPECT_EQ(versions.code, errc::versions_do_not_meet);
  EXPECT_EQ(versions.at, 3U);
  const auto suites = error_of_abort(hex("020200010102"));
  EXPECT_EQ(suites.code, errc::suites_do_not_meet);
  EXPECT_EQ(suites.at, 0x102U);
}

TEST(HandshakeAbort, IsJustAnEndWhenItSaysNothingSensible) {
  for (const char* body :
       {"", "00", "01", "0100", "010100", "01020101", "0102", "02010001ff", "03", "ff", "0000"}) {
    EXPECT_EQ(error_of_abort(hex(body)).code, errc::handshake_aborted) << body;
  }
}

}  // namespace
}  // namespace tallow::crypto
