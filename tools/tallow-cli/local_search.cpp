#include "local_search.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <utility>

#include <asio/any_io_executor.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <tallow/base/bytes.hpp>
#include <tallow/net/interface_addresses.hpp>

#include "mdns_message.hpp"

namespace tallow::cli {
namespace {

constexpr std::chrono::seconds first_pause{1};
constexpr std::chrono::seconds last_pause{3600};
// As long as a relay lets somebody wait.
constexpr std::chrono::hours searched_max{24};
// Until a person is told that nobody is there so far.
constexpr std::chrono::seconds told_after{5};
// What is announced on several networks, or by several senders, comes within that.
constexpr std::chrono::milliseconds gathering{100};

struct search : std::enable_shared_from_this<search> {
  search(const asio::any_io_executor& executor, std::uint32_t n, session::address_kinds k)
      : nameplate(n), kinds(k), changed(executor) {}

  asio::awaitable<void> listen(std::shared_ptr<mdns::link> from) {
    const auto self = shared_from_this();
    std::array<std::byte, mdns::message_bytes_max> into{};
    for (;;) {
      const byte_view datagram = co_await mdns::hear(*from, into);
      if (datagram.empty()) co_return;
      const auto said = mdns::read_message(datagram);
      if (!said) continue;
      for (const mdns::service& one : said->found) {
        if (one.nameplate == nameplate) take(one);
      }
    }
  }

  void take(const mdns::service& from) {
    std::vector<direct_address> told;
    for (const asio::ip::address& at : from.addresses)
      told.push_back(net::told_as({at, from.port}));
    for (const direct_address& at : book.choose(told, kinds)) {
      const auto endpoint = net::endpoint_of(at);
      std::string relay =
          net::to_string({endpoint.address().to_string(), at.port}) + '#' + to_hex(from.key);
      if (std::find(found.begin(), found.end(), relay) == found.end()) {
        found.push_back(std::move(relay));
      }
    }
    if (!found.empty()) changed.cancel();
  }

  asio::awaitable<void> wait(std::chrono::milliseconds how_long) {
    changed.expires_after(how_long);
    asio::error_code ignored;
    co_await changed.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }

  std::uint32_t nameplate;
  session::address_kinds kinds;
  session::address_book book;
  asio::steady_timer changed;
  std::vector<std::string> found;
};

}  // namespace

asio::awaitable<std::vector<std::string>> find_sender(mdns::links links, std::uint32_t nameplate,
                                                      session::address_kinds kinds,
                                                      reporter& report) {
  const auto executor = co_await asio::this_coro::executor;
  const auto looking = std::make_shared<search>(executor, nameplate, kinds);
  for (const auto& one : links) asio::co_spawn(executor, looking->listen(one), asio::detached);
  report.emit({{"event", "looking"}, {"nameplate", nameplate}});
  report.say("Looking for the sender on the local network ...");
  const auto question = mdns::question_for(nameplate);
  auto pause = first_pause;
  std::chrono::seconds waited{0};
  while (looking->found.empty() && waited < searched_max) {
    for (const auto& one : links) mdns::say(*one, question);
    co_await looking->wait(pause);
    if (waited < told_after && waited + pause >= told_after && looking->found.empty()) {
      report.say_always("Nobody here has announced the number " + std::to_string(nameplate) +
                        " so far; still looking.\nIf the sender uses a relay, name the same one "
                        "with --relay HOST:PORT.");
    }
    waited += pause;
    pause = std::min(2 * pause, last_pause);
  }
  co_await looking->wait(gathering);
  for (const auto& one : links) {
    asio::error_code ignored;
    one->socket.close(ignored);
  }
  co_return looking->found;
}

}  // namespace tallow::cli
