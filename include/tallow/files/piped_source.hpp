// What is sent when a stream is among it: files and folders, and at the end what comes out of a
// descriptor.
#pragma once

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <poll.h>
#include <string>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/base/units.hpp>
#include <tallow/files/descriptor_wait.hpp>
#include <tallow/files/source_tree.hpp>
#include <tallow/transfer/endpoint.hpp>
#include <tallow/transfer/stream.hpp>

namespace tallow::files {

/// A tree with a stream behind it, if there is one. The tree and the descriptor outlive it.
class piped_source {
 public:
  explicit piped_source(source_tree& tree) noexcept : tree_(&tree) {}

  /// Sends what can be read from a descriptor: a pipe, a terminal, a socket, or a file from where
  /// it stands. To be called before the first entry is taken.
  ///
  /// @param name  what it is called in the transfer
  void add_stream(int descriptor, std::string name) {
    descriptor_ = descriptor;
    name_ = std::move(name);
  }

  [[nodiscard]] bool has_stream() const noexcept { return descriptor_ >= 0; }

  /// @errors  those of source_tree::next_entry()
  [[nodiscard]] result<std::optional<transfer::entry>> next_entry() {
    auto next = tree_->next_entry();
    if (!next) return next;
    if (*next) {
      ++tree_entries_;
      return next;
    }
    if (!has_stream() || std::exchange(is_given_, true)) return std::nullopt;
    using std::chrono::duration_cast;
    using std::chrono::nanoseconds;
    transfer::entry e;
    e.path = name_;
    e.mode = 0644;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    e.mtime_ns = duration_cast<nanoseconds>(now).count();
    return std::optional<transfer::entry>(std::move(e));
  }

  /// @errors  those of source_tree::read()
  [[nodiscard]] result<std::size_t> read(entry_index index, std::uint64_t offset, byte_span out) {
    return tree_->read(index, offset, out);
  }

  [[nodiscard]] std::string path(entry_index index) const {
    return is_given_ && index.value == tree_entries_ ? name_ : tree_->path(index);
  }

  // ---- the stream ----

  /// @errors  what posix_error.hpp lists
  [[nodiscard]] result<bool> wait_stream() const { return wait_.wait(descriptor_, POLLIN); }

  /// @errors  source_failed
  [[nodiscard]] result<std::size_t> read_stream(byte_span out) const {
    for (;;) {
      const auto count = ::read(descriptor_, out.data(), out.size());
      if (count >= 0) return static_cast<std::size_t>(count);
      if (errno == EINTR) continue;
      // Somebody has made it non-blocking, and somebody else has read what was there.
      if (errno == EAGAIN || errno == EWOULDBLOCK) {
        const auto is_there = wait_stream();
        if (is_there && *is_there) continue;
      }
      return fail(errc::source_failed, std::error_code(errno, std::generic_category()));
    }
  }

  [[nodiscard]] bool stream_pauses() const noexcept {
    return !descriptor_wait::is_ready(descriptor_, POLLIN);
  }

  void interrupt_stream() const noexcept { wait_.interrupt(); }

 private:
  source_tree* tree_;
  descriptor_wait wait_;
  int descriptor_ = -1;
  std::string name_;
  std::uint64_t tree_entries_ = 0;
  bool is_given_ = false;
};

static_assert(transfer::stream_source<piped_source>);

}  // namespace tallow::files
