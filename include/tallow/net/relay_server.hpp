// A relay on real sockets. What it does with them, room::relay_core decides.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/error.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/time.hpp>
#include <tallow/crypto/code_phrase.hpp>
#include <tallow/net/address.hpp>
#include <tallow/net/address_rules.hpp>
#include <tallow/net/lane_carrier.hpp>
#include <tallow/net/lane_socket.hpp>
#include <tallow/net/lane_splice.hpp>
#include <tallow/net/listening.hpp>
#include <tallow/net/relay_entrance.hpp>
#include <tallow/net/relay_link.hpp>
#include <tallow/net/relay_reload.hpp>
#include <tallow/net/relay_server_options.hpp>
#include <tallow/net/system_random.hpp>
#include <tallow/net/tcp_transport.hpp>
#include <tallow/net/tls_channel.hpp>
#include <tallow/net/tls_identity.hpp>
#include <tallow/room/random_source.hpp>
#include <tallow/room/relay_commons.hpp>
#include <tallow/room/relay_core.hpp>

namespace tallow::net {

/// Accepts connections and moves bytes between them and a relay_core. One thread runs the
/// io_context; the server outlives its run().
class relay_server {
  using tcp = asio::ip::tcp;

 public:
  /// Makes relay_server::arrive() of another shard, on its own thread, get all this.
  using hand_over_call = std::function<void(std::uint32_t shard, room::relay_peer, link_speech, tcp,
                                            tcp::socket::native_handle_type)>;

  /// @param place  where it stands, if it is one of several shards; one that is alone hands nothing
  ///               over
  relay_server(asio::io_context& context, relay_server_options options,
               room::relay_place place = {}, hand_over_call hand_over = {})
      : context_(&context),
        core_(std::move(options.relay), &crypto::room_of, options.random, place),
        rules_(std::move(options.addresses)),
        tls_(std::move(options.tls)),
        takes_plaintext_(options.takes_plaintext),
        links_max_(core_.options().connections_max + options.refusals_max),
        lanes_(options.lanes),
        carriers_(options.lanes.how, options.lanes.pipes_max),
        on_note_(std::move(options.on_note)),
        on_http_(std::move(options.on_http)),
        hand_over_(std::move(hand_over)),
        entrance_(
            context, rules_,
            [this](tcp::socket socket, const asio::ip::address& from) {
              admit(std::move(socket), from);
            },
            [this](const room::noted& e) { note(e); },
            [this] { core_.count_turned_away(room::drop_reason::not_proxied); }),
        clock_(context, asio::steady_timer::time_point::max()) {}
  relay_server(const relay_server&) = delete;
  relay_server& operator=(const relay_server&) = delete;

  /// Listens on every address that `where` stands for. Port 0 takes any free one. An IPv6 address
  /// takes no IPv4 connections, so that both may be listened on.
  ///
  /// @param begins  what connections begin with
  /// @errors  resolve_failed, listen_failed (with what the system said)
  [[nodiscard]] result<void> listen(const address& where, greeting begins = greeting::ours) {
    const auto found = detail::endpoints_of(*context_, where);
    if (!found) return fail(found.error());
    for (const tcp::endpoint& at : *found) {
      auto socket = detail::listening_socket(*context_, at);
      if (!socket) return fail(socket.error());
      listen(std::move(*socket), begins);
    }
    return {};
  }

  /// The same, on a socket that listens already.
  void listen(tcp::acceptor socket, greeting begins = greeting::ours) {
    entrance_.add(std::move(socket), begins);
  }

  /// Takes a socket that somebody else made listen, and owns it unless it is refused.
  ///
  /// @errors  listen_failed: not a TCP socket that listens
  [[nodiscard]] result<void> adopt(tcp::acceptor::native_handle_type listening) {
    auto socket = detail::adopted_socket(*context_, listening);
    if (!socket) return fail(socket.error());
    listen(std::move(*socket));
    return {};
  }

  /// What is listened on, with the ports that were taken.
  [[nodiscard]] std::vector<address> addresses() const { return entrance_.addresses(); }

  /// Begins to accept. The io_context then runs until stop(), or until drain() has done its work.
  void start() {
    entrance_.open([this] {
      if (has_ended()) clock_.cancel();
    });
    asio::co_spawn(*context_, time_loop(), run_on);
  }

  /// Accepts nobody more, tells everybody, waits for transfers that run, at most for `wait`, and
  /// ends.
  void drain(std::chrono::milliseconds wait) {
    is_stopping_ = true;
    entrance_.close();
    core_.drain(now(), wait);
    pump();
  }

  /// Called once, when the server has ended: nothing of it keeps the io_context busy any more.
  void on_end(std::function<void()> call) { on_end_ = std::move(call); }

  /// Ends at once.
  void stop() {
    is_stopping_ = true;
    is_cut_short_ = true;
    entrance_.close();
    for (auto& [id, l] : links_) close(*l);
    clock_.cancel();
  }

  /// Takes over a connection of another shard.
  void arrive(relay_arrival from) {
    if (has_ended() || is_cut_short_) return;
    from.spoken.id = core_.adopt(std::move(from.peer), now());
    serve(std::move(from.socket), std::move(from.spoken));
  }

  // ---- for the operator: see room::relay_core ----

  void apply(relay_reload fresh) {
    rules_ = std::move(fresh.addresses);
    core_.apply(fresh.relay, now());
    pump();
  }
  [[nodiscard]] bool end_room(std::uint64_t handle) {
    const bool is_found = core_.end_room(handle, now());
    pump();
    return is_found;
  }

  /// Connections that come from now on see another certificate.
  void renew(tls_server_context context) { tls_ = std::move(context); }

  [[nodiscard]] const room::relay_core& core() const noexcept { return core_; }

 private:
  using link = relay_link;
  using link_ptr = std::shared_ptr<link>;

  // The two links of a lane. Their own loops wait until it ends.
  struct lane_owner {
    relay_server* server;
    link_ptr a;
    link_ptr b;

    lane_carriers& carriers() const { return server->carriers_; }
    link& at(lane_end which) const { return which == lane_end::a ? *a : *b; }
    asio::awaitable<std::size_t> allowance(lane_end from, std::size_t wanted) const {
      if (!server->core_.limits_bandwidth()) co_return wanted;
      link& l = at(from);
      l.granted = 0;
      server->core_.lane_asks(l.id, now());
      server->pump();
      while (l.granted == 0 && !l.is_closed) {
        l.can_carry.expires_at(asio::steady_timer::time_point::max());
        (void)co_await l.can_carry.async_wait(awaited);
      }
      co_return static_cast<std::size_t>(l.is_closed ? 0 : l.granted);
    }
    void give_back(lane_end from, std::size_t bytes) const {
      if (!server->core_.limits_bandwidth()) return;
      server->core_.lane_gives_back(at(from).id, bytes, now());
      server->pump();
    }
    bool may_pass(lane_end from, std::size_t bytes) const {
      const link& l = at(from);
      const bool passes = server->core_.lane_carried(l.id, bytes, now());
      server->pump();
      return passes;
    }
    void close() const {
      server->close(*a);
      server->close(*b);
    }
    void ended() const {
      server->loop_ended(a);
      server->loop_ended(b);
    }
  };

  static constexpr std::size_t read_bytes = 64 * 1024;

  // Nothing throws but bad_alloc, and a relay that lost a loop without a word would be worse than
  // none: it leaves through run().
  static void run_on(std::exception_ptr lost) {
    if (lost) std::rethrow_exception(lost);
  }

  static instant now() { return std::chrono::steady_clock::now(); }

  // ---- arriving ----

  void admit(tcp::socket socket, const asio::ip::address& from) {
    // The descriptors are not for strangers alone.
    if (is_cut_short_ || core_.connection_count_of_all() >= links_max_) return;
    asio::error_code trouble;
    socket.non_blocking(true, trouble);
    if (trouble) return;
    tune(socket);
    link_speech spoken;
    spoken.id = core_.connected(now(), rules_.origin_of(from));
    serve(std::move(socket), std::move(spoken));
  }

  void serve(tcp::socket socket, link_speech spoken) {
    const auto l = std::make_shared<link>(std::move(socket), std::move(spoken));
    links_.emplace(l->id, l);
    asio::co_spawn(*context_, read_loop(l), run_on);
    asio::co_spawn(*context_, write_loop(l), run_on);
    pump();
  }

  // ---- one connection ----

  asio::awaitable<void> read_loop(link_ptr l) {
    while (!l->is_closed && !l->moves_to) {
      if (!core_.wants_read(l->id)) {
        l->can_read.expires_at(asio::steady_timer::time_point::max());
        (void)co_await l->can_read.async_wait(awaited);
        continue;
      }
      // All connections share one buffer: it is waited without it, and read without waiting.
      const auto [trouble] = co_await l->socket.async_wait(tcp::socket::wait_read, awaited);
      if (trouble || l->is_closed || l->moves_to) break;
      asio::error_code failed;
      const std::size_t wanted = std::min(l->bytes_wanted(core_), buffer_.size());
      const std::size_t count = l->socket.read_some(asio::buffer(buffer_.data(), wanted), failed);
      if (failed == asio::error::would_block || failed == asio::error::try_again) continue;
      if (failed) break;
      const bool goes_on = take(*l, byte_span(buffer_).first(count));
      pump();
      if (!goes_on) break;
    }
    // The end of what a client sends is its leaving, unless the last word is still on its way to
    // it.
    if (!l->moves_to && (!l->is_finishing || !l->can_hear())) close(*l);
    loop_ended(l);
  }

  // Bytes came. False when nothing that follows them matters.
  [[nodiscard]] bool take(link& l, byte_span bytes) {
    if (l.kind == first_bytes::unfinished) {
      bytes = l.open_with(bytes);
      if (bytes.empty()) return true;
      begin(l);
    }
    if (l.tls) return take_sealed(l, bytes);
    if (l.kind == first_bytes::http && on_http_) return answer_http(l, bytes);
    core_.handle_bytes(l.id, bytes, now());
    return true;
  }

  // A connection has told what it is. What we do not speak, the core drops.
  void begin(link& l) {
    if (l.kind == first_bytes::tls && tls_) {
      auto made = tls_channel::server(*tls_);
      if (made) l.tls = std::make_unique<tls_channel>(std::move(*made));
    } else if (l.kind == first_bytes::control && tls_ && !takes_plaintext_) {
      core_.refuse(l.id, relay_error_code::tls_required, now());
    }
    l.can_send.cancel();
  }

  // The answer is short enough for the socket to take it at once. What follows is read and not
  // looked at, until the other end closes or the time to greet is over.
  [[nodiscard]] bool answer_http(link& l, byte_view bytes) {
    if (l.is_answered) return true;
    l.request.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const auto answer = on_http_(l.request);
    if (!answer) return true;
    l.is_answered = true;
    asio::error_code ignored;
    l.socket.write_some(asio::buffer(*answer), ignored);
    l.socket.shutdown(tcp::socket::shutdown_send, ignored);
    return true;
  }

  [[nodiscard]] bool take_sealed(link& l, byte_view bytes) {
    const auto done = l.tls->handle_bytes(bytes);
    if (const byte_span plain = l.tls->received(); !plain.empty()) {
      core_.handle_bytes(l.id, plain, now());
      l.tls->take(plain.size());
    }
    l.can_send.cancel();
    if (done) return !l.tls->is_ended();
    core_.count_drop(room::drop_reason::tls_failed);
    note({"connection closed", "TLS failed"});
    // Its last word says why, if there is room for it at once.
    asio::error_code ignored;
    l.socket.write_some(detail::as_buffer(l.tls->poll_transmit()), ignored);
    close(l);
    return false;
  }

  asio::awaitable<void> write_loop(link_ptr l) {
    while (!l->is_closed && !l->moves_to) {
      const byte_view bytes = l->outgoing(core_);
      if (!bytes.empty()) {
        const auto [trouble, count] =
            co_await l->socket.async_write_some(detail::as_buffer(bytes), awaited);
        if (trouble) {
          if (!l->moves_to) close(*l);
          break;
        }
        l->wrote(count, core_, now());
        pump();
      } else if (l->is_finishing && l->can_hear()) {
        // Closing with bytes unread would reset the connection, and our last word could be lost on
        // the other end. So only sending ends here; the other end's closing ends the reading.
        asio::error_code ignored;
        l->socket.shutdown(tcp::socket::shutdown_send, ignored);
        break;
      } else {
        l->can_send.expires_at(asio::steady_timer::time_point::max());
        (void)co_await l->can_send.async_wait(awaited);
      }
    }
    loop_ended(l);
  }

  void close(link& l) {
    if (l.is_closed) return;
    l.is_closed = true;
    asio::error_code ignored;
    l.socket.close(ignored);
    l.can_send.cancel();
    l.can_read.cancel();
    l.can_carry.cancel();
  }

  // The core is told once neither loop holds a view of its any more.
  void loop_ended(const link_ptr& l) {
    if (--l->loops != 0) return;
    links_.erase(l->id);
    if (l->moves_to && !l->is_closed) return hand_over(*l);
    close(*l);
    core_.disconnected(l->id, now());
    pump();
  }

  void hand_over(link& l) {
    asio::error_code trouble;
    const tcp protocol = l.socket.local_endpoint(trouble).protocol();
    room::relay_peer peer = core_.release(l.id);
    hand_over_(*l.moves_to, std::move(peer), std::move(static_cast<link_speech&>(l)), protocol,
               l.socket.release());
    pump();
  }

  // ---- what follows ----

  // Does what the core asks for, and sees to it that its next moment is not missed.
  void pump() {
    while (const auto e = core_.poll_event()) {
      std::visit([&](const auto& what) { obey(what); }, *e);
    }
    const auto at = core_.next_timeout();
    if ((at && *at < clock_.expiry()) || has_ended()) clock_.cancel();
  }

  void obey(const room::can_send& e) {
    if (link* l = find(e.id)) l->can_send.cancel();
  }
  void obey(const room::can_read& e) {
    if (link* l = find(e.id)) l->can_read.cancel();
  }
  void obey(const room::finish& e) {
    link* l = find(e.id);
    if (l == nullptr) return;
    l->is_finishing = true;
    l->can_send.cancel();
    l->can_read.cancel();
  }
  void obey(const room::drop& e) {
    link* l = find(e.id);
    if (l == nullptr) return;
    // A stranger is read no further than it makes sense, and closing with bytes unread would reset
    // the connection: a web browser had better see an end than an error.
    asio::error_code ignored;
    if (!l->is_closed) (void)l->socket.read_some(asio::buffer(buffer_), ignored);
    close(*l);
  }
  // Its loops end by themselves: neither may be waiting for what does not come.
  void obey(const room::move_away& e) {
    link* l = find(e.id);
    if (l == nullptr) return;
    l->moves_to = e.shard;
    asio::error_code ignored;
    l->socket.cancel(ignored);
    l->can_send.cancel();
    l->can_read.cancel();
  }
  void obey(const room::lanes_joined& e) {
    const auto a = links_.find(e.a);
    const auto b = links_.find(e.b);
    if (a == links_.end() || b == links_.end())
      return;  // one that closes; the core will hear of it
    const lane_owner owner{this, a->second, b->second};
    // Lanes are not in TLS: nobody could pass them on.
    if (a->second->tls || b->second->tls) return owner.close();
    for (const link_ptr& l : {a->second, b->second}) {
      ++l->loops;
      tune_lane(l->socket.native_handle());
    }
    lane_splice<lane_owner>::start(a->second->socket, b->second->socket, owner, lanes_);
  }
  void obey(const room::lane_granted& e) {
    link* l = find(e.id);
    if (l == nullptr) return;
    l->granted = e.bytes;
    l->can_carry.cancel();
  }
  void obey(const room::noted& e) { note(e); }

  void note(const room::noted& e) const {
    if (on_note_) on_note_(e);
  }

  [[nodiscard]] link* find(room::connection_id id) const {
    const auto found = links_.find(id);
    return found == links_.end() ? nullptr : found->second.get();
  }

  [[nodiscard]] bool has_ended() const noexcept {
    return is_stopping_ && entrance_.has_ended() && links_.empty();
  }

  asio::awaitable<void> time_loop() {
    while (!has_ended()) {
      const auto at = core_.next_timeout();
      clock_.expires_at(at ? *at : asio::steady_timer::time_point::max());
      (void)co_await clock_.async_wait(awaited);
      core_.handle_timeout(now());
      pump();
    }
    if (on_end_) on_end_();
  }

  asio::io_context* context_;
  room::relay_core core_;
  address_rules rules_;
  std::optional<tls_server_context> tls_;
  bool takes_plaintext_;
  std::size_t links_max_;
  lane_options lanes_;
  lane_carriers carriers_;
  std::function<void(const room::noted&)> on_note_;
  std::function<std::optional<std::string>(std::string_view)> on_http_;
  std::function<void()> on_end_;
  hand_over_call hand_over_;
  relay_entrance entrance_;
  asio::steady_timer clock_;
  std::unordered_map<room::connection_id, link_ptr> links_;
  std::array<std::byte, read_bytes> buffer_{};
  bool is_stopping_ = false;
  bool is_cut_short_ = false;  // nobody is told anything any more
};

}  // namespace tallow::net
