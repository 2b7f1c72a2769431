#include "mdns_links.hpp"

#include <algorithm>
#include <cstdint>
#include <net/if.h>
#include <netinet/in.h>
#include <optional>
#include <sys/socket.h>
#include <utility>

#include <asio/buffer.hpp>
#include <asio/ip/multicast.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

#include <tallow/net/interface_addresses.hpp>

namespace tallow::cli::mdns {
namespace {

constexpr std::uint16_t port = 5353;
constexpr int hops = 255;

using udp = asio::ip::udp;

asio::ip::address_v4 group_v4() { return asio::ip::address_v4(0xE00000FB); }  // 224.0.0.251

// ff02::fb, which is of a network only together with the interface.
asio::ip::address_v6 group_v6(unsigned interface) {
  asio::ip::address_v6::bytes_type bytes{};
  bytes[0] = 0xFF;
  bytes[1] = 0x02;
  bytes[15] = 0xFB;
  return asio::ip::address_v6(bytes, interface);
}

// Groups that others on this machine have joined are none of our affair.
void hear_own_groups_only(udp::socket& socket, bool is_v4) {
  const int none = 0;
  // Where the kernel knows this not, there is more to leave out.
  (void)::setsockopt(socket.native_handle(), is_v4 ? IPPROTO_IP : IPPROTO_IPV6,
                     is_v4 ? IP_MULTICAST_ALL : IPV6_MULTICAST_ALL, &none, sizeof none);
}

// @param own  an address of the interface
std::optional<link> open_link(const asio::any_io_executor& executor, unsigned interface,
                              const asio::ip::address& own) {
  namespace multicast = asio::ip::multicast;
  const bool is_v4 = own.is_v4();
  const asio::ip::address group =
      is_v4 ? asio::ip::address(group_v4()) : asio::ip::address(group_v6(interface));
  link made{udp::socket(executor), {group, port}};
  udp::socket& socket = made.socket;
  asio::error_code trouble;
  const auto set = [&](const auto& option) {
    if (!trouble) socket.set_option(option, trouble);
  };
  socket.open(is_v4 ? udp::v4() : udp::v6(), trouble);
  set(udp::socket::reuse_address(true));  // others on this machine do the same
  // Not to any address: what is sent to this machine alone may come from anywhere.
  if (!trouble) socket.bind(made.group, trouble);
  if (is_v4) {
    set(multicast::join_group(group_v4(), own.to_v4()));
    set(multicast::outbound_interface(own.to_v4()));
  } else {
    set(multicast::join_group(group_v6(interface), interface));
    set(multicast::outbound_interface(interface));
  }
  set(multicast::hops(hops));
  set(multicast::enable_loopback(true));
  if (!trouble) socket.non_blocking(true, trouble);
  if (trouble) return std::nullopt;
  hear_own_groups_only(socket, is_v4);
  return made;
}

bool is_of(const session::address_kinds& kinds, const asio::ip::address& own) {
  return kinds.contains(session::kind_of(net::told_as({own, port})));
}

}  // namespace

links open_links(const asio::any_io_executor& executor, const session::address_kinds& kinds) {
  links opened;
  for (const net::network_interface& one : net::network_interfaces()) {
    if ((one.flags & IFF_MULTICAST) == 0U || (one.flags & IFF_LOOPBACK) != 0U) continue;
    std::vector<asio::ip::address> own = one.addresses;
    std::erase_if(own, [&](const asio::ip::address& at) { return !is_of(kinds, at); });
    for (const bool is_v4 : {true, false}) {
      const auto first = std::find_if(
          own.begin(), own.end(), [&](const asio::ip::address& at) { return at.is_v4() == is_v4; });
      if (first == own.end()) continue;
      auto made = open_link(executor, one.index, *first);
      if (!made) continue;
      made->addresses = own;
      opened.push_back(std::make_shared<link>(std::move(*made)));
    }
  }
  return opened;
}

void say(link& to, byte_view message) {
  asio::error_code ignored;
  to.socket.send_to(asio::buffer(message.data(), message.size()), to.group, 0, ignored);
}

asio::awaitable<byte_view> hear(link& from, byte_span into) {
  for (;;) {
    udp::endpoint who;
    asio::error_code trouble;
    const std::size_t count =
        co_await from.socket.async_receive_from(asio::buffer(into.data(), into.size()), who,
                                                asio::redirect_error(asio::use_awaitable, trouble));
    if (trouble) co_return byte_view{};
    // Who speaks from another port wants an answer for himself alone, which could be sent to
    // anybody in his name.
    if (who.port() == port && count > 0) co_return byte_view(into.first(count));
  }
}

}  // namespace tallow::cli::mdns
