// How often a code was tried in this process.
// @source docs/protocol/handshake.md, Attempts
#pragma once

#include <tallow/base/limits.hpp>

namespace tallow::crypto {

/// The attempts of one code. Belongs to whoever holds the code, outlives every handshake with it,
/// and can be neither copied nor moved, so that no attempt is forgotten.
///
/// A fake responder can test one guess offline on the initiator's tag and simply vanish, so it is
/// no use to count failed confirmations: the initiator spends the code when it takes in the second
/// message, the responder when it takes in the third, and the responder answers at most three
/// initiators, whatever the relay says about them. Losing the connection before that is free.
class attempt_ledger {
 public:
  attempt_ledger() noexcept = default;
  attempt_ledger(const attempt_ledger&) = delete;
  attempt_ledger& operator=(const attempt_ledger&) = delete;
  ~attempt_ledger() = default;

  /// True when no handshake may run with this code any more: a new code is needed.
  [[nodiscard]] bool spent() const noexcept { return spent_; }

  /// Masked keys that the responder has sent under this code.
  [[nodiscard]] unsigned answers() const noexcept { return answers_; }

  /// True when the responder may answer one more initiator.
  [[nodiscard]] bool may_answer() const noexcept {
    return !spent_ && answers_ < limits::handshake_answers_max;
  }

  void spend() noexcept { spent_ = true; }
  void add_answer() noexcept { ++answers_; }

 private:
  bool spent_ = false;
  unsigned answers_ = 0;
};

}  // namespace tallow::crypto
