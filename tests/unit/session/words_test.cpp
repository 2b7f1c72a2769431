// Two people who compare the words of a session before anything else happens.
#include <chrono>

#include <gtest/gtest.h>

#include <tallow/session/session.hpp>

#include "support/relayed_pair.hpp"

namespace tallow::test {
namespace {

using std::chrono::minutes;

transfer::sender_options sending_options(bool verify) {
  transfer::sender_options options;
  options.chunk_bytes = limits::chunk_bytes_min;
  options.verify = verify;
  return options;
}

transfer::receiver_options receiving_options(bool verify) {
  transfer::receiver_options options;
  options.verify = verify;
  return options;
}

struct verifying_pair {
  verifying_pair(bool sender_wants, bool receiver_wants)
      : sender(source, sending_options(sender_wants)),
        receiver(sink, {}, receiving_options(receiver_wants)),
        sending(sender, want::send, "7-crossover-clockwork", 1, relay.now, minutes(10)),
        receiving(receiver, want::receive, "7-crossover-clockwork", 2, relay.now, minutes(10)) {
    relay.connect(sending);
    relay.connect(receiving);
  }

  // Both are asked, and neither has told or heard anything of files.
  void expect_waiting() {
    relay.run(minutes(5));
    EXPECT_EQ(sending.count<session::words_due>(), 1U);
    EXPECT_EQ(receiving.count<session::words_due>(), 1U);
    EXPECT_EQ(receiving.count<session::offered>(), 0U);
    EXPECT_EQ(sender.progress_now().entries_total, 0U);
    EXPECT_FALSE(sending.over() || receiving.over());
  }

  void expect_done() {
    relay.run();
    EXPECT_TRUE(sending.succeeded());
    EXPECT_TRUE(receiving.succeeded());
    EXPECT_EQ(sending.count<session::words_agreed>(), 1U);
    EXPECT_EQ(receiving.count<session::words_agreed>(), 1U);
    EXPECT_EQ(sink.files().size(), files.size());
  }

  std::vector<transfer::memory_file> files{numbered_file("a", 10'000), numbered_file("b", 1)};
  transfer::memory_source source{files};
  transfer::memory_sink sink{{3, 4}};
  memory_sender sender;
  memory_receiver receiver;
  simulated_relay relay;
  session_peer<memory_sender> sending;
  session_peer<memory_receiver> receiving;
};

TEST(Words, EitherSideMakesBothWait) {
  for (const bool sender_wants : {true, false}) {
    for (const bool receiver_wants : {true, false}) {
      if (!sender_wants && !receiver_wants) continue;
      for (const bool sender_first : {true, false}) {
        verifying_pair pair(sender_wants, receiver_wants);
        pair.expect_waiting();
        if (sender_first) (void)pair.sending.inside().confirm_words(pair.relay.now);
        if (!sender_first) (void)pair.receiving.inside().confirm_words(pair.relay.now);
        pair.expect_waiting();
        if (sender_first) (void)pair.receiving.inside().confirm_words(pair.relay.now);
        if (!sender_first) (void)pair.sending.inside().confirm_words(pair.relay.now);
        pair.expect_done();
      }
    }
  }
}

TEST(Words, NobodyIsAskedWhereNobodyWants) {
  verifying_pair pair(false, false);
  pair.relay.run();
  EXPECT_TRUE(pair.receiving.succeeded());
  EXPECT_EQ(pair.receiving.count<session::words_due>(), 0U);
  EXPECT_EQ(pair.sending.count<session::words_agreed>(), 0U);
}

TEST(Words, ThatDifferEndTheSession) {
  for (const bool sender_denies : {true, false}) {
    verifying_pair pair(true, false);
    pair.expect_waiting();
    if (sender_denies) {
      (void)pair.receiving.inside().confirm_words(pair.relay.now);
      pair.sending.inside().deny_words(pair.relay.now);
    } else {
      (void)pair.sending.inside().confirm_words(pair.relay.now);
      pair.receiving.inside().deny_words(pair.relay.now);
    }
    pair.relay.run();
    EXPECT_EQ(pair.sending.failure(),
              sender_denies ? errc::authentication_failed : errc::peer_aborted);
    EXPECT_EQ(pair.receiving.failure(),
              sender_denies ? errc::peer_aborted : errc::authentication_failed);
    EXPECT_EQ(pair.receiving.count<session::offered>(), 0U);
    EXPECT_TRUE(pair.sink.files().empty());
  }
}

TEST(Words, AnAnswerOutlivesTheConnection) {
  verifying_pair pair(true, true);
  pair.expect_waiting();
  pair.relay.reachable = false;
  pair.relay.disconnect(pair.sending);
  pair.relay.disconnect(pair.receiving);
  (void)pair.sending.inside().confirm_words(pair.relay.now);
  pair.relay.run(minutes(1));
  pair.relay.reachable = true;
  pair.expect_waiting();
  (void)pair.receiving.inside().confirm_words(pair.relay.now);
  pair.expect_done();
}

}  // namespace
}  // namespace tallow::test
