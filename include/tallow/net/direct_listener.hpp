// Takes the connections of direct lanes, and has little to do with anybody else.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ip/v6_only.hpp>
#include <asio/read.hpp>
#include <asio/steady_timer.hpp>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/limits.hpp>
#include <tallow/base/secret.hpp>
#include <tallow/base/units.hpp>
#include <tallow/net/congestion_control.hpp>
#include <tallow/net/connect.hpp>
#include <tallow/net/tcp_transport.hpp>
#include <tallow/wire/frame_decoder.hpp>
#include <tallow/wire/message.hpp>

namespace tallow::net {

/// Bounds of what strangers may do to a direct_listener.
struct direct_listener_options {
  std::size_t strangers_max = 32;                 ///< connections without a ticket at once
  std::chrono::milliseconds opening_time{3'000};  ///< until a connection has to show one
};

/// Listens on a port of all interfaces, and hands over connections that begin with LANE_OPEN and a
/// ticket that is expected. Of others it reads no more than such a frame has, and sends nothing.
///
/// All calls on one executor's thread.
class direct_listener {
 public:
  using taker = std::function<void(stream_id, asio::ip::tcp::socket)>;

  /// @param take  called with the connection of a lane, behind its LANE_OPEN
  direct_listener(const asio::any_io_executor& executor, taker take,
                  direct_listener_options options = {})
      : state_(std::make_shared<state>(executor, std::move(take), options)) {}
  direct_listener(const direct_listener&) = delete;
  direct_listener& operator=(const direct_listener&) = delete;
  ~direct_listener() {
    asio::error_code ignored;
    state_->tickets.clear();
    state_->take = nullptr;
    state_->acceptor.close(ignored);
  }

  /// Begins, on any free port; once.
  ///
  /// @errors  listen_failed (with what the system said)
  [[nodiscard]] result<void> listen() {
    asio::error_code trouble;
    open(asio::ip::tcp::v6(), trouble);
    // Some systems know no IPv6.
    if (trouble) open(asio::ip::tcp::v4(), trouble);
    if (trouble) return fail(errc::listen_failed, detail::as_std(trouble));
    asio::co_spawn(state_->acceptor.get_executor(), accept_loop(state_), asio::detached);
    return {};
  }

  /// To be called once it listens.
  [[nodiscard]] std::uint16_t port() const { return state_->acceptor.local_endpoint().port(); }

  /// Whoever shows this ticket, once, has that lane.
  void expect(stream_id lane, const lane_ticket& ticket) {
    state_->tickets.push_back({lane, ticket});
  }

  /// Nobody has it any more.
  ///
  /// @shape  returns false when somebody has come for it already
  bool forget(stream_id lane) {
    return std::erase_if(state_->tickets, [&](const expected& e) { return e.lane == lane; }) > 0;
  }

  void forget_all() { state_->tickets.clear(); }

  /// Connections that have not shown a ticket yet.
  [[nodiscard]] std::size_t strangers() const noexcept { return state_->strangers; }

 private:
  static constexpr std::size_t opening_bytes =
      limits::frame_header_bytes + 1 + limits::lane_ticket_bytes;

  struct expected {
    stream_id lane{};
    lane_ticket ticket{};
  };

  struct state {
    state(const asio::any_io_executor& executor, taker t, direct_listener_options o)
        : acceptor(executor), take(std::move(t)), options(o) {}
    asio::ip::tcp::acceptor acceptor;
    taker take;  // none: it is over
    direct_listener_options options;
    std::vector<expected> tickets;
    std::size_t strangers = 0;
  };
  using state_ptr = std::shared_ptr<state>;

  void open(const asio::ip::tcp& protocol, asio::error_code& trouble) {
    asio::ip::tcp::acceptor& socket = state_->acceptor;
    asio::error_code ignored;
    socket.close(ignored);
    socket.open(protocol, trouble);
    // One port for both.
    if (!trouble && protocol == asio::ip::tcp::v6()) {
      socket.set_option(asio::ip::v6_only(false), trouble);
    }
    if (!trouble) begin_unpaced(socket.native_handle());
    if (!trouble) socket.bind({protocol, 0}, trouble);
    if (!trouble) socket.listen(asio::socket_base::max_listen_connections, trouble);
  }

  static asio::awaitable<void> accept_loop(state_ptr s) {
    while (s->take) {
      asio::ip::tcp::socket socket(s->acceptor.get_executor());
      const auto [trouble] = co_await s->acceptor.async_accept(socket, awaited);
      if (trouble) {
        // Descriptors may come back.
        asio::steady_timer pause(s->acceptor.get_executor(), std::chrono::seconds(1));
        (void)co_await pause.async_wait(awaited);
        continue;
      }
      if (s->tickets.empty() || s->strangers == s->options.strangers_max) continue;
      ++s->strangers;
      asio::co_spawn(s->acceptor.get_executor(), admit(s, std::move(socket)), asio::detached);
    }
  }

  static asio::awaitable<void> admit(state_ptr s, asio::ip::tcp::socket socket) {
    std::array<std::byte, opening_bytes> bytes{};
    bool is_whole = false;
    {
      const detail::connect_watch watch(socket, s->options.opening_time);
      const auto [trouble, count] =
          co_await asio::async_read(socket, detail::as_buffer(byte_span(bytes)), awaited);
      is_whole = !trouble && count == bytes.size();
    }
    --s->strangers;
    const auto lane = is_whole ? lane_of(*s, bytes) : std::nullopt;
    if (lane && s->take) s->take(*lane, std::move(socket));
  }

  // The lane that a first frame opens. Its ticket is good no more.
  static std::optional<stream_id> lane_of(state& s, byte_span bytes) {
    frame_decoder frames({frame_type::lane_open});
    const auto frame = frames.next(bytes);
    if (!frame || !*frame) return std::nullopt;
    const auto opening = decode_body<lane_open>((*frame)->body);
    const auto* shown = opening ? std::get_if<lane_ticket>(&opening->right) : nullptr;
    if (shown == nullptr) return std::nullopt;
    std::optional<std::size_t> which;
    for (std::size_t i = 0; i < s.tickets.size(); ++i) {  // all of them, whichever it is
      if (equal_constant_time(s.tickets[i].ticket, *shown)) which = i;
    }
    if (!which) return std::nullopt;
    const stream_id lane = s.tickets[*which].lane;
    s.tickets.erase(s.tickets.begin() + static_cast<std::ptrdiff_t>(*which));
    return lane;
  }

  state_ptr state_;
};

}  // namespace tallow::net
