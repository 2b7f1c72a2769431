// What standard error and standard input are connected to, and answers typed by a person.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <sys/ioctl.h>
#include <unistd.h>

#include <asio/awaitable.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <tallow/base/bytes.hpp>
#include <tallow/base/secret.hpp>

namespace tallow::cli {

/// True when people watch standard error on something that can redraw a line.
[[nodiscard]] inline bool stderr_is_terminal() {
  const char* term = std::getenv("TERM");
  return ::isatty(STDERR_FILENO) == 1 && term != nullptr && std::string_view(term) != "dumb";
}

/// True when somebody can type answers.
[[nodiscard]] inline bool stdin_is_terminal() { return ::isatty(STDIN_FILENO) == 1; }

/// The width of the terminal in columns; 80 where nobody knows.
[[nodiscard]] inline std::size_t terminal_columns() {
  ::winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

/// No answer and no code is longer; what is, is cut.
inline constexpr std::size_t line_bytes_max = 1024;

/// Reads a line from standard input without stopping everything else, be it a terminal, a pipe or a
/// file. Byte by byte, so that what follows the line stays for whoever reads next.
///
/// @shape  returns the line without its end, or nothing when standard input ended before one
inline asio::awaitable<std::optional<secret_buffer>> read_line() {
  asio::posix::stream_descriptor input(co_await asio::this_coro::executor);
  asio::error_code failure;
  // A file cannot be waited for, and need not be: it never blocks.
  const bool waits = !input.assign(::dup(STDIN_FILENO), failure);
  secret_buffer line;  // it may be a code
  for (;;) {
    if (waits) {
      co_await input.async_wait(asio::posix::stream_descriptor::wait_read,
                                asio::redirect_error(asio::use_awaitable, failure));
      if (failure) co_return std::nullopt;
    }
    char c = 0;
    const ::ssize_t count = ::read(STDIN_FILENO, &c, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      if (line.empty()) co_return std::nullopt;
      co_return line;
    }
    if (c == '\n') co_return line;
    if (line.size() < line_bytes_max) line.append(as_bytes(std::string_view(&c, 1)));
  }
}

}  // namespace tallow::cli
