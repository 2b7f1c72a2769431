#include <array>
#include <string>
#include <string_view>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <gtest/gtest.h>

#include <tallow/net/lane_socket.hpp>

namespace tallow::net {
namespace {

using asio::ip::tcp;

#ifdef __linux__

std::string congestion_control(int handle) {
  std::array<char, 64> name{};
  socklen_t bytes = name.size();
  EXPECT_EQ(::getsockopt(handle, IPPROTO_TCP, TCP_CONGESTION, name.data(), &bytes), 0);
  return name.data();
}

int send_bytes(int handle) {
  int bytes = 0;
  socklen_t size = sizeof bytes;
  EXPECT_EQ(::getsockopt(handle, SOL_SOCKET, SO_SNDBUF, &bytes, &size), 0);
  return bytes;
}

TEST(TuneLane, SetsBothEndsOfANearConnectionUpForBulk) {
  asio::io_context context;
  tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
  tcp::socket near_end(context);
  near_end.connect(acceptor.local_endpoint());
  tcp::socket far_end = acceptor.accept();
  // A machine may allow neither; then it keeps what it has.
  tcp::socket probe(context, tcp::v4());
  const bool may_choose =
      ::setsockopt(probe.native_handle(), IPPROTO_TCP, TCP_CONGESTION, "reno", 4) == 0;
  for (tcp::socket* end : {&near_end, &far_end}) {
    const int before = send_bytes(end->native_handle());
    tune_lane(end->native_handle());
    EXPECT_TRUE(!may_choose || congestion_control(end->native_handle()) == "reno");
    EXPECT_NE(send_bytes(end->native_handle()), before) << "as large as the system allows";
  }
}

TEST(TuneLane, LeavesASocketWithoutAConnectionAlone) {
  asio::io_context context;
  tcp::socket idle(context, tcp::v4());
  const int handle = idle.native_handle();
  const int bytes = send_bytes(handle);
  const std::string control = congestion_control(handle);
  tune_lane(handle);
  EXPECT_EQ(send_bytes(handle), bytes);
  EXPECT_EQ(congestion_control(handle), control);
}

#endif

TEST(TuneLane, DoesNothingToWhatIsNoSocket) { tune_lane(-1); }

}  // namespace
}  // namespace tallow::net
