// Which chunk goes next. All lanes of a transfer take from one scheduler.
//
// @source  docs/protocol/transfer.md, Byte space and Lanes
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include <tallow/base/error.hpp>
#include <tallow/base/units.hpp>
#include <tallow/transfer/byte_space.hpp>
#include <tallow/transfer/chunk_window.hpp>

namespace tallow::transfer {

/// Hands out chunks in order, each once, and those of a lost lane again.
///
/// Invariant: acknowledged prefix <= next_ <= chunks whose entries were accepted; every chunk below
/// next_ is acknowledged, in flight, waiting in returned_, or wanted by nobody.
class scheduler {
 public:
  /// The next chunk to send, if one may be sent now: its entries were accepted, and it lies within
  /// the window above the lowest chunk that is not acknowledged.
  ///
  /// @param sendable  chunks of the space whose entries were accepted
  [[nodiscard]] std::optional<chunk_index> take(const byte_space& space, std::uint64_t sendable) {
    while (!returned_.empty()) {
      const chunk_index chunk = returned_.front();
      returned_.pop_front();
      if (!acknowledged_.contains(chunk)) return chunk;
    }
    while (next_ < sendable && acknowledged_.may_hold(chunk_index{next_})) {
      const chunk_index chunk{next_++};
      if (space.chunk_wanted(chunk)) return chunk;
      skip_unwanted(space);
    }
    return std::nullopt;
  }

  /// Gives back a chunk whose lane was lost before it was acknowledged.
  void give_back(chunk_index chunk) { returned_.push_back(chunk); }

  /// Notes that a chunk is written on the other side.
  ///
  /// @errors  chunk_unexpected: it was never sent; chunk_repeated (both cond::peer)
  [[nodiscard]] result<void> acknowledge(const byte_space& space, chunk_index chunk) {
    if (chunk.value >= next_) return fail(errc::chunk_unexpected, chunk.value);
    if (auto done = acknowledged_.insert(chunk); !done) return done;
    skip_unwanted(space);
    return {};
  }

  /// True when every one of the first `count` chunks was handed out.
  [[nodiscard]] bool all_taken(std::uint64_t count) const noexcept {
    return next_ >= count && returned_.empty();
  }

  [[nodiscard]] std::uint64_t acknowledged_prefix() const noexcept {
    return acknowledged_.prefix();
  }

  /// The lowest chunk that was never handed out.
  [[nodiscard]] std::uint64_t next() const noexcept { return next_; }

 private:
  void skip_unwanted(const byte_space& space) {
    acknowledged_.advance([&](chunk_index c) { return c.value < next_ && !space.chunk_wanted(c); });
  }

  chunk_window acknowledged_;
  std::deque<chunk_index> returned_;
  std::uint64_t next_ = 0;
};

}  // namespace tallow::transfer
