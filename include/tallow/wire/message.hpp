// Whole messages: a body with its frame around it, or behind its sealed type.
//
// @source  docs/protocol/wire.md
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>

#include <tallow/base/bytes.hpp>
#include <tallow/base/checked.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/units.hpp>
#include <tallow/wire/codec.hpp>
#include <tallow/wire/frame.hpp>
#include <tallow/wire/peer_messages.hpp>
#include <tallow/wire/reader.hpp>
#include <tallow/wire/relay_messages.hpp>
#include <tallow/wire/writer.hpp>

namespace tallow {

/// Appends a frame with the given body.
///
/// @errors  message_too_large (cond::local): `out` is unchanged
[[nodiscard]] inline result<void> append_frame(byte_buffer& out, frame_type type, byte_view body) {
  if (body.size() > *frame_bytes_max(static_cast<std::uint8_t>(type))) {
    return fail(errc::message_too_large, body.size());
  }
  append(out, encode_frame_header(type, narrow<std::uint32_t>(body.size())));
  append(out, body);
  return {};
}

/// Appends a message between client and relay as a frame.
///
/// @errors  invalid_argument when `m` is not encodable(), message_too_large (both cond::local):
///          `out` is unchanged
template <message M>
[[nodiscard]] result<void> append_message(byte_buffer& out, const M& m) {
  if (!encodable(m)) return fail(errc::invalid_argument, 0, "a field has no encoding");
  byte_buffer body;
  encode_body(body, m);
  return append_frame(out, M::type, body);
}

/// Appends a slice of a stream as a PEER frame without copying it first.
///
/// @errors  message_too_large (cond::local): `out` is unchanged
[[nodiscard]] inline result<void> append_peer_slice(byte_buffer& out, stream_id stream,
                                                    byte_view slice) {
  if (slice.size() > limits::peer_slice_bytes_max) {
    return fail(errc::message_too_large, slice.size());
  }
  const std::size_t start = out.size();
  out.resize(start + limits::frame_header_bytes);
  writer w(out);
  w.varint(stream.value);
  w.counted(slice);
  const std::size_t body = out.size() - start - limits::frame_header_bytes;
  const auto header = encode_frame_header(frame_type::peer, narrow<std::uint32_t>(body));
  std::copy(header.begin(), header.end(), out.begin() + narrow<std::ptrdiff_t>(start));
  return {};
}

/// A slice of a stream where it lies in its frame.
struct peer_slice_view {
  stream_id stream{};
  byte_span bytes;
};

/// Reads the body of a PEER frame without copying.
///
/// @shape   returns a view into `body`
/// @errors  those of reader, trailing_bytes (all cond::peer)
[[nodiscard]] inline result<peer_slice_view> decode_peer_slice(byte_span body) {
  reader in(body);
  const auto stream = in.varint<std::uint32_t>();
  if (!stream) return fail(stream.error());
  const auto bytes = in.counted(limits::peer_slice_bytes_max);
  if (!bytes) return fail(bytes.error());
  if (auto done = in.finish(); !done) return fail(done.error());
  return peer_slice_view{stream_id{*stream}, body.last(bytes->size())};
}

/// Appends the plaintext of a sealed message, which is encodable(): its type and its body.
template <message M>
void append_sealed_plaintext(byte_buffer& out, const M& m) {
  out.push_back(static_cast<std::byte>(M::type));
  encode_body(out, m);
}

namespace detail {

template <class Handler, class... M>
result<void> dispatch_sealed(std::tuple<M...>*, std::uint8_t type, byte_view body,
                             Handler& handler) {
  result<void> done = fail(errc::message_type_unknown);
  const auto one = [&]<class Message>(Message*) {
    if (type != static_cast<std::uint8_t>(Message::type)) return false;
    auto decoded = decode_body<Message>(body);
    done = decoded ? handler(std::move(*decoded)) : result<void>(fail(decoded.error()));
    return true;
  };
  (void)(one(static_cast<M*>(nullptr)) || ...);
  return done;
}

}  // namespace detail

/// Decodes a sealed plaintext and hands the message to `handler`, which takes each of
/// peer_messages and returns result<void>.
///
/// @errors  truncated, message_type_unknown, those of decode_body, those of the handler
template <class Handler>
[[nodiscard]] result<void> visit_sealed(byte_view plaintext, Handler&& handler) {
  if (plaintext.empty()) return fail(errc::truncated);
  return detail::dispatch_sealed(static_cast<peer_messages*>(nullptr),
                                 std::to_integer<std::uint8_t>(plaintext[0]), plaintext.subspan(1),
                                 handler);
}

}  // namespace tallow
