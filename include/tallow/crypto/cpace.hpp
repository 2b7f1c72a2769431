// CPace over P-256: a short password becomes a key, and whoever does not know it gets one guess.
// @source draft-irtf-cfrg-cpace-21, suite CPACE-P256_XMD:SHA-256_SSWU_NU_-SHA256
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include <botan/ec_apoint.h>
#include <botan/ec_group.h>
#include <botan/ec_scalar.h>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/secret.hpp>
#include <tallow/crypto/guard.hpp>
#include <tallow/crypto/hash.hpp>
#include <tallow/crypto/lv.hpp>
#include <tallow/crypto/rng.hpp>

namespace tallow::crypto {

/// What both sides of a CPace run agree on before it: the draft's PRS, CI and sid.
struct cpace_context {
  byte_view password;
  byte_view channel;
  byte_view session;
};

/// A point as it is sent: uncompressed, 04 | x | y.
using cpace_share = std::array<std::byte, 65>;
using cpace_scalar = secret_bytes<32>;
/// The x coordinate of the common point; the draft's K.
using cpace_point_secret = secret_bytes<32>;
/// The draft's intermediate session key.
using cpace_isk = secret_bytes<32>;

namespace detail {

inline constexpr std::string_view cpace_domain = "CPaceP256_XMD:SHA-256_SSWU_NU_";
inline constexpr std::string_view cpace_domain_isk = "CPaceP256_XMD:SHA-256_SSWU_NU__ISK";
inline constexpr std::string_view cpace_domain_map = "CPaceP256_XMD:SHA-256_SSWU_NU__DST";
/// Input block of SHA-256: the zero padding lets the password fill the first block, so that
/// hashing it takes one time whatever the rest is.
inline constexpr std::size_t cpace_hash_block_bytes = 64;

[[nodiscard]] inline Botan::EC_Group p256() { return Botan::EC_Group::from_name("secp256r1"); }

/// The draft's generator_string.
[[nodiscard]] inline secret_buffer cpace_generator_string(const cpace_context& context) {
  secret_buffer head = lv_cat({as_bytes(cpace_domain), context.password});
  const std::array<std::byte, cpace_hash_block_bytes> zeros{};
  const std::size_t used = 1 + head.size();
  const std::size_t padding = used < zeros.size() ? zeros.size() - used : 0;
  append_prepend_len(head, byte_view(zeros).first(padding));
  append_prepend_len(head, context.channel);
  append_prepend_len(head, context.session);
  return head;
}

[[nodiscard]] inline Botan::EC_AffinePoint cpace_generator(const Botan::EC_Group& group,
                                                           const cpace_context& context) {
  const secret_buffer text = cpace_generator_string(context);
  return Botan::EC_AffinePoint::hash_to_curve_nu(group, "SHA-256", as_u8(text.view()),
                                                 cpace_domain_map);
}

[[nodiscard]] inline std::optional<Botan::EC_Scalar> read_scalar(const Botan::EC_Group& group,
                                                                 const cpace_scalar& scalar) {
  auto value = Botan::EC_Scalar::deserialize(group, as_u8(byte_view(scalar.view())));
  if (value && value->is_zero()) return std::nullopt;
  return value;
}

/// A share from the other side. Botan would also take the identity, compressed and hybrid points:
/// the draft's own example of a bad point is one of those.
[[nodiscard]] inline std::optional<Botan::EC_AffinePoint> read_share(const Botan::EC_Group& group,
                                                                     byte_view share) {
  if (share.size() != std::tuple_size_v<cpace_share> || share[0] != std::byte{0x04}) {
    return std::nullopt;
  }
  auto point = Botan::EC_AffinePoint::deserialize(group, as_u8(share));
  if (point && point->is_identity()) return std::nullopt;
  return point;
}

}  // namespace detail

/// A fresh secret scalar: 32 bytes of `rng`, drawn again where they are no scalar.
///
/// @errors  random_failed, crypto_failed
[[nodiscard]] inline result<cpace_scalar> cpace_random_scalar(random_generator& rng) {
  return detail::guarded(errc::crypto_failed, [&]() -> result<cpace_scalar> {
    cpace_scalar scalar;
    Botan::EC_Scalar::random(detail::p256(), rng).serialize_to(as_u8(byte_span(scalar.span())));
    return scalar;
  });
}

/// What is sent to the other side: the password's generator times the scalar (Ya or Yb). `rng`
/// only blinds the multiplication and changes nothing in the result.
///
/// @errors  random_failed, crypto_failed, invalid_argument (the scalar is zero or too large)
[[nodiscard]] inline result<cpace_share> cpace_share_of(const cpace_context& context,
                                                        const cpace_scalar& scalar,
                                                        random_generator& rng) {
  return detail::guarded(errc::crypto_failed, [&]() -> result<cpace_share> {
    const auto group = detail::p256();
    const auto value = detail::read_scalar(group, scalar);
    if (!value) return fail(errc::invalid_argument);
    const auto point = detail::cpace_generator(group, context).mul(*value, rng);
    cpace_share share;
    point.serialize_uncompressed_to(as_u8(byte_span(share)));
    return share;
  });
}

/// The common point's x coordinate from the other side's share: the draft's scalar_mult_vfy.
///
/// @errors  authentication_failed (not an uncompressed point of the curve), random_failed,
///          crypto_failed, invalid_argument (the scalar is zero or too large)
[[nodiscard]] inline result<cpace_point_secret> cpace_agree(const cpace_scalar& scalar,
                                                            byte_view peer_share,
                                                            random_generator& rng) {
  return detail::guarded(errc::authentication_failed, [&]() -> result<cpace_point_secret> {
    const auto group = detail::p256();
    const auto value = detail::read_scalar(group, scalar);
    if (!value) return fail(errc::invalid_argument);
    const auto peer = detail::read_share(group, peer_share);
    if (!peer) return fail(errc::authentication_failed);
    const auto x = peer->mul_x_only(*value, rng);
    cpace_point_secret secret;
    if (x.size() != secret.size()) return fail(errc::crypto_failed);
    std::copy_n(reinterpret_cast<const std::byte*>(x.data()), x.size(), secret.span().begin());
    return secret;
  });
}

/// The draft's transcript for an initiator (A) and a responder (B) that know who is who.
[[nodiscard]] inline secret_buffer cpace_transcript_ir(byte_view share_a, byte_view data_a,
                                                       byte_view share_b, byte_view data_b) {
  secret_buffer transcript = lv_cat({share_a, data_a});
  append_prepend_len(transcript, share_b);
  append_prepend_len(transcript, data_b);
  return transcript;
}

/// The intermediate session key.
[[nodiscard]] inline cpace_isk cpace_session_key(byte_view session, const cpace_point_secret& point,
                                                 byte_view transcript) {
  const secret_buffer head = lv_cat({as_bytes(detail::cpace_domain_isk), session, point.view()});
  digest32 digest = sha256({head.view(), transcript});
  cpace_isk isk{std::span<const std::byte, 32>(digest)};
  wipe(digest);
  return isk;
}

}  // namespace tallow::crypto
