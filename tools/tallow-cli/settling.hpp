// What is done and said when a transfer did not come to its end.
#pragma once

#include <utility>

#include <nlohmann/json.hpp>

#include <tallow/base/error.hpp>

#include "exit_code.hpp"
#include "reporter.hpp"
#include "stored_session.hpp"
#include "voice.hpp"

namespace tallow::cli {

/// True when another try of the same session may come further: it broke, or somebody stopped it.
[[nodiscard]] inline bool may_go_on(const error& why) {
  // The sender will not be somebody else the next time.
  if (why.code == errc::signer_missing || why.code == errc::signer_wrong) return false;
  switch (exit_code_for(why.code)) {
    case exit_code::usage:
    case exit_code::refused:
    case exit_code::versions: return false;
    case exit_code::done:
    case exit_code::other:
    case exit_code::authentication:
    case exit_code::gone:
    case exit_code::files:
    case exit_code::disk_full:
    case exit_code::interrupted: return true;
  }
  return false;
}

/// The other side has only its keys any more, and this one goes on as if it had no more either.
inline void tell_begun_anew(const voice& speaks) {
  speaks.emit({{"event", "begun_anew"}});
  speaks.say("The other side was started anew. Going on with what it has ...");
}

/// Forgets a session that is over. Tells how one that is not goes on, and what it ended with.
///
/// @shape  returns the exit status
inline exit_code settle_failure(session_record& record, const error& why, reporter& report,
                                nlohmann::json more = nlohmann::json::object()) {
  if (!may_go_on(why)) record.forget();
  const exit_code code = report.failed(why, std::move(more));
  if (record.is_stored()) {
    report.say("To go on: tallow-cli resume, on both sides, within a day.");
  }
  return code;
}

}  // namespace tallow::cli
