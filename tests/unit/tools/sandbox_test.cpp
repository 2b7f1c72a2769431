#include "tools/tallow-relay/sandbox.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <dirent.h>
#include <filesystem>
#include <fstream>
#include <netinet/in.h>
#include <string>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <tallow/net/congestion_control.hpp>

#include "support/attempt.hpp"

namespace tallow::relay_tool {
namespace {

namespace fs = std::filesystem;

using test::attempt;
using test::done;
using test::named_attempt;
using test::not_entered;
using test::outcome;
using test::outside;
using test::status_of;

int inside(attempt what, const std::vector<allowed_path>& allowed = {}) {
  return status_of([&] {
    const auto report = enter_sandbox(allowed);
    return report.failure || !report.missing.empty() ? not_entered : what();
  });
}

class Sandbox : public testing::Test {
 protected:
  void SetUp() override {
    TALLOW_SKIP_IF_LEFT_OUT();
    const auto report_of_kernel = inside([] { return done; });
    if (report_of_kernel == not_entered) GTEST_SKIP() << "this kernel lacks Landlock or seccomp";
    std::string name = (fs::temp_directory_path() / "tallow-sandbox.XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder = name;
    for (const char* part : {"state", "settings", "other"}) {
      fs::create_directory(folder / part);
      std::ofstream(folder / part / "file") << "content";
    }
    // The attempts are functions without state of their own.
    ASSERT_EQ(::chdir(folder.c_str()), 0);
  }
  void TearDown() override {
    std::error_code ignored;
    fs::current_path("/", ignored);
    if (!folder.empty()) fs::remove_all(folder, ignored);
  }

  fs::path folder;
};

// Each can be done by anybody where there is no sandbox.
constexpr named_attempt forbidden[] = {
    {"to read /etc/passwd", [] { return outcome(::open("/etc/passwd", O_RDONLY)); }},
    {"to write a file", [] { return outcome(::open("new", O_CREAT | O_WRONLY, 0600)); }},
    {"to make a local socket", [] { return outcome(::socket(AF_UNIX, SOCK_STREAM, 0)); }},
    {"to make a TCP socket", [] { return outcome(::socket(AF_INET, SOCK_STREAM, 0)); }},
    {"to make a UDP socket", [] { return outcome(::socket(AF_INET6, SOCK_DGRAM, 0)); }},
    {"to make a pair of sockets",
     [] {
       int ends[2];
       return outcome(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
     }},
    {"to become another program",
     [] {
       char name[] = "/bin/true";
       char* arguments[] = {name, nullptr};
       return outcome(::execve(name, arguments, nullptr));
     }},
    {"to start a process",
     [] {
       const pid_t child = ::fork();
       if (child == 0) ::_exit(0);
       return outcome(child);
     }},
    {"to start a process by clone3",
     [] {
       struct {
         std::uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
       } about{0, 0, 0, 0, SIGCHLD, 0, 0, 0};
       const long child = ::syscall(SYS_clone3, &about, sizeof about);
       if (child == 0) ::_exit(0);
       return outcome(child);
     }},
    {"to be traced", [] { return outcome(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr)); }},
    {"to signal another process", [] { return outcome(::kill(::getppid(), 0)); }},
    {"to read another process's memory",
     [] {
       int from = 1;
       int to = 0;
       const iovec there{&from, sizeof from};
       const iovec here{&to, sizeof to};
       return outcome(::process_vm_readv(::getpid(), &here, 1, &there, 1, 0));
     }},
    {"to run memory",
     [] {
       void* const at = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
       return at == MAP_FAILED ? errno : done;
     }},
    {"to make memory run",
     [] {
       void* const at =
           ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
       return outcome(::mprotect(at, 4096, PROT_READ | PROT_EXEC));
     }},
    {"to make a file in memory", [] { return outcome(::syscall(SYS_memfd_create, "name", 0)); }},
    {"to change a mode", [] { return outcome(::chmod("other/file", 0644)); }},
    {"to make a link", [] { return outcome(::symlink("other/file", "link")); }},
    {"to watch files", [] { return outcome(::inotify_init1(0)); }},
    {"to change its user", [] { return outcome(::setuid(::getuid())); }},
    {"to type into its terminal's queue",
     [] {
       // Without a terminal there is nothing to type into, which is another error.
       char letter = 'x';
       const int trouble = outcome(::ioctl(0, TIOCSTI, &letter));
       return trouble == ENOSYS ? trouble : done;
     }},
    {"to raise its limits",
     [] {
       rlimit limit{};
       (void)::getrlimit(RLIMIT_NOFILE, &limit);
       return outcome(::setrlimit(RLIMIT_NOFILE, &limit));
     }},
};

TEST_F(Sandbox, ForbidsWhatARelayDoesNotNeed) {
  const std::vector<allowed_path> allowed{{"state", allowed_path::access::write}};
  for (const named_attempt& one : forbidden) {
    SCOPED_TRACE(one.name);
    EXPECT_EQ(outside(one.what), done) << "the attempt itself proves nothing";
    EXPECT_GT(inside(one.what), done);
    EXPECT_NE(inside(one.what, allowed), done);
    fs::remove("new");
    fs::remove("link");
  }
}

TEST_F(Sandbox, ForbidsWhatOnlyTheSuperuserMay) {
  if (::geteuid() != 0) GTEST_SKIP() << "nobody else can do any of it anyway";
  constexpr named_attempt tried[] = {
      {"to mount",
       [] {
         const int trouble = outcome(::mount("none", "other", "tmpfs", 0, nullptr));
         if (trouble == done) (void)::umount("other");
         return trouble;
       }},
      {"to change its root", [] { return outcome(::chroot(".")); }},
      {"to leave its namespaces", [] { return outcome(::unshare(CLONE_NEWNS)); }},
  };
  for (const named_attempt& one : tried) {
    SCOPED_TRACE(one.name);
    if (outside(one.what) == EPERM) continue;  // a superuser of a container
    EXPECT_GT(inside(one.what), done);
  }
}

TEST_F(Sandbox, LeavesWhatARelayLivesOn) {
  static int open_folder = -1;
  open_folder = ::open("other", O_RDONLY | O_DIRECTORY);
  constexpr named_attempt needed[] = {
      {"to start threads",
       [] {
         std::atomic<int> sum = 0;
         std::vector<std::thread> threads;
         for (int i = 0; i < 4; ++i) threads.emplace_back([&] { sum += std::stoi("10"); });
         for (auto& one : threads) one.join();
         return sum == 40 ? done : 1;
       }},
      {"to wait",
       [] {
         const int all = ::epoll_create1(EPOLL_CLOEXEC);
         const int timer = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
         epoll_event about{};
         about.events = EPOLLIN;
         const itimerspec soon{{}, {0, 1000}};
         if (::epoll_ctl(all, EPOLL_CTL_ADD, timer, &about) != 0) return errno;
         if (::timerfd_settime(timer, 0, &soon, nullptr) != 0) return errno;
         if (::epoll_wait(all, &about, 1, -1) != 1) return errno;
         return outcome(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
       }},
      {"to splice",
       [] {
         int first[2];
         int second[2];
         if (::pipe2(first, O_NONBLOCK) != 0 || ::pipe2(second, O_NONBLOCK) != 0) return errno;
         if (::fcntl(first[0], F_SETPIPE_SZ, 1 << 16) < 0) return errno;
         if (::write(first[1], "abc", 3) != 3) return errno;
         return outcome(::splice(first[0], nullptr, second[1], nullptr, 3, SPLICE_F_NONBLOCK));
       }},
      {"to get memory, chance and the time",
       [] {
         std::vector<char> much(200U << 20U, 'x');
         char some[16];
         if (::getentropy(some, sizeof some) != 0) return errno;
         const std::time_t now = std::time(nullptr);
         std::tm local{};
         return ::localtime_r(&now, &local) != nullptr && much.back() == 'x' ? done : 1;
       }},
      {"to read what is open",
       [] {
         const int again = ::dup(open_folder);
         DIR* const entries = again < 0 ? nullptr : ::fdopendir(again);
         return entries != nullptr && ::readdir(entries) != nullptr ? done : errno;
       }},
      {"to write to what is open",
       [] { return outcome(std::fprintf(stderr, "%s", "")) + outcome(std::fflush(stderr)); }},
  };
  for (const named_attempt& one : needed) {
    SCOPED_TRACE(one.name);
    EXPECT_EQ(inside(one.what), done);
  }
  EXPECT_EQ(inside([]() -> int { std::abort(); }), -SIGABRT);
}

TEST_F(Sandbox, LeavesTheChoiceOfCongestionControl) {
  static int socket = -1;
  socket = ::socket(AF_INET, SOCK_STREAM, 0);
  static const auto usual = net::detail::congestion_control_of(socket);
  net::begin_unpaced(socket);
  EXPECT_EQ(inside([] {
              net::detail::suit(socket, net::detail::near_us_max);
              return net::detail::congestion_control_of(socket) == usual ? done : EINVAL;
            }),
            done);
}

TEST_F(Sandbox, LeavesSocketsThatListen) {
  static int listening = -1;
  listening = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(listening, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
  ASSERT_EQ(::listen(listening, 1), 0);
  socklen_t length = sizeof at;
  ASSERT_EQ(::getsockname(listening, reinterpret_cast<sockaddr*>(&at), &length), 0);
  const int client = ::socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_EQ(::connect(client, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
  ASSERT_EQ(::write(client, "abc", 3), 3);
  EXPECT_EQ(inside([] {
              const int accepted = ::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC);
              if (accepted < 0) return errno;
              const int on = 1;
              if (::setsockopt(accepted, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) != 0)
                return errno;
              int nonblocking = 1;
              if (::ioctl(accepted, FIONBIO, &nonblocking) != 0) return errno;
              char got[3];
              return ::recv(accepted, got, 3, 0) == 3 ? outcome(::send(accepted, got, 3, 0))
                                                      : errno;
            }),
            done);
  ::close(client);
  ::close(listening);
}

TEST_F(Sandbox, LeavesTheFoldersThatAreNamed) {
  const std::vector<allowed_path> allowed{{"state", allowed_path::access::write},
                                          {"settings", allowed_path::access::read}};
  const auto try_it = [&](attempt what) { return inside(what, allowed); };
  EXPECT_EQ(try_it([] { return outcome(::open("settings/file", O_RDONLY)); }), done);
  EXPECT_EQ(try_it([] { return outcome(::open("settings/file", O_WRONLY)); }), EACCES);
  EXPECT_EQ(try_it([] { return outcome(::open("settings/file", O_RDONLY | O_TRUNC)); }), EACCES);
  EXPECT_EQ(try_it([] { return outcome(::unlink("settings/file")); }), EACCES);
  EXPECT_EQ(try_it([] { return outcome(::open("other/file", O_RDONLY)); }), EACCES);
  EXPECT_EQ(try_it([] { return outcome(::open("settings/../other/file", O_RDONLY)); }), EACCES);
  EXPECT_EQ(try_it([] { return outcome(::rename("other/file", "state/stolen")); }), EACCES);
  EXPECT_EQ(try_it([] {
              const int file = ::open("state/new", O_CREAT | O_RDWR | O_TRUNC, 0600);
              if (file < 0 || ::write(file, "x", 1) != 1 || ::fsync(file) != 0) return errno;
              if (::rename("state/new", "state/file") != 0) return errno;
              return outcome(::unlink("state/file"));
            }),
            done);
  // A file that took the place of another is as good: it is the folder that is allowed.
  std::ofstream("settings/newer") << "newer";
  fs::rename("settings/newer", "settings/file");
  EXPECT_EQ(try_it([] { return outcome(::open("settings/file", O_RDONLY)); }), done);
  EXPECT_EQ(inside([] { return outcome(::open("other/file", O_RDONLY)); },
                   {{"other/file", allowed_path::access::read}}),
            done);
}

TEST_F(Sandbox, LetsFilesBeReadAgain) {
  // As a manager of certificates keeps them: links to what is current.
  fs::create_symlink("../state/file", "settings/current");
  std::vector<allowed_path> allowed;
  allow_reading_again(allowed, "settings/current");
  const auto read_it = [] { return outcome(::open("settings/current", O_RDONLY)); };
  EXPECT_EQ(inside(read_it, allowed), done);
  std::ofstream("state/newer") << "newer";
  fs::remove("settings/current");
  fs::create_symlink("../state/newer", "settings/current");
  EXPECT_EQ(inside(read_it, allowed), done);
  allowed.clear();
  allow_reading_again(allowed, "in_this_folder");
  EXPECT_EQ(allowed.at(0).path, ".");
  EXPECT_EQ(allowed.size(), 1U);
}

TEST_F(Sandbox, IsNotEnteredWithAFolderThatIsNotThere) {
  const auto report_of = [] {
    const auto report = enter_sandbox({{"nowhere", allowed_path::access::read}});
    return report.failure && report.failure->find("nowhere: No such file") == 0 ? done : 1;
  };
  EXPECT_EQ(outside(report_of), done);
}

}  // namespace
}  // namespace tallow::relay_tool
