#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <gtest/gtest.h>

#include <tallow/net/congestion_control.hpp>
#include <tallow/net/listening.hpp>
#include <tallow/net/tcp_transport.hpp>

namespace tallow::net {
namespace {

#ifdef __linux__

using asio::ip::tcp;
using detail::congestion_control_of;

class CongestionControl : public testing::Test {
 protected:
  static bool is_unpaced(tcp::socket&& socket) { return is_unpaced(socket); }
  static bool is_unpaced(tcp::socket& socket) {
    const std::string name = congestion_control_of(socket.native_handle());
    return name == "reno" || name == "cubic";
  }

  asio::io_context context;
};

TEST_F(CongestionControl, IsUnpacedFromTheFirstMomentWhereSomebodyListens) {
  auto listening = detail::listening_socket(context, {asio::ip::address_v4::loopback(), 0});
  ASSERT_TRUE(listening);
  tcp::socket other(context);
  other.connect(listening->local_endpoint());
  EXPECT_TRUE(is_unpaced(listening->accept()));
}

TEST_F(CongestionControl, IsUnpacedOnNearConnectionsOfAnyOrigin) {
  tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
  tcp::socket near_end(context);
  near_end.connect(acceptor.local_endpoint());
  tcp::socket far_end = acceptor.accept();
  tune(near_end);
  tune(far_end);
  EXPECT_TRUE(is_unpaced(near_end));
  EXPECT_TRUE(is_unpaced(far_end));
}

TEST_F(CongestionControl, IsTheSystemsOwnOnLongWays) {
  tcp::socket socket(context, tcp::v4());
  const int handle = socket.native_handle();
  const std::string usual = congestion_control_of(handle);
  EXPECT_EQ(detail::system_congestion_control(), usual);
  begin_unpaced(handle);
  EXPECT_TRUE(is_unpaced(socket));
  detail::suit(handle, detail::near_us_max);
  EXPECT_EQ(congestion_control_of(handle), usual);
  detail::suit(handle, detail::near_us_max - 1);
  EXPECT_TRUE(is_unpaced(socket));
}

TEST_F(CongestionControl, StaysAsItIsWhereTheRoundTripIsNotKnown) {
  tcp::socket socket(context, tcp::v4());
  const std::string usual = congestion_control_of(socket.native_handle());
  suit_path(socket.native_handle());
  EXPECT_EQ(congestion_control_of(socket.native_handle()), usual);
}

#endif

TEST(CongestionControlOf, DoesNothingToWhatIsNoSocket) {
  begin_unpaced(-1);
  suit_path(-1);
}

}  // namespace
}  // namespace tallow::net
