// A session without a relay: over any byte channel between the two peers.
#include <gtest/gtest.h>

#include <tallow/session/direct_link.hpp>
#include <tallow/session/session.hpp>

#include "support/relayed_pair.hpp"

namespace tallow::test {
namespace {

using direct_sender = session::session<memory_sender, session::direct_link>;
using direct_receiver = session::session<memory_receiver, session::direct_link>;

session::session_options with_code(std::string_view code) {
  return {crypto::code_phrase::parse(code).value()};
}

struct direct_pair {
  explicit direct_pair(std::string_view receiver_code = "7-crossover-clockwork")
      : sending(session::direct_link(place::first), sender, with_code("7-crossover-clockwork"),
                rng_1),
        receiving(session::direct_link(place::second), receiver, with_code(receiver_code), rng_2) {}

  template <class From, class To>
  bool carry(From& from, To& to) {
    const byte_view bytes = from.poll_transmit(now);
    if (bytes.empty()) return false;
    byte_buffer copy(bytes.begin(), bytes.end());
    from.transmitted(copy.size());
    (void)to.handle_bytes(copy, now);
    while (auto e = to.poll_event()) {
      if constexpr (std::is_same_v<To, direct_receiver>) {
        if (std::holds_alternative<session::offered>(*e)) (void)to.accept_offer(now);
      }
    }
    return true;
  }

  void run() {
    (void)sending.handle_bytes({}, now);
    (void)receiving.handle_bytes({}, now);
    for (int quiet = 0; quiet < 3; ++quiet) {
      while (carry(sending, receiving) || carry(receiving, sending)) quiet = 0;
      now += limits::ack_interval;
      (void)sending.handle_timeout(now);
      (void)receiving.handle_timeout(now);
    }
    (void)sending.handle_end(now);
    (void)receiving.handle_end(now);
  }

  std::vector<transfer::memory_file> files{numbered_file("f", 100'000)};
  transfer::memory_source source{files};
  transfer::memory_sink sink{{1, 2}};
  memory_sender sender{source, {}};
  memory_receiver receiver{sink};
  fixed_rng rng_1{1};
  fixed_rng rng_2{2};
  instant now{};
  direct_sender sending;
  direct_receiver receiving;
};

TEST(DirectLink, CarriesASessionWithoutARelay) {
  direct_pair pair;
  pair.run();
  EXPECT_FALSE(pair.sending.failure().has_value());
  EXPECT_FALSE(pair.receiving.failure().has_value());
  ASSERT_EQ(pair.sink.files().size(), 1U);
  EXPECT_EQ(pair.sink.files()[0].bytes, pair.files[0].bytes);
}

TEST(DirectLink, FailsWithAWrongCode) {
  direct_pair pair("7-crossover-zebra");
  pair.run();
  EXPECT_EQ(pair.sending.failure()->code, errc::authentication_failed);
  EXPECT_EQ(pair.receiving.failure()->code, errc::authentication_failed);
  EXPECT_TRUE(pair.sink.files().empty());
}

TEST(DirectLink, RefusesWhatOnlyARelaySays) {
  session::direct_link link(place::first);
  byte_buffer bytes;
  ASSERT_TRUE(append_message(bytes, room_joined{}).has_value());
  byte_span input = bytes;
  ASSERT_TRUE(link.next(input, {}).value().has_value());  // the peer is there
  EXPECT_EQ(link.next(input, {}).error().code, errc::frame_type_unknown);
}

}  // namespace
}  // namespace tallow::test
