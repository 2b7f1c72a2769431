// Which chunks are done: a prefix and a bitmap behind it, whatever the size of the transfer.
//
// @source  docs/protocol/transfer.md, Byte space (the window)
#pragma once

#include <algorithm>
#include <bitset>
#include <cstddef>
#include <cstdint>

#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/units.hpp>

namespace tallow::transfer {

/// A set of chunks that fills from below.
///
/// Invariant: every chunk below prefix() is in the set, none from prefix() + chunk_window on is,
/// and prefix() itself is not unless advance() is under way.
class chunk_window {
 public:
  /// The lowest chunk that is not in the set.
  [[nodiscard]] std::uint64_t prefix() const noexcept { return prefix_; }

  [[nodiscard]] bool contains(chunk_index chunk) const noexcept {
    if (chunk.value < prefix_) return true;
    return chunk.value < prefix_ + limits::chunk_window && bits_[slot(chunk.value)];
  }

  /// True when the chunk lies so low that it may be sent now.
  [[nodiscard]] bool may_hold(chunk_index chunk) const noexcept {
    return chunk.value < prefix_ + limits::chunk_window;
  }

  /// Adds a chunk.
  ///
  /// @errors  chunk_repeated, chunk_unexpected (above the window); both cond::peer
  [[nodiscard]] result<void> insert(chunk_index chunk) noexcept {
    if (contains(chunk)) return fail(errc::chunk_repeated, chunk.value);
    if (!may_hold(chunk)) return fail(errc::chunk_unexpected, chunk.value);
    bits_[slot(chunk.value)] = true;
    return {};
  }

  /// Moves the prefix over what is in the set, and over chunks that nobody waits for:
  /// `next(chunk_index)` gives the lowest from that one on that somebody does.
  ///
  /// @cost  O(chunks in the set + calls of `next`), however many are passed over
  template <class Next>
  void advance(Next&& next) {
    for (;;) {
      const bool is_in = bits_[slot(prefix_)];
      const std::uint64_t to = is_in ? prefix_ + 1 : next(chunk_index{prefix_});
      if (to == prefix_) return;
      const std::uint64_t passed = std::min(to - prefix_, limits::chunk_window);
      for (std::uint64_t i = 0; i < passed; ++i) bits_[slot(prefix_ + i)] = false;
      prefix_ = to;
    }
  }

 private:
  [[nodiscard]] static constexpr std::size_t slot(std::uint64_t chunk) noexcept {
    return static_cast<std::size_t>(chunk % limits::chunk_window);
  }

  std::bitset<limits::chunk_window> bits_;
  std::uint64_t prefix_ = 0;
};

}  // namespace tallow::transfer
