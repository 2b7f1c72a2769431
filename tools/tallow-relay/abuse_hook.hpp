// A program of the operator's that hears whom the relay refuses, and may have
// somebody blocked.
//
// It is started before the sandbox, which would not let it, and for that reason
// never again. It reads lines on its standard input and answers on its standard
// output (abuse_lines.hpp). What it does besides, like asking somebody over
// HTTP, is outside of the relay's sandbox.
#pragma once

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <fcntl.h>
#include <functional>
#include <mutex>
#include <optional>
#include <spawn.h>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <unistd.h>
#include <utility>
#include <variant>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/write.hpp>
#include <spdlog/spdlog.h>

#include <tallow/files/unique_fd.hpp>
#include <tallow/net/tcp_transport.hpp>

#include "abuse_lines.hpp"
#include "setting_values.hpp"

namespace tallow::relay_tool {

class abuse_hook {
 public:
  // Reports that wait for the program to read them. It hears of no more.
  static constexpr std::size_t reports_max = 1024;

  explicit abuse_hook(asio::io_context& context)
      : context_(&context), to_(context), from_(context) {}

  // Without a shell, and without arguments: a script does for those. In the
  // only thread of the process. `on_block` is called with each answer, `on_end`
  // when the program is gone; both on the loop.
  [[nodiscard]] refusal start(const std::string& program,
                              std::function<void(const abuse_block&)> on_block,
                              std::function<void()> on_end) {
    on_block_ = std::move(on_block);
    on_end_ = std::move(on_end);
    std::array<int, 2> down{};
    std::array<int, 2> up{};
    if (::pipe2(down.data(), O_CLOEXEC) != 0) return because(program);
    files::unique_fd its_input(down[0]);
    files::unique_fd our_output(down[1]);
    if (::pipe2(up.data(), O_CLOEXEC) != 0) return because(program);
    files::unique_fd our_input(up[0]);
    files::unique_fd its_output(up[1]);
    if (const int trouble = spawn(program, its_input.get(), its_output.get()); trouble != 0) {
      errno = trouble;
      return because(program);
    }
    to_.assign(our_output.release());
    from_.assign(our_input.release());
    to_.non_blocking(true);
    from_.non_blocking(true);
    is_running_ = true;
    asio::co_spawn(*context_, read_loop(), asio::detached);
    return std::nullopt;
  }

  // From any thread. What there is no room for is counted.
  void report(room::source_id source, std::string_view id, const room::noted& what) {
    if (!is_running()) return;
    std::string line = abuse_report(source, id, what.what, what.why);
    bool is_first = false;
    {
      const std::lock_guard hold(mutex_);
      if (waiting_.size() >= reports_max) {
        ++dropped_;
        return;
      }
      is_first = waiting_.empty() && !is_writing_;
      is_writing_ = true;
      waiting_.push_back(std::move(line));
    }
    if (is_first) asio::co_spawn(*context_, write_loop(), asio::detached);
  }

  [[nodiscard]] bool is_running() const {
    const std::lock_guard hold(mutex_);
    return is_running_;
  }
  [[nodiscard]] std::uint64_t dropped() const {
    const std::lock_guard hold(mutex_);
    return dropped_;
  }

  // It is told by the end of its input.
  void stop() {
    is_stopping_ = true;
    end();
  }

 private:
  [[nodiscard]] static std::string because(const std::string& program) {
    return "abuse-hook: " + program + ": " + std::strerror(errno);
  }

  // As a program expects to begin: signals as they are by default. Ours may be
  // otherwise.
  [[nodiscard]] static int spawn(const std::string& program, int input, int output) {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawnattr_init(&attributes);
    ::posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
    // It would hold the relay's port after the relay has ended.
    ::posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
    sigset_t all;
    sigset_t none;
    sigfillset(&all);
    sigemptyset(&none);
    ::posix_spawnattr_setsigdefault(&attributes, &all);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    std::string name = program;
    const std::array<char*, 2> arguments{name.data(), nullptr};
    ::pid_t child = 0;
    const int trouble =
        ::posix_spawn(&child, program.c_str(), &files, &attributes, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&attributes);
    return trouble;
  }

  asio::awaitable<void> write_loop() {
    for (;;) {
      std::string line;
      {
        const std::lock_guard hold(mutex_);
        if (waiting_.empty()) {
          is_writing_ = false;
          co_return;
        }
        line = std::move(waiting_.front());
        waiting_.pop_front();
      }
      const auto [trouble, count] =
          co_await asio::async_write(to_, asio::buffer(line), net::awaited);
      if (trouble) co_return end();
    }
  }

  asio::awaitable<void> read_loop() {
    std::string seen;
    std::array<char, 4096> buffer;
    for (;;) {
      const auto [trouble, count] =
          co_await from_.async_read_some(asio::buffer(buffer), net::awaited);
      if (trouble) break;
      seen.append(buffer.data(), count);
      for (std::size_t at = seen.find('\n'); at != std::string::npos; at = seen.find('\n')) {
        obey(std::string_view(seen).substr(0, at));
        seen.erase(0, at + 1);
      }
      if (seen.size() > abuse_line_bytes_max) {
        spdlog::error("abuse hook: it writes lines of more than {} bytes", abuse_line_bytes_max);
        break;
      }
    }
    end();
    if (!is_stopping_) on_end_();
  }

  void obey(std::string_view line) {
    if (line.empty() || line == "\r") return;
    const auto answer = parse_abuse_answer(line);
    if (const auto* block = std::get_if<abuse_block>(&answer)) return on_block_(*block);
    spdlog::warn("abuse hook: a line is not taken: {}", *std::get_if<const char*>(&answer));
  }

  void end() {
    {
      const std::lock_guard hold(mutex_);
      is_running_ = false;
      waiting_.clear();
    }
    asio::error_code ignored;
    to_.close(ignored);
    from_.close(ignored);
  }

  asio::io_context* context_;
  asio::posix::stream_descriptor to_;
  asio::posix::stream_descriptor from_;
  std::function<void(const abuse_block&)> on_block_;
  std::function<void()> on_end_;
  mutable std::mutex mutex_;
  std::deque<std::string> waiting_;
  std::uint64_t dropped_ = 0;
  bool is_writing_ = false;
  bool is_running_ = false;
  bool is_stopping_ = false;
};

}  // namespace tallow::relay_tool
