#include <arpa/inet.h>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <netdb.h>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include <tallow/files/folder_sink.hpp>
#include <tallow/files/journal_file.hpp>

#include "support/attempt.hpp"
#include "tools/tallow-cli/sandbox.hpp"

namespace tallow::cli {
namespace {

namespace fs = std::filesystem;

using test::attempt;
using test::done;
using test::named_attempt;
using test::not_entered;
using test::outcome;
using test::outside;
using test::status_of;

int inside(attempt what, const receiver_places& places) {
  return status_of([&] {
    const receiver_sandbox fences(places);
    return fences.missing().empty() ? what() : not_entered;
  });
}

int make_file(const char* path) {
  const int fd = ::open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
  return outcome(fd < 0 ? fd : ::write(fd, "x", 1));
}

class ReceiverSandbox : public testing::Test {
 protected:
  void SetUp() override {
    TALLOW_SKIP_IF_LEFT_OUT();
    std::string name = (fs::temp_directory_path() / "tallow-sandbox.XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder = name;
    for (const char* part : {"target", "target/sub", "state", "other"}) {
      fs::create_directory(folder / part);
      std::ofstream(folder / part / "file") << "content";
    }
    // The attempts are functions without state of their own.
    ASSERT_EQ(::chdir(folder.c_str()), 0);
    if (inside([] { return done; }, places) == not_entered) {
      GTEST_SKIP() << "this kernel lacks Landlock or seccomp";
    }
  }
  void TearDown() override {
    std::error_code ignored;
    fs::current_path("/", ignored);
    if (!folder.empty()) fs::remove_all(folder, ignored);
  }

  fs::path folder;
  receiver_places places{"target", "state", {}};
};

// Each can be done by anybody where there is no sandbox.
constexpr named_attempt forbidden[] = {
    {"to read /etc/passwd", [] { return outcome(::open("/etc/passwd", O_RDONLY)); }},
    {"to list its home's neighbour", [] { return outcome(::open("other", O_RDONLY)); }},
    {"to read a neighbour", [] { return outcome(::open("target/../other/file", O_RDONLY)); }},
    {"to read itself", [] { return outcome(::open("/proc/self/maps", O_RDONLY)); }},
    {"to write beside its folder", [] { return make_file("new"); }},
    {"to change a neighbour", [] { return outcome(::open("other/file", O_WRONLY)); }},
    {"to empty a neighbour", [] { return outcome(::truncate("other/file", 1)); }},
    {"to take a neighbour", [] { return outcome(::rename("other/file", "target/stolen")); }},
    {"to link to a neighbour", [] { return outcome(::link("other/file", "target/linked")); }},
    {"to remove a neighbour", [] { return outcome(::unlink("other/file")); }},
    {"to follow a link of its own",
     [] {
       (void)::unlink("target/way");
       if (::symlink("../other/file", "target/way") != 0) return -1;
       return outcome(::open("target/way", O_RDONLY));
     }},
    {"to make a folder beside", [] { return outcome(::mkdir("made", 0700)); }},
    {"to make a pipe", [] { return outcome(::mkfifo("target/pipe", 0600)); }},
    {"to make a local socket", [] { return outcome(::socket(AF_UNIX, SOCK_STREAM, 0)); }},
    {"to make a netlink socket", [] { return outcome(::socket(AF_NETLINK, SOCK_RAW, 0)); }},
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
    {"to be traced", [] { return outcome(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr)); }},
    {"to signal another process", [] { return outcome(::kill(::getppid(), 0)); }},
    {"to make a file in memory", [] { return outcome(::syscall(SYS_memfd_create, "name", 0)); }},
    {"to change its user", [] { return outcome(::setuid(::getuid())); }},
};

TEST_F(ReceiverSandbox, ForbidsWhatAReceiverDoesNotNeed) {
  for (const named_attempt& one : forbidden) {
    SCOPED_TRACE(one.name);
    EXPECT_GT(inside(one.what, places), done);
    EXPECT_EQ(outside(one.what), done) << "the attempt itself proves nothing";
    // What it did there is undone.
    for (const char* made : {"new", "made", "target/stolen", "target/linked", "target/pipe"}) {
      fs::remove(made);
    }
    std::ofstream("other/file") << "content";
  }
}

TEST_F(ReceiverSandbox, LeavesTheFoldersOfAReceiver) {
  constexpr named_attempt needed[] = {
      {"to make, move and remove",
       [] {
         if (make_file("target/new") != done || ::mkdir("target/made", 0700) != 0) return errno;
         if (::rename("target/new", "target/made/moved") != 0) return errno;
         if (::link("target/made/moved", "target/sub/linked") != 0) return errno;
         if (::symlink("anywhere", "target/made/link") != 0) return errno;
         if (::chmod("target/sub/linked", 0640) != 0) return errno;
         if (::unlink("target/made/link") != 0) return errno;
         if (::unlink("target/made/moved") != 0) return errno;
         return outcome(::rmdir("target/made"));
       }},
      {"to store a session",
       [] {
         if (::mkdir("state/sessions", 0700) != 0) return errno;
         if (const int made = make_file("state/sessions/one.new"); made != done) return made;
         return outcome(::rename("state/sessions/one.new", "state/sessions/one"));
       }},
      {"to know whether the machine was started anew",
       [] { return files::current_boot_id() == transfer::boot_id{} ? 1 : done; }},
      {"to resolve a name",
       [] {
         ::addrinfo* found = nullptr;
         const int trouble = ::getaddrinfo("localhost", "9009", nullptr, &found);
         if (trouble == 0) ::freeaddrinfo(found);
         return trouble == 0 ? done : 1;
       }},
      {"to connect, on a thread",
       [] {
         int became = -1;
         std::thread([&] {
           const int listening = ::socket(AF_INET6, SOCK_STREAM, 0);
           const int there = ::socket(AF_INET, SOCK_STREAM, 0);
           sockaddr_in at{};
           at.sin_family = AF_INET;
           at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
           at.sin_port = htons(1);
           const int connected =
               ::connect(there, reinterpret_cast<const sockaddr*>(&at), sizeof at);
           const bool is_tried = connected == 0 || errno == ECONNREFUSED;
           became = listening >= 0 && is_tried ? done : errno;
         }).join();
         return became;
       }},
  };
  for (const named_attempt& one : needed) {
    SCOPED_TRACE(one.name);
    // A system without /etc/hosts may know no name at all.
    if (one.name == std::string_view("to resolve a name") && outside(one.what) != done) continue;
    EXPECT_EQ(inside(one.what, places), done);
  }
}

TEST_F(ReceiverSandbox, MakesTheFolderAndTakesItAwayWhenItStaysEmpty) {
  places.target = "one/two/three/";
  EXPECT_EQ(inside([] { return make_file("one/two/three/file"); }, places), done);
  EXPECT_TRUE(fs::exists("one/two/three/file"));
  fs::remove_all("one");
  EXPECT_EQ(inside([] { return fs::exists("one/two/three") ? done : 1; }, places), done);
  EXPECT_FALSE(fs::exists("one"));
  // One that was there stays.
  fs::create_directories("one/two");
  EXPECT_EQ(inside([] { return done; }, places), done);
  EXPECT_TRUE(fs::exists("one/two"));
  EXPECT_FALSE(fs::exists("one/two/three"));
}

TEST_F(ReceiverSandbox, SaysOfAFolderThatIsNoneWhatItIs) {
  places.target = "other/file";
  EXPECT_EQ(inside([] { return outcome(::open("other/file", O_RDONLY | O_DIRECTORY)); }, places),
            ENOTDIR);
  places.target = "other/file/below";
  EXPECT_EQ(inside([] { return outcome(::mkdir("other/file/below", 0700)); }, places), ENOTDIR);
}

TEST_F(ReceiverSandbox, OfAPipeLeavesNoFolderAtAll) {
  places.target.reset();
  EXPECT_EQ(inside([] { return make_file("target/new"); }, places), EACCES);
}

// The whole way of what is received, from the first byte to its place.
TEST_F(ReceiverSandbox, LetsFilesArrive) {
  places.target = "arrived";
  EXPECT_EQ(inside(
                [] {
                  files::folder_sink sink("arrived", transfer_id{});
                  transfer::entry parent;
                  parent.path = "folder";
                  parent.kind = transfer::entry_kind::directory;
                  parent.mode = 0755;
                  transfer::entry file;
                  file.path = "folder/file";
                  file.size = 3;
                  file.mode = 0640;
                  transfer::entry link;
                  link.path = "folder/link";
                  link.kind = transfer::entry_kind::symlink;
                  link.link_target = "file";
                  if (!sink.add_entry(entry_index{0}, parent)) return 1;
                  if (!sink.add_entry(entry_index{1}, file)) return 2;
                  if (!sink.add_entry(entry_index{2}, link)) return 3;
                  if (!sink.write(entry_index{1}, 0, as_bytes("abc"))) return 4;
                  for (std::uint64_t i = 0; i < 3; ++i) {
                    if (!sink.finish_entry(entry_index{i})) return 5;
                  }
                  return sink.commit() ? done : 6;
                },
                places),
            done);
  EXPECT_EQ(fs::file_size("arrived/folder/file"), 3U);
}

}  // namespace
}  // namespace tallow::cli
