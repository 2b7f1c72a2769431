// Whom a relay serves, as its settings say, and for a while as somebody has
// asked meanwhile.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include <tallow/base/time.hpp>
#include <tallow/net/relay_reload.hpp>

namespace tallow::relay_tool {

// Gives the relay what it is to go by each time that something changes.
class relay_rules {
 public:
  using applier = std::function<void(const net::relay_reload&)>;

  // At once: each connection that comes is compared with all of them.
  static constexpr std::size_t blocks_max = 1024;

  relay_rules(asio::io_context& context, net::relay_reload settled, applier apply)
      : settled_(std::move(settled)), apply_(std::move(apply)), timer_(context) {}

  // The settings say something else now. What was blocked for a while stays so.
  void settle(net::relay_reload settled) {
    settled_ = std::move(settled);
    apply();
  }

  // False when there are too many already. Who is blocked again is so for the
  // longer of the times.
  [[nodiscard]] bool block(const net::network& whom, std::chrono::seconds how_long, instant now) {
    forget(now);
    const auto known = std::find_if(blocks_.begin(), blocks_.end(), [&](const timed& one) {
      return to_string(one.whom) == to_string(whom);
    });
    if (known != blocks_.end()) {
      known->until = std::max(known->until, now + how_long);
    } else if (blocks_.size() >= blocks_max) {
      return false;
    } else {
      blocks_.push_back({whom, now + how_long});
      apply();
    }
    wait();
    return true;
  }

  // Nobody new is served any more.
  void close() {
    is_closed_ = true;
    apply();
  }

  [[nodiscard]] std::size_t block_count() const noexcept { return blocks_.size(); }

  void stop() {
    is_stopped_ = true;
    timer_.cancel();
  }

  // Those whose time is over are served again.
  void forget(instant now) {
    const auto over = std::erase_if(blocks_, [&](const timed& one) { return one.until <= now; });
    if (over != 0) apply();
  }

 private:
  struct timed {
    net::network whom;
    instant until;
  };

  void apply() const {
    net::relay_reload whole = settled_;
    for (const timed& one : blocks_) whole.addresses.blocked.push_back(one.whom);
    // A list of nobody.
    if (is_closed_) whole.addresses.allowed = {net::network()};
    apply_(whole);
  }

  void wait() {
    if (blocks_.empty() || is_stopped_) return;
    const auto first =
        std::min_element(blocks_.begin(), blocks_.end(),
                         [](const timed& a, const timed& b) { return a.until < b.until; });
    timer_.expires_at(first->until);
    timer_.async_wait([this](asio::error_code cancelled) {
      if (cancelled || is_stopped_) return;  // one that has expired is not cancelled any more
      forget(std::chrono::steady_clock::now());
      wait();
    });
  }

  net::relay_reload settled_;
  applier apply_;
  asio::steady_timer timer_;
  std::vector<timed> blocks_;
  bool is_closed_ = false;
  bool is_stopped_ = false;
};

}  // namespace tallow::relay_tool
