// The signals by which somebody ends a transfer.
#pragma once

#include <array>
#include <csignal>

namespace tallow::cli {

namespace detail {

// A terminal that is closed says SIGHUP.
inline constexpr std::array stop_numbers{SIGINT, SIGTERM, SIGHUP};

}  // namespace detail

/// Those of them that count: nohup has SIGHUP ignored, and means it.
[[nodiscard]] inline ::sigset_t stop_set() {
  ::sigset_t all;
  ::sigemptyset(&all);
  for (const int number : detail::stop_numbers) {
    struct ::sigaction now {};
    const bool is_ignored =
        ::sigaction(number, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;  // NOLINT
    if (number != SIGHUP || !is_ignored) ::sigaddset(&all, number);
  }
  return all;
}

/// True when one has come and is held back.
[[nodiscard]] inline bool stop_is_pending() {
  ::sigset_t pending;
  if (::sigpending(&pending) != 0) return false;
  for (const int number : detail::stop_numbers) {
    if (::sigismember(&pending, number) == 1) return true;
  }
  return false;
}

}  // namespace tallow::cli
