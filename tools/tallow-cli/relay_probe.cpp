#include "relay_probe.hpp"

#include <array>
#include <cstddef>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/io_context.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <botan/x509cert.h>

#include <tallow/base/bytes.hpp>
#include <tallow/net/control_transport.hpp>
#include <tallow/net/tls_identity.hpp>
#include <tallow/net/tls_trust.hpp>
#include <tallow/room/room_client.hpp>
#include <tallow/wire/codec.hpp>
#include <tallow/wire/frame_decoder.hpp>
#include <tallow/wire/relay_messages.hpp>

#include "known_relays.hpp"

namespace tallow::cli {
namespace {

// A relay that takes longer than this for a few bytes is of no use.
constexpr auto answer_time = std::chrono::seconds(10);

bool is_valid_at(const Botan::X509_Certificate& one, std::chrono::system_clock::time_point now) {
  return one.not_before().to_std_timepoint() <= now && now <= one.not_after().to_std_timepoint();
}

// Looks at one relay.
class look {
 public:
  look(probed_relay& to, const proxy_settings& proxies, bool is_plain)
      : to_(&to), proxies_(&proxies), is_plain_(is_plain) {}

  asio::awaitable<void> run() {
    const auto where = net::parse_relay_address(to_->relay);
    if (!where) co_return give_up(where.error());
    at_ = *where;
    auto transport = co_await connect();
    if (!transport) co_return give_up(transport.error());
    if (const auto done = co_await greet(*transport); !done) give_up(done.error());
    transport->close();
  }

 private:
  void give_up(const error& why) { to_->trouble = why; }

  asio::awaitable<result<net::control_transport>> connect() {
    net::route way(at_.at, proxies_->to_host(at_.at.host));
    if (is_plain_) co_return co_await net::connect_control_insecurely(way);
    co_return co_await net::connect_control(
        way, [this](const std::vector<Botan::X509_Certificate>& chain) { return judge(chain); });
  }

  result<void> judge(const std::vector<Botan::X509_Certificate>& chain) {
    to_->key = net::fingerprint_of(chain.front());
    to_->is_valid_now = is_valid_at(chain.front(), std::chrono::system_clock::now());
    const auto state = state_of(chain);
    if (!state) return fail(state.error());
    to_->state = *state;
    if (*state == key_state::changed) return fail(errc::relay_key_wrong);
    return {};
  }

  // As relay_connector has it.
  result<key_state> state_of(const std::vector<Botan::X509_Certificate>& chain) {
    if (at_.pin) return *at_.pin == to_->key ? key_state::pinned : key_state::changed;
    std::optional<net::key_fingerprint> remembered;
    if (const auto known = known_relays::find()) {
      const auto found = known->key_of(at_.at);
      if (!found) return fail(found.error());
      remembered = *found;
    }
    if (remembered == to_->key) return key_state::known;
    if (net::is_vouched_for(chain, at_.at.host)) return key_state::vouched;
    return remembered ? key_state::changed : key_state::fresh;
  }

  // Says hello, as every client does, and nothing more: no room is made.
  asio::awaitable<result<void>> greet(net::control_transport& transport) {
    using namespace asio::experimental::awaitable_operators;
    byte_buffer hello;
    const client_hello said{{relay_protocol_version}, std::string("tallow-cli ") + TALLOW_VERSION};
    if (const auto done = append_message(hello, said); !done) co_return fail(done.error());
    const auto begun = std::chrono::steady_clock::now();
    if (const auto done = co_await transport.async_write_all(byte_view(hello)); !done) {
      co_return fail(done.error());
    }
    const auto answered = co_await (listen(transport) || pause(answer_time));
    if (answered.index() == 1) co_return fail(errc::relay_silent);
    to_->round_trip = std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now() - begun);
    co_return std::get<0>(answered);
  }

  asio::awaitable<result<void>> listen(net::control_transport& transport) {
    frame_decoder decoder(frames_from_relay);
    std::array<std::byte, 4096> buffer{};
    for (;;) {
      const auto count = co_await transport.async_read_some(buffer);
      if (!count) co_return fail(count.error());
      if (*count == 0) co_return fail(errc::connection_lost);
      byte_span input = byte_span(buffer).first(*count);
      const auto frame = decoder.next(input);
      if (!frame) co_return fail(frame.error());
      if (*frame) co_return take(**frame);
    }
  }

  result<void> take(const frame_view& frame) {
    if (frame.type == frame_type::error_report) {
      const auto report = decode_body<error_report>(frame.body);
      if (!report) return fail(report.error());
      return fail(room::error_of(*report));
    }
    if (frame.type != frame_type::relay_hello) return fail(errc::relay_message_unexpected);
    const auto hello = decode_body<relay_hello>(frame.body);
    if (!hello) return fail(hello.error());
    to_->software = hello->software;
    to_->version = hello->version;
    if (hello->version != relay_protocol_version) return fail(errc::relay_version_unknown);
    return {};
  }

  static asio::awaitable<void> pause(std::chrono::seconds time) {
    asio::steady_timer timer(co_await asio::this_coro::executor, time);
    asio::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }

  probed_relay* to_;
  const proxy_settings* proxies_;
  bool is_plain_;
  net::relay_address at_;
};

}  // namespace

std::vector<probed_relay> probe(const std::vector<std::string>& relays,
                                const proxy_settings& proxies, bool is_plain) {
  std::vector<probed_relay> all(relays.size());
  std::vector<look> looks;
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].relay = relays[i];
    looks.emplace_back(all[i], proxies, is_plain);
  }
  asio::io_context io(1);
  for (look& one : looks) {
    asio::co_spawn(io, one.run(), [](const std::exception_ptr& thrown) {
      if (thrown) std::rethrow_exception(thrown);
    });
  }
  io.run();
  return all;
}

}  // namespace tallow::cli
