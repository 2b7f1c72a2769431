// The plaintext of a DATA record: which chunk, how it is compressed, and its bytes.
//
// Fixed offsets instead of varints: the bytes are read from the file right behind the prefix and
// sealed where they lie.
//
// @source  docs/protocol/wire.md, DATA
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/units.hpp>
#include <tallow/wire/peer_messages.hpp>

namespace tallow {

/// How the bytes of a chunk travel.
enum class chunk_codec : std::uint8_t { none = 0, zstd = 1 };

/// A DATA record taken apart.
struct data_view {
  chunk_codec codec{};
  chunk_index chunk{};
  byte_view bytes;
};

/// Writes type, codec and index into the first bytes of a record's plaintext.
inline void encode_data_prefix(std::span<std::byte, limits::data_prefix_bytes> out,
                               chunk_codec codec, chunk_index chunk) noexcept {
  out[0] = static_cast<std::byte>(sealed_type::data);
  out[1] = static_cast<std::byte>(codec);
  store_big_endian(chunk.value, out.subspan<2, 8>());
}

/// Reads a DATA plaintext.
///
/// @shape   returns a view into `plaintext`
/// @errors  truncated, message_type_unknown, codec_unknown (all cond::peer)
[[nodiscard]] inline result<data_view> decode_data(byte_view plaintext) noexcept {
  if (plaintext.size() < limits::data_prefix_bytes) return fail(errc::truncated);
  if (plaintext[0] != static_cast<std::byte>(sealed_type::data)) {
    return fail(errc::message_type_unknown);
  }
  const auto codec = std::to_integer<std::uint8_t>(plaintext[1]);
  if (codec > static_cast<std::uint8_t>(chunk_codec::zstd)) return fail(errc::codec_unknown, 1);
  return data_view{static_cast<chunk_codec>(codec),
                   chunk_index{load_big_endian<std::uint64_t>(plaintext.subspan<2, 8>())},
                   plaintext.subspan(limits::data_prefix_bytes)};
}

}  // namespace tallow
