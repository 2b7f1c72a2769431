#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <gtest/gtest.h>

#include <tallow/transfer/memory.hpp>
#include <tallow/transfer/sender.hpp>

namespace tallow::transfer {
namespace {

constexpr std::size_t chunk = limits::chunk_bytes_min;

std::vector<memory_file> files_of(const std::vector<std::size_t>& sizes) {
  std::vector<memory_file> files;
  for (const std::size_t size : sizes) {
    memory_file& f = files.emplace_back();
    f.about.path = "file " + std::to_string(files.size());
    f.bytes.assign(size, std::byte{'x'});
  }
  return files;
}

// A source of which one entry cannot be read to its end.
class failing_source : public memory_source {
 public:
  failing_source(const std::vector<memory_file>& files, entry_index bad, errc how)
      : memory_source(files), bad_(bad), how_(how) {}

  result<std::size_t> read(entry_index index, std::uint64_t offset, byte_span out) {
    if (index == bad_) return fail(how_);
    return memory_source::read(index, offset, out);
  }

 private:
  entry_index bad_;
  errc how_;
};

// A source of which one entry is shorter than it was said to be, or fails. Whatever is not read is
// scribbled over, as by a read that breaks off.
class torn_source : public memory_source {
 public:
  torn_source(const std::vector<memory_file>& files, entry_index bad, std::size_t kept, bool fails)
      : memory_source(files), bad_(bad), kept_(kept), fails_(fails) {}

  result<std::size_t> read(entry_index index, std::uint64_t offset, byte_span out) {
    if (index != bad_) return memory_source::read(index, offset, out);
    const std::uint64_t left = kept_ - std::min<std::uint64_t>(offset, kept_);
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left, out.size()));
    std::fill(out.begin(), out.end(), std::byte{'!'});
    if (count < out.size() && fails_) return fail(errc::source_failed);
    return memory_source::read(index, offset, out.first(count));
  }

 private:
  entry_index bad_;
  std::size_t kept_;
  bool fails_;
};

template <class Source>
class sending {
 public:
  explicit sending(Source& source) : sender_(source, {{}, chunk}) {}

  sender<Source>& operator*() { return sender_; }
  sender<Source>* operator->() { return &sender_; }

  void start() {
    setup m;
    m.role = transfer_role::receiver;
    EXPECT_TRUE(sender_.handle(m, now_).has_value());
  }
  result<void> accept_page(std::uint32_t page, std::vector<entry_failure> declined = {}) {
    return sender_.handle(accept{page_index{page}, std::move(declined)}, now_);
  }

  // Everything the sender has to say now, by type.
  std::vector<byte_buffer> messages() {
    std::vector<byte_buffer> all;
    for (;;) {
      auto m = sender_.poll_message(now_);
      EXPECT_TRUE(m.has_value());
      if (!m || !*m) return all;
      all.push_back(std::move(**m));
    }
  }

  std::size_t chunks() {
    std::size_t count = 0;
    while (sender_.take_chunk(stream_id{1}, job_)) {
      bytes_.resize(job_.bytes);
      sender_.read_chunk(job_, bytes_);
      ++count;
    }
    return count;
  }

  template <class Message>
  static std::optional<Message> find(const std::vector<byte_buffer>& messages) {
    for (const byte_buffer& m : messages) {
      if (m[0] != static_cast<std::byte>(Message::type)) continue;
      auto decoded = decode_body<Message>(byte_view(m).subspan(1));
      EXPECT_TRUE(decoded.has_value());
      return *decoded;
    }
    return std::nullopt;
  }

  chunk_job job_;
  byte_buffer bytes_;  // of the chunk read last
  instant now_{};

 private:
  sender<Source> sender_;
};

TEST(Sender, SaysNothingButSetupBeforeThePeerHasSpoken) {
  const auto files = files_of({10});
  memory_source source(files);
  sending s(source);
  const auto said = s.messages();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_TRUE(decltype(s)::find<setup>(said).has_value());
}

TEST(Sender, SendsNoChunkBeforeItsEntriesWereAccepted) {
  const auto files = files_of({3 * chunk});
  memory_source source(files);
  sending s(source);
  s.start();
  EXPECT_TRUE(decltype(s)::find<manifest_page>(s.messages()).has_value());
  EXPECT_EQ(s.chunks(), 0U);
  ASSERT_TRUE(s.accept_page(0).has_value());
  EXPECT_EQ(s.chunks(), 3U);
}

TEST(Sender, EndsOnlyWhenAllWasSentAndBelievesOnlyAFittingEndAck) {
  const auto files = files_of({chunk, 0, 7});
  memory_source source(files);
  sending s(source);
  s.start();
  (void)s.messages();
  EXPECT_EQ(s->handle(end_ack{3, 0, {}}, s.now_).error().code, errc::peer_message_unexpected);
  ASSERT_TRUE(s.accept_page(0).has_value());
  EXPECT_FALSE(decltype(s)::find<end>(s.messages()).has_value());
  EXPECT_EQ(s.chunks(), 2U);
  const auto said = s.messages();
  const auto last = decltype(s)::find<end>(said);
  ASSERT_TRUE(last.has_value());
  EXPECT_EQ(last->entry_count, 3U);
  EXPECT_EQ(last->byte_count, chunk + 7);
  EXPECT_EQ(last->chunk_count, 2U);
  EXPECT_EQ(decltype(s)::find<entries_done>(said)->below.value, 3U);

  EXPECT_EQ(s->handle(end_ack{2, 0, {}}, s.now_).error().code, errc::totals_wrong);
  EXPECT_EQ(s->handle(end_ack{4, 0, {}}, s.now_).error().code, errc::totals_wrong);
  EXPECT_FALSE(s->done());
  ASSERT_TRUE(s->handle(end_ack{3, 0, {}}, s.now_).has_value());
  EXPECT_TRUE(s->done());
}

TEST(Sender, LeavesOutWhatWasDeclined) {
  const auto files = files_of({chunk, chunk, chunk});
  memory_source source(files);
  sending s(source);
  s.start();
  (void)s.messages();
  ASSERT_TRUE(s.accept_page(0, {{entry_index{1}, failure_reason::declined}}).has_value());
  EXPECT_EQ(s.chunks(), 2U);
  EXPECT_TRUE(decltype(s)::find<end>(s.messages()).has_value());
}

TEST(Sender, TakesWhatIsDeclinedOnPurposeForNoFailure) {
  const auto files = files_of({chunk, chunk, chunk});
  memory_source source(files);
  sending s(source);
  s.start();
  (void)s.messages();
  ASSERT_TRUE(s.accept_page(0, {{entry_index{0}, failure_reason::bad_path},
                                {entry_index{1}, failure_reason::declined}})
                  .has_value());
  EXPECT_EQ(s.chunks(), 1U);
  (void)s.messages();
  // Both were declined: they cannot have arrived.
  EXPECT_EQ(s->handle(end_ack{3, 0, {}}, s.now_).error().code, errc::totals_wrong);
  const entry_failure bad{entry_index{0}, failure_reason::bad_path};
  ASSERT_TRUE(s->handle(end_ack{1, 2, {bad}}, s.now_).has_value());
  const outcome& all = s->result_of_transfer();
  EXPECT_EQ(all.failed_count, 1U);
  ASSERT_EQ(all.failed.size(), 1U);
  EXPECT_EQ(all.failed[0].path, files[0].about.path);
  EXPECT_EQ(all.skipped_count, 1U);
  EXPECT_EQ(all.skipped, std::vector<std::string>{files[1].about.path});
}

TEST(Sender, RefusesAnswersThatDoNotFit) {
  const auto files = files_of({chunk});
  memory_source source(files);
  sending s(source);
  s.start();
  EXPECT_EQ(s.accept_page(0).error().code, errc::peer_message_unexpected);
  (void)s.messages();
  EXPECT_EQ(s.accept_page(1).error().code, errc::peer_message_unexpected);
  EXPECT_EQ(s.accept_page(0, {{entry_index{1}, failure_reason::declined}}).error().code,
            errc::manifest_invalid);
  ASSERT_TRUE(s.accept_page(0).has_value());
  EXPECT_EQ(s.accept_page(0).error().code, errc::peer_message_unexpected);
}

TEST(Sender, RefusesAcknowledgementsOfWhatItNeverSent) {
  const auto files = files_of({2 * chunk});
  memory_source source(files);
  sending s(source);
  s.start();
  (void)s.messages();
  ASSERT_TRUE(s.accept_page(0).has_value());
  const auto acknowledge = [&](std::uint64_t first, std::uint64_t count) {
    return s->handle(ack{{{chunk_index{first}, count}}}, s.now_);
  };
  EXPECT_EQ(acknowledge(0, 1).error().code, errc::chunk_unexpected);
  EXPECT_EQ(s.chunks(), 2U);
  EXPECT_EQ(acknowledge(0, 3).error().code, errc::chunk_unexpected);
  EXPECT_EQ(acknowledge(0, UINT64_MAX).error().code, errc::chunk_unexpected);
  EXPECT_EQ(acknowledge(UINT64_MAX, 2).error().code, errc::chunk_unexpected);
}

TEST(Sender, PadsAndReportsAFileThatCannotBeRead) {
  for (const auto& [how, reason] : {std::pair{errc::source_changed, failure_reason::source_changed},
                                    std::pair{errc::source_failed, failure_reason::not_readable}}) {
    const auto files = files_of({chunk, chunk, chunk});
    failing_source source(files, entry_index{1}, how);
    sending<failing_source> s(source);
    s.start();
    (void)s.messages();
    ASSERT_TRUE(s.accept_page(0).has_value());
    EXPECT_EQ(s.chunks(), 3U);
    const auto report = decltype(s)::find<entries_done>(s.messages());
    ASSERT_TRUE(report.has_value());
    ASSERT_EQ(report->failed.size(), 1U);
    EXPECT_EQ(report->failed[0], (entry_failure{entry_index{1}, reason}));
  }
}

// All that is sent of three files of which the second is torn, from memory that was used before.
byte_buffer all_sent(std::size_t size, std::size_t kept, bool fails) {
  const auto files = files_of({size, size, size});
  torn_source source(files, entry_index{1}, kept, fails);
  sending<torn_source> s(source);
  s.start();
  (void)s.messages();
  EXPECT_TRUE(s.accept_page(0).has_value());
  byte_buffer all;
  while (s->take_chunk(stream_id{1}, s.job_)) {
    byte_buffer body(s.job_.bytes, std::byte{'s'});
    s->read_chunk(s.job_, body);
    append(all, body);
  }
  return all;
}

TEST(Sender, PadsWithZerosAndWithNothingThatItsMemoryHeld) {
  // In one chunk with others, and in chunks of its own.
  for (const std::size_t size : {std::size_t{100}, 3 * chunk, 2 * chunk + 100}) {
    for (const std::size_t kept : {std::size_t{0}, std::size_t{40}, size - 60, size - 1}) {
      byte_buffer expected(3 * size, std::byte{'x'});
      const auto torn = expected.begin() + static_cast<std::ptrdiff_t>(size + kept);
      std::fill_n(torn, size - kept, std::byte{0});
      EXPECT_TRUE(all_sent(size, kept, false) == expected) << size << ' ' << kept;
      // Where it fails, all of the piece that was being read is lost.
      const auto sent = all_sent(size, kept, true);
      ASSERT_EQ(sent.size(), expected.size());
      for (std::size_t i = 0; i < sent.size(); ++i) {
        const bool is_lost = sent[i] == std::byte{0} && i >= size && i < size + kept;
        ASSERT_TRUE(is_lost || sent[i] == expected[i]) << size << ' ' << kept << " at " << i;
      }
    }
  }
}

TEST(Sender, StopsBeforeTheLimitOfTheRelay) {
  const auto files = files_of({chunk, 1});
  memory_source source(files);
  sending s(source);
  s->limit_bytes(chunk);
  s.start();
  (void)s->poll_message(s.now_);  // SETUP
  const auto refused = s->poll_message(s.now_);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, errc::quota_too_small);
}

TEST(Sender, RefusesToSendToASender) {
  const auto files = files_of({1});
  memory_source source(files);
  sending s(source);
  setup m;
  m.role = transfer_role::sender;
  EXPECT_EQ(s->handle(m, s.now_).error().code, errc::role_clash);
}

}  // namespace
}  // namespace tallow::transfer
