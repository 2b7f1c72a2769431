// What each of two translation units does with the headers that it included before this one, and
// what one of them offers to the other.
#pragma once

#include <string>
#include <system_error>

namespace {

tallow::client_hello hello() { return {{tallow::relay_protocol_version}, "both units 1.0"}; }

// The same inline functions of Tallow in either unit; the linker keeps one of each.
tallow::result<tallow::byte_buffer> encoded() {
  tallow::byte_buffer wire;
  if (const auto done = append_message(wire, hello()); !done) return tallow::fail(done.error());
  return wire;
}

tallow::result<tallow::client_hello> decoded(tallow::byte_buffer wire) {
  tallow::frame_decoder decoder(tallow::frames_to_relay);
  tallow::byte_span rest(wire);
  const auto frame = decoder.next(rest);
  if (!frame) return tallow::fail(frame.error());
  if (!*frame) return tallow::fail(tallow::errc::truncated);
  return tallow::decode_body<tallow::client_hello>((*frame)->body);
}

}  // namespace

// Of the unit with the ordinary headers.
tallow::result<tallow::byte_buffer> ordinary_encoded();
tallow::result<tallow::client_hello> ordinary_decoded(tallow::byte_buffer wire);
std::error_code ordinary_code(tallow::errc code);
std::string ordinary_text(const tallow::error& error);
