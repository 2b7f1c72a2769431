// The record of what was asked of the admin API: a line of JSON for each call, refused ones too.
//
// A call whose line cannot be written is not obeyed: so nobody who fills a disk acts unseen.
#pragma once

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <memory>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>

#include <spdlog/spdlog.h>

#include <tallow/files/unique_fd.hpp>

#include "metrics.hpp"
#include "setting_values.hpp"

namespace tallow::relay_tool {

struct audit_entry {
  std::uint64_t call = 0;  // since the start; a call that changes something has two lines
  std::string_view who;
  std::string_view what;    // as a stranger may have written it
  std::string_view object;  // a handle or a network; or nothing
  std::string_view result;
};

// What strangers wrote is cut here: a line is written as a whole, or not at all.
inline constexpr std::size_t audit_text_bytes_max = 200;

[[nodiscard]] inline std::string audit_time(std::chrono::system_clock::time_point now) {
  using namespace std::chrono;
  const std::time_t seconds = system_clock::to_time_t(now);
  const auto ms = duration_cast<milliseconds>(now.time_since_epoch()).count() % 1000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S.", &parts);
  const std::string fraction = std::to_string(1000 + ms).substr(1);
  return std::string(text.data(), length) + fraction + "Z";
}

// Without a line feed. Whatever `e` has in it, it is one line.
[[nodiscard]] inline std::string audit_line(const audit_entry& e,
                                            std::chrono::system_clock::time_point now) {
  // Nothing that any reader might take for the end of a line, in whichever encoding.
  const auto quoted = [](std::string_view text) {
    std::string plain(text.substr(0, audit_text_bytes_max));
    for (char& c : plain) {
      if (c < 0x20 || c > 0x7E) c = '?';
    }
    return json_quoted(plain);
  };
  std::string line = R"({"time":")" + audit_time(now) + R"(","call":)" + std::to_string(e.call);
  line += R"(,"who":)" + quoted(e.who) + R"(,"what":)" + quoted(e.what);
  if (!e.object.empty()) line += R"(,"object":)" + quoted(e.object);
  return line + R"(,"result":)" + quoted(e.result) + "}";
}

// Writes to the log, at any level of it, and to a file if there is one: then the file is what
// counts.
class audit_log {
 public:
  // Before the sandbox, which opens no files for writing.
  [[nodiscard]] refusal open(const std::string& file) {
    // A pipe that nobody reads must not hold the relay up.
    const int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW;
    file_ = files::unique_fd(::open(file.c_str(), flags, 0600));
    if (file_) return std::nullopt;
    return "admin-audit-file: " + file + ": " + std::strerror(errno);
  }

  // False when it could not.
  [[nodiscard]] bool write(const audit_entry& e) {
    const std::string line = audit_line(e, std::chrono::system_clock::now());
    const bool is_logged = log(line);
    return file_ ? append(line) : is_logged;
  }

 private:
  // The level is for what the relay says of itself.
  bool log(const std::string& line) {
    if (!log_) {
      const auto& sinks = spdlog::default_logger()->sinks();
      log_ = std::make_unique<spdlog::logger>("admin", sinks.begin(), sinks.end());
      log_->flush_on(spdlog::level::trace);
    }
    // The log is on standard error, and says only there that it failed.
    std::clearerr(stderr);
    log_->info("admin: {}", line);
    return std::ferror(stderr) == 0;
  }

  bool append(const std::string& line) {
    // What was cut short before stays on a line of its own.
    const std::string text = (is_torn_ ? "\n" : "") + line + "\n";
    const ::ssize_t count = ::write(file_.get(), text.data(), text.size());
    if (count > 0) is_torn_ = static_cast<std::size_t>(count) != text.size();
    return count > 0 && !is_torn_;
  }

  files::unique_fd file_;
  bool is_torn_ = false;
  std::unique_ptr<spdlog::logger> log_;
};

}  // namespace tallow::relay_tool
