// The file that a journal is: read back with care, appended to, and replaced in one step.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <fcntl.h>
#include <optional>
#include <string>
#include <unistd.h>
#include <utility>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/files/beneath.hpp>
#include <tallow/files/posix_error.hpp>
#include <tallow/files/status.hpp>
#include <tallow/files/unique_fd.hpp>
#include <tallow/files/write_at.hpp>
#include <tallow/transfer/journal_format.hpp>

namespace tallow::files {

/// What a journal is called in its staging folder, and one that is being written anew.
inline constexpr const char* journal_name = "journal";
inline constexpr const char* next_journal_name = "journal.new";

/// Which run of the machine this is; zeros when the system does not say.
[[nodiscard]] transfer::boot_id current_boot_id();

/// The bytes of the journal in `folder`. Nothing when there is none, or none to be trusted: no
/// link, pipe or device, our own, and not larger than a journal gets.
[[nodiscard]] std::optional<byte_buffer> read_journal_file(const directory& folder);

/// A journal that is open to be appended to. It has no name of its own until take_place().
class journal_file {
 public:
  /// Writes a journal beside the present one, if there is one.
  ///
  /// @errors  disk_full and what else posix_error.hpp lists; nothing is left then
  [[nodiscard]] static result<journal_file> create(const directory& folder, byte_view image,
                                                   const transfer::journal_encoder& encoder);

  /// Becomes the journal of the folder. A power cut may bring the old one back until all files are
  /// synced once more; it is as true as it was.
  ///
  /// @errors  what posix_error.hpp lists; the old one is the journal then
  [[nodiscard]] result<void> take_place(const directory& folder) const;

  /// Appends what `encode(encoder, out)` adds, in one write(2). After an error the file is what it
  /// was before.
  ///
  /// @errors  disk_full and what else posix_error.hpp lists
  template <class Encode>
  [[nodiscard]] result<void> append(Encode&& encode);

  [[nodiscard]] std::size_t bytes() const noexcept { return encoder_.bytes(); }
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

 private:
  journal_file(unique_fd fd, const transfer::journal_encoder& encoder)
      : fd_(std::move(fd)), encoder_(encoder) {}

  unique_fd fd_;
  transfer::journal_encoder encoder_;
  byte_buffer record_;  // kept for its memory
};

// ---- implementation ----

namespace detail {

// The first `bytes_max` bytes of a file; fewer where it ends or cannot be read.
[[nodiscard]] inline byte_buffer read_up_to(int fd, std::size_t bytes_max) {
  byte_buffer bytes(bytes_max);
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const auto count = ::read(fd, bytes.data() + filled, bytes.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    filled += static_cast<std::size_t>(count);
  }
  bytes.resize(filled);
  return bytes;
}

}  // namespace detail

inline transfer::boot_id current_boot_id() {
  transfer::boot_id id{};
  const unique_fd fd(::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC));
  if (!fd) return id;
  const byte_buffer text = detail::read_up_to(fd.get(), 64);
  std::string digits;  // 8-4-4-4-12 of them and a line end
  for (const char c : as_text(text)) {
    if (c != '-' && c != '\n') digits.push_back(c);
  }
  const auto bytes = from_hex(digits);
  if (bytes && bytes->size() == id.size()) std::copy(bytes->begin(), bytes->end(), id.begin());
  return id;
}

inline std::optional<byte_buffer> read_journal_file(const directory& folder) {
  // O_NONBLOCK: opening a pipe that somebody put there must not wait for its other end.
  const auto fd = folder.open_file(journal_name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!fd) return std::nullopt;
  const auto found = status_of(fd->get());
  // Of whoever has the folder, which is known to be ours.
  const auto around = folder.status();
  if (!found || !around || found->kind != transfer::entry_kind::file ||
      found->owner != around->owner || found->size > transfer::journal_bytes_max) {
    return std::nullopt;
  }
  return detail::read_up_to(fd->get(), static_cast<std::size_t>(found->size));
}

inline result<journal_file> journal_file::create(const directory& folder, byte_view image,
                                                 const transfer::journal_encoder& encoder) {
  // One that a crash left behind.
  auto removed = folder.remove_file(next_journal_name);
  if (!removed && removed.error().code != errc::not_found) return fail(removed.error());
  auto fd = folder.open_file(next_journal_name, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (!fd) return fail(fd.error());
  if (auto done = write_at(fd->get(), 0, image); !done) {
    (void)folder.remove_file(next_journal_name);
    return fail(done.error());
  }
  return journal_file(std::move(*fd), encoder);
}

inline result<void> journal_file::take_place(const directory& folder) const {
  if (::renameat(folder.fd(), next_journal_name, folder.fd(), journal_name) != 0) {
    return fail_errno();
  }
  return {};
}

template <class Encode>
inline result<void> journal_file::append(Encode&& encode) {
  transfer::journal_encoder after = encoder_;
  record_.clear();
  encode(after, record_);
  // What is beyond the bound would not be read back: after a crash it is sent once more.
  if (after.bytes() > transfer::journal_bytes_max) return {};
  if (auto done = write_at(fd_.get(), encoder_.bytes(), record_); !done) {
    // A reader stops at a part of a record; without it the file also looks like what it is.
    [[maybe_unused]] const int cut = ::ftruncate(fd_.get(), static_cast<::off_t>(encoder_.bytes()));
    return done;
  }
  encoder_ = after;
  return {};
}

}  // namespace tallow::files
