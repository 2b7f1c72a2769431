// However a stream is split, the same frames come out of it, and they are its bytes in order.
//
// Input: one byte that chooses which frames are allowed and how long (decoder_setting), then the
// stream.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/wire/frame.hpp>
#include <tallow/wire/frame_decoder.hpp>

#include "fuzz/reception.hpp"
#include "fuzz/violation.hpp"

namespace tallow::fuzz {

/// What a connection may carry.
struct decoder_setting {
  frame_set allowed;
  std::size_t body_bytes_cap;
};

/// The setting that the first byte of an input chooses: bits 0 and 1 the set of types, bit 2 the
/// cap of those who have not authenticated.
[[nodiscard]] inline decoder_setting setting_of(std::byte choice) noexcept {
  constexpr std::array sets{frames_to_relay, frames_from_relay, frames_of_handshake,
                            frames_of_lane};
  const auto bits = std::to_integer<unsigned>(choice);
  return {sets[bits & 3U],
          (bits & 4U) != 0 ? limits::unauthenticated_frame_bytes_max : limits::frame_length_limit};
}

/// What the header at the start of `rest` deserves, written down a second time and in another way
/// than the decoder's.
[[nodiscard]] inline std::optional<errc> refusal_of(byte_view rest,
                                                    const decoder_setting& setting) {
  const std::uint32_t length = load_big_endian<std::uint32_t>(rest.first<4>());
  const auto type = std::to_integer<std::uint8_t>(rest[4]);
  const auto limit = frame_bytes_max(type);
  if (!limit || !setting.allowed.contains(static_cast<frame_type>(type))) {
    return errc::frame_type_unknown;
  }
  if (length > *limit || length > setting.body_bytes_cap) return errc::frame_too_large;
  if ((load_big_endian<std::uint32_t>(rest.subspan<4, 4>()) & 0x00FF'FFFFU) != 0) {
    return errc::frame_reserved_set;
  }
  return std::nullopt;
}

/// Makes sure that `all` is what `stream` holds: its frames end to end, then an error or a rest
/// that is no whole frame.
inline void check_reception(byte_view stream, const decoder_setting& setting,
                            const reception& all) {
  std::size_t offset = 0;
  for (const received_frame& frame : all.frames) {
    const byte_view rest = stream.subspan(offset);
    const std::size_t whole = limits::frame_header_bytes + frame.body.size();
    require(whole <= rest.size(), "a frame has no more bytes than came");
    require(!refusal_of(rest, setting), "a frame that came out is an allowed one");
    require(equal(frame.header, rest.first(limits::frame_header_bytes)), "headers are as sent");
    require(frame.header ==
                encode_frame_header(frame.type, static_cast<std::uint32_t>(frame.body.size())),
            "a header says its frame's type and length and nothing else");
    require(equal(frame.body, rest.subspan(limits::frame_header_bytes, frame.body.size())),
            "bodies are as sent");
    offset += whole;
  }
  const byte_view rest = stream.subspan(offset);
  const auto refusal =
      rest.size() < limits::frame_header_bytes ? std::nullopt : refusal_of(rest, setting);
  require(refusal.has_value() == all.failure.has_value(), "bad headers fail, others do not");
  if (refusal) {
    require(all.failure->code == *refusal, "the error is the header's");
    require(all.failure->at == offset, "the error is at the start of the frame");
    require(!all.between_frames, "a refused stream has no good end");
    return;
  }
  require(all.between_frames == rest.empty(), "only a whole frame may be the last");
  require(rest.size() < limits::frame_header_bytes ||
              rest.size() - limits::frame_header_bytes <
                  load_big_endian<std::uint32_t>(rest.first<4>()),
          "a frame that came whole comes out");
}

/// The invariant for any decoder with the face of frame_decoder.
template <class Decoder>
void check_frame_decoder(byte_view input) {
  if (input.empty()) return;
  const decoder_setting setting = setting_of(input[0]);
  const byte_view stream = input.subspan(1);
  const Decoder decoder(setting.allowed, setting.body_bytes_cap);
  check_reception(stream, setting, receive_three_ways(decoder, stream));
}

inline void fuzz_frame_decoder(byte_view input) { check_frame_decoder<frame_decoder>(input); }

}  // namespace tallow::fuzz
