// A source and a sink in memory: for programs whose files are not files, and for tests.
//
// @source  docs/protocol/transfer.md
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tallow/base/bytes.hpp>
#include <tallow/base/error.hpp>
#include <tallow/transfer/endpoint.hpp>
#include <tallow/transfer/path_set.hpp>
#include <tallow/transfer/stream.hpp>

namespace tallow::transfer {

/// An entry and its bytes.
struct memory_file {
  entry about;
  byte_buffer bytes;
};

/// Sends what a vector holds. The vector outlives it and does not change.
class memory_source {
 public:
  explicit memory_source(const std::vector<memory_file>& files) : files_(&files) {}

  /// @errors  none
  [[nodiscard]] result<std::optional<entry>> next_entry() {
    if (next_ == files_->size()) return std::nullopt;
    entry e = (*files_)[next_].about;
    e.size = (*files_)[next_].bytes.size();
    ++next_;
    return std::optional<entry>(std::move(e));
  }

  /// @errors  invalid_argument: forgotten
  [[nodiscard]] result<std::size_t> read(entry_index index, std::uint64_t offset, byte_span out) {
    if (index.value < forgotten_) return fail(errc::invalid_argument, index.value, "forgotten");
    const byte_view bytes = (*files_)[static_cast<std::size_t>(index.value)].bytes;
    const auto from = static_cast<std::size_t>(std::min<std::uint64_t>(offset, bytes.size()));
    const std::size_t count = std::min(out.size(), bytes.size() - from);
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(from), count, out.begin());
    return count;
  }

  [[nodiscard]] std::string path(entry_index index) const {
    return (*files_)[static_cast<std::size_t>(index.value)].about.path;
  }

  void forget_below(entry_index index) noexcept { forgotten_ = index.value; }
  /// Entries that are not read any more.
  [[nodiscard]] std::uint64_t forgotten() const noexcept { return forgotten_; }

 private:
  const std::vector<memory_file>* files_;
  std::size_t next_ = 0;
  // Atomic: lanes read while the owner's thread says what is done with.
  std::atomic<std::uint64_t> forgotten_{0};
};

/// Receives into a vector. Nothing is to be seen in files() before everything has come.
class memory_sink {
 public:
  /// @param bytes_max  what all entries together may take, as a disk would have it
  explicit memory_sink(const hash_key& key, std::uint64_t bytes_max = UINT64_MAX)
      : paths_(key), bytes_left_(bytes_max) {}

  /// @errors  path_duplicate, manifest_invalid (cond::peer); disk_full
  [[nodiscard]] result<void> add_entry(entry_index index, const entry& e) {
    staged_.resize(static_cast<std::size_t>(index.value) + 1);
    staged_.back().file.about = e;
    if (auto added = paths_.add(e.path, e.kind); !added) return fail(added.error());
    if (e.size > bytes_left_) return fail(errc::disk_full);
    bytes_left_ -= e.size;
    staged_.back().kept = true;
    staged_.back().file.bytes.resize(static_cast<std::size_t>(e.size));
    return {};
  }

  /// @errors  none
  [[nodiscard]] result<void> write(entry_index index, std::uint64_t offset, byte_view bytes) {
    byte_buffer& into = at(index).file.bytes;
    std::copy(bytes.begin(), bytes.end(), into.begin() + static_cast<std::ptrdiff_t>(offset));
    return {};
  }

  /// @errors  disk_full
  [[nodiscard]] result<void> resize_entry(entry_index index, std::uint64_t size) {
    memory_file& file = at(index).file;
    if (size > file.bytes.size() + bytes_left_) return fail(errc::disk_full);
    bytes_left_ -= size - file.bytes.size();
    file.bytes.resize(static_cast<std::size_t>(size));
    file.about.size = size;
    return {};
  }
  void interrupt_stream() noexcept {}

  /// @errors  none
  [[nodiscard]] result<void> finish_entry(entry_index) { return {}; }

  /// @errors  none
  [[nodiscard]] result<void> discard_entry(entry_index index) {
    at(index).kept = false;
    return {};
  }

  /// @errors  none
  [[nodiscard]] result<void> commit() {
    for (staged& s : staged_) {
      if (s.kept) files_.push_back(std::move(s.file));
    }
    staged_.clear();
    return {};
  }

  [[nodiscard]] std::string path(entry_index index) const {
    return staged_[static_cast<std::size_t>(index.value)].file.about.path;
  }

  [[nodiscard]] const std::vector<memory_file>& files() const noexcept { return files_; }

 private:
  struct staged {
    memory_file file;
    bool kept = false;
  };

  staged& at(entry_index index) { return staged_[static_cast<std::size_t>(index.value)]; }

  path_set paths_;
  std::uint64_t bytes_left_;
  std::vector<staged> staged_;
  std::vector<memory_file> files_;
};

static_assert(source<memory_source>);
static_assert(stream_sink<memory_sink>);

}  // namespace tallow::transfer
