#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <gtest/gtest.h>

#include <tallow/net/congestion_control.hpp>
#include <tallow/net/listening.hpp>

namespace tallow::net {
namespace {

#ifdef __linux__

using asio::ip::tcp;

constexpr detail::congestion_name paced{'b', 'b', 'r'};

class CongestionControl : public testing::Test {
 protected:
  static detail::congestion_name of(tcp::socket& socket) {
    return detail::congestion_control_of(socket.native_handle());
  }
  static detail::congestion_name of(tcp::socket&& socket) { return of(socket); }

  asio::io_context context;
};

TEST_F(CongestionControl, IsUnpacedFromTheFirstMomentWhereSomebodyListens) {
  auto listening = detail::listening_socket(context, {asio::ip::address_v4::loopback(), 0});
  ASSERT_TRUE(listening);
  tcp::socket other(context);
  other.connect(listening->local_endpoint());
  EXPECT_EQ(of(listening->accept()), detail::unpaced);
}

TEST_F(CongestionControl, IsUnpacedWhereASocketWasTakenOver) {
  tcp::acceptor made(context, {asio::ip::address_v4::loopback(), 0});
  const auto at = made.local_endpoint();
  auto listening = detail::adopted_socket(context, made.release());
  ASSERT_TRUE(listening);
  tcp::socket other(context);
  other.connect(at);
  EXPECT_EQ(of(listening->accept()), detail::unpaced);
}

TEST_F(CongestionControl, IsTheSystemsOwnOnLongWays) {
  tcp::socket socket(context, tcp::v4());
  const int handle = socket.native_handle();
  const detail::congestion_name usual = of(socket);
  EXPECT_EQ(detail::system_congestion_control(), usual);
  begin_unpaced(handle);
  EXPECT_EQ(of(socket), detail::unpaced);
  detail::suit(handle, detail::near_us_max);
  EXPECT_EQ(of(socket), usual);
  detail::suit(handle, detail::near_us_max - 1);
  EXPECT_EQ(of(socket), detail::unpaced);
}

// A first packet that was lost leaves none: that is no near way.
TEST_F(CongestionControl, IsTheSystemsOwnWhereNobodyHasMeasuredARoundTrip) {
  tcp::socket socket(context, tcp::v4());
  const detail::congestion_name usual = of(socket);
  begin_unpaced(socket.native_handle());
  detail::suit(socket.native_handle(), 0);
  EXPECT_EQ(of(socket), usual);
}

TEST_F(CongestionControl, IsLeftAsItIsWhereThisConnectionHasItsOwn) {
  tcp::socket socket(context, tcp::v4());
  const int handle = socket.native_handle();
  detail::set_congestion_control(handle, paced);
  const detail::congestion_name own = of(socket);
  if (own != paced) GTEST_SKIP() << "no bbr here";
  detail::suit(handle, detail::near_us_max);
  EXPECT_EQ(of(socket), own);
}

TEST_F(CongestionControl, StaysAsItIsWithoutAConnection) {
  tcp::socket socket(context, tcp::v4());
  begin_unpaced(socket.native_handle());
  suit_path(socket.native_handle());
  EXPECT_EQ(of(socket), detail::unpaced);
}

#endif

TEST(CongestionControlOf, DoesNothingToWhatIsNoSocket) {
  begin_unpaced(-1);
  suit_path(-1);
}

}  // namespace
}  // namespace tallow::net
