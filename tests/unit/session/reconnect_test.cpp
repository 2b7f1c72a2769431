// Sessions whose connections break at every moment.
#include <gtest/gtest.h>

#include <tallow/session/session.hpp>

#include "support/relayed_pair.hpp"

namespace tallow::test {
namespace {

using namespace std::chrono_literals;
using transfer::memory_file;

constexpr std::string_view code = "7-crossover-clockwork";

std::vector<memory_file> some_files() {
  return {numbered_file("a", 400'000, 1), numbered_file("empty", 0), numbered_file("b", 4096, 2)};
}

struct resumable_pair : relayed_pair {
  resumable_pair() : relayed_pair(some_files(), code, code, {}, 10min) {}

  void expect_complete() const {
    EXPECT_TRUE(sending.succeeded());
    EXPECT_TRUE(receiving.succeeded());
    EXPECT_TRUE(arrived_identical());
  }
};

// Tells when one side has been given so many frames.
class cut_after {
 public:
  cut_after(simulated_peer& peer, std::size_t frames) : left_(frames) {
    peer.tap = [this](byte_buffer frame) {
      if (left_ > 0) --left_;
      return std::vector<byte_buffer>{std::move(frame)};
    };
  }
  [[nodiscard]] bool due() const noexcept { return left_ == 0; }

 private:
  std::size_t left_;
};

TEST(Reconnect, CompletesWhereverTheConnectionBreaks) {
  std::size_t cut = 0;
  for (std::size_t frames = 5; frames < 60; ++frames) {
    for (const int victim : {0, 1, 2}) {
      SCOPED_TRACE(std::to_string(frames) + " frames, victim " + std::to_string(victim));
      resumable_pair pair;
      simulated_peer& watched = victim == 0 ? static_cast<simulated_peer&>(pair.sending)
                                            : static_cast<simulated_peer&>(pair.receiving);
      const cut_after trigger(watched, frames);
      pair.relay.connect(pair.sending);
      pair.relay.connect(pair.receiving);
      pair.relay.run(1min, [&] { return trigger.due(); });
      if (pair.receiving.count<session::secured>() == 0 || pair.sending.over()) continue;
      ++cut;
      if (victim != 1) pair.relay.disconnect(pair.sending);
      if (victim != 0) pair.relay.disconnect(pair.receiving);
      pair.relay.run();
      pair.expect_complete();
    }
  }
  EXPECT_GT(cut, 50U);
}

TEST(Reconnect, SurvivesOneCutAfterTheOther) {
  resumable_pair pair;
  pair.relay.connect(pair.sending);
  pair.relay.connect(pair.receiving);
  unsigned cuts = 0;
  while (!pair.sending.over() && cuts < 50) {
    std::size_t frames = 0;
    pair.receiving.tap = [&](byte_buffer frame) {
      ++frames;
      return std::vector<byte_buffer>{std::move(frame)};
    };
    // A few frames of each connection get through: the handshake and a little more.
    pair.relay.run(1min, [&] { return frames > 12 + cuts % 5; });
    if (pair.sending.over()) break;
    if (pair.receiving.count<session::secured>() == 0) continue;
    ++cuts;
    pair.relay.disconnect(pair.sending);
  }
  pair.receiving.tap = nullptr;
  pair.relay.run();
  pair.expect_complete();
  EXPECT_GT(cuts, 3U);
}

// The thread of a lane notices later than the session that there is no connection.
TEST(Reconnect, SendsAgainWhatALaneTookAfterTheConnectionWasLost) {
  std::size_t taken = 0;
  for (std::size_t frames = 5; frames < 60; ++frames) {
    SCOPED_TRACE(frames);
    resumable_pair pair;
    const cut_after trigger(pair.receiving, frames);
    pair.relay.connect(pair.sending);
    pair.relay.connect(pair.receiving);
    pair.relay.run(1min, [&] { return trigger.due(); });
    pair.relay.disconnect(pair.sending);
    pair.relay.run(1min, [&] { return pair.sending.away() || pair.sending.over(); });
    transfer::chunk_job job;
    if (pair.sending.over() || !pair.sender.take_chunk(stream_id{1}, job)) continue;
    ++taken;
    byte_buffer body(job.bytes);
    pair.sender.read_chunk(job, body);
    pair.relay.run();
    pair.expect_complete();
  }
  EXPECT_GT(taken, 3U);
}

// What it has written then was the last that was missing, and nobody tells the session.
TEST(Reconnect, EndsWithWhatALaneBroughtAfterTheConnectionWasLost) {
  resumable_pair pair;
  transfer::chunk_job taken;
  pair.relay.connect(pair.sending);
  pair.relay.connect(pair.receiving);
  pair.relay.run(1min, [&] { return pair.sender.take_chunk(stream_id{1}, taken); });
  byte_buffer body(taken.bytes);
  pair.sender.read_chunk(taken, body);
  ASSERT_TRUE(pair.sending.inside().handle_progress(pair.relay.now));
  pair.relay.run(3s);
  ASSERT_FALSE(pair.receiving.over());
  pair.relay.disconnect(pair.receiving);
  transfer::chunk_job brought;
  ASSERT_TRUE(pair.receiver.begin_chunk(taken.chunk, brought).value());
  ASSERT_TRUE(pair.receiver.write_chunk(brought, body));
  ASSERT_TRUE(pair.receiver.end_chunk(brought, pair.relay.now).value());
  pair.relay.run();
  pair.expect_complete();
}

TEST(Reconnect, GivesUpWhenTheOutageLastsTooLong) {
  resumable_pair pair;
  pair.relay.connect(pair.sending);
  pair.relay.connect(pair.receiving);
  pair.relay.run(1min, [&] { return pair.sending.count<session::secured>() == 1; });
  pair.relay.reachable = false;
  const instant cut_at = pair.relay.now;
  pair.relay.disconnect(pair.sending);
  pair.relay.run(1h);
  EXPECT_EQ(pair.sending.failure(), errc::connection_lost);
  EXPECT_TRUE(pair.receiving.failure().has_value());
  EXPECT_GE(pair.relay.now, cut_at + 10min);
  EXPECT_TRUE(pair.sink.files().empty());
}

TEST(Reconnect, IsNotTriedWhereNoOutageIsAllowed) {
  relayed_pair pair(some_files());
  pair.relay.connect(pair.sending);
  pair.relay.connect(pair.receiving);
  pair.relay.run(1min, [&] { return pair.sending.count<session::secured>() == 1; });
  pair.relay.disconnect(pair.sending);
  pair.relay.run();
  EXPECT_EQ(pair.sending.failure(), errc::connection_lost);
  EXPECT_EQ(pair.receiving.failure(), errc::peer_left);
  EXPECT_EQ(pair.relay.reconnects, 0U);
}

// A PEER frame whose slice begins with a sealed record.
bool is_sealed(byte_buffer frame) {
  if (frame[4] != static_cast<std::byte>(frame_type::peer)) return false;
  const auto slice = decode_peer_slice(byte_span(frame).subspan(limits::frame_header_bytes));
  return slice && slice->bytes.size() > limits::frame_header_bytes &&
         slice->bytes[4] == static_cast<std::byte>(frame_type::sealed);
}

TEST(Reconnect, BearsAForgedRecordAndEndsAtTheEighth) {
  for (const unsigned forgeries : {1U, 7U, 8U}) {
    SCOPED_TRACE(forgeries);
    resumable_pair pair;
    unsigned left = forgeries;
    pair.receiving.tap = [&](byte_buffer frame) {
      if (left > 0 && is_sealed(frame) && !pair.receiving.away()) {
        --left;
        frame.back() ^= std::byte{1};
      }
      return std::vector<byte_buffer>{std::move(frame)};
    };
    pair.run();
    EXPECT_EQ(left, 0U);
    if (forgeries < 8) {
      pair.expect_complete();
    } else {
      EXPECT_EQ(pair.receiving.failure(), errc::authentication_failed);
      EXPECT_TRUE(pair.sink.files().empty());
    }
  }
}

// What a program stores: the keys as they are whenever they change.
class stored_keys {
 public:
  template <class Transfer>
  explicit stored_keys(session_peer<Transfer>& peer) {
    peer.on_event = [this, &peer](const session::event& e) {
      if (std::holds_alternative<session::keys_changed>(e)) {
        keys_.emplace(peer.inside().family()->clone());
      }
    };
  }
  [[nodiscard]] bool any() const noexcept { return keys_.has_value(); }
  [[nodiscard]] const crypto::resume_keys& get() const { return keys_.value(); }

 private:
  std::optional<crypto::resume_keys> keys_;
};

TEST(Restart, GoesOnWithWhatWasStoredWhereverBothWereKilled) {
  std::size_t restarted = 0;
  for (std::size_t frames = 4; frames < 40; ++frames) {
    SCOPED_TRACE(frames);
    resumable_pair first;
    const stored_keys sender_first(first.sending);
    const stored_keys receiver_first(first.receiving);
    const cut_after trigger(first.receiving, frames);
    first.relay.connect(first.sending);
    first.relay.connect(first.receiving);
    first.relay.run(1min, [&] { return trigger.due(); });
    if (!sender_first.any() || !receiver_first.any()) continue;
    // Killed a second time in the middle of the handshake or after it, and started a third time.
    relayed_pair second(some_files(), sender_first.get(), receiver_first.get(), 10min);
    const stored_keys sender_second(second.sending);
    const stored_keys receiver_second(second.receiving);
    const cut_after again(second.receiving, 2 + frames % 7);
    second.relay.connect(second.sending);
    second.relay.connect(second.receiving);
    second.relay.run(1min, [&] { return again.due(); });
    relayed_pair third(some_files(), sender_second.any() ? sender_second.get() : sender_first.get(),
                       receiver_second.any() ? receiver_second.get() : receiver_first.get(), 10min);
    third.run();
    EXPECT_TRUE(third.sending.succeeded());
    EXPECT_TRUE(third.receiving.succeeded());
    EXPECT_TRUE(third.arrived_identical());
    ++restarted;
  }
  EXPECT_GT(restarted, 10U);
}

TEST(Restart, BearsOutagesLikeEveryOther) {
  resumable_pair first;
  const stored_keys sender_keys(first.sending);
  const stored_keys receiver_keys(first.receiving);
  first.relay.connect(first.sending);
  first.relay.connect(first.receiving);
  first.relay.run(1min, [&] { return sender_keys.any() && receiver_keys.any(); });
  relayed_pair pair(some_files(), sender_keys.get(), receiver_keys.get(), 10min);
  const cut_after trigger(pair.receiving, 12);
  pair.relay.connect(pair.sending);
  pair.relay.connect(pair.receiving);
  pair.relay.run(1min, [&] { return trigger.due(); });
  pair.relay.disconnect(pair.sending);
  pair.relay.run();
  EXPECT_TRUE(pair.sending.succeeded());
  EXPECT_TRUE(pair.receiving.succeeded());
  EXPECT_TRUE(pair.arrived_identical());
}

TEST(Turns, AreWaitedForByWhoeverComesWhileTheSenderHasAnother) {
  const auto files = some_files();
  transfer::memory_source source_of_first{files};
  transfer::memory_source source_of_second{files};
  memory_sender first{source_of_first, {{}, limits::chunk_bytes_min}};
  memory_sender second{source_of_second, {{}, limits::chunk_bytes_min}};
  transfer::memory_sink sink_of_first{{3, 4}};
  transfer::memory_sink sink_of_second{{3, 4}};
  memory_receiver to_first{sink_of_first};
  memory_receiver to_second{sink_of_second};
  simulated_relay relay;
  // The same seed: the same side.
  session_peer<memory_sender> sends_first(first, want::send, code, 1, relay.now, 10min, true);
  session_peer<memory_sender> sends_second(second, want::send, code, 1, relay.now, 10min);
  session_peer<memory_receiver> takes_first(to_first, want::receive, code, 2, relay.now, 10min);
  session_peer<memory_receiver> takes_second(to_second, want::receive, code, 3, relay.now, 10min);
  relay.connect(sends_first);
  relay.connect(takes_first);
  relay.connect(takes_second);
  relay.run(1min, [&] { return sends_first.count<session::secured>() == 1; });
  relay.connect(sends_second);
  relay.run();
  EXPECT_TRUE(sends_first.succeeded());
  EXPECT_TRUE(sends_second.succeeded());
  EXPECT_TRUE(takes_first.succeeded());
  EXPECT_TRUE(takes_second.succeeded());
  EXPECT_EQ(takes_first.count<session::connection_lost>(), 0U);
  EXPECT_EQ(takes_second.count<session::connection_lost>(), 1U);
  EXPECT_EQ(sink_of_second.files().size(), files.size());
}

// The one is killed; the other finds out when it meets the one that was started in its place.
TEST(Restart, OfOneSideHasTheOtherBeginAnewToo) {
  std::size_t restarted = 0;
  for (std::size_t frames = 4; frames < 60; ++frames) {
    for (const bool is_sender_killed : {true, false}) {
      SCOPED_TRACE(std::to_string(frames) + (is_sender_killed ? " frames, sender" : " frames"));
      resumable_pair first;
      const stored_keys sender_keys(first.sending);
      const stored_keys receiver_keys(first.receiving);
      const cut_after trigger(first.receiving, frames);
      first.relay.connect(first.sending);
      first.relay.connect(first.receiving);
      first.relay.run(1min, [&] { return trigger.due(); });
      if (!sender_keys.any() || !receiver_keys.any() || first.sending.over()) continue;
      simulated_peer& killed = is_sender_killed ? static_cast<simulated_peer&>(first.sending)
                                                : static_cast<simulated_peer&>(first.receiving);
      simulated_peer& living = is_sender_killed ? static_cast<simulated_peer&>(first.receiving)
                                                : static_cast<simulated_peer&>(first.sending);
      first.relay.disconnect(killed);
      first.relay.forget(killed);
      relayed_pair second(some_files(), sender_keys.get(), receiver_keys.get(), 10min);
      first.relay.connect(is_sender_killed ? static_cast<simulated_peer&>(second.sending)
                                           : static_cast<simulated_peer&>(second.receiving));
      first.relay.run(1min, [&] { return living.over() && !living.connected; });
      if (first.receiving.succeeded()) continue;
      EXPECT_EQ(is_sender_killed ? first.receiving.failure() : first.sending.failure(),
                errc::peer_restarted);
      first.relay.forget(living);
      relayed_pair third(some_files(), sender_keys.get(), receiver_keys.get(), 10min);
      first.relay.connect(is_sender_killed ? static_cast<simulated_peer&>(third.receiving)
                                           : static_cast<simulated_peer&>(third.sending));
      first.relay.run();
      EXPECT_TRUE((is_sender_killed ? second : third).sending.succeeded());
      EXPECT_TRUE((is_sender_killed ? third : second).receiving.succeeded());
      EXPECT_TRUE((is_sender_killed ? third : second).arrived_identical());
      ++restarted;
    }
  }
  EXPECT_GT(restarted, 20U);
}

TEST(Restart, WaitsNoLongerThanAnOutageForOneThatDoesNotBeginAnew) {
  resumable_pair first;
  const stored_keys sender_keys(first.sending);
  const stored_keys receiver_keys(first.receiving);
  first.relay.connect(first.sending);
  first.relay.connect(first.receiving);
  first.relay.run(1min, [&] { return sender_keys.any() && receiver_keys.any(); });
  first.relay.disconnect(first.receiving);
  first.relay.forget(first.receiving);
  relayed_pair second(some_files(), sender_keys.get(), receiver_keys.get(), 10min);
  first.relay.connect(second.receiving);
  first.relay.run(1h);
  EXPECT_EQ(first.sending.failure(), errc::peer_restarted);
  EXPECT_EQ(second.receiving.failure(), errc::connection_lost);
  EXPECT_TRUE(second.sink.files().empty());
}

}  // namespace
}  // namespace tallow::test
