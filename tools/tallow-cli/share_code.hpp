// Ways to pass a code on besides reading it out: a QR code, and the clipboard.
#pragma once

#include <string>
#include <string_view>

#include <tallow/base/secret.hpp>

namespace tallow::cli {

/// The code as a QR code for a terminal: light and dark in half blocks, with the colours set, so
/// that it reads the same on a dark and on a light background.
///
/// @return empty where it cannot be made
[[nodiscard]] secret_buffer qr_text(std::string_view code);

/// Puts the code into the clipboard: by wl-copy or xclip where there is a desktop and one
/// of them, and by asking the terminal (OSC 52), which works through ssh. The code is in no
/// argument of theirs.
///
/// @return by what, for people; empty where there was no way
[[nodiscard]] std::string copy_code(std::string_view code);

}  // namespace tallow::cli
