// What a person can do about an error. Whose side it was, and the next step.
#pragma once

#include <array>

#include <tallow/base/error.hpp>

namespace tallow::cli {

namespace detail {

struct advice_row {
  errc code;
  const char* text;
};

inline constexpr const char* start_again =
    "Run 'tallow-cli resume' on both sides to go on, or start both again: what has arrived is "
    "kept.";
inline constexpr const char* works_once =
    "A code works once. Ask the sender to start again for a new one.";
inline constexpr const char* try_later = "Try again in a while, or use another relay.";
inline constexpr const char* send_less = "Send less at a time, or use a relay that carries more.";
inline constexpr const char* one_each = "One side has to send and the other to receive.";
inline constexpr const char* update_older = "Update the older of the two programs.";

inline constexpr std::array advice_rows{
    advice_row{
        errc::authentication_failed,
        "Nothing was written. Check the code with the other person and start again with a new "
        "one: this one is used up."},
    advice_row{errc::code_spent, works_once},
    advice_row{errc::code_already_spent, works_once},
    advice_row{errc::room_attempts_used, works_once},
    advice_row{errc::peer_left, start_again},
    advice_row{errc::connection_lost, start_again},
    advice_row{errc::peer_silent, start_again},
    advice_row{errc::relay_silent, start_again},
    advice_row{errc::connect_failed,
               "Is the relay running, and is its address right (--relay HOST:PORT)?"},
    advice_row{errc::resolve_failed, "Is the relay's name spelled right (--relay HOST:PORT)?"},
    advice_row{errc::relay_key_wrong,
               "Nothing was sent. Ask whoever runs the relay for its key. If the one that it shows "
               "is right, remove its line from the file, or change the address; if not, somebody "
               "stands between you and the relay."},
    advice_row{errc::relay_wants_tls, "Leave out --insecure-plaintext, or update this program."},
    advice_row{errc::tls_failed, "Is it the relay that listens there (--relay HOST:PORT)?"},
    advice_row{errc::relay_full, try_later},
    advice_row{errc::rate_limited, try_later},
    advice_row{errc::relay_draining, try_later},
    advice_row{errc::address_blocked,
               "Its operator blocks your address, or has ended the room. Ask there, or use another "
               "relay (--relay HOST:PORT)."},
    advice_row{errc::quota_too_small, send_less},
    advice_row{errc::quota_exhausted, send_less},
    advice_row{errc::room_full, "Two people are using this number already; take another code."},
    advice_row{errc::room_wants_clash, one_each},
    advice_row{errc::role_clash, one_each},
    advice_row{errc::versions_do_not_meet, update_older},
    advice_row{errc::suites_do_not_meet, update_older},
    advice_row{errc::relay_version_unknown, "Update the relay or this program."},
    advice_row{errc::disk_full,
               "Make room, then run 'tallow-cli resume' on both sides: what has arrived is kept."},
    advice_row{errc::peer_disk_full,
               "The receiver has to make room; then run 'tallow-cli resume' on both sides."},
    advice_row{errc::peer_file_trouble,
               "The receiver could not write what came: a folder it may not write to, or a pipe "
               "that nobody reads any more."},
    advice_row{errc::code_without_nameplate,
               "A code looks like 7-crossover-clockwork: a number first, then words."},
    advice_row{errc::code_without_password,
               "A code looks like 7-crossover-clockwork: words follow the number."},
    advice_row{errc::code_too_weak,
               "Use two words of the list at least, or twelve characters of a-z, 0-9 and '-'."},
    advice_row{errc::code_bad_character,
               "Codes are made of the letters a-z, digits and '-' alone; look-alikes of other "
               "scripts do not count."},
};

}  // namespace detail

/// One sentence, or nothing where there is nothing to add.
[[nodiscard]] constexpr const char* advice_for(errc code) noexcept {
  for (const detail::advice_row& row : detail::advice_rows) {
    if (row.code == code) return row.text;
  }
  return "";
}

}  // namespace tallow::cli
