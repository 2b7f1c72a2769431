// What a process says with its exit status. Fixed: scripts rely on it.
#pragma once

#include <array>

#include <tallow/base/error.hpp>

namespace tallow::cli {

enum class exit_code : int {
  done = 0,
  other = 1,
  usage = 2,
  authentication = 3,  ///< wrong code, used code, or somebody tampered
  gone = 4,            ///< the peer or the relay went away or does not answer
  refused = 5,         ///< the other side or the relay does not want it
  files = 6,           ///< files could not be read or written
  disk_full = 7,
  versions = 8,  ///< the versions do not meet
  interrupted = 130,
};

namespace detail {

struct exit_row {
  errc code;
  exit_code exit;
};

// The codes whose exit status does not follow from whose fault they are.
inline constexpr std::array exit_rows{
    exit_row{errc::cancelled, exit_code::interrupted},
    exit_row{errc::invalid_argument, exit_code::usage},
    exit_row{errc::address_invalid, exit_code::usage},
    exit_row{errc::proxy_invalid, exit_code::usage},
    exit_row{errc::code_without_nameplate, exit_code::usage},
    exit_row{errc::code_without_password, exit_code::usage},
    exit_row{errc::code_too_weak, exit_code::usage},
    exit_row{errc::code_bad_character, exit_code::usage},
    exit_row{errc::code_spent, exit_code::authentication},
    exit_row{errc::code_already_spent, exit_code::authentication},
    exit_row{errc::room_attempts_used, exit_code::authentication},
    exit_row{errc::transfer_refused, exit_code::refused},
    exit_row{errc::peer_refused, exit_code::refused},
    exit_row{errc::peer_aborted, exit_code::refused},
    exit_row{errc::role_clash, exit_code::refused},
    exit_row{errc::quota_too_small, exit_code::refused},
    exit_row{errc::quota_exhausted, exit_code::refused},
    exit_row{errc::room_full, exit_code::refused},
    exit_row{errc::room_wants_clash, exit_code::refused},
    exit_row{errc::relay_full, exit_code::refused},
    exit_row{errc::relay_refused, exit_code::refused},
    exit_row{errc::relay_wants_tls, exit_code::refused},
    exit_row{errc::rate_limited, exit_code::refused},
    exit_row{errc::address_blocked, exit_code::refused},
    exit_row{errc::nameplates_used_up, exit_code::refused},
    exit_row{errc::disk_full, exit_code::disk_full},
    exit_row{errc::peer_disk_full, exit_code::disk_full},
    exit_row{errc::peer_file_trouble, exit_code::files},
    exit_row{errc::source_changed, exit_code::files},
    exit_row{errc::source_failed, exit_code::files},
    exit_row{errc::sink_failed, exit_code::files},
    exit_row{errc::some_entries_failed, exit_code::files},
    exit_row{errc::versions_do_not_meet, exit_code::versions},
    exit_row{errc::suites_do_not_meet, exit_code::versions},
    exit_row{errc::relay_version_unknown, exit_code::versions},
    exit_row{errc::peer_left, exit_code::gone},
    exit_row{errc::peer_cancelled, exit_code::gone},
    exit_row{errc::peer_restarted, exit_code::gone},
    exit_row{errc::room_busy, exit_code::gone},
    exit_row{errc::signer_missing, exit_code::authentication},
    exit_row{errc::signer_wrong, exit_code::authentication},
    exit_row{errc::peer_silent, exit_code::gone},
    exit_row{errc::relay_silent, exit_code::gone},
    exit_row{errc::relay_draining, exit_code::gone},
    exit_row{errc::room_expired, exit_code::gone},
    exit_row{errc::room_idle, exit_code::gone},
    exit_row{errc::room_unknown, exit_code::gone},
    exit_row{errc::slow_consumer, exit_code::gone},
    exit_row{errc::handshake_timeout, exit_code::gone},
};

}  // namespace detail

/// The exit status for a failure.
[[nodiscard]] constexpr exit_code exit_code_for(errc code) noexcept {
  for (const detail::exit_row& row : detail::exit_rows) {
    if (row.code == code) return row.exit;
  }
  // What somebody in between may have done to us counts as failed authentication; the blocks of
  // network and files speak for themselves.
  if (condition_of(code) == cond::peer) return exit_code::authentication;
  switch (static_cast<int>(code) / 100) {
    case 7: return exit_code::gone;
    case 8: return exit_code::files;
    default: return exit_code::other;
  }
}

}  // namespace tallow::cli
