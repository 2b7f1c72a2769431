#include "code_prompt.hpp"

#include <cerrno>
#include <string_view>
#include <termios.h>
#include <unistd.h>

#include <asio/posix/stream_descriptor.hpp>
#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <tallow/base/bytes.hpp>

#include "asking.hpp"
#include "code_line.hpp"
#include "terminal.hpp"

namespace tallow::cli {
namespace {

constexpr std::string_view prompt = "Code: ";

// Keys one by one and not shown by the terminal, as long as this lives. Ctrl-C stays what it is.
class raw_keys {
 public:
  raw_keys() : is_on_(::tcgetattr(STDIN_FILENO, &before_) == 0) {
    if (!is_on_) return;
    ::termios keys = before_;
    keys.c_lflag &= ~static_cast<::tcflag_t>(ICANON | ECHO);
    keys.c_cc[VMIN] = 1;
    keys.c_cc[VTIME] = 0;
    is_on_ = ::tcsetattr(STDIN_FILENO, TCSADRAIN, &keys) == 0;
  }
  raw_keys(const raw_keys&) = delete;
  raw_keys& operator=(const raw_keys&) = delete;
  ~raw_keys() {
    if (is_on_) (void)::tcsetattr(STDIN_FILENO, TCSADRAIN, &before_);
  }

  [[nodiscard]] bool is_on() const noexcept { return is_on_; }

 private:
  ::termios before_{};
  bool is_on_;
};

// Past the reporter: it would keep a copy in memory that is not wiped.
void show(const secret_buffer& bytes) {
  byte_view left = bytes.view();
  while (!left.empty()) {
    const auto count = ::write(STDERR_FILENO, left.data(), left.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    left = left.subspan(static_cast<std::size_t>(count));
  }
}

asio::awaitable<std::optional<secret_buffer>> read_keys() {
  asio::posix::stream_descriptor input(co_await asio::this_coro::executor);
  asio::error_code failure;
  input.assign(::dup(STDIN_FILENO), failure);
  code_line line(prompt, line_bytes_max);
  while (!failure && line.now() == code_line::state::typing) {
    co_await input.async_wait(asio::posix::stream_descriptor::wait_read,
                              asio::redirect_error(asio::use_awaitable, failure));
    char c = 0;
    const ::ssize_t count = ::read(STDIN_FILENO, &c, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    show(line.type(c));
  }
  if (line.now() != code_line::state::entered) co_return std::nullopt;
  co_return line.take();
}

}  // namespace

asio::awaitable<std::optional<secret_buffer>> ask_for_code(reporter& report) {
  if (!stdin_is_terminal() || !stderr_is_terminal()) {
    co_return co_await ask_for_line(report, std::string(prompt));
  }
  const raw_keys keys;  // before anybody begins to type
  report.ask(prompt);
  auto line = co_await read_keys();
  report.answered();
  show(secret_buffer(as_bytes("\n")));  // the line end that the terminal has not echoed
  co_return line;
}

}  // namespace tallow::cli
