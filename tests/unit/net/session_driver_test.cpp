// The driver alone, over a connection that is played. Whole transfers: direct_paths_test.cpp.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <gtest/gtest.h>

#include <tallow/net/session_driver.hpp>
#include <tallow/room/room_client.hpp>
#include <tallow/session/session.hpp>
#include <tallow/transfer/memory.hpp>
#include <tallow/transfer/sender.hpp>
#include <tallow/wire/message.hpp>

#include "support/code_of.hpp"
#include "support/test_rng.hpp"

namespace tallow::net {
namespace {

/// What the test does to a connection. Each change wakes whoever reads or writes.
struct played_connection {
  explicit played_connection(asio::io_context& context) : can_read(context), can_write(context) {}

  void come(const byte_buffer& bytes) {
    append(incoming, bytes);
    can_read.cancel();
  }
  void break_sending() {
    is_broken = true;
    can_write.cancel();
  }

  asio::steady_timer can_read;
  asio::steady_timer can_write;
  byte_buffer incoming;
  bool is_broken = false;
};

/// Takes nothing that is written, and ends the reading only when it is closed.
class played_transport {
 public:
  explicit played_transport(played_connection& on) : on_(&on) {}

  asio::awaitable<result<std::size_t>> async_read_some(byte_span into) {
    while (on_->incoming.empty()) {
      const bool is_cancelled = co_await wait(on_->can_read);
      if (is_cancelled) co_return fail(errc::connection_lost);
    }
    const std::size_t count = std::min(into.size(), on_->incoming.size());
    std::copy_n(on_->incoming.begin(), count, into.begin());
    on_->incoming.erase(on_->incoming.begin(),
                        on_->incoming.begin() + static_cast<std::ptrdiff_t>(count));
    co_return count;
  }
  asio::awaitable<result<void>> async_write_all(session::byte_views) {
    bool is_cancelled = false;
    while (!on_->is_broken && !is_cancelled) is_cancelled = co_await wait(on_->can_write);
    co_return fail(errc::connection_lost);
  }
  result<void> shutdown_send() { return {}; }
  void close() noexcept {}

 private:
  // True when nothing will come any more.
  static asio::awaitable<bool> wait(asio::steady_timer& timer) {
    asio::error_code ignored;
    timer.expires_at(asio::steady_timer::time_point::max());
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    const auto state = co_await asio::this_coro::cancellation_state;
    co_return state.cancelled() != asio::cancellation_type::none;
  }

  played_connection* on_;
};

class SessionDriver : public ::testing::Test {
 protected:
  using sender_type = transfer::sender<transfer::memory_source, std::mutex>;
  using session_type = session::session<sender_type>;

  void start() {
    room::client_options room;
    room.wanted = want::send;
    session_.emplace(room::client(std::move(room), std::chrono::steady_clock::now()), from_,
                     session::session_options{}, rng_);
    driver_.emplace(*session_, played_transport(connection), context.get_executor());
    asio::co_spawn(context, driver_->run([](const session::event&) {}),
                   [this](const std::exception_ptr& thrown, result<void> done) {
                     if (thrown) std::rethrow_exception(thrown);
                     outcome = done;
                   });
    context.poll();
  }

  // The relay serves nobody from here: the session is over, and has not even said who it is.
  void be_refused() {
    byte_buffer bytes;
    ASSERT_TRUE(
        append_message(bytes, error_report{relay_error_code::blocked, 0, 0, {}}).has_value());
    connection.come(bytes);
    context.poll();
    ASSERT_TRUE(session_->over());
  }

  void expect_end() {
    context.run_for(std::chrono::seconds(20));
    ASSERT_TRUE(outcome);
    EXPECT_EQ(test::code_of(*outcome), errc::address_blocked);
  }

  asio::io_context context{1};
  played_connection connection{context};
  std::optional<result<void>> outcome;

 private:
  test::fixed_rng rng_{1};
  std::vector<transfer::memory_file> files_;
  transfer::memory_source source_{files_};
  sender_type from_{source_, {}};
  std::optional<session_type> session_;
  std::optional<session_driver<session_type, played_transport>> driver_;
};

TEST_F(SessionDriver, EndsWhenWhatIsLeftCannotBeSent) {
  start();
  be_refused();
  EXPECT_FALSE(outcome);  // it may still be sent
  connection.break_sending();
  expect_end();
}

TEST_F(SessionDriver, HearsWhyAfterSendingHasFailed) {
  start();
  connection.break_sending();
  context.poll();
  EXPECT_FALSE(outcome);
  be_refused();
  expect_end();
}

}  // namespace
}  // namespace tallow::net
