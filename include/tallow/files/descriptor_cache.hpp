// The few files that are open, out of the many of a transfer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <tallow/base/units.hpp>
#include <tallow/files/unique_fd.hpp>

namespace tallow::files {

/// Holds the descriptors used last, by entry; the one unused for longest is closed for a new one.
///
/// Chunks come in order, so a few would do; a chunk over many small files uses each once anyway.
class descriptor_cache {
 public:
  static constexpr std::size_t descriptors_max = 16;

  /// The descriptor of an entry, or -1.
  [[nodiscard]] int find(entry_index index) noexcept {
    for (slot& s : slots_) {
      if (s.fd && s.index == index) {
        s.used = ++clock_;
        return s.fd.get();
      }
    }
    return -1;
  }

  /// Keeps a descriptor; returns it.
  int keep(entry_index index, unique_fd fd) noexcept {
    slot* oldest = &slots_.front();
    for (slot& s : slots_) {
      if (s.used < oldest->used) oldest = &s;
    }
    *oldest = {index, std::move(fd), ++clock_};
    return oldest->fd.get();
  }

  /// Closes an entry's descriptor, if it is held.
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
    unique_fd fd;
    std::uint64_t used = 0;
  };
  std::array<slot, descriptors_max> slots_;
  std::uint64_t clock_ = 0;
};

}  // namespace tallow::files
