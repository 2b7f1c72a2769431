// The unit that includes the ordinary headers.
#include <utility>

#include <tallow/base/error.hpp>
#include <tallow/wire/frame_decoder.hpp>
#include <tallow/wire/message.hpp>

#include "both.hpp"

tallow::result<tallow::byte_buffer> ordinary_encoded() { return encoded(); }

tallow::result<tallow::client_hello> ordinary_decoded(tallow::byte_buffer wire) {
  return decoded(std::move(wire));
}

std::error_code ordinary_code(tallow::errc code) { return make_error_code(code); }

std::string ordinary_text(const tallow::error& error) { return describe(error); }
