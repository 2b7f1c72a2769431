// Which of several addresses to try when, so that one that says nothing delays nobody.
//
// @source  RFC 8305 sections 4 and 5
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <tallow/base/assert.hpp>
#include <tallow/base/time.hpp>

namespace tallow::net {

/// How long addresses are waited for.
struct connect_times {
  /// Until the next address is tried beside those that have not answered (RFC 8305, section 8).
  std::chrono::milliseconds stagger{250};
  /// How long one address may take: longer than two lost SYNs, shorter than patience.
  std::chrono::milliseconds address{10'000};
};

/// More addresses than any name needs; they are in the hand of who answers for the name.
inline constexpr std::size_t addresses_max = 16;

/// Endpoints in the order to be tried: the first of IPv6, the first of IPv4, and so in turn; within
/// a family in the order given, which is the resolver's opinion.
template <class Endpoint>
[[nodiscard]] std::vector<Endpoint> in_connecting_order(const std::vector<Endpoint>& found) {
  std::vector<Endpoint> six;
  std::vector<Endpoint> four;
  for (const Endpoint& one : found) {
    auto& family = one.address().is_v6() ? six : four;
    if (std::find(family.begin(), family.end(), one) == family.end()) family.push_back(one);
  }
  std::vector<Endpoint> order;
  for (std::size_t i = 0; i < std::max(six.size(), four.size()); ++i) {
    if (i < six.size()) order.push_back(six[i]);
    if (i < four.size()) order.push_back(four[i]);
  }
  order.resize(std::min(order.size(), addresses_max));
  return order;
}

/// A race of addresses, by their numbers in the order to be tried. The first that connects wins.
///
/// Invariant: those that are under way were started, and none after somebody has won.
class connect_race {
 public:
  connect_race(std::size_t count, connect_times times)
      : times_(times), runners_(std::min(count, addresses_max)) {}

  /// The next to be tried now, if it is time for one.
  [[nodiscard]] std::optional<std::size_t> poll_start(instant now) {
    if (winner_ || next_ == runners_.size() || (next_at_ && now < *next_at_)) return std::nullopt;
    runners_[next_] = {state::under_way, now + times_.address};
    next_at_ = now + times_.stagger;
    return next_++;
  }

  /// One that has said nothing for too long, and is to be given up. It has failed by this.
  [[nodiscard]] std::optional<std::size_t> poll_expired(instant now) {
    for (std::size_t i = 0; i < next_; ++i) {
      if (runners_[i].now != state::under_way || now < runners_[i].deadline) continue;
      failed(i, now);
      return i;
    }
    return std::nullopt;
  }

  /// It is connected. False when another was faster: it is to be closed.
  [[nodiscard]] bool connected(std::size_t which) {
    TALLOW_ASSERT(which < next_);
    if (winner_ || runners_[which].now != state::under_way) return false;
    winner_ = which;
    return true;
  }

  /// It cannot be reached. There is no reason to wait with the next.
  void failed(std::size_t which, instant now) {
    TALLOW_ASSERT(which < next_);
    if (runners_[which].now != state::under_way) return;
    runners_[which].now = state::failed;
    next_at_ = now;
  }

  [[nodiscard]] std::optional<std::size_t> winner() const noexcept { return winner_; }

  /// True when all have failed, or there was none.
  [[nodiscard]] bool is_lost() const noexcept {
    return !winner_ && next_ == runners_.size() &&
           std::none_of(runners_.begin(), runners_.end(),
                        [](const runner& r) { return r.now == state::under_way; });
  }

  /// When to poll again if nothing happens before.
  [[nodiscard]] std::optional<instant> next_timeout() const noexcept {
    std::optional<instant> soonest;
    if (winner_) return soonest;
    if (next_ < runners_.size()) soonest = next_at_;
    for (const runner& r : runners_) {
      if (r.now == state::under_way) soonest = earlier(soonest, r.deadline);
    }
    return soonest;
  }

 private:
  enum class state : std::uint8_t { waiting, under_way, failed };
  struct runner {
    state now = state::waiting;
    instant deadline{};
  };

  connect_times times_;
  std::vector<runner> runners_;
  std::size_t next_ = 0;
  std::optional<instant> next_at_;
  std::optional<std::size_t> winner_;
};

}  // namespace tallow::net
