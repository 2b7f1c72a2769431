#include "sandbox.hpp"

#include <cerrno>
#include <cstdlib>
#include <sys/socket.h>
#include <sys/stat.h>
#include <system_error>
#include <termios.h>
#include <unistd.h>
#include <utility>

namespace tallow::cli {
namespace {

namespace fs = std::filesystem;
namespace fences = tools::sandbox_detail;
using tools::allowed_path;

// What is read when a lost connection is made again. Files and no folders: /etc has others.
constexpr std::string_view read_again[] = {
    "/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf",
    "/etc/services", "/etc/ssl/certs", "/dev/urandom",
    // Whether what an earlier attempt wrote, and never synced, can still be there.
    "/proc/sys/kernel/random/boot_id",
    // Where resolv.conf often leads, and is put anew when the network changes.
    "/run/systemd/resolve", "/run/NetworkManager", "/run/resolvconf"};

constexpr std::string_view receiving_calls =
    "connect bind listen sendmmsg recvmmsg signalfd4 openat2 link linkat symlink symlinkat "
    "utimensat chmod fchmodat statfs fstatfs syncfs "
    "sync_file_range fadvise64 truncate";

void leave_receiving(fences::filter& calls) {
  fences::allow_basic(calls);
  calls.allow_all(fences::file_calls);
  calls.allow_all(receiving_calls);
  // No local sockets: behind them stand programs that may do more.
  for (const int family : {AF_INET, AF_INET6}) {
    calls.allow_int("socket", 0, static_cast<unsigned>(family));
  }
  // A terminal that is asked something, and locks of files.
  for (const int what : {TIOCGWINSZ, TCSETS, TCSETSW, TCSETSF}) {
    calls.allow_int("ioctl", 1, static_cast<unsigned>(what));
  }
  for (const int what : {F_GETLK, F_SETLK, F_SETLKW}) {
    calls.allow_int("fcntl", 1, static_cast<unsigned>(what));
  }
}

void allow_if_there(std::vector<allowed_path>& allowed, const fs::path& place,
                    allowed_path::access how) {
  const files::unique_fd found(::open(place.c_str(), O_PATH | O_CLOEXEC));
  if (found) allowed.push_back({place.native(), how});
}

}  // namespace

receiver_sandbox::receiver_sandbox(const receiver_places& places) {
#if defined(TALLOW_SANDBOX_LEFT_OUT)
  (void)places;
#endif
  std::vector<allowed_path> allowed;
  std::error_code failure;
  if (places.target) make(*places.target, allowed);
  if (places.state) {
    fs::create_directories(*places.state, failure);
    allow_if_there(allowed, *places.state, allowed_path::access::write);
  }
  for (const std::string_view file : read_again) {
    allow_if_there(allowed, file, allowed_path::access::read);
  }
  for (const fs::path& file : places.readable) {
    allow_if_there(allowed, file, allowed_path::access::read);
  }
  const auto report = tools::enter_sandbox(allowed, fences::beside::tcp, leave_receiving);
  missing_ = report.missing;
  if (report.failure) missing_.push_back("no fences: " + *report.failure);
}

receiver_sandbox::~receiver_sandbox() {
  for (const fs::path& folder : made_) (void)::rmdir(folder.c_str());
}

// A rule of the kernel's names something that is there.
void receiver_sandbox::make(const fs::path& target, std::vector<allowed_path>& allowed) {
  std::error_code failure;
  struct stat about {};
  std::vector<fs::path> lacking;  // the innermost first
  for (fs::path at = fs::absolute(target, failure).lexically_normal();
       ::lstat(at.c_str(), &about) != 0 && at.has_relative_path(); at = at.parent_path()) {
    // "folder/" has an empty name at its end.
    if (at.has_filename()) lacking.push_back(at);
  }
  for (auto one = lacking.rbegin(); one != lacking.rend(); ++one) {
    if (::mkdir(one->c_str(), 0777) != 0) break;
    made_.insert(made_.begin(), *one);
  }
  allow_if_there(allowed, target, allowed_path::access::arrange);
  // To take away again what has stayed empty.
  if (!made_.empty()) {
    allow_if_there(allowed, made_.back().parent_path(), allowed_path::access::remove_folders);
  }
}

}  // namespace tallow::cli
