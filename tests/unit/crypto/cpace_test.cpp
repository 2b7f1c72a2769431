#include <gtest/gtest.h>

#include <tallow/crypto/cpace.hpp>

#include "support/test_rng.hpp"
#include "support/vectors.hpp"

namespace tallow::crypto {
namespace {

using test::fixed;
using test::hex;
using test::string_of;

nlohmann::json draft(const char* key) {
  return test::load_vectors("cpace/cpace-draft21-testvectors.json").at(key);
}

TEST(Cpace, ReproducesTheDraftsRun) {
  const auto v = draft("G_NistP256");
  test::fixed_rng rng;
  const auto password = hex(v, "PRS");
  const auto channel = hex(v, "CI");
  const auto sid = hex(v, "sid");
  const cpace_context context{password, channel, sid};

  const auto group = detail::p256();
  cpace_share generator;
  detail::cpace_generator(group, context).serialize_uncompressed_to(as_u8(byte_span(generator)));
  EXPECT_TRUE(equal(generator, hex(v, "g")));

  const cpace_scalar ya(fixed<32>(hex(v, "ya")));
  const cpace_scalar yb(fixed<32>(hex(v, "yb")));
  const auto share_a = cpace_share_of(context, ya, rng);
  const auto share_b = cpace_share_of(context, yb, rng);
  ASSERT_TRUE(share_a && share_b);
  EXPECT_TRUE(equal(*share_a, hex(v, "Ya")));
  EXPECT_TRUE(equal(*share_b, hex(v, "Yb")));

  const auto k_a = cpace_agree(ya, *share_b, rng);
  const auto k_b = cpace_agree(yb, *share_a, rng);
  ASSERT_TRUE(k_a && k_b);
  EXPECT_TRUE(equal(k_a->view(), hex(v, "K")));
  EXPECT_EQ(*k_a, *k_b);

  const auto ir = cpace_transcript_ir(*share_a, hex(v, "ADa"), *share_b, hex(v, "ADb"));
  EXPECT_TRUE(equal(cpace_session_key(sid, *k_a, ir.view()).view(), hex(v, "ISK_IR")));
  EXPECT_TRUE(equal(sha256({as_bytes("CPaceSidOutput"), ir.view()}), hex(v, "sid_output_ir")));

  // The form for sides without an order, which the protocol does not use: the larger goes first.
  const auto a = lv_cat({*share_a, hex(v, "ADa")});
  const auto b = lv_cat({*share_b, hex(v, "ADb")});
  const bool a_first = as_text(a.view()) > as_text(b.view());
  secret_buffer oc(as_bytes("oc"));
  oc.append(a_first ? a.view() : b.view());
  oc.append(a_first ? b.view() : a.view());
  EXPECT_TRUE(equal(cpace_session_key(sid, *k_a, oc.view()).view(), hex(v, "ISK_SY")));
  EXPECT_TRUE(equal(sha256({as_bytes("CPaceSidOutput"), oc.view()}), hex(v, "sid_output_oc")));
}

TEST(Cpace, AcceptsTheDraftsValidPointAndNoInvalidOne) {
  const auto v = draft("G_NistP256_points");
  test::fixed_rng rng;
  const auto& valid = v.at("Valid");
  const cpace_scalar s(fixed<32>(hex(valid, "s")));
  const auto k = cpace_agree(s, hex(valid, "X"), rng);
  ASSERT_TRUE(k);
  EXPECT_TRUE(equal(k->view(), hex(valid, "G.scalar_mult_vfy(s,X) (only X-coordinate)")));
  for (const char* bad : {"Invalid Y1", "Invalid Y2"}) {
    EXPECT_EQ(cpace_agree(s, hex(v, bad), rng).error().code, errc::authentication_failed) << bad;
  }
}

TEST(Cpace, HashesToTheCurveAsRfc9380) {
  const auto v = test::load_vectors("rfc9380/P256_XMD_SHA-256_SSWU_NU.json");
  const auto group = detail::p256();
  int cases = 0;
  for (const auto& one : v.at("vectors")) {
    ++cases;
    const auto message = one.at("msg").get<std::string>();
    const auto point = Botan::EC_AffinePoint::hash_to_curve_nu(
        group, "SHA-256", as_u8(as_bytes(message)), v.at("dst").get<std::string>());
    byte_buffer xy(64);
    point.serialize_xy_to(as_u8(byte_span(xy)));
    EXPECT_TRUE(equal(byte_view(xy).first(32), hex(one.at("P"), "x")));
    EXPECT_TRUE(equal(byte_view(xy).last(32), hex(one.at("P"), "y")));
  }
  EXPECT_EQ(cases, 5);
}

TEST(Cpace, AgreesOnTheEcdhValuesOfWycheproofAndOnNoBadPoint) {
  const auto all = test::load_vectors("wycheproof/ecdh_secp256r1_ecpoint_test.json");
  test::fixed_rng rng;
  int valid = 0;
  int refused = 0;
  for (const auto& group : all.at("testGroups")) {
    for (const auto& v : group.at("tests")) {
      // The private keys are written as integers: with a leading zero, or short.
      byte_buffer key = hex(v, "private");
      while (key.size() > 32) key.erase(key.begin());
      while (key.size() < 32) key.insert(key.begin(), std::byte{0});
      const auto point = hex(v, "public");
      const auto k = cpace_agree(cpace_scalar(fixed<32>(key)), point, rng);
      // We take uncompressed points alone; compressed ones are "acceptable" or valid there.
      const bool uncompressed = point.size() == 65 && point[0] == std::byte{4};
      if (v.at("result") == "invalid" || !uncompressed) {
        ++refused;
        EXPECT_FALSE(k.has_value()) << v.at("tcId");
      } else {
        ++valid;
        ASSERT_TRUE(k.has_value()) << v.at("tcId");
        EXPECT_EQ(to_hex(k->view()), string_of(v, "shared")) << v.at("tcId");
      }
    }
  }
  EXPECT_EQ(valid + refused, 355);
  EXPECT_GT(valid, 300);
}

TEST(Cpace, RefusesScalarsOutOfRange) {
  test::fixed_rng rng;
  const auto share = hex(draft("G_NistP256"), "Ya");
  cpace_scalar zero;
  cpace_scalar large;
  for (std::byte& b : large.span()) b = std::byte{0xff};
  for (const cpace_scalar* bad : {&zero, &large}) {
    EXPECT_EQ(cpace_agree(*bad, share, rng).error().code, errc::invalid_argument);
    EXPECT_EQ(cpace_share_of({}, *bad, rng).error().code, errc::invalid_argument);
  }
}

}  // namespace
}  // namespace tallow::crypto
