// --log-file: a line for each thing that happened, with its time.
#pragma once

#include <array>
#include <cerrno>
#include <ctime>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <unistd.h>

#include <tallow/base/error.hpp>
#include <tallow/files/posix_error.hpp>
#include <tallow/files/unique_fd.hpp>

namespace tallow::cli {

/// Appends lines to a file of the user's; several programs may share it.
class log_file {
 public:
  /// Creates the file (0600) where there is none.
  ///
  /// @errors  not_found, permission_denied and what else the system says
  [[nodiscard]] result<void> open(const std::string& name) {
    // O_NONBLOCK: a pipe that nobody reads is an error now, and not a wait for ever.
    file_ = files::unique_fd(::open(
        name.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600));
    if (!file_) return files::fail_errno();
    return {};
  }

  [[nodiscard]] bool is_open() const noexcept { return static_cast<bool>(file_); }

  /// One line, in one write, so that those of several programs do not mix.
  ///
  /// @errors  disk_full and what else the system says, once: then nothing is logged any more
  [[nodiscard]] result<void> append(std::string_view text) {
    if (!file_) return {};
    const std::string line =
        time_now() + " tallow-cli[" + std::to_string(::getpid()) + "] " + std::string(text) + '\n';
    const auto count = ::write(file_.get(), line.data(), line.size());
    if (count == static_cast<::ssize_t>(line.size())) return {};
    if (count >= 0) errno = ENOSPC;
    const error why = files::fail_errno().value();
    file_.reset();
    return fail(why);
  }

 private:
  // In UTC, as RFC 3339 has it.
  static std::string time_now() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    std::array<char, 32> text{};
    std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text.data();
  }

  files::unique_fd file_;
};

}  // namespace tallow::cli
