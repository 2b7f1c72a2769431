// Sides that wait alone while their relay goes away and comes back.
#include <gtest/gtest.h>

#include <tallow/session/session.hpp>

#include "support/relayed_pair.hpp"

namespace tallow::test {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view code = "7-crossover-clockwork";
constexpr auto outage_max = std::chrono::minutes(10);
// What a relay that drains tells.
constexpr auto told = std::chrono::seconds(5);

std::vector<transfer::memory_file> a_file() { return {numbered_file("a", 10'000)}; }

struct waiting_pair : relayed_pair {
  explicit waiting_pair(duration longest = outage_max)
      : relayed_pair(a_file(), code, code, {}, longest) {}

  void wait_with(simulated_peer& peer) {
    relay.connect(peer);
    relay.run(1s);
  }

  void drain() {
    relay.core().drain(relay.now, 10s);
    relay.run(1s);
  }

  void expect_complete() const {
    EXPECT_TRUE(sending.succeeded());
    EXPECT_TRUE(receiving.succeeded());
    EXPECT_TRUE(arrived_identical());
  }
};

TEST(WaitingAlone, IsFoundInItsRoomAfterTheRelayWasReplaced) {
  for (const bool sender_waits : {true, false}) {
    SCOPED_TRACE(sender_waits);
    waiting_pair pair;
    simulated_peer& waits = sender_waits ? static_cast<simulated_peer&>(pair.sending)
                                         : static_cast<simulated_peer&>(pair.receiving);
    simulated_peer& comes = sender_waits ? static_cast<simulated_peer&>(pair.receiving)
                                         : static_cast<simulated_peer&>(pair.sending);
    pair.wait_with(waits);
    pair.drain();
    ASSERT_TRUE(waits.away());
    pair.relay.restart();
    pair.relay.run(1min);
    EXPECT_EQ(pair.relay.core().room_count(), 1U);
    EXPECT_EQ(sender_waits ? pair.sending.count<session::waiting>()
                           : pair.receiving.count<session::waiting>(),
              2U);
    pair.relay.connect(comes);
    pair.relay.run();
    pair.expect_complete();
  }
}

TEST(WaitingAlone, KeepsTheCodeThatWasMade) {
  const auto files = a_file();
  transfer::memory_source source(files);
  memory_sender sender(source, {});
  transfer::memory_sink sink({1, 2});
  memory_receiver receiver(sink);
  simulated_relay relay;
  session_peer<memory_sender> sending(sender, want::send, std::nullopt, 1, relay.now, outage_max);
  relay.connect(sending);
  relay.run(1s);
  ASSERT_TRUE(sending.inside().code().has_value());
  const secret_buffer made = sending.inside().code()->text();
  relay.core().drain(relay.now, 10s);
  relay.run(1s);
  relay.restart();
  relay.run(1min);
  EXPECT_EQ(sending.count<session::code_made>(), 1U);
  session_peer<memory_receiver> receiving(receiver, want::receive, as_text(made.view()), 2,
                                          relay.now);
  relay.connect(receiving);
  relay.run();
  EXPECT_TRUE(sending.succeeded());
  EXPECT_TRUE(receiving.succeeded());
}

TEST(WaitingAlone, ComesBackWhenTheRelayHasSaid) {
  waiting_pair pair;
  pair.wait_with(pair.receiving);
  const instant drained_at = pair.relay.now;
  pair.relay.core().drain(drained_at, 10s);
  pair.relay.run(10ms);
  const auto at = pair.receiving.reconnect_at();
  ASSERT_TRUE(at.has_value());
  EXPECT_GE(*at, drained_at + told);
  EXPECT_LE(*at, drained_at + told + told / 2);
  // One line about it, not two.
  EXPECT_EQ(pair.receiving.count<session::connection_lost>(), 1U);
  EXPECT_EQ(pair.receiving.count<session::relay_draining>(), 0U);
}

TEST(WaitingAlone, TriesOnceEvenWhereTheRelayTellsMoreThanItMayLast) {
  waiting_pair pair(8s);
  pair.wait_with(pair.receiving);
  const instant drained_at = pair.relay.now;
  pair.relay.core().drain(drained_at, 10s);
  pair.relay.run(10ms);
  const auto at = pair.receiving.reconnect_at();
  ASSERT_TRUE(at.has_value());
  EXPECT_GE(*at, drained_at + 4s);
  EXPECT_LE(*at, drained_at + 6s);
}

TEST(WaitingAlone, ComesBackSoonWhenTheConnectionJustBreaks) {
  waiting_pair pair;
  pair.wait_with(pair.receiving);
  const instant cut_at = pair.relay.now;
  pair.relay.disconnect(pair.receiving);
  pair.relay.run(1s);
  EXPECT_EQ(pair.relay.reconnects, 1U);
  EXPECT_EQ(pair.receiving.count<session::waiting>(), 2U);
  EXPECT_LE(pair.relay.now, cut_at + 1s);
  // Its place was kept: it did not say that it leaves.
  EXPECT_EQ(pair.relay.core().rooms_opened(), 1U);
  pair.relay.connect(pair.sending);
  pair.relay.run();
  pair.expect_complete();
}

TEST(WaitingAlone, HasTheWholeTimeForEachOutage) {
  waiting_pair pair;
  pair.wait_with(pair.receiving);
  for (int i = 0; i < 3; ++i) {
    pair.relay.reachable = false;
    pair.relay.disconnect(pair.receiving);
    pair.relay.now += outage_max - 1min;
    pair.relay.reachable = true;
    pair.relay.run(1s);
    EXPECT_EQ(pair.receiving.failure(), std::nullopt);
  }
  EXPECT_EQ(pair.receiving.count<session::waiting>(), 4U);
  // And none of them runs on once the other side is there.
  pair.relay.now += outage_max;
  pair.relay.connect(pair.sending);
  pair.relay.run();
  pair.expect_complete();
}

TEST(WaitingAlone, EndsWhenTheRelayStaysAway) {
  waiting_pair pair;
  pair.wait_with(pair.receiving);
  pair.relay.reachable = false;
  const instant drained_at = pair.relay.now;
  pair.relay.core().drain(drained_at, 10s);
  pair.relay.run(1h);
  EXPECT_EQ(pair.receiving.failure(), errc::relay_draining);
  EXPECT_GE(pair.relay.now, drained_at + outage_max);
}

TEST(WaitingAlone, EndsAtOnceWhereNoOutageIsAllowed) {
  waiting_pair pair(0s);
  pair.wait_with(pair.receiving);
  pair.drain();
  EXPECT_EQ(pair.receiving.failure(), errc::relay_draining);
  EXPECT_EQ(pair.relay.reconnects, 0U);
}

TEST(WaitingAlone, CanBeEndedMeanwhile) {
  waiting_pair pair;
  pair.wait_with(pair.receiving);
  pair.drain();
  ASSERT_TRUE(pair.receiving.away());
  pair.receiving.inside().cancel(pair.relay.now);
  EXPECT_EQ(pair.receiving.failure(), errc::cancelled);
  EXPECT_FALSE(pair.receiving.reconnect_at().has_value());
}

// What a new connection would not change ends it as before.
TEST(WaitingAlone, DoesNotComeBackAfterTheRoomExpired) {
  room::relay_options options;
  options.rooms.each.waiting_max = 1min;
  relayed_pair pair(a_file(), code, code, options, outage_max);
  pair.relay.connect(pair.receiving);
  pair.relay.run();
  EXPECT_EQ(pair.receiving.failure(), errc::room_expired);
  EXPECT_EQ(pair.relay.reconnects, 0U);
}

TEST(WaitingAlone, DoesNotComeBackToARelayThatHadNoPlaceInTheBeginning) {
  waiting_pair pair;
  pair.relay.core().drain(pair.relay.now, 10s);
  pair.relay.connect(pair.receiving);
  pair.relay.run(1min);
  EXPECT_EQ(pair.receiving.failure(), errc::relay_draining);
  EXPECT_EQ(pair.relay.reconnects, 0U);
}

// Whoever can end connections gets no more guesses by that.
TEST(WaitingAlone, CountsGuessesOverAllConnections) {
  // Large enough for the key that a guess can be tried on.
  constexpr std::size_t answer_bytes_min = 1500;
  waiting_pair pair;
  pair.wait_with(pair.receiving);
  transfer::memory_source source({});
  unsigned answers = 0;
  for (std::uint64_t i = 0; i < 2 * limits::handshake_answers_max; ++i) {
    memory_sender sender(source, {});
    session_peer<memory_sender> guesser(sender, want::send, "7-crossover-mistaken", 100 + i,
                                        pair.relay.now);
    // It keeps what it was told for itself, and leaves.
    guesser.tap = [&](byte_buffer frame) {
      const bool is_peer = frame[4] == static_cast<std::byte>(frame_type::peer);
      if (!is_peer || frame.size() < answer_bytes_min) {
        return std::vector<byte_buffer>{std::move(frame)};
      }
      ++answers;
      return std::vector<byte_buffer>{};
    };
    pair.relay.connect(guesser);
    pair.relay.run(1s);
    pair.relay.disconnect(guesser);
    pair.relay.run(10ms);
    pair.relay.forget(guesser);
    pair.relay.restart();
    pair.relay.run(1s);
    if (pair.receiving.over()) break;  // it has given up answering
  }
  EXPECT_EQ(answers, limits::handshake_answers_max);
}

}  // namespace
}  // namespace tallow::test
