#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/session/direct_addresses.hpp>

#include "support/told_address.hpp"

namespace tallow::session {
namespace {

using test::told;

void expect_kind(address_kind kind, std::initializer_list<const char*> hosts) {
  for (const char* host : hosts) EXPECT_EQ(kind_of(told(host)), kind) << host;
}

TEST(DirectAddresses, AreOfFourKinds) {
  expect_kind(address_kind::loopback, {"127.0.0.1", "127.255.255.255", "::1"});
  expect_kind(address_kind::private_network,
              {"10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.0",
               "192.168.255.255", "169.254.0.0", "169.254.255.255",
               "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"});
  expect_kind(address_kind::public_network,
              {"9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255",
               "192.169.0.0", "169.253.255.255", "169.255.0.0", "126.255.255.255", "128.0.0.0",
               "1.0.0.0", "100.64.0.1", "223.255.255.255", "2000::", "3fff::1"});
  // Nobody, many, or somebody who depends on the interface; and IPv4 that looks like IPv6.
  expect_kind(address_kind::unusable,
              {"0.0.0.0", "0.255.255.255", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
               "::", "::2", "fe80::1", "febf::1", "ff02::1", "::ffff:10.0.0.1", "::ffff:8.8.8.8",
               "::10.0.0.1", "64:ff9b::a00:1", "4000::", "fe00::", "fbff::"});
}

TEST(DirectAddresses, BeyondANeighboursHaveToBeAskedFor) {
  const auto counts = [](const address_kinds& kinds) {
    return std::array{
        kinds.contains(address_kind::loopback), kinds.contains(address_kind::private_network),
        kinds.contains(address_kind::public_network), kinds.contains(address_kind::unusable)};
  };
  EXPECT_EQ(counts({}), (std::array{false, true, false, false}));
  EXPECT_EQ(counts({true, false}), (std::array{true, true, false, false}));
  EXPECT_EQ(counts({false, true}), (std::array{false, true, true, false}));
}

TEST(AddressBook, LeavesOutWhatNobodyMayBeSentTo) {
  address_book book;
  const std::vector<direct_address> some{told("127.0.0.1"),         told("192.168.0.7", 1023),
                                         told("192.168.0.7", 1024), told("8.8.8.8"),
                                         told("fe80::1"),           told("fd00::7"),
                                         told("192.168.0.7", 0),    told("192.168.0.7", 1024)};
  EXPECT_EQ(book.choose(some, {}), (std::vector{told("192.168.0.7", 1024), told("fd00::7")}));
  EXPECT_EQ(book.choose(some, {true, true}),
            (std::vector{told("127.0.0.1"), told("192.168.0.7", 1024), told("8.8.8.8"),
                         told("fd00::7")}));
}

TEST(AddressBook, EndsWithTheNumberOfItsEntries) {
  address_book book;
  std::size_t chosen = 0;
  for (std::uint16_t port = 2000; port < 2100; ++port) {
    chosen += book.choose({told("10.0.0.1", port)}, {}).size();
  }
  EXPECT_EQ(chosen, limits::direct_endpoints_max);
  // Those are tried as often as is wanted.
  EXPECT_EQ(book.choose({told("10.0.0.1", 2000), told("10.0.0.1", 2099)}, {}).size(), 1U);
}

}  // namespace
}  // namespace tallow::session
