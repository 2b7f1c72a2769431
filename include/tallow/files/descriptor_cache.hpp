// The few files that are open, out of the many of a transfer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include <tallow/base/units.hpp>
#include <tallow/files/unique_fd.hpp>

namespace tallow::files {

/// A descriptor that stays open for as long as anybody uses it.
using shared_fd = std::shared_ptr<const unique_fd>;

/// Holds the descriptors used last, by entry; the one unused for longest is given up for a new one,
/// and is closed once nobody uses it any more. Not safe to use from two threads at once; what it
/// hands out is.
///
/// Chunks come nearly in order, so a few would do.
class descriptor_cache {
 public:
  static constexpr std::size_t descriptors_max = 16;

  /// The descriptor of an entry, or nothing.
  [[nodiscard]] shared_fd find(entry_index index) noexcept {
    for (slot& s : slots_) {
      if (s.fd && s.index == index) {
        s.used = ++clock_;
        return s.fd;
      }
    }
    return nullptr;
  }

  /// Keeps a descriptor.
  void keep(entry_index index, shared_fd fd) noexcept {
    slot* oldest = &slots_.front();
    for (slot& s : slots_) {
      if (s.used < oldest->used) oldest = &s;
    }
    *oldest = {index, std::move(fd), ++clock_};
  }

  /// Gives an entry's descriptor up, if it is held.
  void drop(entry_index index) noexcept {
    for (slot& s : slots_) {
      if (s.fd && s.index == index) s = {};
    }
  }

  void clear() noexcept {
    for (slot& s : slots_) s = {};
  }

 private:
  struct slot {
    entry_index index{};
    shared_fd fd;
    std::uint64_t used = 0;
  };
  std::array<slot, descriptors_max> slots_;
  std::uint64_t clock_ = 0;
};

}  // namespace tallow::files
