// Which chunk goes next. All lanes of a transfer take from one scheduler.
//
// @source  docs/protocol/transfer.md, Byte space and Lanes
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include <tallow/base/error.hpp>
#include <tallow/base/units.hpp>
#include <tallow/transfer/byte_space.hpp>
#include <tallow/transfer/chunk_window.hpp>
#include <tallow/transfer/claims.hpp>

namespace tallow::transfer {

/// Hands out chunks in order, each once, and those of a lost lane again. What the receiver claims
/// to have is handed out only if the claim turns out wrong.
///
/// Invariant: acknowledged prefix <= next_ <= chunks whose entries were accepted; every chunk below
/// next_ is acknowledged, in flight on the lane that owners_ names, waiting in returned_, claimed,
/// or wanted by nobody.
class scheduler {
 public:
  /// The receiver takes no chunk further above the lowest one that is not acknowledged.
  void limit_window(std::uint64_t chunks) noexcept { window_ = std::min(window_, chunks); }
  [[nodiscard]] std::uint64_t window() const noexcept { return window_; }

  /// The next chunk to send, if one may be sent now: its entries were accepted, and it lies within
  /// the window above the lowest chunk that is not acknowledged. read_done() is due for it.
  ///
  /// @param sendable  chunks of the space whose entries were accepted
  /// @param lane      who takes it
  [[nodiscard]] std::optional<chunk_index> take(const byte_space& space, std::uint64_t sendable,
                                                stream_id lane) {
    while (const auto refused = claims_.next_refused(next_)) returned_.push_back(*refused);
    while (!returned_.empty()) {
      const chunk_index chunk = returned_.front();
      returned_.pop_front();
      if (!acknowledged_.contains(chunk)) return start_reading(chunk, lane);
    }
    while (next_ < sendable && next_ < acknowledged_.prefix() + window_) {
      const chunk_index chunk{next_};
      const claim_state state = claims_.state_of(chunk);
      if (state == claim_state::unknown) return std::nullopt;
      const std::uint64_t wanted = space.next_wanted_chunk(chunk, passable_below(sendable));
      if (wanted != chunk.value) {
        next_ = wanted;
      } else {
        ++next_;
        if (state == claim_state::missing && !acknowledged_.contains(chunk)) {
          return start_reading(chunk, lane);
        }
      }
      skip_done(space);
    }
    return std::nullopt;
  }

  /// What the receiver claims to have. Whoever compares calls claim_compared().
  [[nodiscard]] claim_checker& claims() noexcept { return claims_; }

  /// What the comparison said of a claim. A wrong one goes out as DATA.
  ///
  /// @errors  those of claim_checker::compared()
  [[nodiscard]] result<void> claim_compared(const byte_space& space, chunk_index chunk,
                                            bool is_equal) {
    if (auto done = claims_.compared(chunk, is_equal); !done) return done;
    skip_done(space);
    return {};
  }

  /// The bytes of a chunk that was taken have been read, or could not be.
  void read_done(chunk_index chunk) {
    const auto found = std::find(reading_.begin(), reading_.end(), chunk);
    if (found != reading_.end()) reading_.erase(found);
  }

  /// What a lane took and nobody acknowledged goes out again.
  void lane_lost(stream_id lane) {
    take_back([&](stream_id owner) { return owner == lane; });
  }

  /// What any lane took and nobody acknowledged goes out again.
  void lanes_lost() {
    take_back([](stream_id owner) { return owner != nobody; });
  }

  /// Notes that a chunk is written on the other side.
  ///
  /// @shape   returns false for one that was acknowledged before
  /// @errors  chunk_unexpected: it was never sent (cond::peer)
  [[nodiscard]] result<bool> acknowledge(const byte_space& space, chunk_index chunk) {
    if (chunk.value >= next_) return fail(errc::chunk_unexpected, chunk.value);
    if (acknowledged_.contains(chunk) || claims_.confirmed().contains(chunk)) return false;
    owner_of(chunk) = nobody;
    if (auto done = acknowledged_.insert(chunk); !done) return fail(done.error());
    skip_done(space);
    return true;
  }

  /// True when every one of the first `count` chunks was handed out or need not be, and nothing
  /// more will be claimed.
  [[nodiscard]] bool all_taken(std::uint64_t count) const noexcept {
    return next_ >= count && returned_.empty() && claims_.settled_below() == claims_end.value;
  }

  [[nodiscard]] std::uint64_t acknowledged_prefix() const noexcept {
    return acknowledged_.prefix();
  }

  /// Every chunk below has been read at least once, is there, or is wanted by nobody.
  [[nodiscard]] std::uint64_t read_below() const noexcept {
    std::uint64_t below = std::min(next_, claims_.settled_below());
    for (const chunk_index chunk : reading_) below = std::min(below, chunk.value);
    return below;
  }

 private:
  // The control channel's number, which is no lane's.
  static constexpr stream_id nobody{};

  [[nodiscard]] stream_id& owner_of(chunk_index chunk) noexcept {
    return owners_[static_cast<std::size_t>(chunk.value % limits::chunk_window)];
  }

  template <class Lost>
  void take_back(Lost lost) {
    for (std::uint64_t c = acknowledged_.prefix(); c < next_; ++c) {
      stream_id& owner = owner_of(chunk_index{c});
      if (acknowledged_.contains(chunk_index{c}) || !lost(owner)) continue;
      owner = nobody;
      returned_.push_back(chunk_index{c});
    }
  }

  chunk_index start_reading(chunk_index chunk, stream_id lane) {
    owner_of(chunk) = lane;
    reading_.push_back(chunk);
    return chunk;
  }

  // How far next_ may go over chunks that nobody wants. What is in flight keeps its window, and
  // what may be claimed its turn.
  [[nodiscard]] std::uint64_t passable_below(std::uint64_t sendable) const noexcept {
    const bool is_all_done = acknowledged_.prefix() == next_;
    std::uint64_t below = std::min(sendable, claims_.settled_below());
    if (!is_all_done) below = std::min(below, acknowledged_.prefix() + window_);
    return std::max(next_ + 1, below);
  }

  void skip_done(const byte_space& space) {
    acknowledged_.advance([&](chunk_index c) {
      if (c.value >= next_) return c.value;
      if (claims_.confirmed().contains(c)) return c.value + 1;
      return space.next_wanted_chunk(c, next_);
    });
    claims_.forget_below(acknowledged_.prefix());
  }

  chunk_window acknowledged_;
  std::array<stream_id, limits::chunk_window> owners_{};  // of the chunks in the window
  std::vector<chunk_index> reading_;                      // at most one a lane
  std::deque<chunk_index> returned_;
  claim_checker claims_;
  std::uint64_t next_ = 0;
  std::uint64_t window_ = limits::chunk_window;
};

}  // namespace tallow::transfer
