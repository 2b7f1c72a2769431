// A body that is accepted is the one encoding of its message, however it came through frames.
//
// Input: a frame type, then the body of such a frame; behind the type SEALED stands the plaintext
// of a record.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/wire/codec.hpp>
#include <tallow/wire/data_record.hpp>
#include <tallow/wire/frame.hpp>
#include <tallow/wire/frame_decoder.hpp>
#include <tallow/wire/message.hpp>
#include <tallow/wire/peer_messages.hpp>
#include <tallow/wire/relay_messages.hpp>

#include "fuzz/reception.hpp"
#include "fuzz/samples.hpp"
#include "fuzz/violation.hpp"

namespace tallow::fuzz {

/// The codec of the library, in the form that lets a test put a broken one in its place.
struct library_codec {
  template <message M>
  [[nodiscard]] static result<M> decode(byte_view body) {
    return decode_body<M>(body);
  }
};

inline void check_refusal(const error& e, byte_view body) {
  require(condition_of(e.code) == cond::peer, "a bad body is the peer's fault");
  require(e.at <= body.size(), "an error is inside of the body");
}

/// Makes sure that `body` arrives as it was sent in a frame of type `type`, if it fits one.
inline void check_frame(frame_type type, byte_view body) {
  byte_buffer stream;
  const auto appended = append_frame(stream, type, body);
  const bool fits = body.size() <= *frame_bytes_max(static_cast<std::uint8_t>(type));
  require(appended.has_value() == fits, "a body is framed when its type allows its length");
  if (!fits) {
    require(stream.empty(), "what does not fit leaves nothing behind");
    return;
  }
  const reception all = receive_three_ways(frame_decoder(frame_set{type}), stream);
  require(!all.failure && all.between_frames && all.frames.size() == 1, "one frame in, one out");
  require(all.frames[0].type == type && equal(all.frames[0].body, body), "a body is as sent");
}

/// Makes sure of all that holds for one kind of message.
template <class Codec, message M>
void check_body(byte_view body) {
  const auto decoded = Codec::template decode<M>(body);
  if (!decoded) return check_refusal(decoded.error(), body);
  require(encodable(*decoded), "what was accepted can be sent");
  byte_buffer encoded;
  encode_body(encoded, *decoded);
  require(equal(encoded, body), "what was accepted is the encoding of its message");
  const auto again = Codec::template decode<M>(encoded);
  require(again && *again == *decoded, "an encoding is read back as the same message");
}

inline void check_peer_slice(byte_view body) {
  const auto owned = decode_body<peer_slice>(body);
  byte_buffer writable(body.begin(), body.end());
  const auto view = decode_peer_slice(writable);
  require(owned.has_value() == view.has_value(), "both readers of PEER accept the same");
  if (!owned) {
    require(owned.error() == view.error(), "both readers of PEER refuse alike");
    return;
  }
  require(owned->stream == view->stream && equal(owned->bytes, view->bytes),
          "both readers of PEER read the same");
  byte_buffer message;
  byte_buffer slice;
  require(append_message(message, *owned) && append_peer_slice(slice, view->stream, view->bytes) &&
              message == slice,
          "both writers of PEER write the same");
}

inline void check_data(byte_view plaintext) {
  const auto data = decode_data(plaintext);
  if (!data) return check_refusal(data.error(), plaintext);
  byte_buffer encoded(limits::data_prefix_bytes);
  encode_data_prefix(std::span(encoded).first<limits::data_prefix_bytes>(), data->codec,
                     data->chunk);
  append(encoded, data->bytes);
  require(equal(encoded, plaintext), "a DATA record that was accepted is its own encoding");
}

template <class Codec>
void check_plaintext(byte_view plaintext) {
  if (!plaintext.empty() && plaintext[0] == static_cast<std::byte>(sealed_type::data)) {
    check_data(plaintext);
  }
  bool handled = false;
  const auto visited = visit_sealed(plaintext, [&](const auto& m) -> result<void> {
    handled = true;
    byte_buffer encoded;
    append_sealed_plaintext(encoded, m);
    require(equal(encoded, plaintext), "a plaintext that was accepted is its own encoding");
    return {};
  });
  require(visited.has_value() == handled, "an accepted message reaches its handler");
  if (!visited) check_refusal(visited.error(), plaintext);
  if (plaintext.empty()) return;
  const auto one = [&]<class M>(std::type_identity<M>) {
    if (plaintext[0] != static_cast<std::byte>(M::type)) return;
    require(handled == decode_body<M>(plaintext.subspan(1)).has_value(),
            "the visitor accepts what the codec accepts");
    check_body<Codec, M>(plaintext.subspan(1));
  };
  for_each_message<peer_messages>(one);
}

template <class Codec>
void check_relay_body(std::uint8_t type, byte_view body) {
  const auto one = [&]<class M>(std::type_identity<M>) {
    if (type != static_cast<std::uint8_t>(M::type)) return;
    check_body<Codec, M>(body);
    if constexpr (std::same_as<M, peer_slice>) check_peer_slice(body);
  };
  for_each_message<relay_messages>(one);
}

/// The invariant for any codec with the face of library_codec.
template <class Codec>
void check_message_codec(byte_view input) {
  if (input.empty()) return;
  const auto type = std::to_integer<std::uint8_t>(input[0]);
  const byte_view body = input.subspan(1);
  if (!frame_bytes_max(type)) return;
  check_frame(static_cast<frame_type>(type), body);
  if (type == static_cast<std::uint8_t>(frame_type::sealed)) return check_plaintext<Codec>(body);
  check_relay_body<Codec>(type, body);
}

inline void fuzz_message_codec(byte_view input) { check_message_codec<library_codec>(input); }

}  // namespace tallow::fuzz
