// What two sides that may want different things of direct lanes have agreed on.
//
// @source  docs/protocol/transfer.md, SETUP
#pragma once

#include <optional>

#include <tallow/base/error.hpp>
#include <tallow/wire/peer_messages.hpp>

namespace tallow::transfer {

/// Either side may rule direct lanes out, or all others.
class direct_agreement {
 public:
  explicit direct_agreement(direct_use here) noexcept : here_(here) {}

  /// What this side wants.
  [[nodiscard]] direct_use here() const noexcept { return here_; }

  /// @errors  direct_unavailable: what one side takes alone, the other does not take at all
  [[nodiscard]] result<void> met(const setup& peer) noexcept {
    const bool is_refused = here_ == direct_use::never || peer.direct == direct_use::never;
    const bool is_required = here_ == direct_use::required || peer.direct == direct_use::required;
    if (is_refused && is_required) return fail(errc::direct_unavailable, 0, "one side has none");
    agreed_ = is_refused    ? direct_use::never
              : is_required ? direct_use::required
                            : direct_use::preferred;
    return {};
  }

  /// What holds; nothing before the other side's SETUP, unless that could not change it.
  [[nodiscard]] std::optional<direct_use> agreed() const noexcept {
    return agreed_ || here_ != direct_use::never ? agreed_ : here_;
  }

 private:
  direct_use here_;
  std::optional<direct_use> agreed_;
};

}  // namespace tallow::transfer
