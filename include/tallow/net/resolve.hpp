// The addresses of a name.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>

#include <tallow/base/error.hpp>
#include <tallow/net/address.hpp>
#include <tallow/net/tcp_transport.hpp>

namespace tallow::net {

using endpoints = std::vector<asio::ip::tcp::endpoint>;

namespace detail {

/// Who waits for an answer; where the coroutine that asks keeps its things.
struct resolver_wait {
  explicit resolver_wait(const asio::any_io_executor& executor)
      : answered(executor, asio::steady_timer::time_point::max()) {}

  asio::steady_timer answered;  // expires when there is an answer
  endpoints found;
  asio::error_code trouble;
};

/// What the thread that asks the system holds. It may outlive who waits, and the executor too.
struct resolver_question {
  std::mutex mutex;
  resolver_wait* waiting = nullptr;  // nothing: nobody waits any more
};

/// Lets go of the thread, however waiting ends.
class resolver_watch {
 public:
  resolver_watch(resolver_question& question, resolver_wait& waiting) : question_(&question) {
    question.waiting = &waiting;
  }
  resolver_watch(const resolver_watch&) = delete;
  resolver_watch& operator=(const resolver_watch&) = delete;
  ~resolver_watch() {
    const std::lock_guard lock(question_->mutex);
    question_->waiting = nullptr;
  }

 private:
  resolver_question* question_;
};

// On a thread of its own.
inline void ask_system(const std::shared_ptr<resolver_question>& question, const address& of) {
  asio::io_context own;
  asio::ip::tcp::resolver resolver(own);
  asio::error_code trouble;
  endpoints found;
  for (const auto& entry : resolver.resolve(of.host, std::to_string(of.port),
                                            asio::ip::tcp::resolver::numeric_service, trouble)) {
    found.push_back(entry.endpoint());
  }
  const std::lock_guard lock(question->mutex);
  if (question->waiting == nullptr) return;
  asio::post(question->waiting->answered.get_executor(),
             [question, trouble, found = std::move(found)]() mutable {
               const std::lock_guard again(question->mutex);
               if (question->waiting == nullptr) return;
               question->waiting->found = std::move(found);
               question->waiting->trouble = trouble;
               question->waiting->answered.expires_at(asio::steady_timer::time_point::min());
             });
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
  detail::resolver_wait waiting(co_await asio::this_coro::executor);
  const auto question = std::make_shared<detail::resolver_question>();
  const detail::resolver_watch watch(*question, waiting);
  try {
    std::thread([question, of] { detail::ask_system(question, of); }).detach();
  } catch (const std::system_error& e) {
    co_return fail(errc::resolve_failed, e.code(), "no thread is left to ask the system");
  }
  (void)co_await waiting.answered.async_wait(awaited);
  if (waiting.trouble) co_return fail(errc::resolve_failed, detail::as_std(waiting.trouble));
  co_return std::move(waiting.found);
}

}  // namespace tallow::net
