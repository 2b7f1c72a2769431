// A question to a person, and the line that answers it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <tallow/base/bytes.hpp>
#include <tallow/base/secret.hpp>

#include "reporter.hpp"
#include "terminal.hpp"

namespace tallow::cli {

/// Asks; what is said meanwhile stands above the question, and nothing is drawn over it. One
/// question at a time: another one waits for the answer.
///
/// @shape  returns as read_line()
inline asio::awaitable<std::optional<secret_buffer>> ask_for_line(reporter& report,
                                                                  std::string question) {
  while (report.is_asking()) {
    asio::steady_timer soon(co_await asio::this_coro::executor, std::chrono::milliseconds(50));
    co_await soon.async_wait(asio::use_awaitable);
  }
  report.ask(question);
  auto line = co_await read_line();
  report.answered();
  co_return line;
}

/// What is no clear yes is a no; no answer, too.
[[nodiscard]] inline bool is_yes(const std::optional<secret_buffer>& answer) {
  if (!answer) return false;
  const std::string_view text = as_text(answer->view());
  return text == "y" || text == "Y" || text == "yes" || text == "Yes";
}

}  // namespace tallow::cli
