#include "known_relays.hpp"

#include <algorithm>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <vector>

#include <tallow/base/bytes.hpp>
#include <tallow/files/posix_error.hpp>
#include <tallow/files/unique_fd.hpp>
#include <tallow/files/write_at.hpp>

#include "../shared/small_file.hpp"
#include "state_folder.hpp"

namespace tallow::cli {
namespace {

namespace fs = std::filesystem;

struct line {
  std::string relay;
  net::key_fingerprint key;
};
using lines = std::vector<line>;

// Names of hosts are the same in either case.
std::string name_of(const net::address& relay) {
  std::string name = to_string(relay);
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return name;
}

std::optional<line> parse_line(std::string_view text) {
  const std::size_t space = text.find(' ');
  if (space == 0 || space == std::string_view::npos) return std::nullopt;
  const auto key = net::parse_fingerprint(text.substr(space + 1));
  if (!key) return std::nullopt;
  return line{std::string(text.substr(0, space)), *key};
}

result<std::string> read_text(const fs::path& path) {
  std::string text;
  const auto why = tools::read_small_file(path, text);
  if (!why) return text;
  if (why == std::errc::no_such_file_or_directory || why == std::errc::not_a_directory) {
    return std::string();
  }
  if (why == std::errc::file_too_large) {
    return fail(errc::file_failed, 0, "known_relays is too long");
  }
  return fail(files::posix_error(why.value()));
}

// A line that cannot be read could be the one that says no: better to stop.
result<lines> read_lines(const fs::path& path) {
  const auto text = read_text(path);
  if (!text) return fail(text.error());
  lines all;
  std::size_t number = 0;
  for (std::string_view left = *text; !left.empty();) {
    ++number;
    const std::size_t end = std::min(left.find('\n'), left.size());
    const std::string_view one = left.substr(0, end);
    left.remove_prefix(std::min(end + 1, left.size()));
    if (one.empty() || one.front() == '#') continue;
    auto parsed = parse_line(one);
    if (!parsed) {
      return fail(errc::file_failed, number, "a line of known_relays is not HOST:PORT KEY");
    }
    all.push_back(std::move(*parsed));
  }
  return all;
}

std::optional<net::key_fingerprint> find_in(const lines& all, const std::string& name) {
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const line& one) { return one.relay == name; });
  if (found == all.end()) return std::nullopt;
  return found->key;
}

result<void> write_lines(const fs::path& path, const lines& all) {
  std::string text;
  for (const line& one : all) text += one.relay + ' ' + to_hex(one.key) + '\n';
  const fs::path fresh = path.native() + ".new";
  (void)::unlink(fresh.c_str());
  const files::unique_fd fd(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd) return files::fail_errno();
  auto done = files::write_at(fd.get(), 0, as_bytes(text));
  if (done && (::fsync(fd.get()) != 0 || ::rename(fresh.c_str(), path.c_str()) != 0)) {
    done = files::fail_errno();
  }
  if (!done) (void)::unlink(fresh.c_str());
  return done;
}

}  // namespace

std::optional<known_relays> known_relays::find() {
  const auto folder = state_folder();
  if (!folder) return std::nullopt;
  return known_relays(*folder / "known_relays");
}

result<std::optional<net::key_fingerprint>> known_relays::key_of(const net::address& relay) const {
  const auto all = read_lines(file_);
  if (!all) return fail(all.error());
  return find_in(*all, name_of(relay));
}

result<void> known_relays::remember(const net::address& relay, const net::key_fingerprint& key,
                                    bool replaces) const {
  std::error_code failure;
  fs::create_directories(file_.parent_path(), failure);
  const fs::path lock_name = file_.native() + ".lock";
  const files::unique_fd lock(::open(lock_name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock) return files::fail_errno();
  while (::flock(lock.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return files::fail_errno();
  }
  auto all = read_lines(file_);
  if (!all) return fail(all.error());
  const std::string name = name_of(relay);
  const auto before = find_in(*all, name);
  if (before == key) return {};
  if (before && !replaces) return fail(errc::relay_key_wrong);
  all->erase(
      std::remove_if(all->begin(), all->end(), [&](const line& one) { return one.relay == name; }),
      all->end());
  all->push_back({name, key});
  return write_lines(file_, *all);
}

}  // namespace tallow::cli
