// A CPace share that is no point of the curve in uncompressed form, in either direction.
#include <botan/ec_apoint.h>
#include <botan/ec_group.h>
#include <gtest/gtest.h>

#include <tallow/crypto/handshake.hpp>

#include "support/handshake_pair.hpp"
#include "support/vectors.hpp"

namespace tallow::crypto {
namespace {

using test::a_code;
using test::handshake_pair;
using test::hex;
using test::message;

byte_buffer bytes_of(const std::vector<std::uint8_t>& v) {
  const auto bytes = std::as_bytes(std::span(v));
  return {bytes.begin(), bytes.end()};
}

byte_buffer resized(byte_buffer bytes, std::size_t size) {
  bytes.resize(size);
  return bytes;
}

/// What is wrong with it, and the share.
std::vector<std::pair<std::string, byte_buffer>> bad_shares() {
  const auto p256 = Botan::EC_Group::from_name("secp256r1");
  const auto g = Botan::EC_AffinePoint::generator(p256);
  const byte_buffer good = bytes_of(g.serialize_uncompressed());
  std::vector<std::pair<std::string, byte_buffer>> bad;
  bad.emplace_back("identity", hex("00"));
  bad.emplace_back("identity, filled up", resized(hex("00"), 65));
  bad.emplace_back("all zero coordinates", resized(hex("04"), 65));
  bad.emplace_back("empty", byte_buffer{});
  bad.emplace_back("compressed", bytes_of(g.serialize_compressed()));
  bad.emplace_back("compressed, filled up", resized(bytes_of(g.serialize_compressed()), 65));
  for (const unsigned lead : {0U, 1U, 2U, 3U, 5U, 6U, 7U, 0x84U}) {
    auto hybrid = good;
    hybrid[0] = static_cast<std::byte>(lead);
    bad.emplace_back("lead " + std::to_string(lead), hybrid);
  }
  bad.emplace_back("64 bytes", resized(good, 64));
  bad.emplace_back("66 bytes", resized(good, 66));
  auto off_curve = good;
  off_curve[64] ^= std::byte{1};
  bad.emplace_back("off the curve", off_curve);
  // A reader that reduces would take x = p for the point with x = 0.
  const std::string y_at_0 = "66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4";
  const auto x_is_0 = hex("04" + std::string(64, '0') + y_at_0);
  EXPECT_TRUE(detail::read_share(p256, x_is_0).has_value());
  bad.emplace_back(
      "x = p", hex("04ffffffff00000001000000000000000000000000ffffffffffffffffffffffff" + y_at_0));
  bad.emplace_back("x, y all ones", [&] {
    byte_buffer ones(65, std::byte{0xff});
    ones[0] = std::byte{4};
    return ones;
  }());
  const auto p384 = Botan::EC_AffinePoint::generator(Botan::EC_Group::from_name("secp384r1"));
  bad.emplace_back("P-384", bytes_of(p384.serialize_uncompressed()));
  bad.emplace_back("P-384, cut", resized(bytes_of(p384.serialize_uncompressed()), 65));
  const auto points =
      test::load_vectors("cpace/cpace-draft21-testvectors.json").at("G_NistP256_points");
  bad.emplace_back("the draft's Y1", hex(points, "Invalid Y1"));
  bad.emplace_back("the draft's Y2", hex(points, "Invalid Y2"));
  // Off-curve points and points of other curves, P-224 among them.
  for (const auto& group : test::wycheproof_groups("ecdh_secp256r1_ecpoint_test.json")) {
    for (const auto& v : group.at("tests")) {
      if (v.at("result") != "invalid") continue;
      bad.emplace_back("Wycheproof " + v.at("comment").get<std::string>(), hex(v, "public"));
    }
  }
  return bad;
}

TEST(CpaceShare, ResponderRefusesBadOnesBeforeItAnswers) {
  for (const auto& [name, share] : bad_shares()) {
    handshake_pair pair;
    pair.start(a_code(), a_code());
    pair.run([&bad = share](unsigned index, byte_buffer& body) {
      if (index == 1) {
        body.resize(body.size() - 65);
        append(body, bad);
      }
      return true;
    });
    ASSERT_TRUE(pair.error_r.has_value()) << name;
    const auto expected =
        share.size() == 65 ? errc::authentication_failed : errc::handshake_malformed;
    EXPECT_EQ(test::code_of(pair.error_r), expected) << name;
    EXPECT_TRUE(message(pair.sent_r, 2).empty()) << name;
    EXPECT_EQ(to_hex(message(pair.sent_r, handshake::abort_index)), "00") << name;
    EXPECT_EQ(pair.ledger_r.answers(), 0U) << name << ": no guess was tested";
  }
}

TEST(CpaceShare, InitiatorRefusesBadOnesBeforeItAnswers) {
  for (const auto& [name, share] : bad_shares()) {
    handshake_pair pair;
    pair.start(a_code(), a_code());
    pair.run([&bad = share](unsigned index, byte_buffer& body) {
      if (index == 2) {
        body.erase(body.begin(), body.begin() + 65);
        body.insert(body.begin(), bad.begin(), bad.end());
      }
      return true;
    });
    ASSERT_TRUE(pair.error_i.has_value()) << name;
    EXPECT_EQ(test::code_of(pair.error_i), errc::authentication_failed) << name;
    EXPECT_TRUE(message(pair.sent_i, 3).empty()) << name;
    EXPECT_EQ(to_hex(message(pair.sent_i, handshake::abort_index)), "00") << name;
  }
}

}  // namespace
}  // namespace tallow::crypto
