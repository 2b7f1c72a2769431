// Whole sessions over a relay in memory, with a clock that the test moves.
#include <gtest/gtest.h>

#include <tallow/session/session.hpp>

#include "support/relayed_pair.hpp"

namespace tallow::test {
namespace {

using transfer::memory_file;

std::vector<memory_file> some_files() {
  return {numbered_file("a", 10'000, 1), numbered_file("empty", 0), numbered_file("b", 4096, 2),
          numbered_file("c", 1, 3)};
}

TEST(Session, DeliversIdenticalFiles) {
  relayed_pair pair(some_files());
  pair.run();
  EXPECT_TRUE(pair.sending.succeeded());
  EXPECT_TRUE(pair.receiving.succeeded());
  EXPECT_TRUE(pair.arrived_identical());
  EXPECT_EQ(pair.receiver.result_of_transfer().entry_count, 4U);
  EXPECT_EQ(pair.sender.result_of_transfer().entry_count, 4U);
}

TEST(Session, DeliversWhenTheReceiverIsFirst) {
  relayed_pair pair(some_files());
  pair.relay.connect(pair.receiving);
  pair.relay.run(std::chrono::seconds(1));
  EXPECT_EQ(pair.receiving.count<session::waiting>(), 1U);
  pair.relay.connect(pair.sending);
  pair.relay.run();
  EXPECT_TRUE(pair.sending.succeeded());
  EXPECT_TRUE(pair.receiving.succeeded());
  EXPECT_TRUE(pair.arrived_identical());
}

TEST(Session, MakesACodeFromTheRelaysNameplate) {
  const std::vector<memory_file> files = some_files();
  transfer::memory_source source(files);
  memory_sender sender(source, {});
  transfer::memory_sink sink({1, 2});
  memory_receiver receiver(sink);
  simulated_relay relay;
  session_peer<memory_sender> sending(sender, want::send, std::nullopt, 1, relay.now);
  relay.connect(sending);
  relay.run(std::chrono::seconds(1));
  ASSERT_TRUE(sending.inside().code().has_value());
  const secret_buffer code = sending.inside().code()->text();
  session_peer<memory_receiver> receiving(receiver, want::receive, as_text(code.view()), 2,
                                          relay.now);
  relay.connect(receiving);
  relay.run();
  EXPECT_TRUE(receiving.succeeded());
  EXPECT_EQ(sink.files().size(), files.size());
}

TEST(Session, ShowsBothSidesTheSameWords) {
  relayed_pair pair(some_files());
  std::array<std::string_view, 6> here{};
  std::array<std::string_view, 6> there{};
  pair.sending.on_event = [&](const session::event& e) {
    if (const auto* s = std::get_if<session::secured>(&e)) here = s->words;
  };
  pair.receiving.on_event = [&](const session::event& e) {
    if (const auto* s = std::get_if<session::secured>(&e)) there = s->words;
  };
  pair.run();
  EXPECT_FALSE(here[0].empty());
  EXPECT_EQ(here, there);
}

TEST(Session, DeliversNothingAtAll) {
  relayed_pair pair({});
  pair.run();
  EXPECT_TRUE(pair.sending.succeeded());
  EXPECT_TRUE(pair.receiving.succeeded());
}

TEST(Session, DeliversManySmallFilesAcrossPages) {
  std::vector<memory_file> files;
  for (int i = 0; i < 3000; ++i) {
    files.push_back(numbered_file("folder/with/a/rather/long/name/" + std::to_string(i),
                                  static_cast<std::size_t>(i % 7), static_cast<unsigned>(i)));
  }
  relayed_pair pair(std::move(files));
  pair.run();
  EXPECT_TRUE(pair.sending.succeeded());
  EXPECT_TRUE(pair.arrived_identical());
}

TEST(Session, DeliversAFileLargerThanTheWindow) {
  // Chunks of 4 KiB and a window of 4096 of them: 20 MiB need acknowledgements to go on.
  relayed_pair pair({numbered_file("large", std::size_t{20} << 20U)});
  pair.run();
  EXPECT_TRUE(pair.sending.succeeded());
  EXPECT_TRUE(pair.arrived_identical());
}

TEST(Session, FailsOnBothSidesWithAWrongCode) {
  for (const bool receiver_first : {false, true}) {
    relayed_pair pair(some_files(), "7-crossover-clockwork", "7-crossover-zebra");
    if (receiver_first) {
      pair.relay.connect(pair.receiving);
      pair.relay.connect(pair.sending);
    } else {
      pair.relay.connect(pair.sending);
      pair.relay.connect(pair.receiving);
    }
    pair.relay.run();
    EXPECT_EQ(pair.sending.failure(), errc::authentication_failed);
    EXPECT_EQ(pair.receiving.failure(), errc::authentication_failed);
    EXPECT_EQ(pair.receiving.count<session::secured>(), 0U);
    EXPECT_TRUE(pair.sink.files().empty());
    EXPECT_TRUE(pair.sending.inside().code_spent());
    EXPECT_TRUE(pair.receiving.inside().code_spent());

    // The right code, nine minutes later, meets a tombstone and not an empty room.
    pair.relay.now += std::chrono::minutes(9);
    transfer::memory_sink sink({1, 2});
    memory_receiver receiver(sink);
    session_peer<memory_receiver> late(receiver, want::receive, "7-crossover-clockwork", 5,
                                       pair.relay.now);
    const instant before = pair.relay.now;
    pair.relay.connect(late);
    pair.relay.run(std::chrono::seconds(1));
    EXPECT_EQ(late.failure(), errc::code_spent);
    EXPECT_EQ(pair.relay.now, before);
  }
}

TEST(Session, IsNotDisturbedByAThirdPeer) {
  relayed_pair pair({numbered_file("large", std::size_t{4} << 20U)});
  transfer::memory_sink sink({1, 2});
  memory_receiver receiver(sink);
  session_peer<memory_receiver> third(receiver, want::receive, "7-crossover-clockwork", 9,
                                      pair.relay.now);
  pair.relay.connect(pair.sending);
  pair.relay.connect(pair.receiving);
  pair.relay.run(std::chrono::minutes(1),
                 [&] { return pair.receiver.progress_now().bytes_done > 1000; });
  ASSERT_FALSE(pair.receiving.over());
  pair.relay.connect(third);
  pair.relay.run();
  EXPECT_EQ(third.failure(), errc::room_full);
  EXPECT_EQ(pair.sending.count<session::stranger_turned_away>(), 1U);
  EXPECT_TRUE(pair.sending.succeeded());
  EXPECT_TRUE(pair.arrived_identical());
}

TEST(Session, TellsTheSenderWhenTheOfferIsRefused) {
  relayed_pair pair(some_files());
  pair.receiving.on_offer = [](auto& session, instant now) {
    session.refuse_offer(error{errc::transfer_refused}, now);
  };
  pair.run();
  EXPECT_EQ(pair.sending.failure(), errc::transfer_refused);
  EXPECT_TRUE(pair.sink.files().empty());
}

TEST(Session, TellsTheSenderWhenTheDiskIsFull) {
  relayed_pair pair(some_files());
  pair.sink = transfer::memory_sink({1, 2}, 5000);
  pair.run();
  EXPECT_EQ(pair.receiving.failure(), errc::disk_full);
  EXPECT_EQ(pair.sending.failure(), errc::peer_disk_full);
  EXPECT_TRUE(pair.sink.files().empty());
}

TEST(Session, AsksAboutAnUnfinishedManifestWhenNoMoreMayCome) {
  std::vector<memory_file> files;
  // More pages than the sender lets be under way without an answer.
  for (int i = 0; i < 20'000; ++i) {
    files.push_back(numbered_file(std::string(100, 'x') + std::to_string(i), 0));
  }
  relayed_pair pair(std::move(files));
  std::optional<instant> asked;
  pair.receiving.on_offer = [&](auto& session, instant now) {
    asked = now;
    EXPECT_FALSE(pair.receiver.offer().complete);
    (void)session.accept_offer(now);
  };
  pair.run();
  ASSERT_TRUE(asked.has_value());
  EXPECT_LT(*asked - instant{}, limits::offer_wait);
  EXPECT_TRUE(pair.sending.succeeded());
  EXPECT_EQ(pair.sink.files().size(), 20'000U);
}

TEST(Session, WritesNothingBeforeTheOfferIsAccepted) {
  relayed_pair pair(some_files());
  pair.receiving.on_offer = [](auto&, instant) {};
  pair.relay.connect(pair.sending);
  pair.relay.connect(pair.receiving);
  pair.relay.run(std::chrono::minutes(5));
  // Nobody gave up either: a person may take a while, and the pings go on.
  EXPECT_FALSE(pair.sending.over());
  EXPECT_FALSE(pair.receiving.over());
  EXPECT_EQ(pair.receiver.progress_now().bytes_done, 0U);
  (void)pair.receiving.inside().accept_offer(pair.relay.now);
  pair.relay.run();
  EXPECT_TRUE(pair.receiving.succeeded());
}

TEST(Session, FailsWhenThePeerVanishes) {
  for (const bool sender_vanishes : {true, false}) {
    relayed_pair pair({numbered_file("large", std::size_t{4} << 20U)});
    pair.relay.connect(pair.sending);
    pair.relay.connect(pair.receiving);
    pair.relay.run(std::chrono::minutes(1),
                   [&] { return pair.receiver.progress_now().bytes_done > 1000; });
    simulated_peer& leaver = sender_vanishes ? static_cast<simulated_peer&>(pair.sending)
                                             : static_cast<simulated_peer&>(pair.receiving);
    pair.relay.disconnect(leaver);
    pair.relay.run();
    EXPECT_EQ(sender_vanishes ? pair.receiving.failure() : pair.sending.failure(), errc::peer_left);
    EXPECT_TRUE(pair.sink.files().empty());
  }
}

TEST(Session, FailsWhenThePeerFallsSilent) {
  relayed_pair pair({numbered_file("large", std::size_t{4} << 20U)});
  // The relay keeps the connection but passes nothing on any more.
  bool silent = false;
  pair.receiving.tap = [&](byte_buffer frame) {
    const bool drop = silent && frame[4] == static_cast<std::byte>(frame_type::peer);
    return drop ? std::vector<byte_buffer>{} : std::vector<byte_buffer>{std::move(frame)};
  };
  pair.relay.connect(pair.sending);
  pair.relay.connect(pair.receiving);
  pair.relay.run(std::chrono::minutes(1),
                 [&] { return pair.receiver.progress_now().bytes_done > 1000; });
  silent = true;
  const instant before = pair.relay.now;
  pair.relay.run();
  EXPECT_EQ(pair.receiving.failure(), errc::peer_silent);
  EXPECT_LE(pair.relay.now - before, 2 * limits::silence_max);
  EXPECT_TRUE(pair.sink.files().empty());
}

// Putting a large file in its place may take a slow disk longer than a sender is waited for.
TEST(Session, SaysThatAllHasArrivedHoweverLongTheDiskTakes) {
  relayed_pair pair(some_files());
  bool is_done = false;
  pair.receiving.on_event = [&](const session::event& e) {
    is_done = is_done || std::holds_alternative<session::done>(e);
  };
  pair.relay.connect(pair.sending);
  pair.relay.connect(pair.receiving);
  pair.relay.run(std::chrono::minutes(10), [&] { return is_done; });
  ASSERT_TRUE(is_done);
  EXPECT_FALSE(pair.sending.succeeded());
  pair.relay.now += std::chrono::seconds(20);
  pair.receiving.timeout(pair.relay.now);
  EXPECT_FALSE(pair.receiving.over());
  pair.relay.run();
  EXPECT_TRUE(pair.sending.succeeded());
  EXPECT_TRUE(pair.receiving.succeeded());
}

TEST(Session, TellsThePeerWhenItIsCancelled) {
  relayed_pair pair({numbered_file("large", std::size_t{4} << 20U)});
  pair.relay.connect(pair.sending);
  pair.relay.connect(pair.receiving);
  pair.relay.run(std::chrono::minutes(1),
                 [&] { return pair.receiver.progress_now().bytes_done > 1000; });
  pair.sending.inside().cancel(pair.relay.now);
  pair.relay.run();
  EXPECT_EQ(pair.sending.failure(), errc::cancelled);
  EXPECT_EQ(pair.receiving.failure(), errc::peer_cancelled);
}

TEST(Session, WaitsOnWhenAPeerLeavesBeforeItProvedAnything) {
  relayed_pair pair(some_files());
  transfer::memory_sink sink({1, 2});
  memory_receiver receiver(sink);
  session_peer<memory_receiver> leaver(receiver, want::receive, "7-crossover-clockwork", 9,
                                       pair.relay.now);
  pair.relay.connect(pair.sending);
  // It is there, but its answer never leaves it.
  pair.relay.connect(leaver);
  pair.relay.run(std::chrono::seconds(1),
                 [&] { return pair.sending.count<session::peer_found>() == 1; });
  pair.relay.disconnect(leaver);
  pair.relay.run(std::chrono::seconds(1));
  EXPECT_EQ(pair.sending.count<session::peer_lost>(), 1U);
  pair.relay.connect(pair.receiving);
  pair.relay.run();
  EXPECT_TRUE(pair.sending.succeeded());
  EXPECT_TRUE(pair.arrived_identical());
}

// Whoever knows the number can come into the room; without the words that must not end anything.
TEST(Session, WaitsOnWhenAStrangerTalksNonsense) {
  byte_buffer abort_frame;
  const std::array<std::byte, 1> reason{};
  ASSERT_TRUE(append_frame(abort_frame, frame_type::abort, reason).has_value());
  byte_buffer junk_hello;
  ASSERT_TRUE(append_frame(junk_hello, frame_type::handshake_1, abort_frame).has_value());
  const byte_buffer garbage(100, std::byte{0xFF});
  for (const auto& [stream, bytes] : {std::pair{0U, abort_frame}, std::pair{0U, junk_hello},
                                      std::pair{0U, garbage}, std::pair{1U, garbage}}) {
    relayed_pair pair(some_files());
    pair.relay.connect(pair.sending);
    pair.relay.run(std::chrono::seconds(1));
    room::client stranger({want::receive, {}, crypto::room_of(7), ""}, pair.relay.now);
    const auto id = pair.relay.core().connected(pair.relay.now);
    const auto talk = [&] {
      while (!stranger.poll_transmit().empty()) {
        const byte_view out = stranger.poll_transmit();
        byte_buffer copy(out.begin(), out.end());
        stranger.transmitted(copy.size());
        pair.relay.core().handle_bytes(id, copy, pair.relay.now);
      }
    };
    talk();
    const byte_view answer = pair.relay.core().poll_transmit(id);
    byte_buffer copy(answer.begin(), answer.end());
    byte_span input = copy;
    while (stranger.next(input, pair.relay.now).value()) {
    }
    ASSERT_TRUE(stranger.send_slice(stream_id{stream}, bytes).has_value());
    talk();
    pair.relay.run(std::chrono::seconds(1));
    EXPECT_FALSE(pair.sending.over());
    pair.relay.core().disconnected(id, pair.relay.now);
    pair.relay.run(std::chrono::seconds(1));
    EXPECT_EQ(pair.sending.count<session::peer_lost>(), 1U);

    pair.relay.connect(pair.receiving);
    pair.relay.run();
    EXPECT_TRUE(pair.sending.succeeded());
    EXPECT_TRUE(pair.arrived_identical());
  }
}

TEST(Session, RefusesMoreThanTheRelayCarries) {
  room::relay_options options;
  options.rooms.each.bytes_max = 8000;
  relayed_pair pair(some_files(), "7-crossover-clockwork", "7-crossover-clockwork", options);
  pair.run();
  EXPECT_EQ(pair.sending.failure(), errc::quota_too_small);
  EXPECT_EQ(pair.receiving.failure(), errc::quota_too_small);
  EXPECT_EQ(pair.receiver.progress_now().bytes_done, 0U);
}

TEST(Session, KeepsTwoSendersApart) {
  relayed_pair pair(some_files());
  transfer::memory_source source(pair.files);
  memory_sender sender(source, {});
  session_peer<memory_sender> second(sender, want::send, "7-crossover-clockwork", 9,
                                     pair.relay.now);
  pair.relay.connect(pair.sending);
  pair.relay.connect(second);
  pair.relay.run(std::chrono::seconds(1));
  EXPECT_EQ(second.failure(), errc::room_wants_clash);
  EXPECT_FALSE(pair.sending.over());
}

}  // namespace
}  // namespace tallow::test
