// How many doors a stranger may rattle.
//
// @source  docs/protocol/room.md, Limits
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>

#include <tallow/base/time.hpp>

namespace tallow::room {

/// Where a connection comes from: an address, shortened and hashed by the driver.
using source_id = std::uint64_t;

/// Counts refused joins by source in windows of a minute.
class failed_joins {
 public:
  /// Refusals in one minute after which a source has to wait. A person who mistypes a nameplate
  /// needs a handful; who looks for rooms needs thousands.
  static constexpr unsigned per_minute_max = 30;
  /// Sources remembered at once. When there are more, the count starts afresh: the memory of a
  /// relay is worth more than that of its visitors.
  static constexpr std::size_t sources_max = 10'000;
  static constexpr duration window = std::chrono::minutes(1);

  void count(source_id source, instant now) {
    if (counts_.size() >= sources_max && counts_.find(source) == counts_.end()) counts_.clear();
    entry& e = counts_[source];
    if (e.failures == 0 || now >= e.since + window) e = {now, 0};
    ++e.failures;
  }

  /// How long `source` has to wait; zero when it need not.
  [[nodiscard]] duration wait(source_id source, instant now) const noexcept {
    const auto found = counts_.find(source);
    if (found == counts_.end() || found->second.failures < per_minute_max) return duration::zero();
    const instant until = found->second.since + window;
    return now < until ? until - now : duration::zero();
  }

 private:
  struct entry {
    instant since;
    unsigned failures = 0;
  };
  std::map<source_id, entry> counts_;
};

}  // namespace tallow::room
