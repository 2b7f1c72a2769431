// Which of many things is due next.
//
// @source  docs/protocol/room.md, Time
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <tallow/base/time.hpp>

namespace tallow::room {

/// One deadline for each of many keys, and the earliest of all of them.
template <class Key>
class deadlines {
 public:
  /// Sets, moves or removes the deadline of `key`.
  ///
  /// @cost  O(log n); nothing when it stays what it is
  void set(const Key& key, std::optional<instant> due) {
    const auto found = by_key_.find(key);
    if (found != by_key_.end()) {
      if (due && found->second == *due) return;
      by_time_.erase({found->second, key});
      if (!due) {
        by_key_.erase(found);
        return;
      }
      found->second = *due;
    } else {
      if (!due) return;
      by_key_.emplace(key, *due);
    }
    by_time_.emplace(*due, key);
  }

  [[nodiscard]] std::optional<instant> next() const noexcept {
    if (by_time_.empty()) return std::nullopt;
    return by_time_.begin()->first;
  }

  /// Takes out one key whose time has come.
  [[nodiscard]] std::optional<Key> pop_due(instant now) {
    if (by_time_.empty() || by_time_.begin()->first > now) return std::nullopt;
    const Key key = by_time_.begin()->second;
    by_time_.erase(by_time_.begin());
    by_key_.erase(key);
    return key;
  }

 private:
  std::set<std::pair<instant, Key>> by_time_;
  std::map<Key, instant> by_key_;
};

}  // namespace tallow::room
