#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/files/disk_journal.hpp>

#include "fuzz/seeded_random.hpp"
#include "support/code_of.hpp"
#include "unit/files/scratch.hpp"

namespace {

using tallow::chunk_index;
using tallow::chunk_range;
using tallow::errc;
using tallow::instant;
using tallow::files::directory;
using tallow::files::disk_journal;
using tallow::files::disk_journal_options;
using tallow::files::sync_job;
using tallow::transfer::boot_id;
using tallow::transfer::chunk_set;
using tallow::transfer::journal_identity;
using namespace tallow::test;
using namespace std::chrono_literals;

constexpr journal_identity ours{262144, {std::byte{1}, std::byte{2}}};
constexpr boot_id this_boot{std::byte{1}};
constexpr boot_id other_boot{std::byte{2}};
constexpr instant start{1000s};

disk_journal_options under(const boot_id& boot, std::size_t rewrite_bytes = 4096) {
  disk_journal_options options;
  options.boot = boot;
  options.rewrite_bytes = rewrite_bytes;
  return options;
}

disk_journal open_journal(const fs::path& path, const boot_id& boot = this_boot,
                          const journal_identity& of = ours) {
  return disk_journal::open(directory::open(path).value(), of, under(boot)).value();
}

chunk_set set_of(std::initializer_list<chunk_range> ranges) {
  chunk_set set;
  for (const chunk_range& r : ranges) set.insert(r);
  return set;
}

chunk_range range(std::uint64_t first, std::uint64_t count) { return {chunk_index{first}, count}; }

/// None when the journal has failed.
std::vector<chunk_range> take(disk_journal& journal) {
  return journal.take_unacknowledged().value_or(std::vector<chunk_range>());
}

std::vector<chunk_range> record_and_take(disk_journal& journal,
                                         const std::vector<std::uint64_t>& chunks) {
  for (const std::uint64_t c : chunks) EXPECT_TRUE(journal.record(chunk_index{c}));
  return take(journal);
}

/// Syncs the data and writes the mark; returns how many jobs that took.
int sync_now(disk_journal& journal, instant now) {
  int jobs = 0;
  while (auto job = journal.next_sync(now)) {
    job->run();
    EXPECT_TRUE(journal.sync_done(std::move(*job)));
    ++jobs;
  }
  return jobs;
}

// ---- acknowledging ----

TEST(DiskJournal, HandsOutFewRangesInOrder) {
  const scratch top;
  disk_journal journal = open_journal(top.path());
  EXPECT_FALSE(journal.has_unacknowledged());
  EXPECT_TRUE(journal.take_unacknowledged()->empty());
  const auto taken = record_and_take(journal, {3, 0, 1, 4, 9, 2});
  EXPECT_EQ(taken, (std::vector{range(0, 5), range(9, 1)}));
  EXPECT_FALSE(journal.has_unacknowledged());
}

TEST(DiskJournal, HandsOutNoMoreThanAMessageHolds) {
  const scratch top;
  disk_journal journal = open_journal(top.path());
  constexpr std::uint64_t more = 3;
  for (std::uint64_t i = tallow::limits::ack_ranges_max + more; i > 0; --i) {
    ASSERT_TRUE(journal.record(chunk_index{2 * i}));
  }
  EXPECT_EQ(journal.take_unacknowledged()->size(), tallow::limits::ack_ranges_max);
  EXPECT_TRUE(journal.has_unacknowledged());
  EXPECT_EQ(journal.take_unacknowledged()->size(), more);
  for (std::uint64_t c = 5000; c < 5000 + tallow::limits::chunk_window + more; ++c) {
    ASSERT_TRUE(journal.record(chunk_index{c}));
  }
  std::uint64_t chunks = 0;
  while (journal.has_unacknowledged()) {
    for (const chunk_range& r : take(journal)) {
      EXPECT_LE(r.count, tallow::limits::chunk_window);
      chunks += r.count;
    }
  }
  EXPECT_EQ(chunks, tallow::limits::chunk_window + more);
}

TEST(DiskJournal, HasWrittenDownWhatItHandsOut) {
  const scratch top;
  disk_journal journal = open_journal(top.path());
  ASSERT_TRUE(journal.record(chunk_index{7}));
  const auto says = [&] {
    return tallow::transfer::replay_journal(tallow::as_bytes(read_file(top / "journal")), ours)
        ->written;
  };
  EXPECT_TRUE(says().empty());
  EXPECT_EQ(journal.take_unacknowledged()->size(), 1U);
  EXPECT_TRUE(says() == set_of({range(7, 1)}));
}

// ---- coming back ----

TEST(DiskJournal, ClaimsAllItHasAfterACrashOfTheProcess) {
  const scratch top;
  {
    disk_journal journal = open_journal(top.path());
    record_and_take(journal, {0, 1, 2, 50});
    ASSERT_TRUE(journal.record(chunk_index{99}));  // never taken
  }
  const disk_journal journal = open_journal(top.path());
  EXPECT_TRUE(journal.chunks() == set_of({range(0, 3), range(50, 1)}));
}

TEST(DiskJournal, ClaimsWhatWasSyncedAfterACrashOfTheMachine) {
  const scratch top;
  {
    disk_journal journal = open_journal(top.path());
    record_and_take(journal, {0, 1, 2});
    EXPECT_EQ(sync_now(journal, start), 2);
    record_and_take(journal, {3, 4});
  }
  EXPECT_TRUE(open_journal(top.path(), other_boot).chunks() == set_of({range(0, 3)}));
  // And from then on the other run is this one.
  EXPECT_TRUE(open_journal(top.path(), other_boot).chunks() == set_of({range(0, 3)}));
}

TEST(DiskJournal, CountsARunThatHasNoNameAsAnother) {
  const scratch top;
  {
    disk_journal journal = open_journal(top.path(), boot_id{});
    record_and_take(journal, {0, 1});
    sync_now(journal, start);
    record_and_take(journal, {2});
  }
  EXPECT_TRUE(open_journal(top.path(), boot_id{}).chunks() == set_of({range(0, 2)}));
}

TEST(DiskJournal, SyncsWhatACrashLeftUnsynced) {
  const scratch top;
  {
    disk_journal journal = open_journal(top.path());
    record_and_take(journal, {0, 1});
  }
  {
    disk_journal journal = open_journal(top.path());
    EXPECT_EQ(sync_now(journal, start), 2);
  }
  EXPECT_TRUE(open_journal(top.path(), other_boot).chunks() == set_of({range(0, 2)}));
}

TEST(DiskJournal, BeginsAnewForAnotherTransferOrChunkSize) {
  const scratch top;
  journal_identity other = ours;
  other.chunk_bytes *= 2;
  {
    disk_journal journal = open_journal(top.path());
    record_and_take(journal, {1});
  }
  const directory folder = directory::open(top.path()).value();
  EXPECT_EQ(disk_journal::identity_in(folder), ours);
  EXPECT_TRUE(open_journal(top.path(), this_boot, other).chunks().empty());
  EXPECT_EQ(disk_journal::identity_in(folder), other);
  EXPECT_TRUE(open_journal(top.path()).chunks().empty());
  fs::remove(top / "journal");
  EXPECT_EQ(disk_journal::identity_in(folder), std::nullopt);
}

TEST(DiskJournal, ReplacesWhatIsNotToBeTrusted) {
  const scratch top;
  top.file("elsewhere", "text");
  const std::array<void (*)(const scratch&), 5> kinds{
      [](const scratch& at) { at.link("journal", "elsewhere"); },
      [](const scratch& at) { at.link("journal", "nowhere"); },
      [](const scratch& at) { EXPECT_EQ(::mkfifo((at / "journal").c_str(), 0600), 0); },
      [](const scratch& at) { fs::resize_file(at.file("journal"), std::uintmax_t{1} << 40U); },
      [](const scratch& at) {
        { record_and_take(*std::make_unique<disk_journal>(open_journal(at.path())), {1}); }
        EXPECT_EQ(::chown((at / "journal").c_str(), 12345, 12345), ::geteuid() == 0 ? 0 : -1);
        if (::geteuid() != 0) fs::remove(at / "journal");
      }};
  for (const auto put : kinds) {
    put(top);
    disk_journal journal = open_journal(top.path());
    EXPECT_TRUE(journal.chunks().empty());
    EXPECT_TRUE(S_ISREG(stat_of(top / "journal").st_mode));
    EXPECT_EQ(stat_of(top / "journal").st_uid, ::geteuid());
    EXPECT_EQ(record_and_take(journal, {1}).size(), 1U);
    fs::remove(top / "journal");
  }
  EXPECT_EQ(read_file(top / "elsewhere"), "text");
  EXPECT_FALSE(present(top / "nowhere"));
}

TEST(DiskJournal, IsOneProcessesAtATime) {
  const scratch top;
  std::optional<disk_journal> journal(open_journal(top.path()));
  const directory folder = directory::open(top.path()).value();
  EXPECT_EQ(code_of(disk_journal::open(folder, ours)), errc::already_exists);
  EXPECT_EQ(disk_journal::identity_in(folder), ours);
  journal.reset();
  EXPECT_TRUE(disk_journal::open(folder, ours));
}

// ---- syncing ----

TEST(DiskJournal, SyncsAboutOnceASecondAndOnlyWhatIsNew) {
  const scratch top;
  disk_journal journal = open_journal(top.path());
  EXPECT_FALSE(journal.next_timeout());
  EXPECT_FALSE(journal.next_sync(start));
  record_and_take(journal, {0});
  ASSERT_TRUE(journal.next_timeout());
  EXPECT_EQ(sync_now(journal, start), 2);
  EXPECT_FALSE(journal.next_timeout());
  record_and_take(journal, {1});
  EXPECT_EQ(journal.next_timeout(), start + 1s);
  EXPECT_EQ(sync_now(journal, start + 999ms), 0);
  EXPECT_EQ(sync_now(journal, start + 1s), 2);
  EXPECT_EQ(sync_now(journal, start + 60s), 0);
}

TEST(DiskJournal, HasOneJobOutAtATime) {
  const scratch top;
  disk_journal journal = open_journal(top.path());
  record_and_take(journal, {0});
  auto data = journal.next_sync(start);
  ASSERT_TRUE(data);
  record_and_take(journal, {1});
  EXPECT_FALSE(journal.next_timeout());
  EXPECT_FALSE(journal.next_sync(start + 60s));
  data->run();
  ASSERT_TRUE(journal.sync_done(std::move(*data)));
  auto mark = journal.next_sync(start);  // the mark does not wait for its second
  ASSERT_TRUE(mark);
  EXPECT_FALSE(journal.next_sync(start + 60s));
  mark->run();
  ASSERT_TRUE(journal.sync_done(std::move(*mark)));
  // What came while the first was out is not covered by it.
  EXPECT_EQ(journal.next_timeout(), start + 1s);
  { const disk_journal gone = std::move(journal); }
  EXPECT_TRUE(open_journal(top.path(), other_boot).chunks() == set_of({range(0, 1)}));
}

TEST(DiskJournal, MarksNothingThatWasNotSynced) {
  const scratch top;
  {
    disk_journal journal = open_journal(top.path());
    record_and_take(journal, {0});
    auto job = journal.next_sync(start);
    ASSERT_TRUE(job);
    EXPECT_TRUE(journal.sync_done(std::move(*job)));  // given up
    job = journal.next_sync(start + 1s);
    ASSERT_TRUE(job);
    // And this one is never brought back.
  }
  EXPECT_TRUE(open_journal(top.path(), other_boot).chunks().empty());
}

TEST(DiskJournal, MayGoAwayBeforeItsJob) {
  const scratch top;
  std::optional<sync_job> job;
  {
    disk_journal journal = open_journal(top.path());
    record_and_take(journal, {0});
    job = journal.next_sync(start);
  }
  ASSERT_TRUE(job);
  job->run();
}

TEST(DiskJournal, GoesOnWhileAJobWaitsForTheDisk) {
  const scratch top;
  disk_journal journal = open_journal(top.path());
  std::uint64_t chunk = 0;
  for (int round = 0; round < 20; ++round) {
    record_and_take(journal, {chunk++});
    auto job = journal.next_sync(start + round * 1s);
    ASSERT_TRUE(job);
    std::atomic<bool> may_end{false};
    std::thread worker([&] {
      while (!may_end) std::this_thread::yield();
      job->run();
    });
    for (int i = 0; i < 10; ++i) EXPECT_EQ(record_and_take(journal, {chunk++}).size(), 1U);
    may_end = true;
    worker.join();
    ASSERT_TRUE(journal.sync_done(std::move(*job)));
    EXPECT_EQ(sync_now(journal, start), 1);
  }
  EXPECT_EQ(journal.chunks().prefix(), chunk);
}

// ---- full disks ----

TEST(DiskJournal, SaysThatTheDiskIsFullAndKeepsWhatItHas) {
  const scratch top;
  {
    disk_journal journal = open_journal(top.path());
    record_and_take(journal, {0, 1, 2});
    {
      const full_disk limit(fs::file_size(top / "journal") + 5);
      EXPECT_TRUE(record_and_take(journal, {3}).empty());
    }
    ASSERT_TRUE(journal.failure());
    EXPECT_EQ(journal.failure()->code, errc::disk_full);
    EXPECT_EQ(code_of(journal.record(chunk_index{4})), errc::disk_full);
    EXPECT_FALSE(journal.has_unacknowledged());
    EXPECT_EQ(code_of(journal.take_unacknowledged()), errc::disk_full);
    EXPECT_FALSE(journal.next_sync(start + 60s));
    EXPECT_FALSE(journal.next_timeout());
  }
  disk_journal journal = open_journal(top.path());
  EXPECT_TRUE(journal.chunks() == set_of({range(0, 3)}));
  EXPECT_EQ(record_and_take(journal, {3}).size(), 1U);
}

TEST(DiskJournal, FailsWhenAMarkDoesNotFit) {
  const scratch top;
  disk_journal journal = open_journal(top.path());
  record_and_take(journal, {0});
  auto job = journal.next_sync(start);
  ASSERT_TRUE(job);
  job->run();
  {
    const full_disk limit(fs::file_size(top / "journal"));
    EXPECT_EQ(code_of(journal.sync_done(std::move(*job))), errc::disk_full);
  }
  EXPECT_EQ(code_of(journal.record(chunk_index{1})), errc::disk_full);
}

TEST(DiskJournal, LeavesTheOldOneWhereThereIsNoSpaceToOpenIt) {
  const scratch top;
  {
    disk_journal journal = open_journal(top.path());
    record_and_take(journal, {0, 1});
  }
  const std::string before = read_file(top / "journal");
  for (const std::size_t bytes : {0U, 20U, 60U}) {
    const full_disk limit(bytes);
    EXPECT_EQ(
        code_of(disk_journal::open(directory::open(top.path()).value(), ours, under(this_boot))),
        errc::disk_full);
  }
  EXPECT_EQ(read_file(top / "journal"), before);
  EXPECT_EQ(names_in(top.path()), std::vector<std::string>{"journal"});
  EXPECT_TRUE(open_journal(top.path()).chunks() == set_of({range(0, 2)}));
}

TEST(DiskJournal, GoesOnWithTheOldOneWhereThereIsNoSpaceToWriteItAnew) {
  const scratch top;
  disk_journal journal = open_journal(top.path());
  std::uint64_t chunk = 0;
  for (; chunk < 1000; chunk += 2) record_and_take(journal, {chunk});
  ASSERT_GT(fs::file_size(top / "journal"), 5000U);
  {
    const full_disk limit(50);  // nothing new can be written; the old one is not touched here
    auto job = journal.next_sync(start);
    ASSERT_TRUE(job);
    EXPECT_FALSE(present(top / "journal.new"));
    job->run();
    EXPECT_EQ(code_of(journal.sync_done(std::move(*job))), errc::disk_full);
  }
  const std::uint64_t count = journal.chunks().chunk_count();
  { const disk_journal gone = std::move(journal); }
  EXPECT_EQ(open_journal(top.path()).chunks().chunk_count(), count);
}

TEST(DiskJournal, SaysThatASmallFileSystemIsFull) {
  const scratch top;
  const fs::path disk = top.folder("disk");
  if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=32k") != 0) {
    GTEST_SKIP() << "mounting needs root: " << std::strerror(errno);
  }
  std::uint64_t acknowledged = 0;
  {
    disk_journal journal = open_journal(disk);
    for (std::uint64_t c = 0; !journal.failure() && c < 100'000; c += 2) {
      if (!journal.record(chunk_index{c})) break;
      acknowledged += take(journal).size();
    }
    ASSERT_TRUE(journal.failure());
    EXPECT_EQ(journal.failure()->code, errc::disk_full);
  }
  const auto content =
      tallow::transfer::replay_journal(tallow::as_bytes(read_file(disk / "journal")), ours);
  EXPECT_EQ(content->written.chunk_count(), acknowledged);
  EXPECT_GT(acknowledged, 1000U);
  EXPECT_EQ(::umount(disk.c_str()), 0);
}

// ---- against a model ----

/// A journal, and what it should say: after a crash of the process, and after one of the machine.
class modelled_journal {
 public:
  modelled_journal(fs::path path, std::uint64_t seed) : path_(std::move(path)), random_(seed) {}

  void step() {
    if (written_.chunk_count() > 500) forget_all();
    if (!journal_) reopen(this_boot_);
    switch (random_.below(24)) {
      case 0: reopen(this_boot_); break;
      case 1: reopen(next_boot()); break;
      case 2:
      case 3: begin_sync(); break;
      case 4:
      case 5: end_sync(); break;
      default: write(); break;
    }
    ASSERT_TRUE(journal_->chunks() == written_);
    largest_ = std::max(largest_, fs::file_size(path_ / "journal"));
  }

  [[nodiscard]] std::size_t rewritten() const { return rewritten_; }
  [[nodiscard]] std::uintmax_t largest() const { return largest_; }

 private:
  boot_id next_boot() {
    this_boot_[0] = static_cast<std::byte>(++boots_);
    return this_boot_;
  }

  void reopen(const boot_id& boot) {
    job_.reset();
    const bool same = boot == opened_under_;
    journal_.reset();
    journal_.emplace(
        disk_journal::open(directory::open(path_).value(), ours, under(boot, 400)).value());
    opened_under_ = boot;
    if (!same) written_ = synced_;
    ASSERT_TRUE(journal_->chunks() == written_) << "same boot: " << same;
  }

  void write() {
    chunk_set before = written_;
    for (std::size_t n = random_.below(40); n > 0; --n) {
      const chunk_index chunk{random_.below(600)};
      if (written_.contains(chunk)) continue;
      ASSERT_TRUE(journal_->record(chunk));
      written_.insert(chunk);
    }
    while (journal_->has_unacknowledged()) {
      for (const chunk_range& r : take(*journal_)) {
        EXPECT_FALSE(before.contains(r));
        before.insert(r);
      }
    }
    ASSERT_TRUE(before == written_);
  }

  void begin_sync() {
    if (job_) return;
    now_ += 1s;
    job_ = journal_->next_sync(now_);
    covered_ = written_;
  }

  void end_sync() {
    if (!job_) return;
    const auto inode = stat_of(path_ / "journal").st_ino;
    job_->run();
    ASSERT_TRUE(journal_->sync_done(std::move(*job_)));
    job_.reset();
    synced_ = covered_;
    if (stat_of(path_ / "journal").st_ino != inode) ++rewritten_;
    EXPECT_FALSE(present(path_ / "journal.new"));
    sync_now(*journal_, now_);
  }

  // Another transfer.
  void forget_all() {
    job_.reset();
    journal_.reset();
    fs::remove(path_ / "journal");
    written_.clear();
    synced_.clear();
  }

  fs::path path_;
  tallow::fuzz::seeded_random random_;
  std::uint8_t boots_ = 1;
  boot_id this_boot_{std::byte{1}};
  boot_id opened_under_{};
  std::optional<disk_journal> journal_;
  std::optional<sync_job> job_;
  chunk_set written_;
  chunk_set synced_;
  chunk_set covered_;
  instant now_ = start;
  std::size_t rewritten_ = 0;
  std::uintmax_t largest_ = 0;
};

TEST(DiskJournal, SaysWhatAModelSaysWhateverHappens) {
  std::size_t rewritten = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    const scratch top;
    modelled_journal model(top.path(), seed);
    for (int i = 0; i < 200 && !::testing::Test::HasFatalFailure(); ++i) model.step();
    rewritten += model.rewritten();
    EXPECT_LT(model.largest(), 20'000U);
  }
  EXPECT_GT(rewritten, 20U);
}

TEST(DiskJournal, StaysSmallInALongTransfer) {
  const scratch top;
  disk_journal journal = open_journal(top.path());
  std::uint64_t chunk = 0;
  std::uintmax_t largest = 0;
  for (int second = 0; second < 300; ++second) {
    for (int i = 0; i < 10; ++i) {
      std::vector<std::uint64_t> chunks;
      for (int n = 0; n < 20; ++n) chunks.push_back(chunk += 1 + (chunk % 3 == 0 ? 1U : 0U));
      record_and_take(journal, chunks);
    }
    sync_now(journal, start + second * 1s);
    largest = std::max(largest, fs::file_size(top / "journal"));
    // The holes fill up later.
    for (std::uint64_t c = chunk - chunk % 1000; c > 0 && second % 50 == 49; --c) {
      if (!journal.chunks().contains(chunk_index{c})) (void)journal.record(chunk_index{c});
      if (c % 200 == 0) (void)journal.take_unacknowledged();
    }
    while (journal.has_unacknowledged()) (void)journal.take_unacknowledged();
  }
  sync_now(journal, start + 1000s);
  EXPECT_LT(largest, 250'000U);
  const auto count = journal.chunks().chunk_count();
  { const disk_journal gone = std::move(journal); }
  EXPECT_EQ(open_journal(top.path(), other_boot).chunks().chunk_count(), count);
}

// ---- kill -9 ----

/// Memory that a killed child leaves to its parent.
struct shared_notes {
  std::atomic<std::uint64_t> recorded;      // chunks below were recorded,
  std::atomic<std::uint64_t> acknowledged;  // handed out,
  std::atomic<std::uint64_t> synced;        // and covered by a sync that has ended
};

// Writes a journal as fast as it can, until it is killed.
[[noreturn]] void write_until_killed(const fs::path& path, shared_notes& notes) {
  disk_journal journal =
      disk_journal::open(directory::open(path).value(), ours, under(this_boot, 500)).value();
  std::uint64_t next = journal.chunks().prefix();
  instant now = start;
  for (;;) {
    // Recorded in another order than they are acknowledged in.
    for (std::uint64_t c = next + 8; c > next; --c) {
      if (!journal.record(chunk_index{c - 1})) std::_Exit(1);
    }
    notes.recorded = next += 8;
    if (take(journal).empty()) std::_Exit(1);
    notes.acknowledged = next;
    now += 1s;
    while (auto job = journal.next_sync(now)) {
      std::thread([&] { job->run(); }).join();
      if (!journal.sync_done(std::move(*job))) std::_Exit(1);
    }
    notes.synced = next;
  }
}

TEST(DiskJournal, KeepsWhatWasAcknowledgedWhereverItsProcessIsKilled) {
  const scratch top;
  void* const memory = ::mmap(nullptr, sizeof(shared_notes), PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  auto* const notes = new (memory) shared_notes{};
  tallow::fuzz::seeded_random random(1);
  for (int round = 0; round < 60; ++round) {
    const ::pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) write_until_killed(top.path(), *notes);
    // Once it is under way, at any instant.
    const std::uint64_t before = notes->acknowledged;
    for (int i = 0; i < 5000 && notes->acknowledged == before; ++i) ::usleep(1000);
    ::usleep(static_cast<::useconds_t>(random.below(5000)));
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child gave up";
    const auto content =
        tallow::transfer::replay_journal(tallow::as_bytes(read_file(top / "journal")), ours);
    ASSERT_TRUE(content);
    EXPECT_GE(content->synced.prefix(), notes->synced);
    EXPECT_LE(content->synced.prefix(), notes->acknowledged);
    const disk_journal journal = open_journal(top.path());
    EXPECT_EQ(journal.chunks().range_count(), 1U);
    EXPECT_GE(journal.chunks().prefix(), notes->acknowledged);
    EXPECT_LE(journal.chunks().prefix(), notes->recorded);
  }
  EXPECT_EQ(::munmap(memory, sizeof(shared_notes)), 0);
}

}  // namespace
