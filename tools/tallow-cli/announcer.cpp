#include "announcer.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <utility>
#include <vector>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

namespace tallow::cli {
namespace {

// RFC 6762, 8.1, 8.3 and 6: how often it asks, how often it tells, and the least time between two
// answers that say the same, so that whoever asks all the time gets no more; who asks whether a
// name is free waits for less.
constexpr int probes = 3;
constexpr std::chrono::milliseconds probe_pause{250};
constexpr int announcements = 2;
constexpr std::chrono::seconds answer_pause{1};
constexpr std::chrono::milliseconds defence_pause{200};

asio::awaitable<bool> wait(asio::steady_timer& timer, std::chrono::milliseconds how_long) {
  timer.expires_after(how_long);
  asio::error_code stopped;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, stopped));
  co_return !stopped;
}

}  // namespace

// Shared with the loops, which end when the links are closed.
struct announcer::state : std::enable_shared_from_this<announcer::state> {
  // One network, and when it was last told.
  struct place {
    place(std::shared_ptr<mdns::link> l, const asio::any_io_executor& executor)
        : way(std::move(l)), timer(executor) {}
    std::shared_ptr<mdns::link> way;
    asio::steady_timer timer;
    asio::steady_timer::time_point defended_at{};
    int owed = 0;  // answers
    bool is_telling = false;
  };

  state(const asio::any_io_executor& e, mdns::links links, mdns::service w)
      : executor(e), what(std::move(w)), pause(e) {
    for (auto& one : links) places.push_back(std::make_shared<place>(std::move(one), executor));
  }

  [[nodiscard]] mdns::service as_seen_on(const mdns::link& there) const {
    mdns::service told = what;
    told.addresses = there.addresses;
    return told;
  }

  asio::awaitable<void> listen(std::shared_ptr<place> at) {
    const auto self = shared_from_this();
    std::array<std::byte, mdns::message_bytes_max> into{};
    for (;;) {
      const byte_view datagram = co_await mdns::hear(*at->way, into);
      if (datagram.empty()) co_return;
      if (const auto said = mdns::read_message(datagram)) take(*said, at);
    }
  }

  void take(const mdns::message& said, const std::shared_ptr<place>& at) {
    const bool is_disputed =
        std::any_of(said.claimed.begin(), said.claimed.end(), [&](const mdns::claim& one) {
          return one.nameplate == what.nameplate && one.host != what.host;
        });
    is_taken = is_taken || is_disputed;
    if (has_begun && is_disputed) defend(*at);
    const bool is_meant =
        said.asks_all ||
        std::find(said.asked.begin(), said.asked.end(), what.nameplate) != said.asked.end() ||
        std::find(said.asked_of.begin(), said.asked_of.end(), what.host) != said.asked_of.end();
    if (has_begun && is_meant) tell(at, 1);
  }

  void defend(place& at) {
    const auto now = asio::steady_timer::clock_type::now();
    if (now - at.defended_at < defence_pause) return;
    at.defended_at = now;
    mdns::say(*at.way, mdns::announcement_of(as_seen_on(*at.way)));
  }

  // As many announcements more; those that are owed already count.
  void tell(const std::shared_ptr<place>& at, int times) {
    at->owed = std::max(at->owed, times);
    if (std::exchange(at->is_telling, true)) return;
    asio::co_spawn(executor, tell_all(at), asio::detached);
  }

  asio::awaitable<void> tell_all(std::shared_ptr<place> at) {
    const auto self = shared_from_this();
    while (at->owed > 0 && !is_over) {
      --at->owed;
      mdns::say(*at->way, mdns::announcement_of(as_seen_on(*at->way)));
      // In what is left of a second after it the next one is owed at most.
      const bool goes_on = co_await wait(at->timer, answer_pause);
      if (!goes_on) break;
    }
    at->is_telling = false;
  }

  void close() {
    is_over = true;
    pause.cancel();
    for (const auto& at : places) {
      if (has_begun) mdns::say(*at->way, mdns::goodbye_of(as_seen_on(*at->way)));
      asio::error_code ignored;
      at->way->socket.close(ignored);
      at->timer.cancel();
    }
  }

  asio::any_io_executor executor;
  mdns::service what;
  std::vector<std::shared_ptr<place>> places;
  asio::steady_timer pause;
  bool listens = false;
  bool is_taken = false;
  bool has_begun = false;
  bool is_over = false;
};

announcer::announcer(const asio::any_io_executor& executor, mdns::links links, mdns::service what)
    : state_(std::make_shared<state>(executor, std::move(links), std::move(what))) {}

announcer::~announcer() { state_->close(); }

asio::awaitable<bool> announcer::claim(std::uint32_t nameplate) {
  const auto self = state_;
  self->what.nameplate = nameplate;
  self->is_taken = false;
  if (!std::exchange(self->listens, true)) {
    for (const auto& at : self->places) {
      asio::co_spawn(self->executor, self->listen(at), asio::detached);
    }
  }
  for (int i = 0; i < probes && !self->is_taken; ++i) {
    const auto probe = mdns::probe_for(self->what);
    for (const auto& at : self->places) mdns::say(*at->way, probe);
    const bool goes_on = co_await wait(self->pause, probe_pause);
    if (!goes_on) break;
  }
  co_return !self->is_taken;
}

void announcer::start() {
  state_->has_begun = true;
  for (const auto& at : state_->places) state_->tell(at, announcements);
}

}  // namespace tallow::cli
