// A sender as lanes see it that are there for when no better ones are.
#pragma once

#include <atomic>

#include <tallow/base/bytes.hpp>
#include <tallow/base/units.hpp>
#include <tallow/transfer/chunk_job.hpp>

namespace tallow::net {

/// Gives no chunk while `is_held` says so. What the lane is sending goes on.
template <class Sender>
class standby_sender {
 public:
  standby_sender(Sender& from, const std::atomic<bool>& is_held) noexcept
      : from_(&from), is_held_(&is_held) {}

  [[nodiscard]] bool take_chunk(stream_id lane, transfer::chunk_job& job) {
    return !is_held_->load() && from_->take_chunk(lane, job);
  }
  void read_chunk(const transfer::chunk_job& job, byte_span body) { from_->read_chunk(job, body); }
  void chunk_framed(std::size_t bytes) { from_->chunk_framed(bytes); }

 private:
  Sender* from_;
  const std::atomic<bool>* is_held_;
};

}  // namespace tallow::net
