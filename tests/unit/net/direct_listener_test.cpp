#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>
#include <gtest/gtest.h>

#include <tallow/net/direct_listener.hpp>

namespace tallow::net {
namespace {

using namespace std::chrono_literals;

lane_ticket ticket_of(std::uint8_t number) {
  lane_ticket made{};
  made.fill(std::byte{number});
  return made;
}

byte_buffer opening_of(const lane_ticket& ticket) {
  byte_buffer frame;
  EXPECT_TRUE(append_message(frame, lane_open{ticket}));
  return frame;
}

class DirectListener : public ::testing::Test {
 protected:
  DirectListener() { start({}); }

  void start(direct_listener_options options) {
    listener_.emplace(
        io_.get_executor(),
        [this](stream_id lane, asio::ip::tcp::socket socket) {
          taken_.emplace_back(lane, std::move(socket));
        },
        options);
    ASSERT_TRUE(listener_->listen());
    listener_->expect(stream_id{7}, ticket_of(1));
    listener_->expect(stream_id{8}, ticket_of(2));
  }

  template <class Condition>
  bool until(Condition holds) {
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (!holds()) {
      if (std::chrono::steady_clock::now() > end) return false;
      io_.restart();
      io_.run_one_for(20ms);
    }
    return true;
  }

  asio::ip::tcp::socket connect(byte_view bytes = {}) {
    asio::ip::tcp::socket socket(io_);
    socket.connect({asio::ip::address_v4::loopback(), listener_->port()});
    asio::write(socket, detail::as_buffer(bytes));
    return socket;
  }

  // Whether the listener has closed it, without a word.
  bool is_closed(asio::ip::tcp::socket& socket) {
    std::optional<asio::error_code> end;
    std::array<char, 1> byte{};
    std::size_t got = 0;
    socket.async_read_some(asio::buffer(byte), [&](const asio::error_code& e, std::size_t count) {
      end = e;
      got = count;
    });
    const bool has_ended = until([&] { return end.has_value(); });
    return has_ended && *end && got == 0;
  }

  asio::io_context io_;
  std::vector<std::pair<stream_id, asio::ip::tcp::socket>> taken_;
  std::optional<direct_listener> listener_;
};

TEST_F(DirectListener, HandsOverALaneWithAllThatFollows) {
  byte_buffer bytes = opening_of(ticket_of(2));
  const byte_buffer more(100, std::byte{5});
  append(bytes, more);
  auto client = connect(bytes);
  ASSERT_TRUE(until([&] { return taken_.size() == 1; }));
  EXPECT_EQ(taken_[0].first, stream_id{8});
  byte_buffer got(200);
  EXPECT_EQ(taken_[0].second.read_some(detail::as_buffer(byte_span(got))), more.size());
  EXPECT_EQ(listener_->strangers(), 0U);
}

TEST_F(DirectListener, TakesAnOpeningByteByByte) {
  auto client = connect();
  for (const std::byte b : opening_of(ticket_of(1))) {
    asio::write(client, asio::buffer(&b, 1));
    io_.restart();
    io_.poll();
  }
  EXPECT_TRUE(until([&] { return taken_.size() == 1; }));
}

TEST_F(DirectListener, TakesATicketOnce) {
  auto first = connect(opening_of(ticket_of(1)));
  ASSERT_TRUE(until([&] { return taken_.size() == 1; }));
  auto second = connect(opening_of(ticket_of(1)));
  EXPECT_TRUE(is_closed(second));
  EXPECT_EQ(taken_.size(), 1U);
  EXPECT_FALSE(listener_->forget(stream_id{7}));
}

TEST_F(DirectListener, TakesNoTicketThatItHasForgotten) {
  EXPECT_TRUE(listener_->forget(stream_id{7}));
  auto client = connect(opening_of(ticket_of(1)));
  EXPECT_TRUE(is_closed(client));
  listener_->forget_all();
  auto other = connect(opening_of(ticket_of(2)));
  EXPECT_TRUE(is_closed(other));
  EXPECT_TRUE(taken_.empty());
}

TEST_F(DirectListener, ClosesWhoeverSaysAnythingElse) {
  lane_ticket nearly = ticket_of(1);
  nearly.back() ^= std::byte{1};
  byte_buffer stream_in_place_of_ticket;
  ASSERT_TRUE(append_message(stream_in_place_of_ticket, lane_open{stream_id{7}}));
  stream_in_place_of_ticket.resize(41);
  byte_buffer other_type = opening_of(ticket_of(1));
  other_type[4] = std::byte{0x30};
  byte_buffer too_long = opening_of(ticket_of(1));
  too_long[3] = std::byte{64};
  for (const byte_buffer& bytes : {opening_of(nearly), opening_of({}), stream_in_place_of_ticket,
                                   other_type, too_long, byte_buffer(1000, std::byte{'G'})}) {
    auto client = connect(bytes);
    EXPECT_TRUE(is_closed(client));
  }
  EXPECT_TRUE(taken_.empty());
  EXPECT_EQ(listener_->strangers(), 0U);
}

TEST_F(DirectListener, WaitsForNobodyLong) {
  start({2, 100ms});
  auto silent = connect();
  auto slow = connect(byte_view(opening_of(ticket_of(1))).first(40));
  EXPECT_TRUE(is_closed(silent));
  EXPECT_TRUE(is_closed(slow));
  EXPECT_EQ(listener_->strangers(), 0U);
}

TEST_F(DirectListener, HasFewStrangersAtOnceAndPlaceAgainAfterThem) {
  start({2, 500ms});
  auto one = connect();
  auto two = connect();
  ASSERT_TRUE(until([&] { return listener_->strangers() == 2; }));
  auto three = connect(opening_of(ticket_of(1)));
  EXPECT_TRUE(is_closed(three));
  EXPECT_TRUE(is_closed(one));
  ASSERT_TRUE(until([&] { return listener_->strangers() == 0; }));
  auto four = connect(opening_of(ticket_of(1)));
  EXPECT_TRUE(until([&] { return taken_.size() == 1; }));
}

TEST_F(DirectListener, SpeaksToNobodyWhereNoneIsExpected) {
  listener_->forget_all();
  auto client = connect();
  EXPECT_TRUE(is_closed(client));
}

TEST_F(DirectListener, EndsWithWhoeverIsStillThere) {
  auto client = connect();
  ASSERT_TRUE(until([&] { return listener_->strangers() == 1; }));
  asio::write(client, detail::as_buffer(byte_view(opening_of(ticket_of(1))).first(10)));
  listener_.reset();
  asio::write(client, detail::as_buffer(byte_view(opening_of(ticket_of(1))).subspan(10)));
  EXPECT_TRUE(is_closed(client));
  EXPECT_TRUE(taken_.empty());
}

}  // namespace
}  // namespace tallow::net
