// A receiver that writes in order, against a peer that is authenticated and yet breaks every rule.
#include <gtest/gtest.h>

#include "support/receiver_fixture.hpp"

namespace tallow::transfer {
namespace {

using test::file_of;

// Notes what is written and in what order, and may refuse it.
class ordered_sink : public memory_sink {
 public:
  using memory_sink::memory_sink;

  result<void> write(entry_index index, std::uint64_t offset, byte_view bytes) {
    if (broken) return fail(errc::file_failed);
    offsets.push_back(offset);
    return memory_sink::write(index, offset, bytes);
  }

  std::vector<std::uint64_t> offsets;
  bool broken = false;
};

class OrderedIntake : public test::receiver_fixture<ordered_sink> {
 protected:
  explicit OrderedIntake(receiver_options options = {true, true, false})
      : receiver_fixture(options) {}

  result<void> setup_with(bool stream, bool text = false) {
    setup m;
    m.role = transfer_role::sender;
    m.chunk_bytes = chunk;
    m.stream = stream;
    m.text = text;
    return receiver_.handle(m, now_);
  }

  // A chunk that comes, and everything that can be written then.
  result<void> put(std::uint64_t index, std::size_t size, char fill = 'x') {
    if (auto done = put_aside(index, size, fill); !done) return done;
    while (receiver_.pump_stream(now_) == stream_step::worked) {
    }
    return receiver_.settle();
  }
  result<void> put_aside(std::uint64_t index, std::size_t size, char fill = 'x') {
    const auto settle = deliver(index, size, fill);
    return settle ? result<void>{} : fail(settle.error());
  }

  result<void> finish(std::uint64_t bytes, std::uint64_t chunks) {
    if (auto done = receiver_.handle(entries_done{entry_index{entries_}, {}}, now_); !done) {
      return done;
    }
    return receiver_.handle(end{entries_, bytes, chunks, hash_.digest()}, now_);
  }

  // A stream behind a file of one and a half chunks, offered and taken.
  void accept_file_and_stream() {
    ASSERT_TRUE(setup_with(true).has_value());
    ASSERT_TRUE(page({file_of("f", chunk + chunk / 2), file_of("s")}).has_value());
    ASSERT_TRUE(receiver_.accept_offer().has_value());
  }

  std::string arrived(std::size_t which) const {
    return std::string(as_text(sink_.files().at(which).bytes));
  }

  std::vector<chunk_range> acknowledged() {
    std::vector<chunk_range> all;
    while (auto m = receiver_.poll_message(now_).value()) {
      if ((*m)[0] != static_cast<std::byte>(sealed_type::ack)) continue;
      const auto told = decode_body<ack>(byte_view(*m).subspan(1)).value();
      all.insert(all.end(), told.ranges.begin(), told.ranges.end());
    }
    return all;
  }
};

TEST_F(OrderedIntake, PutsAStreamTogetherFromChunksOfAnyLength) {
  accept_file_and_stream();
  EXPECT_TRUE(put(4, 1, 'c').has_value());
  EXPECT_TRUE(put(2, 2, 'a').has_value());
  EXPECT_TRUE(put(1, chunk / 2, 'f').has_value());
  EXPECT_TRUE(put(3, chunk, 'b').has_value());
  EXPECT_TRUE(put(0, chunk, 'f').has_value());
  ASSERT_TRUE(finish(chunk + chunk / 2 + 2 + chunk + 1, 5).has_value());
  ASSERT_EQ(sink_.files().size(), 2U);
  EXPECT_EQ(arrived(1), "aa" + std::string(chunk, 'b') + "c");
  EXPECT_EQ(receiver_.result_of_transfer().byte_count, chunk + chunk / 2 + 2 + chunk + 1);
}

TEST_F(OrderedIntake, TakesTheEndBeforeTheStreamIsThere) {
  accept_file_and_stream();
  ASSERT_TRUE(put(0, chunk).has_value());
  ASSERT_TRUE(put(1, chunk / 2).has_value());
  ASSERT_TRUE(finish(chunk + chunk / 2 + 3, 4).has_value());
  EXPECT_TRUE(put(2, 2, 'a').has_value());
  EXPECT_TRUE(sink_.files().empty());
  EXPECT_EQ(code(put(4, 1)), errc::chunk_unexpected);
  EXPECT_TRUE(put(3, 1, 'b').has_value());
  ASSERT_EQ(sink_.files().size(), 2U);
  EXPECT_EQ(arrived(1), "aab");
}

TEST_F(OrderedIntake, TakesAStreamWithoutAByte) {
  ASSERT_TRUE(setup_with(true).has_value());
  ASSERT_TRUE(page({file_of("s")}).has_value());
  ASSERT_TRUE(receiver_.accept_offer().has_value());
  EXPECT_TRUE(sink_.files().empty());
  ASSERT_TRUE(finish(0, 0).has_value());
  ASSERT_EQ(sink_.files().size(), 1U);
  EXPECT_EQ(arrived(0), "");
}

TEST_F(OrderedIntake, IgnoresAChunkThatComesAgain) {
  accept_file_and_stream();
  ASSERT_TRUE(put_aside(2, 1, 'a').has_value());
  EXPECT_TRUE(put_aside(2, 1, 'x').has_value());
  ASSERT_TRUE(put(3, 1, 'b').has_value());
  EXPECT_TRUE(put(2, 1, 'x').has_value());
  ASSERT_TRUE(put(0, chunk).has_value());
  ASSERT_TRUE(put(1, chunk / 2).has_value());
  ASSERT_TRUE(finish(chunk + chunk / 2 + 2, 4).has_value());
  EXPECT_EQ(arrived(1), "ab");
}

TEST_F(OrderedIntake, HoldsAWindowOfChunksAndNoMore) {
  accept_file_and_stream();
  const std::uint64_t window = stream_window(chunk);
  EXPECT_TRUE(put_aside(2 + window - 1, 1).has_value());
  EXPECT_EQ(code(put_aside(2 + window, 1)), errc::chunk_unexpected);
  ASSERT_TRUE(put(2, 1).has_value());
  EXPECT_TRUE(put_aside(2 + window, 1).has_value());
}

TEST_F(OrderedIntake, RefusesChunksOfNoBytesOrTooMany) {
  accept_file_and_stream();
  EXPECT_EQ(code(put(2, 0)), errc::chunk_length_wrong);
  EXPECT_EQ(code(put(3, chunk + 1)), errc::chunk_length_wrong);
}

TEST_F(OrderedIntake, RefusesAStreamBeforeItWasAccepted) {
  ASSERT_TRUE(setup_with(true).has_value());
  ASSERT_TRUE(page({file_of("s")}).has_value());
  EXPECT_EQ(code(put(0, 1)), errc::chunk_unexpected);
}

TEST_F(OrderedIntake, RefusesAStreamThatWasDeclined) {
  ASSERT_TRUE(setup_with(true).has_value());
  ASSERT_TRUE(page({file_of("../s")}).has_value());
  ASSERT_TRUE(receiver_.accept_offer().has_value());
  EXPECT_EQ(code(put(0, 1)), errc::chunk_unexpected);
  EXPECT_EQ(code(finish(1, 1)), errc::totals_wrong);
}

TEST_F(OrderedIntake, RefusesTotalsThatCannotBe) {
  const std::uint64_t before = chunk + chunk / 2;
  const struct {
    std::uint64_t bytes;
    std::uint64_t chunks;
  } wrong[] = {
      {before - 1, 2},      {before, 1},        {before, 3}, {before + 1, 2},
      {before + chunk, 20}, {UINT64_MAX, 1000}, {before, 2},  // but chunk 2 was there
  };
  for (const auto& w : wrong) {
    OrderedIntake_RefusesTotalsThatCannotBe_Test fresh;
    fresh.accept_file_and_stream();
    ASSERT_TRUE(fresh.put(2, 7).has_value());
    if (w.chunks == 20) {
      // Possible until the chunks have come.
      EXPECT_TRUE(fresh.finish(w.bytes, 20).has_value());
      EXPECT_TRUE(fresh.put(0, chunk).has_value());
      EXPECT_TRUE(fresh.put(1, chunk / 2).has_value());
      for (std::uint64_t c = 3; c < 19; ++c) EXPECT_TRUE(fresh.put(c, 7).has_value());
      EXPECT_EQ(code(fresh.put(19, 7)), errc::totals_wrong);
    } else {
      EXPECT_EQ(code(fresh.finish(w.bytes, w.chunks)), errc::totals_wrong) << w.bytes;
    }
  }
}

TEST_F(OrderedIntake, RefusesAManifestThatIsNotWhatWasAnnounced) {
  const auto refused = [](bool stream, bool text, std::vector<entry> entries) {
    OrderedIntake_RefusesAManifestThatIsNotWhatWasAnnounced_Test fresh;
    EXPECT_TRUE(fresh.setup_with(stream, text).has_value());
    return code(fresh.page(std::move(entries)));
  };
  entry folder = file_of("folder");
  folder.kind = entry_kind::directory;
  EXPECT_EQ(refused(true, false, {}), errc::manifest_invalid);
  EXPECT_EQ(refused(true, false, {file_of("s", 1)}), errc::manifest_invalid);
  EXPECT_EQ(refused(true, false, {file_of("s"), folder}), errc::manifest_invalid);
  EXPECT_EQ(refused(false, true, {}), errc::manifest_invalid);
  EXPECT_EQ(refused(false, true, {folder}), errc::manifest_invalid);
  EXPECT_EQ(refused(false, true, {file_of("a", 1), file_of("b", 1)}), errc::manifest_invalid);
  EXPECT_EQ(refused(false, true, {file_of("t", limits::text_bytes_max + 1)}),
            errc::manifest_invalid);
  EXPECT_EQ(refused(false, true, {file_of("t", limits::text_bytes_max)}), errc{});
}

TEST_F(OrderedIntake, RefusesAStreamThatIsAText) {
  EXPECT_EQ(code(setup_with(true, true)), errc::peer_message_unexpected);
}

TEST_F(OrderedIntake, AcknowledgesAQuarterOfTheWindowAtOnce) {
  accept_file_and_stream();
  ASSERT_TRUE(put(2, 1).has_value());
  EXPECT_TRUE(acknowledged().empty());
  const std::uint64_t quarter = stream_window(chunk) / 4;
  for (std::uint64_t c = 3; c < 2 + quarter; ++c) ASSERT_TRUE(put(c, 1).has_value());
  const auto told = acknowledged();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0], (chunk_range{chunk_index{2}, quarter}));
  ASSERT_TRUE(put(2 + quarter, 1).has_value());
  EXPECT_TRUE(acknowledged().empty());
  now_ += limits::ack_interval;
  EXPECT_EQ(acknowledged().size(), 1U);
}

TEST_F(OrderedIntake, AcknowledgesNothingThatIsNotWritten) {
  accept_file_and_stream();
  ASSERT_TRUE(put_aside(2, 1).has_value());
  ASSERT_TRUE(receiver_.settle().has_value());
  now_ += limits::ack_interval;
  EXPECT_TRUE(acknowledged().empty());
}

TEST_F(OrderedIntake, EndsTheTransferWhenTheStreamCannotBeWritten) {
  accept_file_and_stream();
  sink_.broken = true;
  EXPECT_EQ(code(put(2, 1)), errc::sink_failed);
  EXPECT_EQ(receiver_.pump_stream(now_), stream_step::over);
}

TEST_F(OrderedIntake, LeavesAFailedStreamOut) {
  accept_file_and_stream();
  ASSERT_TRUE(put(0, chunk).has_value());
  ASSERT_TRUE(put(1, chunk / 2).has_value());
  ASSERT_TRUE(put(2, 1).has_value());
  const entry_failure bad{entry_index{1}, failure_reason::not_readable};
  ASSERT_TRUE(receiver_.handle(entries_done{entry_index{2}, {bad}}, now_).has_value());
  ASSERT_TRUE(receiver_.handle(end{2, chunk + chunk / 2 + 1, 3, hash_.digest()}, now_).has_value());
  ASSERT_EQ(sink_.files().size(), 1U);
  EXPECT_EQ(receiver_.result_of_transfer().failed_count, 1U);
}

class PlainReceiver : public OrderedIntake {
 protected:
  PlainReceiver() : OrderedIntake(receiver_options{}) {}
};

TEST_F(PlainReceiver, TakesNeitherStreamNorText) {
  EXPECT_EQ(code(setup_with(true)), errc::peer_message_unexpected);
  EXPECT_EQ(code(setup_with(false, true)), errc::peer_message_unexpected);
  EXPECT_TRUE(setup_with(false).has_value());
}

class OrderedReceiver : public OrderedIntake {
 protected:
  OrderedReceiver() : OrderedIntake(receiver_options{true, true, true}) {}
};

TEST_F(OrderedReceiver, TellsTheSender) {
  const auto first = receiver_.poll_message(now_).value();
  ASSERT_TRUE(first.has_value());
  EXPECT_TRUE(decode_body<setup>(byte_view(*first).subspan(1))->stream);
}

TEST_F(OrderedReceiver, WritesAFileInOrder) {
  ASSERT_TRUE(setup_with(false).has_value());
  ASSERT_TRUE(page({file_of("f", 3 * chunk + 1)}).has_value());
  ASSERT_TRUE(receiver_.accept_offer().has_value());
  for (const std::uint64_t c : {1U, 2U, 0U}) ASSERT_TRUE(put(c, chunk).has_value());
  ASSERT_TRUE(put(3, 1).has_value());
  ASSERT_TRUE(finish(3 * chunk + 1, 4).has_value());
  EXPECT_EQ(sink_.offsets, (std::vector<std::uint64_t>{0, chunk, 2 * chunk, 3 * chunk}));
  EXPECT_EQ(sink_.files().size(), 1U);
}

TEST_F(OrderedReceiver, HoldsAWindowOfAFileAndNoMore) {
  ASSERT_TRUE(setup_with(false).has_value());
  ASSERT_TRUE(page({file_of("f", 100 * chunk)}).has_value());
  ASSERT_TRUE(receiver_.accept_offer().has_value());
  EXPECT_EQ(code(put_aside(stream_window(chunk), chunk)), errc::chunk_unexpected);
}

TEST_F(OrderedReceiver, PassesOverChunksThatNobodyWants) {
  ASSERT_TRUE(setup_with(true).has_value());
  ASSERT_TRUE(page({file_of("a", chunk), file_of("../b", 40 * chunk), file_of("s")}).has_value());
  ASSERT_TRUE(receiver_.accept_offer().has_value());
  ASSERT_TRUE(put(0, chunk).has_value());
  ASSERT_TRUE(put(41, 2, 's').has_value());
  ASSERT_TRUE(finish(41 * chunk + 2, 42).has_value());
  ASSERT_EQ(sink_.files().size(), 2U);
  EXPECT_EQ(arrived(1), "ss");
}

}  // namespace
}  // namespace tallow::transfer
