// The resume secrets of one session family: the newest, and the one before it while it may still
// be needed.
// @source docs/protocol/handshake.md, Resume
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include <tallow/base/assert.hpp>
#include <tallow/base/secret.hpp>
#include <tallow/base/units.hpp>
#include <tallow/crypto/key_schedule.hpp>

namespace tallow::crypto {

/// What a reconnect needs. Every handshake gives the next secret; the sides may be one apart,
/// because the last message of a handshake can be lost, so each keeps the one before until a
/// record under the newest has opened.
class resume_keys {
 public:
  /// From the `resume` secret of the first handshake.
  explicit resume_keys(resume_secret first)
      : room_(resume_room_of(first)), newest_(std::move(first)) {}

  /// From what was stored earlier.
  resume_keys(const room_id& room, std::uint32_t generation, resume_secret newest,
              std::optional<resume_secret> older)
      : room_(room),
        generation_(generation),
        newest_(std::move(newest)),
        older_(std::move(older)) {}

  /// Where the family meets; the same for all generations.
  [[nodiscard]] const room_id& room() const noexcept { return room_; }
  [[nodiscard]] std::uint32_t generation() const noexcept { return generation_; }
  [[nodiscard]] const resume_secret& newest() const noexcept { return newest_; }
  [[nodiscard]] const std::optional<resume_secret>& older() const noexcept { return older_; }

  /// Takes in what a reconnect gave: its output's `resume` and `generation`, which is one above
  /// that of the secret it ran with.
  void advance(std::uint32_t generation, resume_secret secret) {
    TALLOW_ASSERT(generation == generation_ + 1 || (older_ && generation == generation_));
    if (generation == generation_ + 1) {
      older_ = std::move(newest_);
      generation_ = generation;
    }
    newest_ = std::move(secret);
  }

  /// A record under the newest secret's keys has opened: the other side has it too.
  void confirm() noexcept { older_.reset(); }

  [[nodiscard]] resume_keys clone() const {
    std::optional<resume_secret> older;
    if (older_) older = older_->clone();
    return {room_, generation_, newest_.clone(), std::move(older)};
  }

 private:
  room_id room_;
  std::uint32_t generation_ = 0;
  resume_secret newest_;
  std::optional<resume_secret> older_;
};

}  // namespace tallow::crypto
