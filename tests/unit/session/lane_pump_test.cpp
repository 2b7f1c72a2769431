// A lane between two threads, over a transport that is a queue in memory.
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

#include <tallow/session/lane_pump.hpp>
#include <tallow/transfer/memory.hpp>
#include <tallow/transfer/receiver.hpp>
#include <tallow/transfer/sender.hpp>

#include "support/relayed_pair.hpp"

namespace tallow::session {
namespace {

constexpr std::size_t chunk = limits::chunk_bytes_min;
constexpr auto suite = crypto::cipher_suite::aes_256_gcm;
constexpr stream_id lane{1};

// One direction.
struct memory_queue {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::byte> bytes;
  bool closed = false;

  void close() {
    const std::lock_guard hold(mutex);
    closed = true;
    changed.notify_all();
  }
};

class memory_transport {
 public:
  memory_transport(memory_queue& in, memory_queue& out) : in_(&in), out_(&out) {}

  result<std::size_t> read_some(byte_span into) {
    std::unique_lock hold(in_->mutex);
    in_->changed.wait(hold, [&] { return in_->closed || !in_->bytes.empty(); });
    const std::size_t count = std::min(into.size(), in_->bytes.size());
    std::copy_n(in_->bytes.begin(), count, into.begin());
    in_->bytes.erase(in_->bytes.begin(), in_->bytes.begin() + static_cast<std::ptrdiff_t>(count));
    return count;
  }
  result<void> write_all(byte_views from) {
    const std::lock_guard hold(out_->mutex);
    if (out_->closed) return fail(errc::connection_lost);
    for (const byte_view view : from) {
      out_->bytes.insert(out_->bytes.end(), view.begin(), view.end());
    }
    out_->changed.notify_all();
    return {};
  }
  result<void> shutdown_send() {
    out_->close();
    return {};
  }
  void close() noexcept { out_->close(); }
  bool has_ended() {
    const std::lock_guard hold(in_->mutex);
    return in_->closed && in_->bytes.empty();
  }

 private:
  memory_queue* in_;
  memory_queue* out_;
};
static_assert(sync_transport<memory_transport>);

// Chunks are there from the beginning: who waits has sent them all.
struct no_gate {
  std::uint64_t count() const { return 0; }
  bool wait(std::uint64_t) { return false; }
};

crypto::traffic_secret secret(char fill) {
  std::array<std::byte, 64> bytes{};
  bytes.fill(static_cast<std::byte>(fill));
  return crypto::traffic_secret(std::span<const std::byte, 64>(bytes));
}

lane_ends ends(char sends, char receives) {
  return {transfer::outgoing_lane(
              lane, crypto::record_sealer::make(suite, secret(sends), lane).value(), chunk),
          transfer::incoming_lane(
              lane, crypto::record_opener::make(suite, secret(receives), lane).value(), chunk)};
}

instant no_time() { return {}; }

TEST(LanePump, CarriesChunksBetweenThreads) {
  const std::vector<transfer::memory_file> files{test::numbered_file("f", 50 * chunk + 17)};
  transfer::memory_source source(files);
  transfer::sender<transfer::memory_source, std::mutex> from(source, {{}, chunk});
  transfer::memory_sink sink({1, 2});
  transfer::receiver<transfer::memory_sink, transfer::memory_journal, std::mutex> into(sink);
  setup told;
  told.role = transfer_role::receiver;
  ASSERT_TRUE(from.handle(told, {}).has_value());
  while (auto m = *from.poll_message({})) {
    ASSERT_TRUE(visit_sealed(*m, [&](auto&& any) -> result<void> {
                  return into.handle(std::forward<decltype(any)>(any), {});
                }).has_value());
  }
  ASSERT_TRUE(into.accept_offer().has_value());
  ASSERT_TRUE(from.handle(accept{}, {}).has_value());

  memory_queue there;
  memory_queue back;
  std::thread sending([&] {
    lane_ends mine = ends('a', 'b');
    memory_transport connection(back, there);
    transfer::record_buffer buffer(0);
    EXPECT_TRUE(greet(mine, connection, buffer).has_value());
    EXPECT_TRUE(send_chunks(mine, connection, from, *std::make_unique<no_gate>(), no_time, [] {
                }).has_value());
    there.close();
  });
  unsigned settled = 0;
  lane_ends mine = ends('b', 'a');
  memory_transport connection(there, back);
  transfer::record_buffer buffer(chunk);
  ASSERT_TRUE(greet(mine, connection, buffer).has_value());
  const auto end = receive_chunks(mine, connection, buffer, into, no_time, [&] { ++settled; });
  sending.join();
  EXPECT_EQ(end.error().code, errc::connection_lost);
  EXPECT_GT(settled, 0U);
  EXPECT_EQ(into.progress_now().bytes_done, 50 * chunk + 17);
}

// What this lane has taken and the other end never got can go over another one only when it ends.
TEST(LanePump, NoticesThatTheConnectionIsGoneWhileItHasNothingToSend) {
  const std::vector<transfer::memory_file> none;
  transfer::memory_source source(none);
  transfer::sender<transfer::memory_source> from(source, {{}, chunk});
  memory_queue there;
  memory_queue back;
  memory_transport connection(back, there);
  struct {
    memory_queue* back;
    unsigned opened = 0;
    std::uint64_t count() const { return opened; }
    bool wait(std::uint64_t) {
      if (++opened == 3) back->close();
      return opened < 10;
    }
  } gate{&back};
  lane_ends mine = ends('a', 'b');
  const auto end = send_chunks(mine, connection, from, gate, no_time, [] {});
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, errc::connection_lost);
  EXPECT_EQ(gate.opened, 3U);
}

// Gives what it has, and then says that nothing came in time, so many times.
struct silent_transport {
  result<std::size_t> read_some(byte_span into) {
    if (bytes.empty()) {
      if (silences-- == 0) return std::size_t{0};
      return fail(errc::timed_out);
    }
    const std::size_t count = std::min(into.size(), bytes.size());
    std::copy_n(bytes.begin(), count, into.begin());
    bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
    return count;
  }
  result<void> write_all(byte_views) { return {}; }
  result<void> shutdown_send() { return {}; }
  void close() noexcept {}

  byte_buffer bytes;
  unsigned silences = 0;
};

error end_of_silent_lane(byte_view bytes) {
  transfer::memory_sink sink({1, 2});
  transfer::receiver<transfer::memory_sink> into(sink);
  silent_transport connection{byte_buffer(bytes.begin(), bytes.end()), 3};
  lane_ends mine = ends('b', 'a');
  transfer::record_buffer buffer(chunk);
  return receive_chunks(mine, connection, buffer, into, no_time, [] {}).error();
}

// One bit of a length is enough for a record that never becomes whole.
TEST(LanePump, WaitsBetweenRecordsButNotForTheRestOfOne) {
  lane_ends theirs = ends('a', 'b');
  const byte_buffer hello = theirs.out.hello().value();
  EXPECT_EQ(end_of_silent_lane(hello).code, errc::connection_lost);
  EXPECT_EQ(end_of_silent_lane(byte_view(hello).first(3)).code, errc::timed_out);
  byte_buffer longer = hello;
  longer[2] ^= std::byte{1};
  EXPECT_EQ(end_of_silent_lane(longer).code, errc::timed_out);
}

TEST(LanePump, TrustsNobodyWithoutTheKey) {
  memory_queue there;
  memory_queue back;
  std::thread stranger([&] {
    lane_ends theirs = ends('x', 'b');
    memory_transport connection(back, there);
    transfer::record_buffer buffer(chunk);
    (void)greet(theirs, connection, buffer);
    there.close();
  });
  lane_ends mine = ends('b', 'a');
  memory_transport connection(there, back);
  transfer::record_buffer buffer(chunk);
  EXPECT_EQ(greet(mine, connection, buffer).error().code, errc::authentication_failed);
  back.close();
  stranger.join();
}

}  // namespace
}  // namespace tallow::session
