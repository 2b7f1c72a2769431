// Runs a function in a child process, so that a crash ends the child alone.
#pragma once

#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <new>
#include <string>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace tallow::fuzz {

/// What a child tells its parent while it runs; stays readable after the child's death.
class progress {
 public:
  void begin(std::uint64_t run) noexcept { run_.store(run, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t run() const noexcept { return run_.load(std::memory_order_relaxed); }

  void found(const std::string& what) noexcept {
    std::snprintf(what_.data(), what_.size(), "%s", what.c_str());
  }
  [[nodiscard]] std::string what() const { return what_.data(); }

 private:
  std::atomic<std::uint64_t> run_{0};
  std::array<char, 256> what_{};
};

/// Calls `work(progress&)` in a child, which does not outlive us. Returns nothing wrong as an empty
/// text, otherwise what the child found or what it died of.
template <class Work>
[[nodiscard]] std::pair<std::string, std::uint64_t> run_in_child(Work work) {
  void* memory =
      ::mmap(nullptr, sizeof(progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return {"no memory to share with a child process", 0};
  auto* shared = new (memory) progress;
  std::fflush(nullptr);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) {
    (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);  // it was gone before that
    work(*shared);
    std::fflush(nullptr);
    ::_exit(0);
  }
  int status = 0;
  std::string what;
  if (child < 0 || ::waitpid(child, &status, 0) != child) {
    what = "no child process could be started";
  } else if (WIFSIGNALED(status)) {
    what = std::string("ended by a signal: ") + ::strsignal(WTERMSIG(status));
  } else if (WEXITSTATUS(status) != 0) {
    what = "ended with exit code " + std::to_string(WEXITSTATUS(status));
  } else {
    what = shared->what();
  }
  const std::uint64_t run = shared->run();
  ::munmap(memory, sizeof(progress));
  return {what, run};
}

}  // namespace tallow::fuzz
