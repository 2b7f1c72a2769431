#include <algorithm>

#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>
#include <gtest/gtest.h>

#include <tallow/net/interface_addresses.hpp>

#include "support/told_address.hpp"

namespace tallow::net {
namespace {

using test::told;

TEST(InterfaceAddresses, ComeAndGoAsTheyAre) {
  for (const char* host : {"192.168.0.7", "fd00::1:7", "127.0.0.1"}) {
    const asio::ip::tcp::endpoint there(asio::ip::make_address(host), 7);
    EXPECT_EQ(endpoint_of(told_as(there)), there);
    EXPECT_EQ(told_as(there), told(host, 7));
  }
  EXPECT_EQ(told_as({asio::ip::make_address("::ffff:10.0.0.1"), 7}), told("10.0.0.1", 7));
}

TEST(InterfaceAddresses, AreThoseOfThisMachine) {
  const auto all = interface_addresses({true, true}, 7);
  EXPECT_LE(all.size(), limits::direct_addresses_max);
  EXPECT_NE(std::find(all.begin(), all.end(), told("127.0.0.1", 7)), all.end());
  for (const direct_address& one : interface_addresses({}, 7)) {
    EXPECT_EQ(session::kind_of(one), session::address_kind::private_network);
  }
}

}  // namespace
}  // namespace tallow::net
