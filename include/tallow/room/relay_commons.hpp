// What the shards of one relay have in common: its limits on strangers and on numbers.
//
// @source  docs/protocol/room.md, Shards
#pragma once

#include <utility>

#include <tallow/room/admission.hpp>
#include <tallow/room/shard.hpp>

namespace tallow::room {

/// Keeps shards that run in threads of their own out of each other's way. Without functions there
/// is one thread.
struct exclusion {
  void (*enter)(void* context) = nullptr;
  void (*leave)(void* context) = nullptr;
  void* context = nullptr;
};

/// Outlives the relay_cores that share it. Nothing here is touched while bytes are passed on.
class relay_commons {
 public:
  explicit relay_commons(const admission_options& options, exclusion alone = {})
      : alone_(alone), admission_(options) {}

  shared_count connections;
  shared_count rooms;  ///< those that only remember a spent code not counted

  /// Calls `use` with the admission, while nobody else does.
  template <class Use>
  auto with_admission(Use use) {
    const visit now(alone_);
    return use(admission_);
  }

 private:
  class visit {
   public:
    explicit visit(const exclusion& alone) noexcept : alone_(&alone) {
      if (alone_->enter != nullptr) alone_->enter(alone_->context);
    }
    visit(const visit&) = delete;
    visit& operator=(const visit&) = delete;
    ~visit() {
      if (alone_->leave != nullptr) alone_->leave(alone_->context);
    }

   private:
    const exclusion* alone_;
  };

  exclusion alone_;
  admission admission_;
};

/// Where a relay_core stands: alone, or as one of several.
struct relay_place {
  relay_commons* commons = nullptr;  ///< nothing: its own
  shard own;
};

}  // namespace tallow::room
