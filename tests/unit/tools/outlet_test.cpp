#include "tools/tallow-cli/outlet.hpp"

#include <array>
#include <stdlib.h>
#include <string>
#include <termios.h>
#include <thread>

#include <gtest/gtest.h>

namespace tallow::cli {
namespace {

struct two_ends {
  files::unique_fd in;  // where the outlet writes
  files::unique_fd out;
};

two_ends make_pipe() {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  return {files::unique_fd(ends[1]), files::unique_fd(ends[0])};
}

// A terminal, and the end that shows what is written to it.
two_ends make_terminal() {
  files::unique_fd shown(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  EXPECT_EQ(::grantpt(shown.get()), 0);
  EXPECT_EQ(::unlockpt(shown.get()), 0);
  files::unique_fd terminal(::open(::ptsname(shown.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
  ::termios plain{};
  EXPECT_EQ(::tcgetattr(terminal.get(), &plain), 0);
  ::cfmakeraw(&plain);
  EXPECT_EQ(::tcsetattr(terminal.get(), TCSANOW, &plain), 0);
  return {std::move(terminal), std::move(shown)};
}

std::string read_bytes(int descriptor, std::size_t count) {
  std::string all;
  std::array<char, 4096> some{};
  while (all.size() < count) {
    const auto got = ::read(descriptor, some.data(), some.size());
    if (got <= 0) break;
    all.append(some.data(), static_cast<std::size_t>(got));
  }
  return all;
}

TEST(Outlet, WritesAtOnceWhereSomebodyReads) {
  for (const bool is_terminal : {false, true}) {
    const two_ends ends = is_terminal ? make_terminal() : make_pipe();
    outlet out(ends.in.get());
    out.write("hello\n");
    EXPECT_TRUE(out.flush());
    EXPECT_EQ(read_bytes(ends.out.get(), 6), "hello\n");
  }
}

TEST(Outlet, NeverWaitsForWhoDoesNotRead) {
  for (const bool is_terminal : {false, true}) {
    const two_ends ends = is_terminal ? make_terminal() : make_pipe();
    outlet out(ends.in.get());
    const std::string line(1000, 'x');
    std::size_t lines = 0;
    // More than any buffer of the system's; were this to wait, it would be for ever.
    while (out.flush()) {
      out.write(line);
      ++lines;
    }
    for (int i = 0; i < 100; ++i, ++lines) out.write(line);
    EXPECT_FALSE(out.write_if_free("drawing"));
    std::string all;
    std::thread reader([&] { all = read_bytes(ends.out.get(), lines * line.size()); });
    out.finish();
    reader.join();
    EXPECT_EQ(all, std::string(lines * line.size(), 'x'));  // and nothing is lost, nor torn
    EXPECT_TRUE(out.write_if_free("drawing"));
  }
}

TEST(Outlet, LeavesTheTerminalOfOthersAsItIs) {
  const two_ends ends = make_terminal();
  const outlet out(ends.in.get());
  EXPECT_EQ(::fcntl(ends.in.get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST(Outlet, BearsThatNobodyIsThere) {
  outlet out(-1);
  out.write("hello");
  EXPECT_TRUE(out.flush());
}

}  // namespace
}  // namespace tallow::cli
