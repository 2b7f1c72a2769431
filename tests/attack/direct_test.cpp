// Strangers who find the port of a sender, and senders who send a receiver elsewhere.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>
#include <gtest/gtest.h>

#include <tallow/net/direct_listener.hpp>
#include <tallow/session/direct_addresses.hpp>

#include "support/direct_pair.hpp"
#include "support/driven_pair.hpp"

namespace tallow::test {
namespace {

using namespace std::chrono_literals;
using enum direct_use;

// All that a stranger can know of a lane is its id, which says nothing.
TEST(DirectLanes, AreNotTakenByWhoKnowsTheirIds) {
  asio::io_context io;
  std::vector<stream_id> taken;
  net::direct_listener listener(
      io.get_executor(), [&](stream_id lane, asio::ip::tcp::socket) { taken.push_back(lane); });
  ASSERT_TRUE(listener.listen());
  std::mt19937 random(1);
  lane_ticket right{};
  for (std::byte& b : right) b = static_cast<std::byte>(random());
  listener.expect(stream_id{1}, right);
  for (std::size_t bit = 0; bit < 300; ++bit) {
    lane_ticket guess = right;
    if (bit < 256) guess[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    if (bit >= 256) std::generate(guess.begin(), guess.end(), [&] { return std::byte(random()); });
    byte_buffer frame;
    if (bit % 2 == 0) {
      ASSERT_TRUE(append_message(frame, lane_open{guess}));
    } else {
      ASSERT_TRUE(append_message(frame, lane_open{stream_id{1}}));
      frame.resize(41);
    }
    asio::ip::tcp::socket stranger(io);
    stranger.connect({asio::ip::address_v4::loopback(), listener.port()});
    asio::write(stranger, asio::buffer(frame.data(), frame.size()));
    io.restart();
    io.poll();
  }
  EXPECT_TRUE(taken.empty());
  EXPECT_TRUE(listener.forget(stream_id{1})) << "nobody has used it up";
}

// Each time other addresses, among them what is nobody's business.
TEST(DirectLanes, DoNotSendAReceiverAroundInItsNetwork) {
  direct_pair pair(preferred, preferred);
  std::uint16_t next = 2000;
  pair.where = [&] {
    std::vector<direct_address> now{told("127.0.0.1"), told("8.8.8.8"), told("fe80::1"),
                                    told("::ffff:10.0.0.1"), told("10.0.0.1", 1023)};
    while (now.size() < limits::direct_addresses_max) now.push_back(told("10.0.0.1", next++));
    return now;
  };
  pair.receiving.on_offer = [](auto&, instant) {};  // its person takes a while
  pair.receiving.on_event = [&](const session::event& e) {
    const auto* offer = std::get_if<session::direct_offered>(&e);
    if (offer == nullptr) return;
    for (const session::lane_granted& one : offer->lanes) {
      (void)pair.receiving.inside().lane_ended(one.lane, error{errc::connect_failed},
                                               pair.relay.now);
    }
  };
  pair.run_for(20min);
  ASSERT_GT(pair.receiving.count<session::direct_offered>(), 20U);
  session::address_book book;
  std::set<direct_address> reached;
  for (const auto& offer : pair.receiving.all_of<session::direct_offered>()) {
    for (const direct_address& one : book.choose(offer.addresses, {})) reached.insert(one);
  }
  EXPECT_EQ(reached.size(), limits::direct_endpoints_max);
  for (const direct_address& one : reached) {
    EXPECT_EQ(one.host, told("10.0.0.1").host);
    EXPECT_GE(one.port, 1024);
  }
}

// A service that has nothing to do with it, and answers in its own way.
class bystander {
 public:
  explicit bystander(asio::io_context& io) : acceptor_(io, {asio::ip::address_v4::loopback(), 0}) {
    accept();
  }

  [[nodiscard]] direct_address address() const {
    return told("127.0.0.1", acceptor_.local_endpoint().port());
  }

  std::vector<byte_buffer> heard;

 private:
  void accept() {
    acceptor_.async_accept([this](const asio::error_code& trouble, asio::ip::tcp::socket socket) {
      if (trouble) return;
      auto kept = std::make_shared<asio::ip::tcp::socket>(std::move(socket));
      auto bytes = std::make_shared<byte_buffer>(4096);
      kept->async_read_some(asio::buffer(bytes->data(), bytes->size()),
                            [this, kept, bytes](const asio::error_code&, std::size_t count) {
                              bytes->resize(count);
                              heard.push_back(*bytes);
                              asio::error_code ignored;
                              const std::string_view answer = "HTTP/1.1 400 Bad Request\r\n\r\n";
                              asio::write(*kept, asio::buffer(answer), ignored);
                            });
      accept();
    });
  }

  asio::ip::tcp::acceptor acceptor_;
};

TEST(DirectLanes, SayNothingOfTheSendersChoiceToWhoAnswers) {
  driven_pair pair(preferred, preferred, 100'000);
  bystander service(pair.world.context);
  pair.sending.has_lanes = false;
  pair.sending.on_event = [&](const session::event& e) {
    if (!std::holds_alternative<session::addresses_wanted>(e)) return;
    (void)pair.sending.inside().listens_at({service.address()}, clock_now());
  };
  pair.expect_done();
  ASSERT_FALSE(service.heard.empty());
  const auto expected = pair.sending.all_of<session::direct_expected>().at(0);
  byte_buffer opening;
  ASSERT_TRUE(append_message(opening, lane_open{expected.lanes.at(0).ticket}));
  for (const byte_buffer& said : service.heard) {
    EXPECT_LE(said.size(), 80U) << "more than LANE_OPEN and LANE_HELLO";
    EXPECT_TRUE(equal(byte_view(said).first(9), byte_view(opening).first(9)));
  }
}

}  // namespace
}  // namespace tallow::test
