#include "private_file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include <tallow/files/posix_error.hpp>
#include <tallow/files/unique_fd.hpp>
#include <tallow/files/write_at.hpp>

namespace tallow::cli {

result<secret_buffer> read_private_file(const std::filesystem::path& path, std::size_t bytes_max) {
  const files::unique_fd fd(
      ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  struct ::stat found {};
  if (!fd && errno == ELOOP) {
    return fail(errc::file_failed, 0, "it is a link: what is private has to be the file itself");
  }
  if (!fd || ::fstat(fd.get(), &found) != 0) return files::fail_errno();
  if (found.st_uid != ::geteuid() || (found.st_mode & 0077U) != 0) {
    return fail(errc::permission_denied, 0, "it has to be a file that its owner alone may read");
  }
  if (!S_ISREG(found.st_mode)) return fail(errc::file_failed, 0, "not a regular file");
  if (found.st_size > static_cast<::off_t>(bytes_max)) {
    return fail(errc::file_failed, 0, "the file is too long");
  }
  secret_buffer bytes(static_cast<std::size_t>(found.st_size));
  byte_span left = bytes.span();
  while (!left.empty()) {
    const auto count = ::read(fd.get(), left.data(), left.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return files::fail_errno();
    if (count == 0) return fail(errc::file_failed, 0, "it became shorter while it was read");
    left = left.subspan(static_cast<std::size_t>(count));
  }
  return bytes;
}

result<void> create_private_file(const std::filesystem::path& path, byte_view bytes) {
  std::error_code failure;
  std::filesystem::create_directories(path.parent_path(), failure);
  const std::filesystem::path new_name = path.native() + "." + std::to_string(::getpid()) + ".new";
  (void)::unlink(new_name.c_str());
  const files::unique_fd fd(
      ::open(new_name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd) return files::fail_errno();
  auto done = files::write_at(fd.get(), 0, bytes);
  // A link takes no name that is taken, as a rename would.
  if (done && (::fsync(fd.get()) != 0 || ::link(new_name.c_str(), path.c_str()) != 0)) {
    done = files::fail_errno();
  }
  (void)::unlink(new_name.c_str());
  return done;
}

}  // namespace tallow::cli
