#pragma once
// A relay on a free loopback port, and clients of it, all on one thread.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <gtest/gtest.h>

#include <tallow/net/connect.hpp>
#include <tallow/net/relay_server.hpp>
#include <tallow/net/tcp_transport.hpp>
#include <tallow/room/room_client.hpp>

namespace tallow::test {

inline instant clock_now() { return std::chrono::steady_clock::now(); }

/// A room client on a TCP connection.
class net_client {
 public:
  net_client(asio::io_context& context, room::client_options options)
      : link(std::move(options), clock_now()),
        wake_(context, asio::steady_timer::time_point::max()) {}

  /// Its loops keep it alive.
  static std::shared_ptr<net_client> start(asio::io_context& context, net::address to,
                                           room::client_options options) {
    auto self = std::make_shared<net_client>(context, std::move(options));
    asio::co_spawn(context, run(self, std::move(to)), asio::detached);
    return self;
  }

  /// Sends what commands have queued.
  void flush() { wake_.cancel(); }
  void disconnect() {
    is_closed_ = true;
    if (transport_) transport_->close();
    wake_.cancel();
  }

  room::client link;
  std::vector<room::client_event> events;
  byte_buffer got;  // of all slices
  std::optional<error> failure;
  bool is_ended = false;  // the relay closed the connection in order

  template <class Event>
  [[nodiscard]] const Event* find() const {
    for (const auto& e : events) {
      if (const auto* found = std::get_if<Event>(&e)) return found;
    }
    return nullptr;
  }

 private:
  using pointer = std::shared_ptr<net_client>;

  static asio::awaitable<void> run(pointer self, net::address to) {
    auto socket = co_await net::connect(std::move(to));
    if (!socket) {
      self->failure = socket.error();
      co_return;
    }
    self->transport_.emplace(std::move(*socket));
    asio::co_spawn(self->transport_->get_executor(), write_loop(self), asio::detached);
    byte_buffer buffer(100'000);
    for (;;) {
      const auto count = co_await self->transport_->async_read_some(buffer);
      if (!count || *count == 0) {
        if (!count) self->failure = count.error();
        self->is_ended = count.has_value();
        self->disconnect();
        co_return;
      }
      self->take(byte_span(buffer).first(*count));
      self->flush();
    }
  }

  static asio::awaitable<void> write_loop(pointer self) {
    while (!self->is_closed_) {
      const byte_view out = self->link.poll_transmit();
      if (out.empty()) {
        self->wake_.expires_at(asio::steady_timer::time_point::max());
        (void)co_await self->wake_.async_wait(net::awaited);
        continue;
      }
      const auto sent = co_await self->transport_->async_write_all(out);
      if (!sent) co_return;
      self->link.transmitted(out.size());
    }
  }

  void take(byte_span in) {
    for (;;) {
      const auto event = link.next(in, clock_now());
      if (!event) failure = event.error();
      if (!event || !*event) return;
      if (const auto* s = std::get_if<room::slice>(&**event)) {
        append(got, s->bytes);
      } else {
        events.push_back(**event);
      }
    }
  }

  asio::steady_timer wake_;
  std::optional<net::tcp_transport> transport_;
  bool is_closed_ = false;
};

class net_world {
 public:
  explicit net_world(const char* host = "127.0.0.1", net::relay_server_options options = {})
      : server(context, std::move(options)) {
    const auto done = server.listen({host, 0});
    if (!done) {
      failure = done.error();
      return;
    }
    relay = server.addresses().at(0);
    server.start();
  }
  ~net_world() {
    server.stop();
    for (const auto& c : clients_) c->disconnect();
    context.restart();
    context.run_for(std::chrono::seconds(5));
  }
  net_world(const net_world&) = delete;
  net_world& operator=(const net_world&) = delete;

  /// Runs everything until `holds` does; false when it does not in time.
  template <class Condition>
  bool until(Condition holds, std::chrono::seconds time = std::chrono::seconds(10)) {
    const auto end = clock_now() + time;
    while (!holds()) {
      if (clock_now() > end) return false;
      context.restart();
      context.run_one_for(std::chrono::milliseconds(50));
    }
    return true;
  }

  std::shared_ptr<net_client> client(std::uint8_t side_number, want wanted,
                                     std::optional<room_id> room = std::nullopt) {
    side_id side{};
    side[0] = static_cast<std::byte>(side_number);
    clients_.push_back(net_client::start(context, relay, {wanted, side, room, "test"}));
    return clients_.back();
  }

  asio::io_context context;
  net::relay_server server;
  net::address relay;
  std::optional<error> failure;

 private:
  std::vector<std::shared_ptr<net_client>> clients_;
};

/// A bare connection, driven with blocking calls while the relay runs in the same thread.
class bare_socket {
 public:
  explicit bare_socket(net_world& world) : world_(&world), socket_(world.context) {
    asio::error_code trouble;
    socket_.connect({asio::ip::make_address(world.relay.host), world.relay.port}, trouble);
    EXPECT_FALSE(trouble) << trouble.message();
    socket_.non_blocking(true, trouble);
  }

  /// Sends all of it, letting the relay run meanwhile. False when the relay has closed.
  bool send(byte_view bytes) {
    while (!bytes.empty()) {
      asio::error_code trouble;
      const std::size_t count =
          socket_.write_some(asio::buffer(bytes.data(), bytes.size()), trouble);
      if (trouble && trouble != asio::error::would_block) return false;
      bytes = bytes.subspan(trouble ? 0 : count);
      world_->context.restart();
      world_->context.poll();
    }
    return true;
  }

  template <message M>
  bool send(const M& m) {
    byte_buffer frame;
    return append_message(frame, m).has_value() && send(byte_view(frame));
  }

  /// Reads until the end or an error of the connection.
  bool read_to_end() {
    return world_->until([&] {
      read_some();
      return static_cast<bool>(end_);
    });
  }

  /// Reads until so many bytes have come in all.
  bool read(std::size_t count) {
    return world_->until([&] {
      read_some();
      return got.size() >= count || end_;
    }) && got.size() >= count;
  }

  void close_sending() {
    asio::error_code ignored;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  }

  /// Ends the connection as a machine does that has forgotten it.
  void reset() {
    asio::error_code ignored;
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    socket_.close(ignored);
  }

  /// For a thread of its own: its calls wait from now on.
  [[nodiscard]] asio::ip::tcp::socket& blocking() {
    asio::error_code ignored;
    socket_.non_blocking(false, ignored);
    return socket_;
  }

  /// True when the relay closed in order, and not with a reset.
  [[nodiscard]] bool ended_in_order() const { return end_ == asio::error::eof; }

  byte_buffer got;

 private:
  // All that is there.
  void read_some() {
    byte_buffer part(64 * 1024);
    while (!end_) {
      const std::size_t count = socket_.read_some(asio::buffer(part.data(), part.size()), end_);
      append(got, byte_view(part).first(count));
    }
    if (end_ == asio::error::would_block) end_.clear();
  }

  net_world* world_;
  asio::ip::tcp::socket socket_;
  asio::error_code end_;
};

}  // namespace tallow::test
