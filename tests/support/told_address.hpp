#pragma once
// Addresses of direct lanes, from how people write them.

#include <arpa/inet.h>
#include <cstdint>
#include <string_view>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include <tallow/wire/peer_messages.hpp>

namespace tallow::test {

inline direct_address told(const char* host, std::uint16_t port = 40'000) {
  direct_address made;
  made.port = port;
  const bool is_v6 = std::string_view(host).find(':') != std::string_view::npos;
  void* const bytes = is_v6 ? static_cast<void*>(made.host.emplace<1>().data())
                            : static_cast<void*>(made.host.emplace<0>().data());
  EXPECT_EQ(::inet_pton(is_v6 ? AF_INET6 : AF_INET, host, bytes), 1) << host;
  return made;
}

}  // namespace tallow::test
