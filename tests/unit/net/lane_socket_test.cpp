#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <gtest/gtest.h>

#include <tallow/net/lane_socket.hpp>

namespace tallow::net {
namespace {

using asio::ip::tcp;

#ifdef __linux__

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
  for (tcp::socket* end : {&near_end, &far_end}) {
    const int before = send_bytes(end->native_handle());
    tune_lane(end->native_handle());
    EXPECT_NE(send_bytes(end->native_handle()), before) << "as large as the system allows";
  }
}

TEST(TuneLane, LeavesASocketWithoutAConnectionAlone) {
  asio::io_context context;
  tcp::socket idle(context, tcp::v4());
  const int handle = idle.native_handle();
  const int bytes = send_bytes(handle);
  tune_lane(handle);
  EXPECT_EQ(send_bytes(handle), bytes);
}

#endif

TEST(TuneLane, DoesNothingToWhatIsNoSocket) { tune_lane(-1); }

}  // namespace
}  // namespace tallow::net
