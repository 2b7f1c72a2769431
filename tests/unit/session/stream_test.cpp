// Streams and texts between two sessions over a relay in memory.
#include <gtest/gtest.h>

#include <tallow/session/session.hpp>

#include "support/memory_stream.hpp"
#include "support/relayed_pair.hpp"

namespace tallow::test {
namespace {

using transfer::memory_file;
using stream_sender = transfer::sender<memory_stream_source>;

constexpr std::string_view code = "7-crossover-clockwork";
constexpr std::size_t chunk = limits::chunk_bytes_min;

// A transfer of files and a stream behind them, to be run.
struct streaming_pair {
  explicit streaming_pair(std::vector<memory_file> before = {}, bool in_order = false,
                          duration outage_max = {}, room::relay_options options = {})
      : files(std::move(before)),
        receiver(sink, {}, {true, true, in_order}),
        relay(std::move(options)),
        sending(sender, want::send, code, 1, relay.now, outage_max),
        receiving(receiver, want::receive, code, 2, relay.now, outage_max) {}

  void give(std::string_view path, std::size_t pieces, std::size_t bytes) {
    for (std::size_t i = 0; i < pieces; ++i) {
      memory_file one = numbered_file(std::string(path), bytes, static_cast<std::uint32_t>(i));
      append(whole, one.bytes);
      source.pieces.push_back(std::move(one.bytes));
    }
  }

  void run() {
    relay.connect(sending);
    relay.connect(receiving);
    relay.run();
  }

  std::vector<memory_file> files;
  memory_stream_source source{files};
  byte_buffer whole;  // what the stream gives
  transfer::memory_sink sink{{3, 4}};
  stream_sender sender{source, {{}, chunk, true, false}};
  memory_receiver receiver;
  simulated_relay relay;
  session_peer<stream_sender> sending;
  session_peer<memory_receiver> receiving;
};

TEST(Stream, ArrivesBehindFiles) {
  streaming_pair pair({numbered_file("a", 10'000, 1), numbered_file("b", 1, 2)});
  pair.give("stream", 300, 3000);
  pair.run();
  EXPECT_TRUE(pair.sending.succeeded());
  EXPECT_TRUE(pair.receiving.succeeded());
  ASSERT_EQ(pair.sink.files().size(), 3U);
  EXPECT_EQ(pair.sink.files()[0].bytes, pair.files[0].bytes);
  EXPECT_EQ(pair.sink.files()[2].bytes, pair.whole);
  EXPECT_EQ(pair.sender.result_of_transfer().byte_count, 10'001U + 900'000U);
  EXPECT_EQ(pair.receiver.result_of_transfer().byte_count, 10'001U + 900'000U);
}

TEST(Stream, ArrivesInChunksOfFullLengthWhereItFlows) {
  streaming_pair pair;
  pair.give("stream", 1, 1'000'000);
  pair.run();
  EXPECT_TRUE(pair.sending.succeeded());
  ASSERT_EQ(pair.sink.files().size(), 1U);
  EXPECT_EQ(pair.sink.files()[0].bytes, pair.whole);
}

TEST(Stream, MayBeEmpty) {
  streaming_pair pair;
  pair.run();
  EXPECT_TRUE(pair.sending.succeeded());
  EXPECT_TRUE(pair.receiving.succeeded());
  ASSERT_EQ(pair.sink.files().size(), 1U);
  EXPECT_TRUE(pair.sink.files()[0].bytes.empty());
}

TEST(Stream, IsNotReadBeforeItIsAccepted) {
  streaming_pair pair;
  pair.give("stream", 10, 100);
  pair.receiving.on_offer = [&](auto& session, instant now) {
    EXPECT_EQ(pair.source.reads, 0U);
    EXPECT_TRUE(pair.receiver.offer().stream);
    session.refuse_offer(error{errc::transfer_refused}, now);
  };
  pair.run();
  EXPECT_EQ(pair.source.reads, 0U);
  EXPECT_EQ(pair.sending.failure(), errc::transfer_refused);
}

TEST(Stream, IsNotReadWhenItIsDeclined) {
  // Two entries of the same path: the second one is declined.
  streaming_pair pair({numbered_file("stream", 10)});
  pair.give("stream", 10, 100);
  pair.run();
  EXPECT_TRUE(pair.sending.succeeded());
  EXPECT_EQ(pair.source.reads, 0U);
  EXPECT_EQ(pair.sender.result_of_transfer().failed_count, 1U);
  EXPECT_EQ(pair.sink.files().size(), 1U);
}

TEST(Stream, ThatCannotBeReadFailsAlone) {
  streaming_pair pair({numbered_file("a", 10'000)});
  pair.give("stream", 10, 100);
  pair.source.broken = true;
  pair.run();
  EXPECT_TRUE(pair.sending.succeeded());
  EXPECT_TRUE(pair.receiving.succeeded());
  ASSERT_EQ(pair.sink.files().size(), 1U);
  ASSERT_EQ(pair.receiver.result_of_transfer().failed.size(), 1U);
  EXPECT_EQ(pair.receiver.result_of_transfer().failed[0].path, "stream");
  EXPECT_EQ(pair.receiver.result_of_transfer().failed[0].reason, failure_reason::not_readable);
}

TEST(Stream, GoesOnAfterConnectionsThatWereLost) {
  for (const bool in_order : {false, true}) {
    streaming_pair pair({numbered_file("a", 100'000)}, in_order, std::chrono::minutes(10));
    pair.give("stream", 400, 5000);
    pair.relay.connect(pair.sending);
    pair.relay.connect(pair.receiving);
    for (unsigned cut = 0; cut < 8; ++cut) {
      const auto before = pair.receiver.progress_now().bytes_done;
      pair.relay.run(std::chrono::minutes(10),
                     [&] { return pair.receiver.progress_now().bytes_done > before + 100'000; });
      if (cut % 2 == 0) pair.relay.disconnect(pair.sending);
      if (cut % 3 == 0) pair.relay.disconnect(pair.receiving);
    }
    pair.relay.run();
    EXPECT_GT(pair.relay.reconnects, 4U);
    EXPECT_TRUE(pair.sending.succeeded());
    EXPECT_TRUE(pair.receiving.succeeded());
    ASSERT_EQ(pair.sink.files().size(), 2U);
    EXPECT_EQ(pair.sink.files()[1].bytes, pair.whole);
  }
}

TEST(Stream, IsLimitedByWhatTheRelayCarries) {
  room::relay_options options;
  options.rooms.each.bytes_max = 300'000;
  streaming_pair pair({}, false, {}, options);
  pair.give("stream", 100, 10'000);
  pair.run();
  EXPECT_EQ(pair.sending.failure(), errc::quota_too_small);
}

// A file for a sender and a receiver with options of their own.
struct one_file {
  one_file(std::size_t bytes, const transfer::sender_options& to_send,
           transfer::receiver_options to_receive = {})
      : files{numbered_file("file", bytes)},
        sender(source, to_send),
        receiver(sink, {}, to_receive) {}

  void run() {
    relay.connect(sending);
    relay.connect(receiving);
    relay.run();
  }

  std::vector<memory_file> files;
  transfer::memory_source source{files};
  transfer::memory_sink sink{{1, 2}};
  memory_sender sender;
  memory_receiver receiver;
  simulated_relay relay;
  session_peer<memory_sender> sending{sender, want::send, code, 1, relay.now};
  session_peer<memory_receiver> receiving{receiver, want::receive, code, 2, relay.now};
};

TEST(InOrder, AFileArrivesThroughASmallWindow) {
  one_file pair(3'000'000, {{}, chunk}, {false, false, true});
  pair.run();
  EXPECT_TRUE(pair.sending.succeeded());
  EXPECT_TRUE(pair.receiving.succeeded());
  ASSERT_EQ(pair.sink.files().size(), 1U);
  EXPECT_EQ(pair.sink.files()[0].bytes, pair.files[0].bytes);
}

TEST(Text, ArrivesAsOneFileThatIsMarked) {
  one_file pair(30'000, {{}, chunk, false, true}, {true, true, false});
  pair.receiving.on_offer = [&](auto& session, instant now) {
    EXPECT_TRUE(pair.receiver.offer().text);
    (void)session.accept_offer(now);
  };
  pair.run();
  EXPECT_TRUE(pair.sending.succeeded());
  EXPECT_TRUE(pair.receiving.succeeded());
  ASSERT_EQ(pair.sink.files().size(), 1U);
  EXPECT_EQ(pair.sink.files()[0].bytes, pair.files[0].bytes);
}

TEST(Text, IsRefusedByAReceiverThatWouldStoreIt) {
  one_file pair(30, {{}, chunk, false, true});
  pair.run();
  EXPECT_EQ(pair.receiving.failure(), errc::peer_message_unexpected);
  EXPECT_EQ(pair.sending.failure(), errc::peer_aborted);
  EXPECT_TRUE(pair.sink.files().empty());
}

}  // namespace
}  // namespace tallow::test
