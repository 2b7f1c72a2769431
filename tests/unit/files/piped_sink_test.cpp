#include <array>
#include <fcntl.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include <tallow/files/piped_sink.hpp>

namespace tallow::files {
namespace {

struct pipe_ends {
  pipe_ends() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    out.reset(ends[0]);
    in.reset(ends[1]);
  }
  unique_fd out;
  unique_fd in;
};

transfer::entry file(std::string path) {
  transfer::entry e;
  e.path = std::move(path);
  return e;
}

std::string read_all(int fd) {
  std::string all;
  std::array<char, 65536> some{};
  for (;;) {
    const auto count = ::read(fd, some.data(), some.size());
    if (count <= 0) return all;
    all.append(some.data(), static_cast<std::size_t>(count));
  }
}

TEST(PipedSink, WritesMoreThanAPipeHolds) {
  pipe_ends ends;
  std::string got;
  std::thread reader([&] { got = read_all(ends.out.get()); });
  const std::string sent(1 << 20, 'x');
  {
    piped_sink sink(ends.in.get());
    ASSERT_TRUE(sink.add_entry(entry_index{0}, file("f")).has_value());
    EXPECT_EQ(sink.path(entry_index{0}), "f");
    EXPECT_TRUE(sink.write(entry_index{0}, 0, as_bytes(sent)).has_value());
    EXPECT_TRUE(sink.write(entry_index{0}, sent.size(), as_bytes("end")).has_value());
    // Others who have the pipe open see no change.
    EXPECT_EQ(::fcntl(ends.in.get(), F_GETFL) & O_NONBLOCK, 0);
    ends.in.reset();
  }
  reader.join();
  EXPECT_EQ(got, sent + "end");
}

TEST(PipedSink, WritesToSocketsAndFiles) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
  const unique_fd reading(ends[0]);
  unique_fd writing(ends[1]);
  std::string got;
  std::thread reader([&] { got = read_all(reading.get()); });
  const std::string sent(1 << 20, 'y');
  piped_sink sink(writing.get());
  EXPECT_TRUE(sink.write(entry_index{0}, 0, as_bytes(sent)).has_value());
  writing.reset();
  reader.join();
  EXPECT_EQ(got, sent);

  const unique_fd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  piped_sink into_null(null.get());
  EXPECT_TRUE(into_null.write(entry_index{0}, 0, as_bytes(sent)).has_value());
}

TEST(PipedSink, FailsWhenNobodyReads) {
  pipe_ends ends;
  piped_sink sink(ends.in.get());
  ends.out.reset();
  const auto done = sink.write(entry_index{0}, 0, as_bytes("x"));
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code, errc::sink_failed);
  EXPECT_EQ(done.error().cause, std::errc::broken_pipe);
}

TEST(PipedSink, SaysThatADiskIsFull) {
  const unique_fd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  if (!full) GTEST_SKIP() << "no /dev/full here";
  piped_sink sink(full.get());
  EXPECT_EQ(sink.write(entry_index{0}, 0, as_bytes("x")).error().code, errc::disk_full);
}

TEST(PipedSink, CanBeInterruptedWhileItWaits) {
  pipe_ends ends;
  piped_sink sink(ends.in.get());
  std::thread other([&] { sink.interrupt_stream(); });
  const std::string more(1 << 20, 'x');  // than the pipe holds
  EXPECT_EQ(sink.write(entry_index{0}, 0, as_bytes(more)).error().code, errc::cancelled);
  other.join();
}

TEST(PipedSink, TakesOneFileInItsOrder) {
  pipe_ends ends;
  piped_sink sink(ends.in.get());
  transfer::entry folder = file("folder");
  folder.kind = transfer::entry_kind::directory;
  EXPECT_FALSE(sink.add_entry(entry_index{0}, folder).has_value());
  EXPECT_FALSE(sink.add_entry(entry_index{1}, file("second")).has_value());
  EXPECT_EQ(sink.write(entry_index{0}, 1, as_bytes("x")).error().code, errc::wrong_state);
}

}  // namespace
}  // namespace tallow::files
