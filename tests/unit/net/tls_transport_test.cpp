#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/io_context.hpp>
#include <asio/write.hpp>
#include <gtest/gtest.h>

#include <tallow/net/control_transport.hpp>
#include <tallow/net/tls_transport.hpp>

#include "support/code_of.hpp"
#include "support/tls_pair.hpp"

namespace tallow::net {
namespace {

using asio::ip::tcp;
using test::code_of;

/// One connection's server: it gives back what it gets, until `bytes_max`, and then ends.
class echo_server {
 public:
  explicit echo_server(std::size_t bytes_max = SIZE_MAX, bool farewell = true)
      : says_farewell(farewell), left_(bytes_max) {
    asio::co_spawn(context, serve(), asio::detached);
  }

  [[nodiscard]] address where() const { return {"127.0.0.1", acceptor_.local_endpoint().port()}; }

  template <class Work>
  void run(Work work) {
    bool is_done = false;
    asio::co_spawn(context, work(*this), [&](const std::exception_ptr& thrown) {
      is_done = true;
      if (thrown) std::rethrow_exception(thrown);
    });
    context.run_for(std::chrono::seconds(20));
    EXPECT_TRUE(is_done);
  }

  asio::awaitable<result<tls_transport>> connect_here() {
    auto socket = co_await connect(where());
    if (!socket) co_return fail(socket.error());
    co_return co_await tls_transport::open(std::move(*socket), "localhost",
                                           trust_pinned(identity.fingerprint()));
  }

  asio::io_context context{1};
  tls_identity identity = test::new_identity();
  bool says_farewell;

 private:
  asio::awaitable<void> serve() {
    auto [trouble, socket] = co_await acceptor_.async_accept(awaited);
    auto channel = tls_channel::server(tls_server_context(identity)).value();
    byte_buffer buffer(5'000);
    for (;;) {
      const auto [failed, count] =
          co_await socket.async_read_some(detail::as_buffer(byte_span(buffer)), awaited);
      if (failed || !channel.handle_bytes(byte_view(buffer).first(count))) co_return;
      const byte_buffer got = test::received_by(channel);
      if (!got.empty()) (void)channel.send(got);
      left_ -= std::min(left_, got.size());
      if ((left_ == 0 && says_farewell) || channel.is_ended()) channel.close();
      const byte_buffer out = test::taken_from(channel);
      (void)co_await asio::async_write(socket, detail::as_buffer(byte_view(out)), awaited);
      if (left_ == 0 || channel.is_ended()) co_return;
    }
  }

  tcp::acceptor acceptor_{context, tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
  std::size_t left_;
};

asio::awaitable<result<byte_buffer>> read_all(tls_transport& from, std::size_t count) {
  byte_buffer all;
  byte_buffer some(3'000);
  while (all.size() < count) {
    const auto got = co_await from.async_read_some(some);
    if (!got) co_return fail(got.error());
    if (*got == 0) break;
    append(all, byte_view(some).first(*got));
  }
  co_return all;
}

TEST(TlsTransport, CarriesMuchInBothDirectionsAtOnce) {
  echo_server server;
  server.run([](echo_server& s) -> asio::awaitable<void> {
    using namespace asio::experimental::awaitable_operators;
    auto made = co_await s.connect_here();
    EXPECT_TRUE(made);
    if (!made) co_return;
    EXPECT_EQ(made->channel().group(), "x25519/ML-KEM-768");
    byte_buffer bytes(3'000'000);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 7 >> 3U);
    const byte_view parts[] = {byte_view(bytes).first(10), byte_view(bytes).subspan(10)};
    auto [sent, got] = co_await (made->async_write_all(session::byte_views(parts)) &&
                                 read_all(*made, bytes.size()));
    EXPECT_TRUE(sent);
    EXPECT_TRUE(got && *got == bytes);
    EXPECT_TRUE(made->shutdown_send());
    const auto end = co_await made->async_read_some(bytes);
    EXPECT_TRUE(end && *end == 0);
    made->close();
  });
}

TEST(TlsTransport, TellsAnEndFromALoss) {
  for (const bool says_farewell : {true, false}) {
    echo_server server(4, says_farewell);
    server.run([](echo_server& s) -> asio::awaitable<void> {
      auto made = co_await s.connect_here();
      EXPECT_TRUE(made && co_await made->async_write_all(as_bytes("four")));
      if (!made) co_return;
      const auto got = co_await read_all(*made, 4);
      EXPECT_TRUE(got && as_text(*got) == "four");
      byte_buffer some(10);
      const auto end = co_await made->async_read_some(some);
      EXPECT_EQ(code_of(end), s.says_farewell ? errc{} : errc::connection_lost);
    });
  }
}

/// Speaks once when it has heard something, takes nothing any more, and breaks the connection when
/// it is told to.
class deaf_server {
 public:
  explicit deaf_server(asio::io_context& context)
      : acceptor_(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0)), socket_(context) {
    asio::co_spawn(context, serve(), asio::detached);
  }

  [[nodiscard]] address where() const { return {"127.0.0.1", acceptor_.local_endpoint().port()}; }
  [[nodiscard]] key_fingerprint fingerprint() const { return identity_.fingerprint(); }

  /// What was not read makes it a reset.
  void break_connection() { socket_.close(); }

 private:
  asio::awaitable<void> serve() {
    auto [trouble, socket] = co_await acceptor_.async_accept(awaited);
    socket_ = std::move(socket);
    auto channel = tls_channel::server(tls_server_context(identity_)).value();
    byte_buffer buffer(5'000);
    bool has_heard = false;
    while (!has_heard) {
      const auto [failed, count] =
          co_await socket_.async_read_some(detail::as_buffer(byte_span(buffer)), awaited);
      if (failed || !channel.handle_bytes(byte_view(buffer).first(count))) co_return;
      has_heard = !test::received_by(channel).empty();
      if (has_heard) (void)channel.send(as_bytes("here"));
      const byte_buffer out = test::taken_from(channel);
      (void)co_await asio::async_write(socket_, detail::as_buffer(byte_view(out)), awaited);
    }
  }

  tls_identity identity_ = test::new_identity();
  tcp::acceptor acceptor_;
  tcp::socket socket_;
};

// A reset is seen by whoever sends, too, and Asio tells it only once of a socket.
TEST(TlsTransport, ReadsWhileAWriterWaitsAndTellsBothOfALoss) {
  asio::io_context context(1);
  deaf_server server(context);
  bool is_done = false;
  const auto work = [&]() -> asio::awaitable<void> {
    using namespace asio::experimental::awaitable_operators;
    auto socket = co_await connect(server.where());
    auto made = co_await tls_transport::open(std::move(*socket), "localhost",
                                             trust_pinned(server.fingerprint()));
    EXPECT_TRUE(made);
    if (!made) co_return;
    const byte_buffer more_than_fits(64 << 20);
    const auto read = [&]() -> asio::awaitable<void> {
      const auto got = co_await read_all(*made, 4);
      EXPECT_TRUE(got && as_text(*got) == "here");
      server.break_connection();
      byte_buffer some(10);
      EXPECT_EQ(code_of(co_await made->async_read_some(some)), errc::connection_lost);
    };
    const auto sent = co_await (made->async_write_all(more_than_fits) && read());
    EXPECT_EQ(code_of(sent), errc::connection_lost);
    const auto again = co_await made->async_write_all(as_bytes("more"));
    EXPECT_EQ(code_of(again), errc::connection_lost);
    is_done = true;
  };
  asio::co_spawn(context, work(), asio::detached);
  context.run_for(std::chrono::seconds(20));
  EXPECT_TRUE(is_done);
}

TEST(TlsTransport, SaysWhatItsJudgeSays) {
  echo_server server;
  server.run([](echo_server& s) -> asio::awaitable<void> {
    const auto made = co_await connect_control(s.where(), trust_pinned(key_fingerprint{}));
    EXPECT_EQ(code_of(made), errc::relay_key_wrong);
  });
}

// What a listener does with its one connection: nothing, or closing it.
template <class Then>
result<void> opened_against(Then then, std::chrono::milliseconds timeout) {
  asio::io_context context(1);
  tcp::acceptor acceptor(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  const address where{"127.0.0.1", acceptor.local_endpoint().port()};
  std::optional<tcp::socket> kept;
  acceptor.async_accept([&](const asio::error_code&, tcp::socket socket) {
    kept.emplace(std::move(socket));
    then(*kept);
  });
  result<void> done;
  const auto work = [&]() -> asio::awaitable<void> {
    auto socket = co_await connect(where);
    const auto made = co_await tls_transport::open(std::move(*socket), "localhost",
                                                   trust_pinned(key_fingerprint{}), timeout);
    if (!made) done = fail(made.error());
    kept.reset();
  };
  asio::co_spawn(context, work(), asio::detached);
  context.run_for(std::chrono::seconds(20));
  return done;
}

TEST(TlsTransport, GivesUpOnAServerThatSaysNothing) {
  EXPECT_EQ(code_of(opened_against([](tcp::socket&) {}, std::chrono::milliseconds(50))),
            errc::timed_out);
}

TEST(TlsTransport, SaysThatAServerEndedInTheHandshake) {
  const auto done = opened_against(
      [](tcp::socket& socket) {
        asio::error_code ignored;
        socket.shutdown(tcp::socket::shutdown_send, ignored);
      },
      std::chrono::seconds(20));
  EXPECT_EQ(code_of(done), errc::connect_failed);
}

}  // namespace
}  // namespace tallow::net
