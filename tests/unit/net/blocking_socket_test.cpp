// A socket whose calls wait, and its other end in the same test.

#include <array>
#include <chrono>
#include <cstddef>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include <tallow/net/blocking_socket.hpp>

namespace tallow::net {
namespace {

struct socket_pair {
  socket_pair() : socket_pair(make()) {}
  blocking_socket here;
  blocking_socket there;

 private:
  explicit socket_pair(const std::array<int, 2>& ends) : here(ends[0]), there(ends[1]) {}
  static std::array<int, 2> make() {
    std::array<int, 2> ends{-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
    return ends;
  }
};

void write(blocking_socket& to, std::byte what) {
  const byte_view bytes(&what, 1);
  EXPECT_TRUE(to.write_all(session::byte_views(&bytes, 1)));
}

TEST(BlockingSocket, KnowsWithoutReadingThatTheOtherEndIsGone) {
  socket_pair pair;
  EXPECT_FALSE(pair.here.has_ended());
  write(pair.there, std::byte{7});
  EXPECT_FALSE(pair.here.has_ended());
  pair.there.close();
  EXPECT_FALSE(pair.here.has_ended());  // there is something to read yet
  std::byte got{};
  EXPECT_EQ(pair.here.read_some(byte_span(&got, 1)).value_or(0), 1U);
  EXPECT_EQ(got, std::byte{7});
  EXPECT_TRUE(pair.here.has_ended());
}

TEST(BlockingSocket, HasEndedWhenOnlyTheOtherDirectionGoesOn) {
  socket_pair pair;
  ASSERT_TRUE(pair.there.shutdown_send());
  EXPECT_TRUE(pair.here.has_ended());
  EXPECT_FALSE(pair.there.has_ended());
}

TEST(BlockingSocket, TellsSilenceFromAnEnd) {
  socket_pair pair;
  pair.here.limit_reads(std::chrono::seconds(1));
  std::byte got{};
  const auto silence = pair.here.read_some(byte_span(&got, 1));
  ASSERT_FALSE(silence);
  EXPECT_EQ(silence.error().code, errc::timed_out);
  pair.there.close();
  EXPECT_EQ(pair.here.read_some(byte_span(&got, 1)).value_or(1), 0U);
}

TEST(BlockingSocket, HasEndedOnceItWasInterrupted) {
  socket_pair pair;
  pair.here.interrupt();
  EXPECT_TRUE(pair.here.has_ended());
}

}  // namespace
}  // namespace tallow::net
