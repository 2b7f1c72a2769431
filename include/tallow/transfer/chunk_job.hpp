// A chunk on its way between a lane and the files, and how threads share a transfer.
//
// @source  docs/protocol/transfer.md, Lanes
#pragma once

#include <cstddef>
#include <vector>

#include <tallow/base/units.hpp>
#include <tallow/transfer/byte_space.hpp>

namespace tallow::transfer {

/// One chunk that a lane works on. Each lane has one and uses it again.
struct chunk_job {
  chunk_index chunk{};
  std::size_t bytes = 0;
  std::vector<piece> pieces;  ///< of entries that are wanted; what lies between them is zeros
  bool is_stream = false;     ///< of the stream at the end: no byte space knows its extent
  bool in_order = false;      ///< receiver: waits in memory until those before it are written
};

/// Makes `job` about a chunk.
///
/// @param keeps  `bool keeps(entry_index)`: false for entries whose bytes nobody wants any more
/// @cost         O(log entries + pieces)
template <class Keeps>
void describe(const byte_space& space, chunk_index chunk, Keeps keeps, chunk_job& job) {
  job.chunk = chunk;
  job.bytes = space.chunk_length(chunk);
  job.pieces.clear();
  space.for_each_piece(chunk, [&](const piece& p) {
    if (space.wanted(p.entry) && keeps(p.entry)) job.pieces.push_back(p);
    return true;
  });
}

/// The mutex of a transfer that lives in one thread. Others give std::mutex: its owner has the
/// threads, and the transfer only says where they must not meet. It is never held over a read or a
/// write.
struct no_mutex {
  void lock() noexcept {}
  void unlock() noexcept {}
};

/// Holds a mutex as long as it lives.
template <class Mutex>
class [[nodiscard]] locked {
 public:
  explicit locked(Mutex& mutex) : mutex_(&mutex) { mutex_->lock(); }
  locked(const locked&) = delete;
  locked& operator=(const locked&) = delete;
  ~locked() { mutex_->unlock(); }

 private:
  Mutex* mutex_;
};

}  // namespace tallow::transfer
