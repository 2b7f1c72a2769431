// The receiver against a peer that is authenticated and yet breaks every rule.
#include <functional>

#include <gtest/gtest.h>

#include "support/receiver_fixture.hpp"

namespace tallow::transfer {
namespace {

using test::file_of;

class ReceiverTest : public test::receiver_fixture<memory_sink> {
 protected:
  result<void> setup_with(std::uint32_t chunk_bytes = chunk,
                          transfer_role role = transfer_role::sender) {
    setup m;
    m.role = role;
    m.chunk_bytes = chunk_bytes;
    return receiver_.handle(m, now_);
  }

  result<void> chunk_of(std::uint64_t index, std::size_t size, char fill = 'x',
                        chunk_codec codec = chunk_codec::none) {
    const auto settle = deliver(index, size, fill, codec);
    if (!settle) return fail(settle.error());
    return receiver_.settle();
  }

  result<void> all_done(std::uint64_t below, std::vector<entry_failure> failed = {}) {
    return receiver_.handle(entries_done{entry_index{below}, std::move(failed)}, now_);
  }

  result<void> finish(std::uint64_t entries, std::uint64_t bytes, std::uint64_t chunks) {
    return receiver_.handle(end{entries, bytes, chunks, hash_.digest()}, now_);
  }

  // A receiver that was offered one file of two and a half chunks, and took it.
  void accept_one_file() {
    ASSERT_TRUE(setup_with().has_value());
    ASSERT_TRUE(page({file_of("f", 2 * chunk + chunk / 2)}).has_value());
    ASSERT_TRUE(receiver_.accept_offer().has_value());
  }
};

TEST_F(ReceiverTest, TakesChunksInAnyOrder) {
  accept_one_file();
  EXPECT_TRUE(chunk_of(2, chunk / 2, 'c').has_value());
  EXPECT_TRUE(chunk_of(0, chunk, 'a').has_value());
  EXPECT_TRUE(chunk_of(1, chunk, 'b').has_value());
  ASSERT_TRUE(all_done(1).has_value());
  ASSERT_TRUE(finish(1, 2 * chunk + chunk / 2, 3).has_value());
  ASSERT_EQ(sink_.files().size(), 1U);
  const byte_buffer& bytes = sink_.files()[0].bytes;
  EXPECT_EQ(bytes[0], std::byte{'a'});
  EXPECT_EQ(bytes[chunk], std::byte{'b'});
  EXPECT_EQ(bytes[2 * chunk], std::byte{'c'});
}

TEST_F(ReceiverTest, TakesTheEndBeforeTheLastChunks) {
  accept_one_file();
  ASSERT_TRUE(chunk_of(0, chunk).has_value());
  ASSERT_TRUE(all_done(1).has_value());
  ASSERT_TRUE(finish(1, 2 * chunk + chunk / 2, 3).has_value());
  EXPECT_TRUE(sink_.files().empty());
  ASSERT_TRUE(chunk_of(1, chunk).has_value());
  EXPECT_TRUE(sink_.files().empty());
  ASSERT_TRUE(chunk_of(2, chunk / 2).has_value());
  EXPECT_EQ(sink_.files().size(), 1U);
}

TEST_F(ReceiverTest, AsksWhenASenderMaySendNoMorePages) {
  ASSERT_TRUE(setup_with().has_value());
  for (std::size_t i = 0; i < limits::manifest_pages_ahead_max; ++i) {
    EXPECT_FALSE(receiver_.offer_ready());
    ASSERT_TRUE(page({file_of("f" + std::to_string(i))}, false).has_value());
  }
  EXPECT_TRUE(receiver_.offer_ready());
  EXPECT_FALSE(receiver_.offer().complete);
}

TEST_F(ReceiverTest, AsksAboutAnUnfinishedManifestAfterTwoSeconds) {
  ASSERT_TRUE(setup_with().has_value());
  ASSERT_TRUE(page({file_of("f")}, false).has_value());
  const instant due = now_ + limits::offer_wait;
  EXPECT_EQ(receiver_.next_timeout(), due);
  receiver_.handle_timeout(due - std::chrono::milliseconds(1));
  EXPECT_FALSE(receiver_.offer_ready());
  receiver_.handle_timeout(due);
  EXPECT_TRUE(receiver_.offer_ready());
}

TEST_F(ReceiverTest, RefusesDataBeforeItHasAccepted) {
  ASSERT_TRUE(setup_with().has_value());
  EXPECT_EQ(code(chunk_of(0, chunk)), errc::chunk_unexpected);
  ASSERT_TRUE(page({file_of("f", chunk)}).has_value());
  EXPECT_EQ(code(chunk_of(0, chunk)), errc::chunk_unexpected);
  ASSERT_TRUE(receiver_.accept_offer().has_value());
  EXPECT_TRUE(chunk_of(0, chunk).has_value());
}

TEST_F(ReceiverTest, IgnoresAChunkThatComesAgain) {
  accept_one_file();
  ASSERT_TRUE(chunk_of(0, chunk, 'a').has_value());
  ASSERT_TRUE(chunk_of(0, chunk, 'x').has_value());
  ASSERT_TRUE(chunk_of(2, chunk / 2, 'c').has_value());
  ASSERT_TRUE(chunk_of(2, chunk / 2, 'x').has_value());
  ASSERT_TRUE(chunk_of(1, chunk, 'b').has_value());
  ASSERT_TRUE(all_done(1).has_value());
  ASSERT_TRUE(finish(1, 2 * chunk + chunk / 2, 3).has_value());
  ASSERT_EQ(sink_.files().size(), 1U);
  EXPECT_EQ(sink_.files()[0].bytes[0], std::byte{'a'});
  EXPECT_EQ(sink_.files()[0].bytes.back(), std::byte{'c'});
}

// As happens after a reconnect, when its acknowledgement was lost.
TEST_F(ReceiverTest, IgnoresAChunkThatComesAgainWhenItsEntryIsDone) {
  ASSERT_TRUE(setup_with().has_value());
  ASSERT_TRUE(page({file_of("a", 2 * chunk), file_of("b", 2 * chunk)}).has_value());
  ASSERT_TRUE(receiver_.accept_offer().has_value());
  for (const std::uint64_t index : {0U, 1U, 2U}) {
    ASSERT_TRUE(chunk_of(index, chunk, 'a').has_value());
  }
  ASSERT_TRUE(all_done(1).has_value());
  for (const std::uint64_t index : {0U, 1U, 2U}) {
    EXPECT_TRUE(chunk_of(index, chunk, 'x').has_value());
  }
  ASSERT_TRUE(chunk_of(3, chunk, 'b').has_value());
  ASSERT_TRUE(all_done(2).has_value());
  ASSERT_TRUE(finish(2, 4 * chunk, 4).has_value());
  ASSERT_EQ(sink_.files().size(), 2U);
  EXPECT_EQ(sink_.files()[0].bytes.front(), std::byte{'a'});
}

TEST_F(ReceiverTest, IgnoresAChunkThatAnotherLaneIsWriting) {
  accept_one_file();
  chunk_job other;
  ASSERT_TRUE(receiver_.begin_chunk(chunk_index{0}, other).value());
  EXPECT_FALSE(receiver_.begin_chunk(chunk_index{0}, job_).value());
  ASSERT_TRUE(receiver_.write_chunk(other, byte_buffer(chunk)).has_value());
  ASSERT_TRUE(receiver_.end_chunk(other, now_).has_value());
  EXPECT_FALSE(receiver_.begin_chunk(chunk_index{0}, job_).value());
}

TEST_F(ReceiverTest, RefusesAChunkThatIsNotThere) {
  accept_one_file();
  EXPECT_EQ(code(chunk_of(3, chunk)), errc::chunk_unexpected);
  EXPECT_EQ(code(chunk_of(UINT64_MAX, chunk)), errc::chunk_unexpected);
}

TEST_F(ReceiverTest, RefusesAChunkAboveTheWindowBeforeItIsWritten) {
  ASSERT_TRUE(setup_with().has_value());
  std::vector<entry> many;
  for (std::uint64_t i = 0; i <= limits::chunk_window; ++i) {
    many.push_back(file_of(std::to_string(i), chunk));
    const bool last = i == limits::chunk_window;
    if (!last && many.size() < limits::page_entries_max) continue;
    ASSERT_TRUE(page(std::exchange(many, {}), last).has_value());
  }
  ASSERT_TRUE(receiver_.accept_offer().has_value());
  const auto begun = receiver_.begin_chunk(chunk_index{limits::chunk_window}, job_);
  ASSERT_FALSE(begun);
  EXPECT_EQ(begun.error().code, errc::chunk_unexpected);
  EXPECT_TRUE(receiver_.begin_chunk(chunk_index{limits::chunk_window - 1}, job_).value());
}

TEST_F(ReceiverTest, DeclinesAHugeEntryAtOnce) {
  ASSERT_TRUE(setup_with().has_value());
  ASSERT_TRUE(
      page({file_of("../up", limits::file_bytes_max / 2), file_of("f", chunk)}).has_value());
  ASSERT_TRUE(receiver_.accept_offer().has_value());
  const std::uint64_t last = limits::file_bytes_max / 2 / chunk;
  ASSERT_TRUE(chunk_of(last, chunk, 'f').has_value());
  ASSERT_TRUE(all_done(2).has_value());
  ASSERT_TRUE(finish(2, limits::file_bytes_max / 2 + chunk, last + 1).has_value());
  ASSERT_EQ(sink_.files().size(), 1U);
  EXPECT_EQ(sink_.files()[0].bytes.size(), chunk);
}

TEST_F(ReceiverTest, RefusesAChunkOfTheWrongLength) {
  accept_one_file();
  EXPECT_EQ(code(chunk_of(0, chunk - 1)), errc::chunk_length_wrong);
  EXPECT_EQ(code(chunk_of(0, chunk + 1)), errc::chunk_length_wrong);
  EXPECT_EQ(code(chunk_of(2, chunk)), errc::chunk_length_wrong);
  EXPECT_EQ(code(chunk_of(0, 0)), errc::chunk_length_wrong);
}

TEST_F(ReceiverTest, RefusesAChunkThatIsNotWhatItsCodecSays) {
  accept_one_file();
  EXPECT_EQ(code(chunk_of(0, chunk / 2, 'x', chunk_codec::zstd)), errc::chunk_malformed);
}

TEST_F(ReceiverTest, RefusesAnEndThatComesEarly) {
  ASSERT_TRUE(setup_with().has_value());
  EXPECT_EQ(code(finish(0, 0, 0)), errc::transfer_incomplete);
  ASSERT_TRUE(page({file_of("f", chunk)}, false).has_value());
  ASSERT_TRUE(receiver_.accept_offer().has_value());
  EXPECT_EQ(code(finish(1, chunk, 1)), errc::transfer_incomplete);
}

TEST_F(ReceiverTest, RefusesAnEndBeforeItsEntriesAreDone) {
  accept_one_file();
  EXPECT_EQ(code(finish(1, 2 * chunk + chunk / 2, 3)), errc::transfer_incomplete);
}

TEST_F(ReceiverTest, RefusesWrongTotals) {
  accept_one_file();
  ASSERT_TRUE(all_done(1).has_value());
  EXPECT_EQ(code(finish(2, 2 * chunk + chunk / 2, 3)), errc::totals_wrong);
  EXPECT_EQ(code(finish(1, 2 * chunk, 3)), errc::totals_wrong);
  EXPECT_EQ(code(finish(1, 2 * chunk + chunk / 2, 2)), errc::totals_wrong);
  hash_.add_page({});
  EXPECT_EQ(code(finish(1, 2 * chunk + chunk / 2, 3)), errc::totals_wrong);
  EXPECT_TRUE(sink_.files().empty());
}

TEST_F(ReceiverTest, RefusesPagesOutOfOrder) {
  ASSERT_TRUE(setup_with().has_value());
  manifest_page wrong{page_index{1}, entry_index{0}, false, {file_of("f", 1)}};
  EXPECT_EQ(code(receiver_.handle(wrong, now_)), errc::manifest_invalid);
  wrong = {page_index{0}, entry_index{1}, false, {file_of("f", 1)}};
  EXPECT_EQ(code(receiver_.handle(wrong, now_)), errc::manifest_invalid);
  EXPECT_EQ(code(page({}, false)), errc::manifest_invalid);
  ASSERT_TRUE(page({file_of("f", 1)}, true).has_value());
  EXPECT_EQ(code(page({file_of("g", 1)}, true)), errc::manifest_invalid);
}

TEST_F(ReceiverTest, RefusesAFolderWithBytes) {
  ASSERT_TRUE(setup_with().has_value());
  entry folder = file_of("d", 5);
  folder.kind = entry_kind::directory;
  EXPECT_EQ(code(page({folder})), errc::manifest_invalid);
}

TEST_F(ReceiverTest, HoldsNoMoreThanSoManyPagesUnanswered) {
  ASSERT_TRUE(setup_with().has_value());
  result<void> done{};
  int pages = 0;
  while (done && pages < 1000) {
    done = page({file_of(std::to_string(pages++), 1)}, false);
  }
  EXPECT_EQ(code(done), errc::manifest_invalid);
  EXPECT_LE(pages, 65);
}

TEST_F(ReceiverTest, DeclinesBadEntriesAndTakesTheOthers) {
  ASSERT_TRUE(setup_with().has_value());
  ASSERT_TRUE(page({file_of("../escape", chunk), file_of("good", chunk), file_of("good", chunk),
                    file_of("/absolute", 1)})
                  .has_value());
  ASSERT_TRUE(receiver_.accept_offer().has_value());
  EXPECT_EQ(receiver_.result_of_transfer().failed.size(), 3U);
  // The chunks of what was declined are neither wanted nor awaited.
  EXPECT_EQ(code(chunk_of(0, chunk)), errc::chunk_unexpected);
  ASSERT_TRUE(chunk_of(1, chunk).has_value());
  ASSERT_TRUE(all_done(4).has_value());
  ASSERT_TRUE(finish(4, 3 * chunk + 1, 4).has_value());
  ASSERT_EQ(sink_.files().size(), 1U);
  EXPECT_EQ(sink_.files()[0].about.path, "good");
  EXPECT_EQ(receiver_.result_of_transfer().failed_count, 3U);
}

TEST_F(ReceiverTest, KeepsNothingOfAnEntryThatFailedAtTheSender) {
  ASSERT_TRUE(setup_with().has_value());
  ASSERT_TRUE(page({file_of("good", chunk), file_of("bad", chunk)}).has_value());
  ASSERT_TRUE(receiver_.accept_offer().has_value());
  ASSERT_TRUE(chunk_of(0, chunk).has_value());
  ASSERT_TRUE(chunk_of(1, chunk).has_value());
  ASSERT_TRUE(all_done(2, {{entry_index{1}, failure_reason::source_changed}}).has_value());
  ASSERT_TRUE(finish(2, 2 * chunk, 2).has_value());
  ASSERT_EQ(sink_.files().size(), 1U);
  EXPECT_EQ(sink_.files()[0].about.path, "good");
  EXPECT_EQ(receiver_.result_of_transfer().failed[0].path, "bad");
}

// A sink whose disk has a bad spot.
class broken_sink : public memory_sink {
 public:
  using memory_sink::memory_sink;
  result<void> write(entry_index, std::uint64_t, byte_view) { return fail(errc::sink_failed); }
};

// Something else happens whenever it is let go of; here once, at a moment of one's choice.
struct disturbed_mutex {
  static inline unsigned left = 0;
  static inline std::function<void()> disturb;
  void lock() noexcept {}
  void unlock() noexcept {
    if (left > 0 && --left == 0) disturb();
  }
};

// A lane cannot write the last chunk while the owner looks what is whole.
TEST_F(ReceiverTest, DeliversNoEntryThatALaneCouldNotWrite) {
  for (unsigned moment = 1; moment < 12; ++moment) {
    SCOPED_TRACE(moment);
    broken_sink sink({1, 2});
    receiver<broken_sink, memory_journal, disturbed_mutex> into(sink);
    setup m;
    m.chunk_bytes = chunk;
    ASSERT_TRUE(into.handle(m, now_).has_value());
    const manifest_page offered{{}, {}, true, {file_of("bad", chunk)}};
    ASSERT_TRUE(into.handle(offered, now_).has_value());
    ASSERT_TRUE(into.accept_offer().has_value());
    ASSERT_TRUE(into.handle(entries_done{entry_index{1}, {}}, now_).has_value());
    manifest_hash hash;
    hash.add_page(offered);
    ASSERT_TRUE(into.handle(end{1, chunk, 1, hash.digest()}, now_).has_value());
    chunk_job job;
    ASSERT_TRUE(into.begin_chunk(chunk_index{0}, job).value());
    bool is_there = false;
    disturbed_mutex::disturb = [&] {
      is_there = true;
      EXPECT_TRUE(into.write_chunk(job, byte_buffer(chunk)).has_value());
      EXPECT_TRUE(into.end_chunk(job, now_).has_value());
    };
    disturbed_mutex::left = moment;
    ASSERT_TRUE(into.settle().has_value());
    disturbed_mutex::left = 0;
    if (!is_there) disturbed_mutex::disturb();
    ASSERT_TRUE(into.settle().has_value());
    EXPECT_TRUE(sink.files().empty());
    EXPECT_EQ(into.result_of_transfer().failed_count, 1U);
  }
}

// A sink with a file in it that shall stay.
class half_full_sink : public memory_sink {
 public:
  using memory_sink::memory_sink;
  result<void> add_entry(entry_index index, const entry& e) {
    if (auto added = memory_sink::add_entry(index, e); !added) return added;
    if (e.path != "there") return {};
    (void)discard_entry(index);
    return fail(errc::already_exists);
  }
};

TEST_F(ReceiverTest, DeclinesWhatTheSinkHasAndCallsItNoFailure) {
  half_full_sink sink({1, 2});
  receiver<half_full_sink> into(sink);
  setup m;
  m.chunk_bytes = chunk;
  ASSERT_TRUE(into.handle(m, now_).has_value());
  const manifest_page offered{{}, {}, true, {file_of("there", chunk), file_of("new", chunk)}};
  ASSERT_TRUE(into.handle(offered, now_).has_value());
  std::vector<std::string> waiting;
  into.for_each_waiting([&](const entry& e) { waiting.push_back(e.path); });
  EXPECT_EQ(waiting, (std::vector<std::string>{"there", "new"}));
  ASSERT_TRUE(into.accept_offer().has_value());
  into.for_each_waiting([&](const entry& e) { ADD_FAILURE() << e.path; });
  chunk_job job;
  EXPECT_EQ(into.begin_chunk(chunk_index{0}, job).error().code, errc::chunk_unexpected);
  ASSERT_TRUE(into.begin_chunk(chunk_index{1}, job).value());
  ASSERT_TRUE(into.write_chunk(job, byte_buffer(chunk)).has_value());
  ASSERT_TRUE(into.end_chunk(job, now_).has_value());
  ASSERT_TRUE(into.handle(entries_done{entry_index{2}, {}}, now_).has_value());
  manifest_hash hash;
  hash.add_page(offered);
  ASSERT_TRUE(into.handle(end{2, 2 * chunk, 2, hash.digest()}, now_).has_value());
  ASSERT_EQ(sink.files().size(), 1U);
  EXPECT_EQ(sink.files()[0].about.path, "new");
  const outcome& all = into.result_of_transfer();
  EXPECT_EQ(all.entry_count, 1U);
  EXPECT_EQ(all.failed_count, 0U);
  EXPECT_EQ(all.skipped_count, 1U);
  EXPECT_EQ(all.skipped, std::vector<std::string>{"there"});
}

TEST_F(ReceiverTest, RefusesEntriesDoneOutOfOrder) {
  accept_one_file();
  EXPECT_EQ(code(all_done(2)), errc::peer_message_unexpected);
  EXPECT_EQ(code(all_done(0)), errc::peer_message_unexpected);
  ASSERT_TRUE(all_done(1).has_value());
  EXPECT_EQ(code(all_done(1)), errc::peer_message_unexpected);
}

TEST_F(ReceiverTest, RefusesToReceiveFromAReceiver) {
  EXPECT_EQ(code(setup_with(chunk, transfer_role::receiver)), errc::role_clash);
}

TEST_F(ReceiverTest, RefusesAChunkSizeOutsideOfItsLimits) {
  EXPECT_EQ(code(setup_with(0)), errc::chunk_size_invalid);
  EXPECT_EQ(code(setup_with(limits::chunk_bytes_min - 1)), errc::chunk_size_invalid);
  EXPECT_EQ(code(setup_with(limits::chunk_bytes_max + 1)), errc::chunk_size_invalid);
  EXPECT_TRUE(setup_with(limits::chunk_bytes_max).has_value());
  EXPECT_EQ(code(setup_with()), errc::peer_message_unexpected);
}

TEST_F(ReceiverTest, RefusesEverythingBeforeSetup) {
  EXPECT_EQ(code(page({file_of("f", 1)})), errc::peer_message_unexpected);
  EXPECT_EQ(code(chunk_of(0, 1)), errc::chunk_unexpected);
  EXPECT_EQ(code(finish(0, 0, 0)), errc::peer_message_unexpected);
}

TEST_F(ReceiverTest, AcknowledgesAtMostEveryTenthOfASecond) {
  accept_one_file();
  while (receiver_.poll_message(now_).value()) {
  }  // SETUP and ACCEPT
  ASSERT_TRUE(chunk_of(0, chunk).has_value());
  EXPECT_FALSE(receiver_.poll_message(now_).value().has_value());
  ASSERT_EQ(receiver_.next_timeout(), now_ + limits::ack_interval);
  now_ += limits::ack_interval;
  EXPECT_TRUE(receiver_.poll_message(now_).value().has_value());
  ASSERT_TRUE(chunk_of(1, chunk).has_value());
  EXPECT_FALSE(receiver_.poll_message(now_).value().has_value());
}

TEST_F(ReceiverTest, EndsWhenTheDiskIsFull) {
  memory_sink small({1, 2}, chunk);
  receiver<memory_sink> full(small);
  setup m;
  m.chunk_bytes = chunk;
  ASSERT_TRUE(full.handle(m, now_).has_value());
  ASSERT_TRUE(
      full.handle(manifest_page{{}, {}, true, {file_of("f", 2 * chunk)}}, now_).has_value());
  EXPECT_EQ(code(full.accept_offer()), errc::disk_full);
}

}  // namespace
}  // namespace tallow::transfer
