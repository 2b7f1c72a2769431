// Whose side an error is on, and what a person can do about it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <tallow/base/error.hpp>

namespace tallow::cli {

/// Where the cause of an error is to be looked for.
enum class blamed : std::uint8_t {
  here,     ///< this machine, or whoever sits before it
  peer,     ///< the other side
  either,   ///< one of the two, and this program cannot know which
  relay,    ///< the relay, or whatever answers in its place
  network,  ///< the way to the relay
};

/// For programs.
[[nodiscard]] constexpr const char* name_of(blamed side) noexcept {
  switch (side) {
    case blamed::here: return "here";
    case blamed::peer: return "peer";
    case blamed::either: return "either";
    case blamed::relay: return "relay";
    case blamed::network: return "network";
  }
  return "";
}

/// For people.
[[nodiscard]] constexpr const char* text_of(blamed side) noexcept {
  switch (side) {
    case blamed::here: return "on this side";
    case blamed::peer: return "on the other side";
    case blamed::either: return "on one of the two sides";
    case blamed::relay: return "at the relay";
    case blamed::network: return "on the way to the relay";
  }
  return "";
}

namespace detail {

struct advice_row {
  errc code;
  blamed side;
  const char* text;
};

inline constexpr const char* start_again =
    "Start both sides again; what has arrived in files is kept.";
inline constexpr const char* works_once =
    "A code works once. Ask the sender to start again for a new one.";
inline constexpr const char* try_later = "Try again in a while, or use another relay.";
inline constexpr const char* send_less = "Send less at a time, or use a relay that carries more.";
inline constexpr const char* one_each = "One side has to send and the other to receive.";
inline constexpr const char* update_older = "Update the older of the two programs.";
inline constexpr const char* mistake_here =
    "This should not happen: it is a mistake in tallow-cli. Please report it.";
inline constexpr const char* rules_broken =
    "The other program, or something in between, sent what no Tallow sends. Nothing wrong was "
    "kept. Start both sides again; if it comes back, update both programs.";

inline constexpr std::array advice_rows{
    advice_row{errc::invalid_argument, blamed::here,
               "Look at 'tallow-cli --help', or --help of the command."},
    advice_row{errc::cancelled, blamed::here, "You ended it. Start again whenever you like."},
    advice_row{errc::out_of_memory, blamed::here, "Close other programs, or send less at a time."},
    advice_row{errc::message_too_large, blamed::here, mistake_here},
    advice_row{errc::wrong_state, blamed::here, mistake_here},
    advice_row{errc::record_limit_reached, blamed::here,
               "Send less at a time, or with more lanes (--lanes)."},
    advice_row{errc::random_failed, blamed::here,
               "The system's random generator does not work; nothing can be sent safely."},
    advice_row{errc::crypto_failed, blamed::here, mistake_here},
    advice_row{errc::code_without_nameplate, blamed::here,
               "A code looks like 7-crossover-clockwork: a number first, then words."},
    advice_row{errc::code_without_password, blamed::here,
               "A code looks like 7-crossover-clockwork: words follow the number."},
    advice_row{errc::code_too_weak, blamed::here,
               "Use two words of the list at least, or twelve characters of a-z, 0-9 and '-'."},
    advice_row{errc::code_bad_character, blamed::here,
               "Codes are made of the letters a-z, digits and '-' alone; look-alikes of other "
               "scripts do not count."},
    advice_row{errc::code_already_spent, blamed::here, works_once},
    advice_row{errc::source_changed, blamed::here,
               "Send it again when nobody writes to it any more."},
    advice_row{errc::source_failed, blamed::here,
               "Look whether the file is there and may be read, then start again."},
    advice_row{errc::sink_failed, blamed::here,
               "Look whether the folder is there and may be written to, then start again."},
    advice_row{errc::address_invalid, blamed::here,
               "Write it as HOST:PORT, such as relay.example:9009, perhaps with #KEY behind it."},
    advice_row{errc::listen_failed, blamed::here, "Another program may use that address already."},
    advice_row{errc::tls_identity_invalid, blamed::here, mistake_here},
    advice_row{errc::not_found, blamed::here, "Look whether the path is spelled right."},
    advice_row{errc::permission_denied, blamed::here,
               "Look who may read or write there, or choose another place."},
    advice_row{errc::disk_full, blamed::here, "Make room, then start both sides again."},
    advice_row{errc::not_a_directory, blamed::here,
               "That path, or something on the way to it, is a file. Choose another place."},
    advice_row{errc::already_exists, blamed::here,
               "Something has that name. Choose another one, or remove it first."},
    advice_row{errc::file_failed, blamed::here,
               "Look whether the disk works, and what the system's log says of it."},
    advice_row{errc::unsupported_kind, blamed::here,
               "Only files, folders and links can be sent; a pipe's content can be sent by '-'."},
    advice_row{errc::name_not_utf8, blamed::here, "Rename it; names have to be UTF-8."},
    advice_row{errc::authentication_failed, blamed::either,
               "Nothing was written. Check the code with the other person and start again with a "
               "new one: this one is used up."},
    advice_row{errc::code_spent, blamed::either, works_once},
    advice_row{errc::room_attempts_used, blamed::either, works_once},
    advice_row{errc::room_wants_clash, blamed::either, one_each},
    advice_row{errc::role_clash, blamed::either, one_each},
    advice_row{
        errc::room_busy, blamed::either,
        "The sender is busy with somebody else who has the same code. Try again in a while."},
    advice_row{errc::signer_missing, blamed::peer,
               "Nothing was taken. Ask the sender to use --sign, or leave out --from."},
    advice_row{errc::signer_wrong, blamed::peer,
               "Nothing was taken. Ask the sender what 'tallow-cli identity' shows; if it is what "
               "--from says, somebody else has used the code."},
    advice_row{errc::room_full, blamed::either,
               "Two people are using this number already; take another code."},
    advice_row{errc::versions_do_not_meet, blamed::either, update_older},
    advice_row{errc::suites_do_not_meet, blamed::either, update_older},
    advice_row{
        errc::some_entries_failed, blamed::either,
        "What did arrive is in its place. The list says why the rest did not; send that again."},
    advice_row{errc::peer_left, blamed::peer, start_again},
    advice_row{errc::peer_silent, blamed::peer, start_again},
    advice_row{errc::peer_aborted, blamed::peer,
               "Its screen says why. Ask there, then start again with a new code."},
    advice_row{errc::peer_refused, blamed::peer,
               "They said no. Nothing was written there; ask, then start again with a new code."},
    advice_row{errc::transfer_refused, blamed::peer,
               "They said no. Nothing was written there; ask, then start again with a new code."},
    advice_row{errc::peer_cancelled, blamed::peer, "They ended it. Agree on a new try."},
    advice_row{errc::peer_restarted, blamed::peer,
               "What comes from a pipe cannot be read again. Start both sides again, with a new "
               "code."},
    advice_row{errc::peer_disk_full, blamed::peer,
               "The receiver has to make room; then start both sides again."},
    advice_row{errc::peer_file_trouble, blamed::peer,
               "The receiver could not write what came: a folder it may not write to, or a pipe "
               "that nobody reads any more."},
    advice_row{
        errc::handshake_timeout, blamed::peer,
        "Is the other machine asleep, or its network slow? Start both again with a new code."},
    advice_row{errc::handshake_aborted, blamed::peer,
               "Ask what its screen says, then start both again with a new code."},
    advice_row{errc::slow_consumer, blamed::peer, start_again},
    advice_row{errc::transfer_incomplete, blamed::peer, start_again},
    advice_row{errc::relay_full, blamed::relay, try_later},
    advice_row{errc::rate_limited, blamed::relay, try_later},
    advice_row{errc::relay_draining, blamed::relay, try_later},
    advice_row{errc::nameplates_used_up, blamed::relay, try_later},
    advice_row{errc::relay_refused, blamed::relay,
               "Ask who runs it, or use another relay (--relay HOST:PORT)."},
    advice_row{
        errc::room_expired, blamed::relay,
        "Start both sides again, within the time that the relay keeps a room (a day, mostly)."},
    advice_row{errc::room_idle, blamed::relay, start_again},
    advice_row{errc::room_unknown, blamed::relay,
               "Start both sides again with a new code; the relay may have been restarted."},
    advice_row{errc::quota_too_small, blamed::relay, send_less},
    advice_row{errc::quota_exhausted, blamed::relay, send_less},
    advice_row{errc::relay_version_unknown, blamed::relay, "Update the relay or this program."},
    advice_row{errc::relay_wants_tls, blamed::relay,
               "Leave out --insecure-plaintext, or update this program."},
    advice_row{errc::address_blocked, blamed::relay,
               "Its operator blocks your address, or has ended the room. Ask there, or use another "
               "relay (--relay HOST:PORT)."},
    advice_row{errc::relay_silent, blamed::relay, start_again},
    advice_row{errc::relay_message_unexpected, blamed::relay,
               "Is it a relay of Tallow that listens there? Update it or this program."},
    advice_row{errc::client_message_unexpected, blamed::relay,
               "Is it a relay of Tallow that listens there? Update it or this program."},
    advice_row{errc::relay_key_wrong, blamed::relay,
               "Nothing was sent. Ask whoever runs the relay for its key. If the one that it shows "
               "is right, remove its line from the file, or change the address; if not, somebody "
               "stands between you and the relay."},
    advice_row{errc::tls_failed, blamed::relay,
               "Is it the relay that listens there (--relay HOST:PORT)?"},
    advice_row{errc::connect_failed, blamed::network,
               "Is the relay running, and is its address right (--relay HOST:PORT)?"},
    advice_row{
        errc::resolve_failed, blamed::network,
        "Is the relay's name spelled right (--relay HOST:PORT), and is this machine online?"},
    advice_row{errc::proxy_invalid, blamed::here,
               "A proxy looks like socks5://127.0.0.1:9050 or http://USER:PASSWORD@proxy:3128; "
               "--proxy none goes without one."},
    advice_row{errc::proxy_unreachable, blamed::network,
               "Is the proxy running, and is its address right (--proxy, TALLOW_PROXY or "
               "ALL_PROXY)? --proxy none goes without one."},
    advice_row{errc::proxy_refused, blamed::network,
               "The proxy answered. Is the relay running, is its name right (--relay HOST:PORT), "
               "and does the proxy allow its port?"},
    advice_row{errc::proxy_login_refused, blamed::network,
               "Give the proxy's name and password in TALLOW_PROXY or in the configuration file, "
               "like socks5://USER:PASSWORD@HOST:PORT."},
    advice_row{errc::proxy_not_understood, blamed::network,
               "Is it a proxy that listens there, and of that kind: socks5:// or http://?"},
    advice_row{errc::direct_unavailable, blamed::either,
               "One side is to use direct connections alone (--direct only). The other one may not "
               "be told --direct never, no proxy may be between, and the sender's firewall has to "
               "let it listen. --direct auto takes the relay where there is no other way."},
    advice_row{errc::connection_lost, blamed::network, start_again},
    advice_row{errc::timed_out, blamed::network,
               "Is this machine online, and does a firewall let it reach the relay?"},
};

}  // namespace detail

/// Where the cause is. What no row names is something malformed that came from the other side.
[[nodiscard]] constexpr blamed side_of(errc code) noexcept {
  for (const detail::advice_row& row : detail::advice_rows) {
    if (row.code == code) return row.side;
  }
  return errc_class_of(code) == errc_class::peer ? blamed::peer : blamed::here;
}

/// What to do, in a sentence or two.
[[nodiscard]] constexpr const char* advice_for(errc code) noexcept {
  for (const detail::advice_row& row : detail::advice_rows) {
    if (row.code == code) return row.text;
  }
  return errc_class_of(code) == errc_class::peer ? detail::rules_broken : detail::mistake_here;
}

/// ", on this side", or nothing where the text of the error names a side already, where nobody can
/// know it, and where there is no doubt.
[[nodiscard]] inline std::string side_suffix(errc code) {
  if (code == errc::cancelled || side_of(code) == blamed::either) return "";
  const std::string_view text = errc_text(code);
  for (const std::string_view named : {"other side", "relay"}) {
    if (text.find(named) != std::string_view::npos) return "";
  }
  return std::string(", ") + text_of(side_of(code));
}

}  // namespace tallow::cli
