// A question to a person, and the line that answers it.
#pragma once

#include <optional>
#include <string>

#include <asio/awaitable.hpp>

#include <tallow/base/secret.hpp>

#include "reporter.hpp"
#include "terminal.hpp"

namespace tallow::cli {

/// Asks; what is said meanwhile stands above the question, and nothing is drawn over it.
///
/// @shape  returns as read_line()
inline asio::awaitable<std::optional<secret_buffer>> ask_for_line(reporter& report,
                                                                  std::string question) {
  report.ask(question);
  auto line = co_await read_line();
  report.answered();
  co_return line;
}

}  // namespace tallow::cli
