// What comes of the operator's program: whom it blocks, and what happens when
// it is gone.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <utility>

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <spdlog/spdlog.h>

#include "abuse_hook.hpp"
#include "metrics.hpp"
#include "relay_rules.hpp"
#include "settings.hpp"

namespace tallow::relay_tool {

class abuse_watch {
 public:
  // Who stops the relay may stop the program at the same moment. That is no
  // failure of either.
  static constexpr auto grace = std::chrono::seconds(1);

  // `drain` ends the relay. All outlive it.
  abuse_watch(asio::io_context& context, abuse_hook& hook, relay_rules& rules,
              std::function<void()> drain)
      : hook_(&hook), rules_(&rules), drain_(std::move(drain)), wait_(context), stops_(context) {}

  // Before the sandbox. Nothing is done without a program.
  [[nodiscard]] refusal start(const settings& chosen) {
    if (chosen.abuse_hook.empty()) return std::nullopt;
    fails_open_ = chosen.abuse_hook_fails_open;
    auto why = hook_->start(
        chosen.abuse_hook, [this](const abuse_block& one) { block(one); }, [this] { lose(); });
    if (why) return why;
    is_asked_for_ = true;
    stops_.add(SIGINT);
    stops_.add(SIGTERM);
    stops_.async_wait([this](asio::error_code cancelled, int) {
      if (cancelled) return;
      wait_.cancel();
      hook_->stop();
    });
    spdlog::info("abuse hook: started");
    return std::nullopt;
  }

  // The program hears of it by the end of its input.
  void stop() {
    stops_.cancel();
    wait_.cancel();
    hook_->stop();
  }

  [[nodiscard]] bool has_ended_the_relay() const noexcept { return has_ended_the_relay_; }

  [[nodiscard]] std::optional<abuse_figures> figures() const {
    if (!is_asked_for_) return std::nullopt;
    return abuse_figures{hook_->is_running(), hook_->dropped(), rules_->block_count()};
  }

 private:
  void block(const abuse_block& one) {
    if (rules_->block(one.whom, one.how_long, std::chrono::steady_clock::now())) {
      spdlog::info("abuse hook: somebody is blocked for {} s", one.how_long.count());
    } else {
      spdlog::warn("abuse hook: nobody more is blocked, {} are already", relay_rules::blocks_max);
    }
  }

  void lose() {
    if (fails_open_) {
      spdlog::error(
          "abuse hook: it has ended; the relay goes on without it, "
          "as asked for");
      return;
    }
    spdlog::error("abuse hook: it has ended; nobody new is served, and the relay ends");
    rules_->close();
    wait_.expires_after(grace);
    wait_.async_wait([this](asio::error_code cancelled) {
      if (cancelled) return;
      has_ended_the_relay_ = true;
      drain_();
    });
  }

  abuse_hook* hook_;
  relay_rules* rules_;
  std::function<void()> drain_;
  asio::steady_timer wait_;
  asio::signal_set stops_;
  bool fails_open_ = false;
  bool is_asked_for_ = false;
  bool has_ended_the_relay_ = false;
};

}  // namespace tallow::relay_tool
