// A relay on several cores: one relay_server, one io_context and one thread for each of its shards.
//
// @source  docs/protocol/room.md, Shards
#pragma once

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <type_traits>
#include <unistd.h>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>

#include <tallow/base/error.hpp>
#include <tallow/net/address.hpp>
#include <tallow/net/listening.hpp>
#include <tallow/net/relay_link.hpp>
#include <tallow/net/relay_server.hpp>
#include <tallow/net/relay_server_options.hpp>
#include <tallow/net/tls_identity.hpp>
#include <tallow/room/relay_commons.hpp>
#include <tallow/room/relay_counters.hpp>
#include <tallow/room/relay_peer.hpp>
#include <tallow/room/shard.hpp>

namespace tallow::net {

/// Owner's rules: all calls come from the thread of the first io_context, which the owner runs; the
/// others run in threads of this from start() on. It outlives that run().
///
/// A connection is accepted in any shard, and goes to the one where its room is at home as soon as
/// it has said which that is; both connections of a room, and its lanes, stay there. What a limit
/// in all counts is counted together. A limit of bandwidth in all makes it one shard: it passes no
/// more than one core can, and shares it fairly only where all of it is seen.
class relay_group {
 public:
  /// @param options  its calls come from all threads at once
  relay_group(asio::io_context& first, std::size_t shards, relay_server_options options)
      : first_(&first),
        commons_(options.relay.admission,
                 {[](void* m) { static_cast<std::mutex*>(m)->lock(); },
                  [](void* m) { static_cast<std::mutex*>(m)->unlock(); }, &admitting_}) {
    const bool is_one = options.relay.bandwidth.total_bytes_per_s != 0;
    const auto count = static_cast<std::uint32_t>(is_one ? 1 : std::max<std::size_t>(1, shards));
    options.lanes.pipes_max /= count;
    for (std::uint32_t i = 0; i < count; ++i) {
      shards_.push_back(std::make_unique<one>(i == 0 ? first_ : nullptr, options,
                                              room::relay_place{&commons_, {i, count}}, *this));
    }
  }
  relay_group(const relay_group&) = delete;
  relay_group& operator=(const relay_group&) = delete;
  ~relay_group() {
    for (const auto& s : shards_) {
      s->works.reset();
      if (s->own) s->own->stop();
    }
    for (const auto& s : shards_) {
      if (s->thread.joinable()) s->thread.join();
    }
  }

  /// Listens on every address that `where` stands for, in every shard. Port 0 takes any free one.
  ///
  /// @errors  resolve_failed, listen_failed (with what the system said)
  [[nodiscard]] result<void> listen(const address& where, greeting begins = greeting::ours) {
    const auto found = detail::endpoints_of(*first_, where);
    if (!found) return fail(found.error());
    for (asio::ip::tcp::endpoint at : *found) {
      for (const auto& s : shards_) {
        const auto how = shards_.size() == 1 ? detail::sharing::alone
                         : s == shards_[0]   ? detail::sharing::first
                                             : detail::sharing::other;
        auto socket = detail::listening_socket(*s->context, at, how);
        if (!socket) return fail(socket.error());
        asio::error_code trouble;
        at = socket->local_endpoint(trouble);
        if (trouble) return fail(errc::listen_failed, detail::as_std(trouble));
        s->server.listen(std::move(*socket), begins);
      }
    }
    return {};
  }

  /// Takes a socket that listens already, and owns it unless it is refused. All shards accept on
  /// it.
  ///
  /// @errors  listen_failed: not a TCP socket that listens, or no descriptors are left
  [[nodiscard]] result<void> adopt(int listening) {
    for (std::size_t i = 1; i < shards_.size(); ++i) {
      const int copy = ::dup(listening);
      if (copy < 0) {
        return fail(errc::listen_failed, std::error_code(errno, std::system_category()));
      }
      if (auto done = shards_[i]->server.adopt(copy); !done) {
        ::close(copy);
        return done;
      }
    }
    return shards_[0]->server.adopt(listening);
  }

  /// What is listened on, with the ports that were taken.
  [[nodiscard]] std::vector<address> addresses() const { return shards_[0]->server.addresses(); }

  /// True once `ended` of start() is called. In the thread of the given io_context.
  [[nodiscard]] bool has_ended() const noexcept { return has_ended_; }

  [[nodiscard]] std::size_t shard_count() const noexcept { return shards_.size(); }

  /// Begins to accept, and makes the threads.
  ///
  /// @param ended  called once, when all of it has ended and nothing keeps the io_context busy
  void start(std::function<void()> ended) {
    ended_ = std::move(ended);
    running_ = shards_.size();
    for (const auto& s : shards_) {
      s->server.on_end([this] { asio::post(*first_, [this] { shard_ended(); }); });
      if (s->own) {
        s->thread = std::thread([this, shard = s.get()] { run(*shard); });
      } else {
        s->server.start();
      }
    }
  }

  /// Accepts nobody more, tells everybody, waits for transfers that run, at most for `wait`, and
  /// ends.
  void drain(std::chrono::milliseconds wait) {
    in_each([wait](relay_server& server) { server.drain(wait); });
  }

  /// Ends at once.
  void stop() {
    in_each([](relay_server& server) { server.stop(); });
  }

  /// Connections that come from now on see another certificate.
  void renew(const tls_server_context& context) {
    in_each([context](relay_server& server) { server.renew(context); });
  }

  /// Calls `f` with each relay_server in its own thread; it does not wait for that.
  template <class F>
  void in_each(F f) {
    for (const auto& s : shards_) {
      asio::post(*s->context, [shard = s.get(), f] { f(shard->server); });
    }
  }

  /// Asks each relay_server in its own thread: what `f` returns, one for each shard.
  template <class F>
  auto ask_each(F f) -> asio::awaitable<std::vector<std::invoke_result_t<F, relay_server&>>> {
    using answer = std::invoke_result_t<F, relay_server&>;
    std::vector<answer> all;
    for (const auto& s : shards_) {
      // Once all have ended their threads have, too, and nobody would answer.
      if (has_ended_) break;
      all.push_back(co_await asio::co_spawn(*s->context, answer_of<answer>(s->server, f),
                                            asio::use_awaitable));
    }
    co_return all;
  }

  /// What all shards have counted, and what there is now.
  asio::awaitable<room::relay_figures> figures() {
    room::relay_figures sum;
    for (const auto& part :
         co_await ask_each([](relay_server& server) { return server.core().figures(); })) {
      sum += part;
    }
    co_return sum;
  }

  /// The same, when no thread runs any more.
  [[nodiscard]] room::relay_figures figures_at_end() const {
    room::relay_figures sum;
    for (const auto& s : shards_) sum += s->server.core().figures();
    return sum;
  }

 private:
  struct one {
    one(asio::io_context* given, const relay_server_options& options, room::relay_place place,
        relay_group& group)
        : own(given == nullptr ? std::make_unique<asio::io_context>(1) : nullptr),
          context(own ? own.get() : given),
          server(*context, options, place,
                 [&group](std::uint32_t to, room::relay_peer peer, link_speech spoken,
                          asio::ip::tcp protocol, int socket) {
                   group.hand_over(to,
                                   {std::move(peer), std::move(spoken),
                                    asio::ip::tcp::socket(*group.shards_[to]->context)},
                                   protocol, socket);
                 }) {
      if (own) works.emplace(own->get_executor());
    }

    std::unique_ptr<asio::io_context> own;
    asio::io_context* context;
    relay_server server;
    std::optional<asio::executor_work_guard<asio::io_context::executor_type>> works;
    std::thread thread;
  };

  template <class Answer, class F>
  static asio::awaitable<Answer> answer_of(relay_server& server, F f) {
    co_return f(server);
  }

  void run(one& shard) {
    try {
      shard.server.start();
      shard.context->run();
    } catch (...) {
      asio::post(*first_, [lost = std::current_exception()] { std::rethrow_exception(lost); });
    }
  }

  // In the thread that the connection leaves.
  void hand_over(std::uint32_t to, relay_arrival leaving, asio::ip::tcp protocol, int socket) {
    asio::error_code trouble;
    leaving.socket.assign(protocol, socket, trouble);
    if (trouble) ::close(socket);  // the other shard finds an end of it at once
    // Another object knows nothing of how the last one was set: it would wait where nothing is
    // there to read, and with it all of its shard.
    leaving.socket.non_blocking(true, trouble);
    one& shard = *shards_[to];
    asio::post(*shard.context,
               [&shard, arrival = std::make_unique<relay_arrival>(std::move(leaving))]() mutable {
                 shard.server.arrive(std::move(*arrival));
               });
  }

  void shard_ended() {
    if (--running_ != 0) return;
    has_ended_ = true;
    for (const auto& s : shards_) s->works.reset();
    if (ended_) ended_();
  }

  asio::io_context* first_;
  std::mutex admitting_;
  room::relay_commons commons_;
  std::vector<std::unique_ptr<one>> shards_;
  std::size_t running_ = 0;
  bool has_ended_ = false;
  std::function<void()> ended_;
};

}  // namespace tallow::net
