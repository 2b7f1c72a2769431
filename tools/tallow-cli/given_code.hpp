// The code, where somebody has given one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <tallow/base/error.hpp>
#include <tallow/base/secret.hpp>
#include <tallow/crypto/code_phrase.hpp>

#include "settings.hpp"

namespace tallow::cli {

/// Reads a code as a person typed it: the first line, without what surrounds it.
///
/// @errors  those of code_phrase::parse
[[nodiscard]] result<crypto::code_phrase> parse_code(std::string_view text);

/// From the argument, which is wiped, the file or the environment, in this order; nothing where
/// none has one.
///
/// @param where  gets which of them it was, for people
/// @errors  what the system says of the file, those of parse_code()
[[nodiscard]] result<std::optional<crypto::code_phrase>> find_code(settings& from,
                                                                   secret_buffer environment,
                                                                   std::string& where);

}  // namespace tallow::cli
