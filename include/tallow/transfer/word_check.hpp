// Whether two people have compared the words of a session, where one of them wants that.
//
// @source  docs/protocol/transfer.md
#pragma once

#include <tallow/base/error.hpp>
#include <tallow/wire/peer_messages.hpp>

namespace tallow::transfer {

/// Either side's wish makes both wait. A side has passed once its own person has confirmed the
/// words and the other side has said the same of the other person.
class word_check {
 public:
  explicit word_check(bool is_wanted_here) noexcept : is_wanted_(is_wanted_here) {}

  /// True once the other side's SETUP has come.
  [[nodiscard]] bool has_met() const noexcept { return has_met_; }

  void met(const setup& peer) noexcept {
    has_met_ = true;
    is_wanted_ = is_wanted_ || peer.verify;
  }

  /// @errors  peer_message_unexpected (cond::peer): nobody asked for it, or it was said already
  [[nodiscard]] result<void> handle(const verified&) noexcept {
    if (!has_met_ || !is_wanted_ || is_confirmed_there_) {
      return fail(errc::peer_message_unexpected, 0, "VERIFIED");
    }
    is_confirmed_there_ = true;
    return {};
  }

  /// The person here has compared them, and they are the same.
  ///
  /// @shape  returns whether VERIFIED is due: both sides know that it is wanted, and it is the
  /// first
  [[nodiscard]] bool confirm_here() noexcept {
    if (!is_due()) return false;
    is_confirmed_here_ = true;
    return true;
  }

  /// True while a person here is to be asked.
  [[nodiscard]] bool is_due() const noexcept {
    return has_met_ && is_wanted_ && !is_confirmed_here_;
  }

  /// True when nothing stands against the transfer any more.
  [[nodiscard]] bool has_passed() const noexcept {
    return has_met_ && (!is_wanted_ || (is_confirmed_here_ && is_confirmed_there_));
  }

 private:
  bool is_wanted_;
  bool has_met_ = false;
  bool is_confirmed_here_ = false;
  bool is_confirmed_there_ = false;
};

}  // namespace tallow::transfer
