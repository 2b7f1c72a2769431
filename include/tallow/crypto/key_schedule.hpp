// From the transcript and the shared secrets to every key of a session.
// @source docs/protocol/handshake.md, Key schedule
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <tallow/base/assert.hpp>
#include <tallow/base/bytes.hpp>
#include <tallow/base/secret.hpp>
#include <tallow/base/units.hpp>
#include <tallow/crypto/hash.hpp>
#include <tallow/crypto/labels.hpp>

namespace tallow::crypto {

/// A secret of the schedule: an output of HKDF over SHA-512.
using schedule_secret = secret_bytes<64>;
/// What the keys of all records of one direction are derived from.
using traffic_secret = secret_bytes<64>;
using resume_secret = secret_bytes<64>;
using session_id = digest32;
/// The value that proves knowledge of the keys.
using confirmation_tag = std::array<std::byte, 32>;

/// HKDF-Extract over SHA-512.
[[nodiscard]] inline schedule_secret extract(byte_view salt, byte_view input_key) {
  schedule_secret secret;
  hkdf_extract(hash_kind::sha512, salt, input_key, secret.span());
  return secret;
}

/// HKDF-Expand with the length, a label and a context, so that no two uses ever agree.
template <std::size_t N>
[[nodiscard]] secret_bytes<N> expand(const schedule_secret& secret, std::string_view label,
                                     byte_view context) {
  static_assert(N <= UINT16_MAX);
  constexpr std::size_t context_bytes_max = 64;
  constexpr std::size_t label_bytes_max = 32;
  const std::size_t label_bytes = label::expand_prefix.size() + label.size();
  TALLOW_ASSERT(label_bytes <= label_bytes_max && context.size() <= context_bytes_max);

  // u16 length | u8 | label | u8 | context
  std::array<std::byte, 4 + label_bytes_max + context_bytes_max> info;
  store_big_endian(static_cast<std::uint16_t>(N), std::span<std::byte, 2>(info.data(), 2));
  info[2] = static_cast<std::byte>(label_bytes);
  const auto copy = [](byte_view from, auto to) { return std::copy(from.begin(), from.end(), to); };
  auto end = copy(as_bytes(label::expand_prefix), info.begin() + 3);
  end = copy(as_bytes(label), end);
  *end++ = static_cast<std::byte>(context.size());
  end = copy(context, end);

  secret_bytes<N> out;
  hkdf_expand(hash_kind::sha512, secret.view(), byte_view(info.begin(), end), out.span());
  return out;
}

/// The hash over the messages so far, as they were sent.
class transcript {
 public:
  transcript() { stream_.update_lv(as_bytes(label::transcript)); }

  void add(byte_view message) { stream_.update_lv(message); }
  [[nodiscard]] digest64 digest() const { return stream_.digest(); }

  /// The hash as if `message` were the next one, which it does not become.
  [[nodiscard]] digest64 digest_with(byte_view message) const {
    sha512_stream stream = stream_.clone();
    stream.update_lv(message);
    return stream.digest();
  }

 private:
  sha512_stream stream_;
};

/// sid: fresh by both nonces, bound to both HELLOs and the room.
[[nodiscard]] inline session_id session_id_of(byte_view m0, byte_view hello_i,
                                              const room_id& room) {
  sha512_stream stream;
  for (const byte_view part : {as_bytes(label::session_id), m0, hello_i, byte_view(room)}) {
    stream.update_lv(part);
  }
  const digest64 digest = stream.digest();
  session_id sid;
  std::copy_n(digest.begin(), sid.size(), sid.begin());
  return sid;
}

/// HS: the early secret goes on as the salt of what the key encapsulation gave.
[[nodiscard]] inline schedule_secret handshake_secret(const schedule_secret& early,
                                                      const digest64& th2,
                                                      const secret_bytes<32>& hybrid) {
  return extract(expand<64>(early, label::derived, th2).view(), hybrid.view());
}

/// ctx3: the transcript up to the initiator's key material, and the key that the mask hides.
[[nodiscard]] inline digest64 confirmation_context(const digest64& th3, const digest32& key_hash) {
  return sha512({th3, key_hash});
}

/// The tag of one side over what it has seen: `seen` is ctx3 for the initiator, th4 for the
/// responder; the key is bound to ctx3 and to the side.
[[nodiscard]] inline confirmation_tag confirm(const schedule_secret& handshake,
                                              std::string_view side_label, const digest64& ctx3,
                                              const digest64& seen) {
  const secret_bytes<64> key = expand<64>(handshake, side_label, ctx3);
  digest64 full;
  hmac(hash_kind::sha512, key.view(), {seen}, full);
  confirmation_tag tag;
  std::copy_n(full.begin(), tag.size(), tag.begin());
  return tag;
}

/// Key and iv of the records of one stream in one direction.
struct record_keys {
  secret_bytes<32> key;
  secret_bytes<12> iv;
};

namespace detail {

[[nodiscard]] inline std::array<std::byte, 8> context_of(stream_id stream) noexcept {
  // The last four bytes counted key updates in an earlier design; there are none.
  std::array<std::byte, 8> context{};
  store_big_endian(stream.value, std::span(context).first<4>());
  return context;
}

}  // namespace detail

[[nodiscard]] inline record_keys record_keys_of(const traffic_secret& traffic, stream_id stream) {
  const auto context = detail::context_of(stream);
  return {expand<32>(traffic, label::record_key, context),
          expand<12>(traffic, label::record_iv, context)};
}

/// What opens a direct lane, once. Neither side can choose it, so that whoever says where to
/// connect to has no say in what is sent there.
///
/// @param traffic  of the direction from the side that connects to the one that listens
[[nodiscard]] inline secret_bytes<32> lane_ticket_of(const traffic_secret& traffic,
                                                     stream_id stream) {
  return expand<32>(traffic, label::lane_ticket, detail::context_of(stream));
}

/// The room in which a session family meets again; from the first handshake's resume secret.
[[nodiscard]] inline room_id resume_room_of(const resume_secret& first) {
  const secret_bytes<32> secret = expand<32>(first, label::resume_room_secret, {});
  const std::array<std::byte, 1> zero{};
  const digest32 digest = sha256({as_bytes(label::resume_room), zero, secret.view()});
  room_id room;
  std::copy_n(digest.begin(), room.size(), room.begin());
  return room;
}

}  // namespace tallow::crypto
