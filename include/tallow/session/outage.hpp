// When a session whose connection was lost tries again, and when it gives up.
//
// @source  docs/protocol/transfer.md, Reconnect
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/time.hpp>
#include <tallow/crypto/rng.hpp>

namespace tallow::session {

/// An outage begins when a connection is lost and ends when the other side has been recognised on a
/// new one, however many connections that takes. It is limited in time, not in tries.
class outage {
 public:
  /// @param longest  0: there is no second connection
  explicit outage(duration longest) noexcept : longest_(longest) {}

  [[nodiscard]] bool bearable() const noexcept { return longest_ > duration::zero(); }

  /// A connection was lost, or a try failed. The next one comes after a pause that doubles with
  /// each, and of which up to a half is random, so that many sessions of one relay do not come at
  /// the same moment.
  ///
  /// @param told  the relay asked not to be tried before; up to a half comes on top
  void lost(const error& why, instant now, crypto::random_generator& rng, duration told = {}) {
    if (!ends_at_) {
      ends_at_ = now + longest_;
      why_ = why;
      pause_ = pause_first;
    }
    std::array<std::byte, 2> random{};
    rng.randomize(as_u8(byte_span(random)));
    const auto part = load_big_endian<std::uint16_t>(std::span<const std::byte, 2>(random));
    // However long it asks for, there is a try before the outage is given up.
    const duration asked = std::min(told, longest_ / 2);
    const duration spread = std::max(pause_, asked) / 2;
    try_at_ = now + std::max(pause_ / 2, asked) + spread / UINT16_MAX * part;
    pause_ = std::min(pause_ * 2, pause_max);
  }

  /// No longer than that from now on.
  void end_by(instant at) noexcept { ends_at_ = std::min(ends_at_.value_or(at), at); }

  /// The other side is there again.
  void over() noexcept {
    ends_at_.reset();
    try_at_.reset();
  }

  /// A new connection is being made.
  void trying() noexcept { try_at_.reset(); }

  [[nodiscard]] bool lasts_too_long(instant now) const noexcept {
    return ends_at_ && now >= *ends_at_;
  }
  [[nodiscard]] std::optional<instant> ends_at() const noexcept { return ends_at_; }
  [[nodiscard]] std::optional<instant> try_at() const noexcept { return try_at_; }
  /// What began it.
  [[nodiscard]] const error& why() const noexcept { return why_; }

 private:
  static constexpr duration pause_first = std::chrono::milliseconds(50);
  static constexpr duration pause_max = std::chrono::seconds(15);

  duration longest_;
  duration pause_ = pause_first;
  std::optional<instant> ends_at_;
  std::optional<instant> try_at_;
  error why_{errc::connection_lost};
};

}  // namespace tallow::session
