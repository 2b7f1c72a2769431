// What the exit statuses mean, for people.
#pragma once

#include <array>

#include "exit_code.hpp"

namespace tallow::cli {

struct exit_text {
  exit_code code;
  const char* text;
};

/// What they mean, for people.
inline constexpr std::array exit_texts{
    exit_text{exit_code::done, "Done"},
    exit_text{exit_code::other, "Another failure; the receiver's own \"no\""},
    exit_text{exit_code::usage, "Wrong usage, or a code that cannot be one"},
    exit_text{exit_code::authentication, "Wrong code, used code, or somebody tampered"},
    exit_text{exit_code::gone, "The peer or the relay went away or does not answer"},
    exit_text{exit_code::refused, "Refused by the other side or the relay"},
    exit_text{exit_code::files, "Trouble with files; some entries did not arrive"},
    exit_text{exit_code::disk_full, "The disk is full, here or there"},
    exit_text{exit_code::versions, "The versions do not meet"},
    exit_text{exit_code::interrupted, "Interrupted"},
};

}  // namespace tallow::cli
