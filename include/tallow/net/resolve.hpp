// The addresses of a name.
#pragma once

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/this_coro.hpp>

#include <tallow/base/error.hpp>
#include <tallow/net/address.hpp>
#include <tallow/net/tcp_transport.hpp>

namespace tallow::net {

using endpoints = std::vector<asio::ip::tcp::endpoint>;

namespace detail {

/// What the thread that asks the system and the one that waits share. Either may end first. So the
/// thread does not touch the executor, which may be ending just then: it closes its end of a pipe.
struct resolver_answer {
  explicit resolver_answer(int end) noexcept : told_by(end) {}
  resolver_answer(const resolver_answer&) = delete;
  resolver_answer& operator=(const resolver_answer&) = delete;
  ~resolver_answer() { tell(); }

  void tell() noexcept {
    if (told_by >= 0) ::close(std::exchange(told_by, -1));
  }

  std::mutex mutex;
  endpoints found;
  asio::error_code trouble;
  int told_by;  // the thread's alone
};

// On a thread of its own.
inline void ask_system(resolver_answer& answer, const address& of) {
  asio::io_context own;
  asio::ip::tcp::resolver resolver(own);
  asio::error_code trouble;
  endpoints found;
  for (const auto& entry : resolver.resolve(of.host, std::to_string(of.port),
                                            asio::ip::tcp::resolver::numeric_service, trouble)) {
    found.push_back(entry.endpoint());
  }
  {
    const std::lock_guard lock(answer.mutex);
    answer.found = std::move(found);
    answer.trouble = trouble;
  }
  answer.tell();
}

}  // namespace detail

/// All addresses of a host, in the system's order; a number needs nobody's answer.
///
/// The system is asked on a thread that ends with its answer: a resolver that says nothing holds
/// up neither the executor nor the end of the program, and no thread stays behind, which a process
/// that gives up rights could not take along.
///
/// @errors  resolve_failed (with what the system said)
[[nodiscard]] inline asio::awaitable<result<endpoints>> resolve(address of) {
  asio::error_code is_name;
  const auto number = asio::ip::make_address(of.host, is_name);
  if (!is_name) co_return endpoints{{number, of.port}};
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) {
    co_return fail(errc::resolve_failed, std::error_code(errno, std::system_category()));
  }
  asio::posix::stream_descriptor told(co_await asio::this_coro::executor, pipe[0]);
  const auto answer = std::make_shared<detail::resolver_answer>(pipe[1]);
  try {
    std::thread([answer, of] { detail::ask_system(*answer, of); }).detach();
  } catch (const std::system_error& e) {
    co_return fail(errc::resolve_failed, e.code(), "no thread is left to ask the system");
  }
  (void)co_await told.async_wait(asio::posix::descriptor_base::wait_read, awaited);
  const std::lock_guard lock(answer->mutex);
  if (answer->trouble) co_return fail(errc::resolve_failed, detail::as_std(answer->trouble));
  co_return std::move(answer->found);
}

}  // namespace tallow::net
