#include "local_relay.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <exception>
#include <span>
#include <thread>
#include <unistd.h>
#include <utility>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <botan/system_rng.h>

#include <tallow/base/bytes.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/net/interface_addresses.hpp>
#include <tallow/net/relay_server.hpp>
#include <tallow/net/tls_identity.hpp>

#include "announcer.hpp"
#include "mdns_links.hpp"
#include "options.hpp"
#include "private_file.hpp"
#include "state_folder.hpp"

namespace tallow::cli {
namespace {

constexpr std::size_t key_bytes_max = 4096;
// A number is passed on by people, and a guess at it gains nothing.
constexpr std::uint32_t nameplates = 999;
constexpr int claims_max = 8;
constexpr std::chrono::seconds closing_max{3};

std::array<std::byte, 4> random_bytes() {
  std::array<std::byte, 4> bytes{};
  Botan::system_rng().randomize(as_u8(byte_span(bytes)));
  return bytes;
}

std::uint32_t random_nameplate() {
  return 1 + load_big_endian<std::uint32_t>(random_bytes()) % nameplates;
}

// The key that was made at the first time, so that who goes on after a crash finds the same relay
// again. Where it cannot be kept, one for this time.
result<net::tls_identity> own_identity() {
  const auto folder = state_folder();
  const auto path = folder.value_or("") / "local-relay-key";
  if (folder) {
    if (const auto kept = read_private_file(path, key_bytes_max)) {
      const auto bytes = as_u8(kept->view());
      auto key = net::read_private_key(net::private_bytes(bytes.begin(), bytes.end()));
      if (key) return net::make_identity(std::move(*key));
      (void)::unlink(path.c_str());  // what is no key is of no use to anybody
    }
  }
  const auto made = net::make_private_key();
  if (!made) return fail(made.error());
  if (folder) (void)create_private_file(path, std::as_bytes(std::span(*made)));
  auto key = net::read_private_key(*made);
  if (!key) return fail(key.error());
  return net::make_identity(std::move(*key));
}

// Neighbours, and whom else the user has asked for.
net::address_rules rules_for(const session::address_kinds& kinds) {
  net::address_rules rules;
  if (kinds.public_network) return rules;
  for (const char* const block :
       {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7"}) {
    rules.allowed.push_back(net::network::parse(block).value());
  }
  return rules;
}

// For one sender and those who come to him; strangers find no room for rooms of their own.
net::relay_server_options relay_options_for(const local_relay_options& options,
                                            const net::tls_identity& identity) {
  net::relay_server_options relay;
  relay.addresses = rules_for(options.kinds);
  relay.tls.emplace(identity);
  relay.relay.rooms.rooms_max = options.receivers + 1;
  relay.relay.rooms.each.bytes_max = 0;
  relay.relay.connections_max = 64 + options.receivers * 2 * (limits::lanes_max + 1);
  relay.relay.software = std::string("tallow-cli ") + TALLOW_VERSION;
  return relay;
}

}  // namespace

class local_relay::running {
 public:
  running(const local_relay_options& options, const net::tls_identity& identity)
      : options_(options),
        key_(identity.fingerprint()),
        server_(io_, relay_options_for(options, identity)) {}
  running(const running&) = delete;
  running& operator=(const running&) = delete;
  ~running() {
    if (!thread_.joinable()) return;
    asio::post(io_, [this] { asio::co_spawn(io_, end(), asio::detached); });
    thread_.join();
  }

  result<void> open() {
    mdns::links links = mdns::open_links(io_.get_executor(), options_.kinds);
    if (links.empty()) return fail(errc::invalid_argument, 0, no_local_network);
    for (const auto& one : links) {
      for (const asio::ip::address& at : one->addresses) {
        if (std::find(own_.begin(), own_.end(), at) == own_.end()) own_.push_back(at);
      }
    }
    if (auto done = listen(); !done) return done;
    if (options_.announces) {
      announcer_.emplace(io_.get_executor(), std::move(links),
                         mdns::service{0, "tallow-" + to_hex(random_bytes()), port_, key_});
      if (!claim()) {
        return fail(errc::invalid_argument, 0,
                    "another sender on this network has the number of this code; take another");
      }
      announcer_->start();
    }
    server_.start();
    start_thread();
    return {};
  }

  [[nodiscard]] std::uint32_t nameplate() const noexcept { return nameplate_; }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] const net::key_fingerprint& key() const noexcept { return key_; }
  [[nodiscard]] const std::vector<asio::ip::address>& own() const noexcept { return own_; }

 private:
  // One port for IPv4 and IPv6, where there is both.
  result<void> listen() {
    auto done = server_.listen({"0.0.0.0", options_.port});
    if (!done) done = server_.listen({"0.0.0.0", 0});
    if (!done) return done;
    port_ = server_.addresses().at(0).port;
    (void)server_.listen({"::", port_});
    return {};
  }

  // Before there is a thread.
  bool claim() {
    for (int i = 0; i < claims_max; ++i) {
      nameplate_ = options_.nameplate.value_or(random_nameplate());
      bool is_free = false;
      bool is_known = false;
      asio::co_spawn(io_, announcer_->claim(nameplate_), [&](const std::exception_ptr&, bool free) {
        is_free = free;
        is_known = true;
      });
      while (!is_known) io_.run_one();
      if (is_free || options_.nameplate) return is_free;
    }
    return false;
  }

  // Signals are for the thread that waits for them.
  void start_thread() {
    ::sigset_t all;
    ::sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, &before);
    thread_ = std::thread([this] { io_.run(); });
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  // What one side said last may not have come to the other.
  asio::awaitable<void> end() {
    announcer_.reset();
    asio::steady_timer pause(io_);
    const auto until = std::chrono::steady_clock::now() + closing_max;
    while (server_.core().connection_count() > 0 && std::chrono::steady_clock::now() < until) {
      pause.expires_after(std::chrono::milliseconds(10));
      asio::error_code ignored;
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    server_.stop();
  }

  local_relay_options options_;
  net::key_fingerprint key_;
  asio::io_context io_{1};
  net::relay_server server_;
  std::optional<announcer> announcer_;
  std::vector<asio::ip::address> own_;
  std::uint32_t nameplate_ = 0;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

result<std::unique_ptr<local_relay>> local_relay::open(const local_relay_options& options) {
  const auto identity = own_identity();
  if (!identity) return fail(identity.error());
  auto made = std::make_unique<running>(options, *identity);
  if (auto done = made->open(); !done) return fail(done.error());
  return std::unique_ptr<local_relay>(new local_relay(std::move(made)));
}

local_relay::local_relay(std::unique_ptr<running> what) : running_(std::move(what)) {}
local_relay::~local_relay() = default;

std::uint32_t local_relay::nameplate() const noexcept { return running_->nameplate(); }
std::uint16_t local_relay::port() const noexcept { return running_->port(); }

std::string local_relay::own_address() const {
  return net::to_string({"127.0.0.1", port()}) + '#' + to_hex(running_->key());
}

std::vector<std::string> local_relay::addresses() const {
  std::vector<std::string> all;
  for (const asio::ip::address& at : running_->own()) {
    all.push_back(net::to_string({at.to_string(), port()}));
  }
  return all;
}

}  // namespace tallow::cli
