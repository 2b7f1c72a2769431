#include "identity_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <botan/hex.h>

#include <tallow/base/bytes.hpp>
#include <tallow/base/secret.hpp>
#include <tallow/files/posix_error.hpp>
#include <tallow/files/unique_fd.hpp>
#include <tallow/files/write_at.hpp>

namespace tallow::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view first_line = "tallow identity 1\n";
constexpr std::size_t seed_digits = 2 * crypto::identity_seed::size();

// All of a file that cannot be longer than `bytes`; a failure of reading ends it early.
void read_into(int fd, secret_buffer& bytes) {
  byte_span left = bytes.span();
  while (!left.empty()) {
    const auto count = ::read(fd, left.data(), left.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    left = left.subspan(static_cast<std::size_t>(count));
  }
}

}  // namespace

std::optional<fs::path> identity_path() {
  const char* const data = std::getenv("XDG_DATA_HOME");
  if (data != nullptr && *data == '/') return fs::path(data) / "tallow/identity";
  const char* const home = std::getenv("HOME");
  if (home == nullptr || *home != '/') return std::nullopt;
  return fs::path(home) / ".local/share/tallow/identity";
}

result<crypto::identity> read_identity(const fs::path& path) {
  const files::unique_fd fd(
      ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  struct ::stat found {};
  if (!fd || ::fstat(fd.get(), &found) != 0) return files::fail_errno();
  if (!S_ISREG(found.st_mode) || found.st_uid != ::geteuid() || (found.st_mode & 0077U) != 0) {
    return fail(errc::permission_denied, 0, "an identity is a file that its owner alone may read");
  }
  secret_buffer bytes(first_line.size() + seed_digits + 1);
  if (static_cast<std::size_t>(found.st_size) == bytes.size()) read_into(fd.get(), bytes);
  const std::string_view text = as_text(bytes.view());
  crypto::identity_seed seed;
  const auto digits = text.substr(first_line.size(), seed_digits);
  const bool is_one = text.starts_with(first_line) && text.back() == '\n' &&
                      std::all_of(digits.begin(), digits.end(), [](char c) {
                        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                      });
  if (!is_one) return fail(errc::file_failed, 0, "the file is no identity");
  Botan::hex_decode(as_u8(byte_span(seed.span())), digits);
  return crypto::identity::from_seed(std::move(seed));
}

result<void> write_identity(const fs::path& path, const crypto::identity& own) {
  std::error_code failure;
  fs::create_directories(path.parent_path(), failure);
  const fs::path new_name = path.native() + "." + std::to_string(::getpid()) + ".new";
  (void)::unlink(new_name.c_str());
  const files::unique_fd fd(
      ::open(new_name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd) return files::fail_errno();
  secret_buffer text(as_bytes(first_line));
  secret_buffer digits(seed_digits + 1);
  const auto seed = as_u8(byte_view(own.seed().view()));
  Botan::hex_encode(reinterpret_cast<char*>(digits.span().data()), seed.data(), seed.size(), false);
  digits.span().back() = std::byte{'\n'};
  text.append(digits.view());
  auto done = files::write_at(fd.get(), 0, text.view());
  // A link takes no name that is taken, as a rename would.
  if (done && (::fsync(fd.get()) != 0 || ::link(new_name.c_str(), path.c_str()) != 0)) {
    done = files::fail_errno();
  }
  (void)::unlink(new_name.c_str());
  return done;
}

}  // namespace tallow::cli
