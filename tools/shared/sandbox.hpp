// Fences that the kernel keeps around a process for as long as it lives, for programs that read
// what strangers send: whoever takes one over can do little more than the program does anyway.
//
// No new privileges: no program it could start would have more than it has. Landlock: of the file
// system there is only what the caller names. Seccomp: there are only the system calls that the
// caller names, and any other is answered as by a kernel that does not know it, which libraries
// cope with when they look for something newer. Open descriptors stay as they are.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <initializer_list>
#include <linux/landlock.h>
#include <memory>
#include <optional>
#include <sched.h>
#include <seccomp.h>
#include <string>
#include <string_view>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

#include <tallow/files/unique_fd.hpp>

// Also defined from outside, for coverage: it writes files at the end.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TALLOW_SANDBOX_LEFT_OUT 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TALLOW_SANDBOX_LEFT_OUT 1
#endif
#endif

namespace tallow::tools {

// A part of the file system that stays: a folder with all below it, or a file.
struct allowed_path {
  enum class access {
    read,
    write,           // and to make, replace and remove files and folders
    arrange,         // and links as well, and to move all of them between folders
    remove_folders,  // nothing else
  };

  std::string path;
  access how = access::read;
};

// Lets `file` be read again later. The folder rather than the file, since whoever changes a file
// often puts a new one in its place; and where it is a link, the folder that it leads to as well.
inline void allow_reading_again(std::vector<allowed_path>& paths, const std::string& file) {
  const auto add = [&](const std::filesystem::path& folder) {
    paths.push_back({folder.empty() ? "." : folder.string(), allowed_path::access::read});
  };
  const std::filesystem::path named(file);
  add(named.parent_path());
  std::error_code trouble;
  if (!std::filesystem::is_symlink(named, trouble)) return;
  const auto meant = std::filesystem::canonical(named, trouble);
  if (!trouble) add(meant.parent_path());
}

struct sandbox_report {
  // What was asked for and cannot be had; the process had better not go on.
  std::optional<std::string> failure;
  // What this kernel or this build lacks, each a line for the log; the rest of the fences stands.
  std::vector<std::string> missing;
};

namespace sandbox_detail {

// Of linux/landlock.h, whose version on the machine that compiles may be older than the kernel it
// runs on: by the version of the interface that brought them. There is no harm in the zeros that
// an older kernel does not know.
struct ruleset {
  std::uint64_t files = 0;
  std::uint64_t ports = 0;   // 4: binding and connecting
  std::uint64_t scopes = 0;  // 6: abstract sockets and signals of other processes
};
constexpr int ports_since = 4;
constexpr int scopes_since = 6;
constexpr int refer_since = 2;
constexpr std::uint64_t refer = 1ULL << 13U;
constexpr std::uint64_t truncate = 1ULL << 14U;
constexpr std::uint64_t all_of_two = 3;

[[nodiscard]] constexpr std::uint64_t file_rights(int version) noexcept {
  constexpr unsigned first = 13;                           // version 1 has the rights 0 to 12
  const unsigned count = first + (version >= 2 ? 1U : 0U)  // linking and renaming across folders
                         + (version >= 3 ? 1U : 0U)        // truncating
                         + (version >= 5 ? 1U : 0U);       // ioctl of devices
  return (1ULL << count) - 1;
}

constexpr std::uint64_t of_files =
    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | truncate;
constexpr std::uint64_t reading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t writing = reading | LANDLOCK_ACCESS_FS_WRITE_FILE | truncate |
                                  LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR |
                                  LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR;
constexpr std::uint64_t arranging = writing | LANDLOCK_ACCESS_FS_MAKE_SYM | refer;

[[nodiscard]] constexpr std::uint64_t rights_of(allowed_path::access how) noexcept {
  switch (how) {
    case allowed_path::access::read: return reading;
    case allowed_path::access::write: return writing;
    case allowed_path::access::arrange: return arranging;
    case allowed_path::access::remove_folders: return LANDLOCK_ACCESS_FS_REMOVE_DIR;
  }
  return 0;
}

[[nodiscard]] inline std::string because(const std::string& what) {
  return what + ": " + std::strerror(errno);
}

[[nodiscard]] inline int landlock_version() noexcept {
  return static_cast<int>(
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION));
}

[[nodiscard]] inline std::optional<std::string> allow(const files::unique_fd& rules,
                                                      const allowed_path& one,
                                                      std::uint64_t known) {
  const files::unique_fd at(::open(one.path.c_str(), O_PATH | O_CLOEXEC));
  struct stat about {};
  if (!at || ::fstat(at.get(), &about) != 0) return because(one.path);
  std::uint64_t rights = rights_of(one.how);
  if (!S_ISDIR(about.st_mode)) rights &= of_files;
  landlock_path_beneath_attr rule{};
  rule.allowed_access = rights & known;
  rule.parent_fd = at.get();
  if (::syscall(SYS_landlock_add_rule, rules.get(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0) {
    return because(one.path);
  }
  return std::nullopt;
}

// What a fence around files leaves besides those that are named.
enum class beside { no_tcp, tcp };

// Of this thread, and of those that it starts from here on.
inline void fence_files(const std::vector<allowed_path>& allowed, beside what,
                        sandbox_report& report) {
  const int version = landlock_version();
  // The first version lets nothing be moved between folders, whatever is named.
  const bool needs_refer = std::any_of(allowed.begin(), allowed.end(), [](const allowed_path& one) {
    return one.how == allowed_path::access::arrange;
  });
  if (version < (needs_refer ? refer_since : 1)) {
    report.missing.push_back(because(
        "no Landlock in this kernel, so files are kept from it by their owner and mode alone"));
    return;
  }
  ruleset wanted{file_rights(version), 0, 0};
  if (version >= ports_since && what == beside::no_tcp) wanted.ports = all_of_two;
  if (version >= scopes_since) wanted.scopes = all_of_two;
  const files::unique_fd rules(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &wanted, sizeof wanted, 0)));
  if (!rules) {
    report.failure = because("landlock_create_ruleset");
    return;
  }
  for (const allowed_path& one : allowed) {
    if ((report.failure = allow(rules, one, wanted.files))) return;
  }
  if (::syscall(SYS_landlock_restrict_self, rules.get(), 0) != 0) {
    report.failure = because("landlock_restrict_self");
  }
}

// By name, since not every processor has every one of them.
inline constexpr std::string_view basic_calls =
    // bytes
    "read write readv writev pread64 pwrite64 recvfrom recvmsg sendto sendmsg splice lseek close "
    "shutdown dup getdents64 "
    // connections that come, and what is made for them; no socket of its own, and no connecting
    "accept accept4 getsockname getpeername getsockopt setsockopt pipe2 "
    // waiting
    "epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 poll ppoll select pselect6 "
    "eventfd2 timerfd_create timerfd_settime timerfd_gettime nanosleep clock_nanosleep "
    "restart_syscall "
    // time and chance
    "clock_gettime clock_getres gettimeofday time getrandom "
    // memory
    "brk munmap mremap madvise mlock munlock "
    // threads, locks, signals
    "futex set_robust_list rseq sched_yield sched_getaffinity membarrier gettid getpid exit "
    "exit_group rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack "
    // what is asked about a descriptor, this process and this machine
    "fstat newfstatat getrusage getrlimit uname sysinfo getcpu getuid geteuid getgid getegid "
    "getppid";

// Where anything of the file system stays; which part, Landlock decides.
inline constexpr std::string_view file_calls =
    "open openat stat lstat statx access faccessat faccessat2 readlink readlinkat mkdir "
    "mkdirat rmdir unlink unlinkat rename renameat renameat2 ftruncate fsync fdatasync flock "
    "fchmod "
    "fallocate getcwd";

class filter {
 public:
  filter() : context_(::seccomp_init(SCMP_ACT_ERRNO(ENOSYS)), &::seccomp_release) {
    if (!context_) note(-ENOMEM);
  }

  // All of a list with spaces.
  void allow_all(std::string_view names) {
    while (!names.empty()) {
      const std::size_t end = std::min(names.find(' '), names.size());
      rule(std::string(names.substr(0, end)).c_str(), {});
      names.remove_prefix(std::min(end + 1, names.size()));
    }
  }

  // Only with that argument's masked bits equal to `value`.
  void allow(const char* name, unsigned argument, std::uint64_t mask, std::uint64_t value) {
    rule(name, {scmp_arg_cmp{argument, SCMP_CMP_MASKED_EQ, mask, value}});
  }

  // The kernel looks at 32 bits of an int; what stands in the other half is chance.
  void allow_int(const char* name, unsigned argument, unsigned value) {
    allow(name, argument, UINT32_MAX, value);
  }

  // Zero, or a negative errno. All threads of the process get it.
  [[nodiscard]] int load() {
    if (trouble_ == 0) note(::seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_TSYNC, 1));
    // Calls in the numbers of another processor, which mean something else.
    if (trouble_ == 0) {
      note(::seccomp_attr_set(context_.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS));
    }
    if (trouble_ == 0) note(::seccomp_load(context_.get()));
    return trouble_;
  }

 private:
  void rule(const char* name, std::vector<scmp_arg_cmp> conditions) {
    const int number = ::seccomp_syscall_resolve_name(name);
    // Not a call of this processor, or newer than the library.
    if (number < 0 || trouble_ != 0) return;
    note(::seccomp_rule_add_array(context_.get(), SCMP_ACT_ALLOW, number,
                                  static_cast<unsigned>(conditions.size()), conditions.data()));
  }

  void note(int result) {
    if (trouble_ == 0 && result < 0) trouble_ = result;
  }

  std::unique_ptr<void, decltype(&::seccomp_release)> context_;
  int trouble_ = 0;
};

// What every program of ours needs that has threads, files and sockets.
inline void allow_basic(filter& calls) {
  calls.allow_all(basic_calls);
  // No code but what there is.
  for (const char* name : {"mmap", "mprotect"}) calls.allow(name, 2, PROT_EXEC, 0);
  // A thread, and no process. What clone3() is asked for, a filter cannot see; libc asks again by
  // clone() when there is none.
  calls.allow("clone", 0, CLONE_THREAD, CLONE_THREAD);
  // A signal to itself, as abort() does.
  calls.allow_int("tgkill", 0, static_cast<unsigned>(::getpid()));
  // To ask for limits, not to set them.
  calls.allow("prlimit64", 2, UINT64_MAX, 0);
  calls.allow_int("prctl", 0, PR_SET_NAME);
  for (const int what :
       {F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC, F_SETPIPE_SZ, F_GETPIPE_SZ}) {
    calls.allow_int("fcntl", 1, static_cast<unsigned>(what));
  }
  for (const int what : {FIONBIO, FIONREAD, TIOCOUTQ, TCGETS}) {
    calls.allow_int("ioctl", 1, static_cast<unsigned>(what));
  }
}

}  // namespace sandbox_detail

// Puts the fences up. To be called in the only thread of the process that touches files.
//
// @param fill  called with the filter: adds the calls that stay
template <class Fill>
[[nodiscard]] sandbox_report enter_sandbox(const std::vector<allowed_path>& allowed,
                                           sandbox_detail::beside what, Fill fill) {
  sandbox_report report;
#if defined(TALLOW_SANDBOX_LEFT_OUT)
  (void)allowed;
  (void)what;
  (void)fill;
  report.missing.emplace_back(
      "left out of this build: sanitizers and coverage need what it forbids");
#else
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    report.failure = sandbox_detail::because("no_new_privs");
    return report;
  }
  // The first look at a local time reads a file.
  ::tzset();
  sandbox_detail::fence_files(allowed, what, report);
  if (report.failure) return report;
  // Last, as it forbids what the others need.
  sandbox_detail::filter calls;
  fill(calls);
  if (const int trouble = calls.load(); trouble != 0) {
    report.missing.push_back(std::string("no seccomp, so any system call may be made: ") +
                             std::strerror(-trouble));
  }
#endif
  return report;
}

}  // namespace tallow::tools
