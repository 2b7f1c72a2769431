// What one side's failure is called on the other side.
#pragma once

#include <tallow/base/error.hpp>
#include <tallow/wire/peer_messages.hpp>
#include <tallow/wire/relay_messages.hpp>

namespace tallow::session {

/// The reason a peer is told when our side fails with `code`. It learns the kind of trouble and
/// nothing of our files.
[[nodiscard]] inline abort_reason reason_for(errc code) noexcept {
  if (code == errc::cancelled) return abort_reason::cancelled;
  if (code == errc::transfer_refused) return abort_reason::refused;
  if (code == errc::signer_missing || code == errc::signer_wrong) return abort_reason::refused;
  if (code == errc::disk_full) return abort_reason::disk_full;
  if (code == errc::role_clash) return abort_reason::role_clash;
  if (code == errc::quota_too_small) return abort_reason::quota;
  if (code == errc::direct_unavailable) return abort_reason::no_direct;
  if (condition_of(code) == cond::peer) return abort_reason::protocol;
  const int block = static_cast<int>(code) / 100;
  if (block == 5 || block == 8) return abort_reason::file_trouble;
  return abort_reason::internal;
}

/// The error that a peer's sealed ABORT means here.
[[nodiscard]] inline errc error_for(abort_reason reason) noexcept {
  switch (reason) {
    case abort_reason::cancelled: return errc::peer_cancelled;
    case abort_reason::refused: return errc::transfer_refused;
    case abort_reason::disk_full: return errc::peer_disk_full;
    case abort_reason::file_trouble: return errc::peer_file_trouble;
    case abort_reason::protocol: return errc::peer_aborted;
    case abort_reason::role_clash: return errc::role_clash;
    case abort_reason::quota: return errc::quota_too_small;
    case abort_reason::no_direct: return errc::direct_unavailable;
    case abort_reason::internal: break;
  }
  return errc::peer_aborted;
}

/// The error that the other side's leaving means here, before anything was completed.
[[nodiscard]] inline errc error_for(leave_reason reason) noexcept {
  switch (reason) {
    case leave_reason::spent: return errc::authentication_failed;
    case leave_reason::handshake_timeout: return errc::handshake_timeout;
    case leave_reason::slow_consumer: return errc::slow_consumer;
    case leave_reason::quota: return errc::quota_exhausted;
    case leave_reason::cancelled: return errc::peer_cancelled;
    case leave_reason::disconnected:
    case leave_reason::finished: break;
  }
  return errc::peer_left;
}

}  // namespace tallow::session
